package receipt_test

import (
	"crypto"
	"crypto/ecdsa"
	"fmt"
	"testing"
	"time"

	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/merkle/testonly"
	"golang.org/x/mod/sumdb/note"

	"yinzheng/internal/gm"
	"yinzheng/internal/merkle"
	"yinzheng/internal/receipt"
)

// region is a ledger with its log, made without the packages that make real ones.
type region struct {
	code, origin string
	key          crypto.Signer
	signer       note.Signer
	keys         receipt.Keys
}

func newRegion(t testing.TB, code string) *region {
	t.Helper()
	key, err := gm.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	origin := "yinzheng.test/" + code
	secret, verifier, err := note.GenerateKey(nil, origin)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	public, isEC := key.Public().(*ecdsa.PublicKey)
	if !isEC {
		t.Fatalf("%T is no SM2 key", key.Public())
	}
	return &region{code, origin, key, signer, receipt.Keys{Region: code, Ledger: []*ecdsa.PublicKey{public}, LogVerifiers: []string{verifier}}}
}

func (r *region) sign(t testing.TB, message []byte) []byte {
	t.Helper()
	signature, err := gm.Sign(r.key, message)
	if err != nil {
		t.Fatal(err)
	}
	return signature
}

func entry(n int) receipt.Entry {
	return receipt.Entry{Kind: "licence", Digest: gm.Sum(fmt.Appendf(nil, "document %d", n)), Salt: gm.Sum(fmt.Appendf(nil, "salt %d", n))}
}

func (r *region) accepted(t testing.TB, n int) *receipt.Receipt {
	t.Helper()
	p := receipt.Promise{Region: r.code, Time: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)}
	p.Signature = r.sign(t, receipt.PromiseBytes(entry(n), p))
	return &receipt.Receipt{Version: receipt.Version, State: receipt.Accepted, Entry: entry(n), Promise: &p}
}

// logged makes the receipts of one batch of entries; its record is the one at index among records in the log.
func (r *region) logged(t testing.TB, entries, index, records int) []*receipt.Receipt {
	t.Helper()
	leaves := make([]gm.Digest, entries)
	for i := range leaves {
		leaves[i] = merkle.LeafHash(entry(i).LeafBytes())
	}
	tree := merkle.New(leaves)
	root := receipt.Root{
		Region: r.code, Sequence: 1, Count: int64(entries), Time: time.Date(2026, 11, 22, 8, 0, 1, 0, time.UTC),
		Previous: gm.Sum([]byte("the root before")), Hash: tree.Root(),
	}
	signature := r.sign(t, root.Bytes())
	proof := r.proof(t, receipt.Record(root, signature), index, records)
	out := make([]*receipt.Receipt, entries)
	for i := range out {
		path, err := tree.Path(int64(i))
		if err != nil {
			t.Fatal(err)
		}
		out[i] = &receipt.Receipt{
			Version: receipt.Version, State: receipt.Logged, Entry: entry(i),
			Index: int64(i), Path: path, Root: &root, Signature: signature, Proof: proof,
		}
	}
	return out
}

func (r *region) proof(t testing.TB, record []byte, index, records int) *receipt.LogProof {
	t.Helper()
	tree := testonly.New(rfc6962.DefaultHasher)
	for i := range records {
		if i == index {
			tree.AppendData(record)
		} else {
			tree.AppendData(fmt.Appendf(nil, "record %d", i))
		}
	}
	path, err := tree.InclusionProof(uint64(index), uint64(records))
	if err != nil {
		t.Fatal(err)
	}
	text := log.Checkpoint{Origin: r.origin, Size: uint64(records), Hash: tree.Hash()}.Marshal()
	return &receipt.LogProof{Origin: r.origin, Index: int64(index), Checkpoint: r.note(t, string(text)), Path: path}
}

// note signs a text as the log does.
func (r *region) note(t testing.TB, text string, more ...note.Signer) string {
	t.Helper()
	signed, err := note.Sign(&note.Note{Text: text}, append([]note.Signer{r.signer}, more...)...)
	if err != nil {
		t.Fatal(err)
	}
	return string(signed)
}
