package tsa_test

import (
	"context"
	"crypto/sha256"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"yinzheng/ca/tsa"
	"yinzheng/internal/clock"
	"yinzheng/internal/der"
	"yinzheng/internal/gm"
	"yinzheng/internal/gm/gmtest"
	"yinzheng/internal/tsp"
	"yinzheng/internal/tsp/tsptest"
	"yinzheng/sealing"
)

var _ sealing.Timestamper = (*tsa.Authority)(nil)

var start = time.Date(2026, 11, 22, 8, 30, 0, 0, time.UTC)

// drifting is a clock.Sync whose answer a test sets.
type drifting struct{ err error }

func (d *drifting) InSync(context.Context) error { return d.err }

// bench is all that an authority is made of.
type bench struct {
	sm2, ecdsa gmtest.Leaf
	root       []byte // of the ECDSA leaf
	path       string // of the serial numbers
	now        func() time.Time
	sync       drifting
}

func newBench(t testing.TB, now func() time.Time) *bench {
	t.Helper()
	b := &bench{sm2: gmtest.NewCA(t, "示例根").Timestamper(t, "示例时间戳"), path: filepath.Join(t.TempDir(), "tsa.serial"), now: now}
	b.root, b.ecdsa = tsptest.ECDSA(t)
	return b
}

func (b *bench) config(t testing.TB) tsa.Config {
	t.Helper()
	serials, err := tsa.OpenSerials(b.path)
	if err != nil {
		t.Fatal(err)
	}
	return tsa.Config{
		SM2:   tsa.Identity{Certificate: b.sm2.DER, Key: b.sm2.Key},
		ECDSA: tsa.Identity{Certificate: b.ecdsa.DER, Key: b.ecdsa.Key}, Serials: serials, Now: b.now, Sync: &b.sync,
	}
}

