package sealing_test

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/midstate"
	"yinzheng/internal/pdf/cos"
	"yinzheng/internal/pdf/signature"
	"yinzheng/internal/ses"
	"yinzheng/internal/tsp"
	"yinzheng/sealing"
)

func request(document []byte) sealing.Request {
	return sealing.Request{Document: document, Seal: sealNumber, Places: []sealing.Place{{Page: 1, X: 130, Y: 220, W: 42, H: 42}}, Certify: 1,
		Matter: "示例事项", Case: "示例办件-1", By: "tester"}
}

// signatureOf reads the one signature of a sealed document, and the digest of what it signs.
func signatureOf(document []byte) (signature.Signature, *ses.Signature, gm.Digest, error) {
	var none signature.Signature
	f, err := cos.OpenBytes(document, cos.Limits{})
	if err != nil {
		return none, nil, gm.Digest{}, err
	}
	set, err := signature.Find(f)
	if err != nil {
		return none, nil, gm.Digest{}, err
	}
	if len(set.Signatures) != 1 || len(set.Problems)+len(set.Signatures[0].Problems) != 0 {
		return none, nil, gm.Digest{}, fmt.Errorf("%d signatures, problems %v", len(set.Signatures), set.Problems)
	}
	one := set.Signatures[0]
	span := []signature.Span{{Range: one.ByteRange, Hash: signature.SM3}}
	if err := signature.Digests(f, span, midstate.State{}); err != nil {
		return none, nil, gm.Digest{}, err
	}
	s, err := ses.ParseSignature(one.Contents)
	return one, s, gm.Digest(span[0].Sum), err
}

// judge checks the cryptography of a sealed document; chains are the business of package verify.
func judge(_ context.Context, f sealing.File) error {
	b, err := io.ReadAll(f.Reader())
	if err != nil {
		return err
	}
	return judgeBytes(b)
}

func judgeBytes(document []byte) error {
	p, s, digest, err := signatureOf(document)
	if err != nil {
		return err
	}
	if !p.CoversFile || digest != s.DataHash {
		return errors.New("content hash differs")
	}
	if !s.Seal.Lists(s.SignerCert) {
		return errors.New("signer is not listed") // what binds the bytes of that certificate
	}
	token, err := tsp.Parse(s.Timestamp)
	if err != nil {
		return err
	}
	return errors.Join(s.Verify(), s.Seal.Verify(), token.Verify(gm.Sum(s.Value)))
}

func TestSealedDocumentCarriesWhatTheStandardAsksFor(t *testing.T) {
	b := newBench(t)
	b.c.Judge = judge
	record := b.makeSeal(t)
	base := document(t, 0)
	out, err := b.sealer(t).Seal(context.Background(), request(base))
	if err != nil {
		t.Fatal(err)
	}
	if string(out.Document[:len(base)]) != string(base) {
		t.Error("the face was changed, not appended to")
	}
	if out.Digest != gm.Sum(out.Document) {
		t.Error("digest is not of the document")
	}
	p, s, _, err := signatureOf(out.Document)
	if err != nil {
		t.Fatal(err)
	}
	if err := judgeBytes(out.Document); err != nil {
		t.Error(err)
	}
	if p.Filter != sealing.DefaultFilter || p.SubFilter != sealing.DefaultSubFilter {
		t.Errorf("handlers %s %s", p.Filter, p.SubFilter)
	}
	if !s.Time.Equal(b.now) || !out.Time.Equal(b.now) || s.DataHash != out.ContentHash {
		t.Errorf("time %v and %v, hash %v and %v", s.Time, out.Time, s.DataHash, out.ContentHash)
	}
	if string(s.Seal.Raw) != string(record.Data) || string(s.SignerCert) != string(record.Signer) {
		t.Error("another seal or signer")
	}
	if !s.Seal.Lists(s.SignerCert) {
		t.Error("the seal does not list the signer")
	}
	pub, err := gm.PublicKey(mustParse(t, s.SignerCert))
	if err != nil {
		t.Fatal(err)
	}
	if err := gm.CrossCheck(pub, tbs(t, s.Raw), s.Value); err != nil {
		t.Errorf("second implementation: %v", err)
	}
}

