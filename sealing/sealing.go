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
	Document []byte // a PDF of one revision, written by us
	Seal     string // which seal: its esID
	Place    Place
	Matter   string // 事项编码, for the use log; "" when there is none
	Case     string // 办件编号
	By       string // caller ID, for the use log
}

// Place is where the picture goes, in millimetres from the page's top left corner.
type Place struct {
	Page       int // from 1
	X, Y, W, H float64
}

// Sealed is a sealed document.
type Sealed struct {
	Document    []byte
	Digest      gm.Digest // SM3 of Document
	ContentHash gm.Digest // dataHash inside the seal
	Time        time.Time // timeInfo of the signature
}
