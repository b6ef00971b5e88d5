// Package sealing makes electronic seals and applies them to PDFs (GB/T 38540-2020).
package sealing

import (
	"context"
	"crypto"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/tsp"
)

// Keys opens the signing key of a seal. The key may be in a file, a token or another process.
type Keys interface {
	// Signer returns the key of the seal, or ErrNoSeal.
	Signer(ctx context.Context, seal string) (crypto.Signer, error)
}

// Timestamper asks a timestamp authority to stamp a digest.
type Timestamper interface {
	Timestamp(ctx context.Context, digest gm.Digest) (*tsp.Token, error)
}

// Request asks for one seal on one document.
type Request struct {
	Document []byte  // a PDF at hand
	File     *File   // in its place: one that is kept, or too large for memory
	Seal     string  // which seal: its esID
	Places   []Place // where it is shown; none: it is invisible
	Profile  Profile
	Level    Level
	Certify  int    // the first signature certifies the document: 1, nothing may follow, 2, further seals may; 0 for no certification
	Reason   string // claimed in the signature
	Matter   string // 事项编码, for the use log; "" when there is none
	Case     string // 办件编号
	By       string // caller ID, for the use log
	Office   string // USCC of the office that By acts for; "" for none
	Again    bool   // a request that failed is tried once more by itself: a further failure is no further line of the use log
}

func (r *Request) file() File {
	if r.File != nil {
		return *r.File
	}
	return InMemory(r.Document)
}

// Sealed is a sealed document: what was there, and what was appended to it.
type Sealed struct {
	Document    []byte    // the whole; nil when it came as a File
	Tail        []byte    // what was appended
	Digest      gm.Digest // SM3 of the whole
	ContentHash gm.Digest // dataHash inside the seal; of a PAdES signature alone, the SM3 of the document before it
	Time        time.Time // timeInfo of the signature
}