func TestOneChangedByteAnywhereIsSeen(t *testing.T) {
	b := newBench(t)
	b.makeSeal(t)
	out, err := b.sealer(t).Seal(context.Background(), request(document(t, 0)))
	if err != nil {
		t.Fatal(err)
	}
	step := len(out.Document)/400 + 1
	for i := 0; i < len(out.Document); i += step {
		changed := append([]byte{}, out.Document...)
		changed[i] ^= 0x01
		if err := judgeBytes(changed); err == nil {
			t.Errorf("byte %d of %d changed and nobody saw", i, len(changed))
		}
	}
}

func TestUseLogIsWrittenBeforeTheDocumentLeaves(t *testing.T) {
	b := newBench(t)
	b.makeSeal(t)
	out, err := b.sealer(t).Seal(context.Background(), request(document(t, 0)))
	if err != nil {
		t.Fatal(err)
	}
	if len(b.book.uses) != 1 {
		t.Fatalf("%d uses", len(b.book.uses))
	}
	want := sealing.Use{Seal: sealNumber, By: "tester", Matter: "示例事项", Case: "示例办件-1", Content: out.ContentHash,
		Document: out.Digest, Certificate: fmt.Sprintf("%x", mustParse(t, b.office.Certificate).SerialNumber), At: b.now,
		Line: 1, Profile: "ses-v4", Authorisation: 1, Result: sealing.ResultOK}
	if b.book.uses[0] != want {
		t.Errorf("got %+v\nwant %+v", b.book.uses[0], want)
	}
	full := errors.New("disk full")
	b.book.fail = full
	if out, err := b.sealer(t).Seal(context.Background(), request(document(t, 0))); !errors.Is(err, full) || out != nil {
		t.Errorf("with a broken log: %v", err)
	}
}

func TestResultRefusedByTheJudgeNeverLeaves(t *testing.T) {
	b := newBench(t)
	b.makeSeal(t)
	why := errors.New("not valid")
	b.c.Judge = func(context.Context, sealing.File) error { return why }
	out, err := b.sealer(t).Seal(context.Background(), request(document(t, 0)))
	if !errors.Is(err, sealing.ErrJudged) || !errors.Is(err, why) || out != nil {
		t.Errorf("got %v", err)
	}
	if len(b.book.done()) != 0 || len(b.book.uses) != 1 || b.book.uses[0].Result != "JUDGED" {
		t.Errorf("logged are %+v", b.book.uses)
	}
}

// wrongKeys answers with another office's key.
type wrongKeys struct{ key crypto.Signer }

func (k wrongKeys) Signer(context.Context, string) (crypto.Signer, error) { return k.key, nil }

// noTime is a timestamp authority that is down.
type noTime struct{ err error }

func (n noTime) Timestamp(context.Context, gm.Digest) (*tsp.Token, error) { return nil, n.err }