// authority opens the authority; a second call is a restart without any closing, which is what a crash leaves.
func (b *bench) authority(t testing.TB) *tsa.Authority {
	t.Helper()
	a, err := tsa.New(b.config(t))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func hashes() map[string]asn1.ObjectIdentifier {
	return map[string]asn1.ObjectIdentifier{"SM3 and SM2": der.SM3, "SHA-256 and ECDSA": der.SHA256}
}

func query(hash asn1.ObjectIdentifier, certReq bool) *tsp.Query {
	digest := gm.Sum([]byte("示例"))
	return &tsp.Query{Hash: hash, Imprint: digest[:], Nonce: big.NewInt(-77), CertReq: certReq}
}

func encoded(t testing.TB, hash asn1.ObjectIdentifier, certReq bool) []byte {
	t.Helper()
	b, err := query(hash, certReq).Encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func fixed() time.Time { return start }

// granted answers a query with a token that verifies.
func granted(t testing.TB, a *tsa.Authority, q *tsp.Query, signer []byte) *tsp.Token {
	t.Helper()
	b, err := q.Encode()
	if err != nil {
		t.Fatal(err)
	}
	answer, err := a.Respond(context.Background(), b)
	if err != nil {
		t.Fatal(err)
	}
	reply, err := tsp.ParseReply(answer)
	if err != nil {
		t.Fatal(err)
	}
	if reply.Status != 0 || reply.Token == nil {
		t.Fatalf("refused: %+v", reply)
	}
	token, err := reply.Token.SignedBy(signer)
	if err != nil {
		t.Fatal(err)
	}
	if err := token.VerifyAnswer(q); err != nil {
		t.Fatal(err)
	}
	return token
}

// refused checks that an answer names a failure and that Respond says why.
func refused(t testing.TB, a *tsa.Authority, query []byte, failure tsp.FailureBit, why error) {
	t.Helper()
	answer, err := a.Respond(context.Background(), query)
	if !errors.Is(err, why) {
		t.Errorf("error %v, want %v", err, why)
	}
	reply, parseErr := tsp.ParseReply(answer)
	if parseErr != nil {
		t.Fatal(parseErr)
	}
	if reply.Status != 2 || reply.Failure != failure || reply.Text == "" || reply.Token != nil {
		t.Errorf("reply %+v, want failure %d", reply, failure)
	}
}

func TestTimestampVerifiesAndCarriesClockAndSerial(t *testing.T) {
	b := newBench(t, fixed)
	a := b.authority(t)
	digest := gm.Sum([]byte("signature value"))
	for want := int64(1); want <= 2; want++ {
		token, err := a.Timestamp(context.Background(), digest)
		if err != nil {
			t.Fatal(err)
		}
		back, err := tsp.Parse(token.DER)
		if err != nil {
			t.Fatal(err)
		}
		if err := back.Verify(digest); err != nil {
			t.Error(err)
		}
		if err := back.Verify(gm.Sum([]byte("another"))); err == nil {
			t.Error("verifies for another digest")
		}
		if back.Serial.Int64() != want || !back.Time.Equal(start) || back.Accuracy != tsp.IssuedAccuracy {
			t.Errorf("serial %v at %v ± %v", back.Serial, back.Time, back.Accuracy)
		}
		if string(back.Signer.Raw) != string(b.sm2.DER) {
			t.Error("signed by another certificate")
		}
	}
}

func TestTimestampSHA256IsOfTheECDSAIdentityAndHoldsIt(t *testing.T) {
	b := newBench(t, fixed)
	digest := sha256.Sum256([]byte("signature value"))
	token, err := b.authority(t).TimestampSHA256(context.Background(), digest)
	if err != nil {
		t.Fatal(err)
	}
	back, err := tsp.ParseAny(token.DER)
	if err != nil {
		t.Fatal(err)
	}
	asked := tsp.Query{Hash: der.SHA256, Imprint: digest[:], CertReq: true}
	if err := back.VerifyAnswer(&asked); err != nil || string(back.Signer.Raw) != string(b.ecdsa.DER) || !back.Time.Equal(start) {
		t.Errorf("%v at %s by another than ours", err, back.Time)
	}
	asked.Imprint = make([]byte, sha256.Size)
	if err := back.VerifyAnswer(&asked); err == nil {
		t.Error("verifies for another digest")
	}
}

func TestQueriesAreAnsweredWholeForBothHashes(t *testing.T) {
	b := newBench(t, fixed)
	a := b.authority(t)
	signers := map[string][]byte{"SM3 and SM2": b.sm2.DER, "SHA-256 and ECDSA": b.ecdsa.DER}
	serial := int64(0)
	for name, hash := range hashes() {
		for _, certReq := range []bool{true, false} {
			q := query(hash, certReq)
			q.Policy = der.AnyPolicy
			token := granted(t, a, q, signers[name])
			serial++
			if token.Serial.Int64() != serial || !token.Time.Equal(start) || token.Accuracy != tsa.Accuracy || token.Nonce.Int64() != -77 || !token.Hash.Equal(hash) {
				t.Errorf("%s: token %+v", name, token)
			}
		}
	}
}

func TestRefusalsNameTheirFailure(t *testing.T) {
	b := newBench(t, fixed)
	a := b.authority(t)
	otherPolicy := query(der.SM3, true)
	otherPolicy.Policy = asn1.ObjectIdentifier{1, 2, 3, 4}
	policy, err := otherPolicy.Encode()
	if err != nil {
		t.Fatal(err)
	}
	refused(t, a, policy, tsp.UnacceptedPolicy, tsp.ErrPolicy)
	refused(t, a, nil, tsp.BadDataFormat, tsp.ErrQuery)
	refused(t, a, make([]byte, tsp.MaxQuery+1), tsp.BadDataFormat, tsp.ErrQuery)
	refused(t, a, append(encoded(t, der.SM3, true), 0), tsp.BadDataFormat, tsp.ErrQuery)
	c := b.config(t)
	c.ECDSA = tsa.Identity{}
	if a, err = tsa.New(c); err != nil {
		t.Fatal(err)
	}
	refused(t, a, encoded(t, der.SHA256, true), tsp.BadAlg, tsp.ErrHash)
	granted(t, a, query(der.SM3, true), b.sm2.DER)
}

func TestNothingIsStampedWhileTheClockIsNotInSync(t *testing.T) {
	b := newBench(t, fixed)
	a := b.authority(t)
	for _, state := range []error{fmt.Errorf("kernel: %w", clock.ErrUnsynchronised), clock.ErrUnknown} {
		b.sync.err = state
		refused(t, a, encoded(t, der.SM3, true), tsp.TimeNotAvailable, state)
		refused(t, a, encoded(t, der.SHA256, true), tsp.TimeNotAvailable, state)
		if _, err := a.Timestamp(context.Background(), gm.Sum(nil)); !errors.Is(err, state) {
			t.Errorf("got %v", err)
		}
	}
	b.sync.err = nil
	if token := granted(t, a, query(der.SM3, true), b.sm2.DER); token.Serial.Int64() != 1 {
		t.Errorf("refusals used up serial numbers: %v", token.Serial)
	}
}

func TestAClockThatGoesBackIsRefusedAlsoAfterReopening(t *testing.T) {
	now := start
	b := newBench(t, func() time.Time { return now })
	a := b.authority(t)
	granted(t, a, query(der.SM3, true), b.sm2.DER)
	now = start.Add(-400 * time.Millisecond) // as a time service sets it back
	if token := granted(t, a, query(der.SM3, true), b.sm2.DER); !token.Time.Equal(start) {
		t.Errorf("stamped %v after %v", token.Time, start)
	}
	now = start.Add(-2 * time.Second)
	for range 2 {
		refused(t, a, encoded(t, der.SM3, true), tsp.TimeNotAvailable, clock.ErrBackwards)
		if _, err := a.Timestamp(context.Background(), gm.Sum(nil)); !errors.Is(err, clock.ErrBackwards) {
			t.Errorf("got %v", err)
		}
		a = b.authority(t)
	}
	now = start
	granted(t, a, query(der.SM3, true), b.sm2.DER)
}

func TestSerialsAndTimesRiseTogetherUnderConcurrency(t *testing.T) {
	b := newBench(t, fixed)
	var mu sync.Mutex
	ticks := 0
	b.now = func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		ticks++
		return start.Add(time.Duration(ticks/20) * time.Second)
	}
	a := b.authority(t)
	times := map[int64]time.Time{}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				token, err := a.Timestamp(context.Background(), gm.Sum([]byte("示例")))
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				if _, twice := times[token.Serial.Int64()]; twice {
					t.Errorf("%v twice", token.Serial)
				}
				times[token.Serial.Int64()] = token.Time
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for n := int64(2); n <= 160; n++ {
		if times[n].Before(times[n-1]) || times[n].IsZero() {
			t.Errorf("number %d at %v, number %d at %v", n-1, times[n-1], n, times[n])
		}
	}
}

func TestOnlyFittingIdentitiesAreTaken(t *testing.T) {
	b := newBench(t, fixed)
	seal := gmtest.NewCA(t, "示例根").Seal(t, "示例签章人")
	sm2, ecdsa := tsa.Identity{Certificate: b.sm2.DER, Key: b.sm2.Key}, tsa.Identity{Certificate: b.ecdsa.DER, Key: b.ecdsa.Key}
	for name, ids := range map[string][2]tsa.Identity{
		"none":                {},
		"exchanged":           {ecdsa, sm2},
		"a key of another":    {{Certificate: b.sm2.DER, Key: b.ecdsa.Key}, ecdsa},
		"no key":              {sm2, {Certificate: b.ecdsa.DER}},
		"not for timestamps":  {{Certificate: seal.DER, Key: seal.Key}, ecdsa},
		"not one certificate": {{Certificate: append(b.sm2.DER[:len(b.sm2.DER):len(b.sm2.DER)], 0), Key: b.sm2.Key}, ecdsa},
	} {
		c := b.config(t)
		c.SM2, c.ECDSA = ids[0], ids[1]
		if _, err := tsa.New(c); !errors.Is(err, tsa.ErrIdentity) {
			t.Errorf("%s: got %v, want ErrIdentity", name, err)
		}
	}
	if _, err := tsa.New(tsa.Config{}); err == nil {
		t.Error("an authority of nothing")
	}
}

func TestAnExpiredCertificateStampsNothing(t *testing.T) {
	b := newBench(t, func() time.Time { return gmtest.NotAfter.Add(time.Hour) })
	a := b.authority(t) // the house still opens, to renew it
	refused(t, a, encoded(t, der.SM3, true), tsp.SystemFailure, tsp.ErrSigner)
	refused(t, a, encoded(t, der.SHA256, true), tsp.SystemFailure, tsp.ErrSigner)
	if _, err := a.Timestamp(context.Background(), gm.Sum(nil)); !errors.Is(err, tsp.ErrSigner) {
		t.Errorf("got %v, want ErrSigner", err)
	}
}

func TestADisagreementOfTwoImplementationsStopsAllStamping(t *testing.T) {
	b := newBench(t, fixed)
	c := b.config(t)
	alarms := 0
	c.Alarm = func(_ context.Context, _ string, err error) {
		alarms++
		if !errors.Is(err, gm.ErrDisagreement) {
			t.Errorf("alarm of %v", err)
		}
	}
	a, err := tsa.New(c)
	if err != nil {
		t.Fatal(err)
	}
	asked, answer := 0, error(nil)
	a.WithOpinion(func(token *tsp.Token) error {
		asked++
		return errors.Join(token.CrossCheck(), answer)
	})
	for range tsa.CrossCheckEvery {
		granted(t, a, query(der.SM3, false), b.sm2.DER)
	}
	if asked != 1 {
		t.Errorf("%d second opinions on %d tokens", asked, tsa.CrossCheckEvery)
	}
	answer = gm.ErrDisagreement
	for range 2 {
		refused(t, a, encoded(t, der.SM3, true), tsp.SystemFailure, gm.ErrDisagreement)
	}
	refused(t, a, encoded(t, der.SHA256, true), tsp.SystemFailure, gm.ErrDisagreement)
	if alarms != 1 {
		t.Errorf("%d alarms", alarms)
	}
}
