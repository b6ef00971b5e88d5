package sealing_test

import (
	"context"
	"crypto"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"yinzheng/ca"
	"yinzheng/ca/catest"
	"yinzheng/ca/tsa"
	"yinzheng/internal/clock"
	"yinzheng/internal/keys"
	"yinzheng/internal/pdf"
	"yinzheng/sealing"
)

const (
	officeCode = catest.OfficeCode
	officeName = catest.OfficeName
	lineText   = "电子证照专用章"
	sealNumber = "45000000000001"
)

var start = catest.Start()

// house is a region with one enrolled office, shared by the tests because its keys take a while to encrypt.
type house struct {
	dir    string
	world  *catest.World
	region *ca.Region
	office ca.Identity
	other  ca.Identity
}

var shared = sync.OnceValues(func() (*house, error) {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "region")
	if err != nil {
		return nil, err
	}
	h := &house{dir: dir}
	if h.world, err = catest.Open(ctx, dir, catest.Start); err != nil {
		return nil, err
	}
	if h.region, err = ca.Establish(ctx, h.world.Config, h.world.Spec()); err != nil {
		return nil, err
	}
	if h.office, err = h.region.Enrol(ctx, ca.Office{Name: officeName, Code: officeCode}); err != nil {
		return nil, err
	}
	h.other, err = h.region.Enrol(ctx, ca.Office{Name: "示例市自然资源局", Code: officeCode})
	return h, err
})

// sealKeys are the keys of the region's seals.
type sealKeys struct{ holder keys.Holder }

func (k sealKeys) Signer(ctx context.Context, seal string) (crypto.Signer, error) {
	return k.holder.Signer(ctx, ca.SealKey(seal))
}

func TestMain(m *testing.M) {
	code := m.Run()
	if h, err := shared(); err == nil {
		if err := errors.Join(h.world.Close(), os.RemoveAll(h.dir)); err != nil {
			panic(err)
		}
	}
	os.Exit(code)
}

// book is a Book in memory. A use without an authorisation of its own falls under one for everything, unless grants is set.
type book struct {
	mu     sync.Mutex
	seals  map[string]sealing.Record
	grants []sealing.Authorisation
	uses   []sealing.Use
	fail   error // returned by PutUse
}

// everything is the authorisation that tests of other things work under.
var everything = sealing.Authorisation{Line: 1, Matter: "*", GrantedBy: "somebody else"}

func (b *book) Seal(_ context.Context, id string) (sealing.Record, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r, ok := b.seals[id]
	if !ok {
		return sealing.Record{}, sealing.ErrNoSeal
	}
	return r, nil
}

func (b *book) SealOf(_ context.Context, office string) (sealing.Record, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.seals {
		if r.Office == office && r.State == sealing.SealActive {
			return r, nil
		}
	}
	return sealing.Record{}, sealing.ErrNoSeal
}

func (b *book) InForce(_ context.Context, _ string, at time.Time) ([]sealing.Authorisation, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.grants == nil {
		return []sealing.Authorisation{everything}, nil
	}
	var out []sealing.Authorisation
	for _, g := range b.grants {
		if !at.Before(g.From) && at.Before(g.To) {
			out = append(out, g)
		}
	}
	return out, nil
}

func (b *book) PutUse(_ context.Context, u sealing.Use) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail != nil {
		return b.fail
	}
	u.Line = int64(len(b.uses) + 1)
	b.uses = append(b.uses, u)
	return nil
}

// done returns the uses that succeeded.
func (b *book) done() (out []sealing.Use) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, u := range b.uses {
		if u.Result == sealing.ResultOK {
			out = append(out, u)
		}
	}
	return out
}

// bench is everything one test needs; its clock and parts may be changed before sealer is called.
type bench struct {
	*house
	book *book
	now  time.Time // of the sealer
	made time.Time // of the maker
	c    sealing.Config
}

func newBench(t testing.TB) *bench {
	t.Helper()
	h, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	serials, err := tsa.OpenSerials(filepath.Join(t.TempDir(), "tsa.serial"))
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{house: h, book: &book{seals: map[string]sealing.Record{}}, now: start.Add(time.Minute), made: start}
	id := h.region.Timestamper()
	stamps, err := tsa.New(tsa.Config{
		SM2: tsa.Identity{Certificate: id.Certificate, Key: id.Key}, Serials: serials, Now: catest.Start, Sync: clock.Unchecked(),
	})
	if err != nil {
		t.Fatal(err)
	}
	b.c = sealing.Config{
		Book: b.book, Keys: sealKeys{h.world.Keys}, Timestamper: stamps,
		Judge: func(context.Context, sealing.File) error { return nil }, Now: func() time.Time { return b.now },
	}
	return b
}

func (b *bench) maker(t testing.TB) *sealing.Maker {
	t.Helper()
	id := b.region.SealMaker()
	m, err := sealing.NewMaker(sealing.MakerConfig{Certificate: id.Certificate, Key: id.Key,
		Now: func() time.Time { return b.made }})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (b *bench) sealer(t testing.TB) *sealing.Sealer {
	t.Helper()
	s, err := sealing.New(b.c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (b *bench) wanted() sealing.Office {
	return sealing.Office{Seal: b.office.Name, Name: officeName, Code: officeCode, Title: officeName + lineText,
		Certificate: b.office.Certificate}
}

// makeSeal enters the office's seal into the book, ready for use.
func (b *bench) makeSeal(t testing.TB) sealing.Record {
	t.Helper()
	picture, err := sealing.DrawSeal(officeName, lineText)
	if err != nil {
		t.Fatal(err)
	}
	r, err := b.maker(t).MakeSeal(context.Background(), b.wanted(), picture)
	if err != nil {
		t.Fatal(err)
	}
	r.State = sealing.SealActive // the tests of its life are elsewhere
	b.book.mu.Lock()
	defer b.book.mu.Unlock()
	b.book.seals[r.ID] = r
	return r
}

// document builds a one-page face, with an attachment of size bytes if size is not 0.
func document(t testing.TB, size int) []byte {
	t.Helper()
	b := pdf.New(pdf.Info{Title: "示例证照", Created: start})
	b.AddPage(210, 297)
	b.Text(105, 60, 28, "示例证照", pdf.TextStyle{Align: pdf.Center})
	if size > 0 {
		data := make([]byte, size)
		if _, err := rand.NewChaCha8([32]byte{1}).Read(data); err != nil { // nothing to compress
			t.Fatal(err)
		}
		b.Attach(pdf.Attachment{Name: "annex.bin", MIME: "application/octet-stream", Data: data})
	}
	out, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return out
}