func TestSealIsRefusedWhen(t *testing.T) {
	down := errors.New("authority is down")
	for name, c := range map[string]struct {
		change func(t *testing.T, b *bench, r *sealing.Request)
		want   error
	}{
		"there is none": {func(_ *testing.T, _ *bench, r *sealing.Request) { r.Seal = "45000000000099" }, sealing.ErrNoSeal},
		"it is suspended": {func(_ *testing.T, b *bench, _ *sealing.Request) {
			r := b.book.seals[sealNumber]
			r.State = sealing.SealSuspended
			b.book.seals[sealNumber] = r
		}, sealing.ErrSealNotUsable},
		"its state is unknown": {func(_ *testing.T, b *bench, _ *sealing.Request) {
			r := b.book.seals[sealNumber]
			r.State = ""
			b.book.seals[sealNumber] = r
		}, sealing.ErrSealNotUsable},
		"its bytes were changed": {func(_ *testing.T, b *bench, _ *sealing.Request) {
			r := b.book.seals[sealNumber]
			r.Data = append([]byte{}, r.Data...)
			r.Data[len(r.Data)/2] ^= 1
			b.book.seals[sealNumber] = r
		}, sealing.ErrSealNotUsable},
		"the book has another seal": {func(_ *testing.T, b *bench, r *sealing.Request) {
			rec := b.book.seals[sealNumber]
			rec.ID = "45000000000077"
			b.book.seals[rec.ID] = rec
			r.Seal = rec.ID
		}, sealing.ErrSealNotUsable},
		"it is not valid yet":         {func(_ *testing.T, b *bench, _ *sealing.Request) { b.now = start.Add(-time.Hour) }, sealing.ErrSigner},
		"its certificate has expired": {func(_ *testing.T, b *bench, _ *sealing.Request) { b.now = start.Add(6 * 8760 * time.Hour) }, sealing.ErrSigner},
		"the certificate is not listed": {func(_ *testing.T, b *bench, _ *sealing.Request) {
			r := b.book.seals[sealNumber]
			r.Signer = b.other.Certificate
			b.book.seals[sealNumber] = r
		}, sealing.ErrSigner},
		"the key is another's":   {func(_ *testing.T, b *bench, _ *sealing.Request) { b.c.Keys = wrongKeys{b.other.Key} }, sealing.ErrSigner},
		"time cannot be had":     {func(_ *testing.T, b *bench, _ *sealing.Request) { b.c.Timestamper = noTime{down} }, down},
		"the document is no PDF": {func(_ *testing.T, _ *bench, r *sealing.Request) { r.Document = []byte("plain text") }, sealing.ErrDocument},
		"the document is empty":  {func(_ *testing.T, _ *bench, r *sealing.Request) { r.Document = nil }, sealing.ErrDocument},
		"the document is cut":    {func(_ *testing.T, _ *bench, r *sealing.Request) { r.Document = r.Document[:len(r.Document)-40] }, sealing.ErrDocument},
		"the page is not there":  {func(_ *testing.T, _ *bench, r *sealing.Request) { r.Places[0].Page = 9 }, sealing.ErrPlace},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.c.Judge = judge
			b.makeSeal(t)
			r := request(document(t, 0))
			c.change(t, b, &r)
			out, err := b.sealer(t).Seal(context.Background(), r)
			if !errors.Is(err, c.want) || out != nil {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if len(b.book.done()) != 0 || len(b.book.uses) == 0 && !errors.Is(c.want, sealing.ErrNoSeal) {
				t.Errorf("logged are %+v", b.book.uses)
			}
		})
	}
}

func TestSealMadeLaterThanItsCertificateSealsNothingBefore(t *testing.T) {
	b := newBench(t)
	b.made = start.Add(time.Hour)
	b.makeSeal(t)
	if _, err := b.sealer(t).Seal(context.Background(), request(document(t, 0))); !errors.Is(err, sealing.ErrSealNotUsable) {
		t.Errorf("got %v", err)
	}
	b.now = b.made
	if _, err := b.sealer(t).Seal(context.Background(), request(document(t, 0))); err != nil {
		t.Errorf("in its first second: %v", err)
	}
}

func TestManyCallersSealAtOnce(t *testing.T) {
	b := newBench(t)
	b.c.Judge = judge
	b.makeSeal(t)
	s, face := b.sealer(t), document(t, 0)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := s.Seal(context.Background(), request(face)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(b.book.uses) != 8 {
		t.Errorf("%d uses logged", len(b.book.uses))
	}
}

func TestSealerCannotBeMadeWithoutAnyOfItsParts(t *testing.T) {
	for name, remove := range map[string]func(*sealing.Config){
		"book":        func(c *sealing.Config) { c.Book = nil },
		"keys":        func(c *sealing.Config) { c.Keys = nil },
		"timestamper": func(c *sealing.Config) { c.Timestamper = nil },
		"judge":       func(c *sealing.Config) { c.Judge = nil },
		"clock":       func(c *sealing.Config) { c.Now = nil },
	} {
		b := newBench(t)
		remove(&b.c)
		if _, err := sealing.New(b.c); err == nil {
			t.Errorf("made without %s", name)
		}
	}
}
