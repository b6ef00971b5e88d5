package verifytest

import (
	"bytes"
	"crypto/rand"
	"time"

	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"

	"yinzheng/internal/gm"
	"yinzheng/internal/merkle"
	"yinzheng/internal/receipt"
)

func (w *World) newLog() {
	w.tb.Helper()
	var err error
	w.logKey, w.logVerifier, err = note.GenerateKey(rand.Reader, w.Origin)
	w.must("making the log's key", err)
}

// Receipt makes the logged receipt of a digest: third of five entries in its batch, second of three records in the log.
func (w *World) Receipt(kind string, d gm.Digest, change ...func(*receipt.Receipt)) []byte {
	w.tb.Helper()
	const place, entries = 2, 5
	r := &receipt.Receipt{Version: receipt.Version, State: receipt.Logged, Entry: receipt.Entry{Kind: kind, Digest: d, Salt: gm.Sum([]byte("salt"))}, Index: place}
	leaves := make([]gm.Digest, entries)
	for i := range leaves {
		leaves[i] = merkle.LeafHash([]byte{byte(i)})
	}
	leaves[place] = merkle.LeafHash(r.Entry.LeafBytes())
	tree := merkle.New(leaves)
	path, err := tree.Path(place)
	w.must("proving the entry", err)
	r.Path = path
	r.Root = &receipt.Root{Region: w.Region, Sequence: 1, Count: entries, Time: w.Now.Add(2 * time.Second), Previous: gm.Sum([]byte("previous")), Hash: tree.Root()}
	for _, f := range change {
		f(r)
	}
	r.Signature, err = gm.Sign(w.Ledger.Key, r.Root.Bytes())
	w.must("signing the batch root", err)
	r.Proof = w.logProof(receipt.Record(*r.Root, r.Signature))
	return r.Encode()
}

// Accepted makes the receipt of a digest that is only promised.
func (w *World) Accepted(kind string, d gm.Digest) []byte {
	w.tb.Helper()
	r := &receipt.Receipt{Version: receipt.Version, State: receipt.Accepted, Entry: receipt.Entry{Kind: kind, Digest: d, Salt: gm.Sum([]byte("salt"))}}
	p := receipt.Promise{Region: w.Region, Time: w.Now.Add(time.Second)}
	var err error
	p.Signature, err = gm.Sign(w.Ledger.Key, receipt.PromiseBytes(r.Entry, p))
	w.must("signing the promise", err)
	r.Promise = &p
	return r.Encode()
}

// logProof puts a record between two others and signs the checkpoint of the three.
func (w *World) logProof(record []byte) *receipt.LogProof {
	w.tb.Helper()
	h := rfc6962.DefaultHasher
	first, second, third := h.HashLeaf([]byte("first")), h.HashLeaf(record), h.HashLeaf([]byte("third"))
	root := h.HashChildren(h.HashChildren(first, second), third)
	signer, err := note.NewSigner(w.logKey)
	w.must("opening the log's key", err)
	text := log.Checkpoint{Origin: w.Origin, Size: 3, Hash: root}.Marshal()
	signed, err := note.Sign(&note.Note{Text: string(text)}, signer)
	w.must("signing the checkpoint", err)
	return &receipt.LogProof{Origin: w.Origin, Index: 1, Checkpoint: string(bytes.Clone(signed)), Path: [][]byte{first, third}}
}
