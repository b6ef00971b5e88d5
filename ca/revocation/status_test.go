package revocation_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/asn1"
	"errors"
	"slices"
	"testing"
	"time"

	"yinzheng/ca"
	"yinzheng/ca/revocation"
	"yinzheng/internal/der"
	"yinzheng/internal/gm"
	"yinzheng/internal/ocsp"
)

func TestStatusFollowsTheRegister(t *testing.T) {
	for _, name := range bothAlgs {
		w := newWorld(t)
		w.record(name, 1, ca.Good, 0)
		w.record(name, 2, ca.Revoked, 1)
		w.record(name, 3, ca.Void, 5)
		w.record(name, 4, ca.Intended, 0)
		w.record(name, 5, ca.Revoked, 7) // no reason of the standard's
		p := w.publisher()
		want := []struct {
			status ocsp.Status
			reason int
		}{1: {ocsp.Good, 0}, 2: {ocsp.Revoked, 1}, 3: {ocsp.Revoked, 5}, 4: {ocsp.Unknown, 0}, 5: {ocsp.Revoked, 0}, 6: {ocsp.Unknown, 0}}
		for serial := 1; serial < len(want); serial++ {
			got := w.status(p, name, int64(serial))
			if got.Status != want[serial].status || got.Reason != want[serial].reason {
				t.Errorf("%s %d is %v, reason %d", name, serial, got.Status, got.Reason)
			}
			if isRevoked := got.Status == ocsp.Revoked; isRevoked && !got.RevokedAt.Equal(start) {
				t.Errorf("%s %d: revoked at %v", name, serial, got.RevokedAt)
			}
			if life := got.NextUpdate.Sub(got.ThisUpdate); life != revocation.AnswerLife || !got.ThisUpdate.Equal(start) {
				t.Errorf("%s %d: of %v, for %v", name, serial, got.ThisUpdate, life)
			}
		}
	}
}

func TestAnswerNamesTheCertificateByTheHashOfTheRequest(t *testing.T) {
	w := newWorld(t)
	w.record("sm2", 6, ca.Good, 0)
	p := w.publisher()
	for range 2 { // signed, then from memory
		for _, hash := range []asn1.ObjectIdentifier{der.SHA1, der.SHA256, der.SM3} {
			asked, err := ocsp.ParseRequest(w.request("sm2", hash, nil, 6))
			if err != nil {
				t.Fatal(err)
			}
			if got := w.ask(p, "sm2", w.request("sm2", hash, nil, 6)).Singles[0].ID; !got.Equal(asked.IDs[0]) {
				t.Errorf("asked by %v, answered by %v", hash, got.Hash)
			}
		}
	}
}

func TestNonceIsEchoedAndSignedNow(t *testing.T) {
	w := newWorld(t)
	w.record("tls", 6, ca.Good, 0)
	p := w.publisher()
	if got := w.ask(p, "tls", w.request("tls", der.SHA1, nil, 6)); got.Nonce != nil {
		t.Errorf("a nonce nobody asked for: %x", got.Nonce)
	}
	w.pass(time.Hour)
	nonce := []byte("0123456789abcdef")
	got := w.ask(p, "tls", w.request("tls", der.SHA1, nonce, 6))
	if !bytes.Equal(got.Nonce, nonce) || !got.Produced.Equal(w.clock()) {
		t.Errorf("nonce %q, made at %v", got.Nonce, got.Produced)
	}
	if _, maxAge, _ := p.OCSP(t.Context(), w.request("tls", der.SHA1, nonce, 6)); maxAge != 0 {
		t.Errorf("may be kept for %v", maxAge)
	}
}

func TestSeveralCertificatesAreAnsweredInOneResponse(t *testing.T) {
	w := newWorld(t)
	w.record("sm2", 1, ca.Good, 0)
	w.revoke("sm2", 2)
	w.record("tls", 3, ca.Good, 0)
	p := w.publisher()
	first, err := ocsp.ParseRequest(w.request("sm2", der.SM3, nil, 1, 2, 99))
	if err != nil {
		t.Fatal(err)
	}
	other, err := ocsp.ParseRequest(w.request("tls", der.SHA1, nil, 3))
	if err != nil {
		t.Fatal(err)
	}
	first.IDs = append(first.IDs, other.IDs...) // of an authority that this responder does not answer for
	request, err := first.Encode()
	if err != nil {
		t.Fatal(err)
	}
	var got []ocsp.Status
	for _, s := range w.ask(p, "sm2", request).Singles {
		got = append(got, s.Status)
	}
	if want := []ocsp.Status{ocsp.Good, ocsp.Revoked, ocsp.Unknown, ocsp.Unknown}; !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

func TestUnknownIssuerIsUnauthorized(t *testing.T) {
	w, other := newWorld(t), newWorld(t)
	p := w.publisher()
	if got := w.refused(p, other.request("sm2", der.SHA1, nil, 1)); got != ocsp.Unauthorized {
		t.Errorf("got %d", got)
	}
}

func TestMalformedRequestIsToldSo(t *testing.T) {
	w := newWorld(t)
	p := w.publisher()
	good := w.request("sm2", der.SHA1, nil, 1)
	for _, b := range [][]byte{nil, {0x30, 0}, good[:len(good)-1], append(slices.Clone(good), 0), bytes.Repeat([]byte{0x30}, 1<<16)} {
		if got := w.refused(p, b); got != ocsp.MalformedRequest {
			t.Errorf("%.20x: %d", b, got)
		}
	}
}

func TestRegisterThatFailsMeansTryLaterAndNeverGood(t *testing.T) {
	w := newWorld(t)
	w.record("sm2", 1, ca.Good, 0)
	w.record("sm2", 2, ca.Good, 0)
	p := w.publisher()
	w.status(p, "sm2", 1) // is kept now
	w.book.fail(true)
	if got := w.refused(p, w.request("sm2", der.SHA1, nil, 2)); got != ocsp.TryLater {
		t.Errorf("not kept: %d", got)
	}
	if got := w.refused(p, w.request("sm2", der.SHA1, []byte{1}, 1)); got != ocsp.TryLater {
		t.Errorf("with a nonce: %d", got)
	}
	w.pass(revocation.MaxBlind) // it may have been revoked since
	if got := w.refused(p, w.request("sm2", der.SHA1, nil, 1)); got != ocsp.TryLater {
		t.Errorf("kept: %d", got)
	}
	w.book.fail(false)
	w.pass(revocation.RetryAfter)
	if got := w.status(p, "sm2", 1).Status; got != ocsp.Good {
		t.Errorf("when the register is back: %v", got)
	}
}

func TestKeptAnswerIsGivenWithoutTheRegisterUntilTheRevisionMoves(t *testing.T) {
	w := newWorld(t)
	w.record("sm2", 1, ca.Good, 0)
	p := w.publisher()
	ask := func() []byte {
		b, maxAge, err := p.OCSP(t.Context(), w.request("sm2", der.SHA1, nil, 1))
		if err != nil || maxAge <= 0 || maxAge > revocation.CacheFor {
			t.Fatalf("to keep for %v: %v", maxAge, err)
		}
		return b
	}
	first, looks := ask(), w.book.looks
	if !bytes.Equal(first, ask()) || w.book.looks != looks {
		t.Error("the second answer is another one, or the register was asked")
	}
	w.revoke("sm2", 99)
	p.Notice()
	if !bytes.Equal(first, ask()) || w.book.looks != looks+1 {
		t.Error("an answer that is still true was signed again, or not compared with the register")
	}
	w.revoke("sm2", 1)
	p.Notice()
	if bytes.Equal(first, ask()) {
		t.Error("the old answer after a revocation")
	}
}

func TestAnswersAreSignedAgainAtHalfTheirLife(t *testing.T) {
	w := newWorld(t)
	w.record("sm2", 1, ca.Good, 0)
	p := w.publisher()
	w.status(p, "sm2", 1)
	w.pass(revocation.AnswerLife/2 - time.Second)
	if got := w.status(p, "sm2", 1).ThisUpdate; !got.Equal(start) {
		t.Errorf("too early: %v", got)
	}
	w.pass(time.Second)
	if got := w.status(p, "sm2", 1).ThisUpdate; !got.Equal(w.clock()) {
		t.Errorf("too late: %v", got)
	}
}

func TestOtherSpellingOfARequestGetsTheSameAnswer(t *testing.T) {
	w := newWorld(t)
	w.record("sm2", 1, ca.Good, 0)
	p := w.publisher()
	request := w.request("sm2", der.SHA1, nil, 1)
	spelled := bytes.Replace(request, []byte{0x05, 0x00}, nil, 1) // a hash without the parameters NULL
	for _, i := range []int{1, 3, 5, 7, 9, 11} {
		if i < 11 || spelled[i] == 9 {
			spelled[i] -= 2
		}
	}
	a, _, errA := p.OCSP(t.Context(), request)
	b, _, errB := p.OCSP(t.Context(), spelled)
	if errA != nil || errB != nil || !bytes.Equal(a, b) {
		t.Errorf("%v, %v", errA, errB)
	}
}

func TestCertificateInTheMakingIsGoodOnceItIsMade(t *testing.T) {
	w := newWorld(t)
	w.record("tls", 1, ca.Intended, 0)
	p := w.publisher()
	if got := w.status(p, "tls", 1).Status; got != ocsp.Unknown {
		t.Errorf("in the making: %v", got)
	}
	if _, maxAge, _ := p.OCSP(t.Context(), w.request("tls", der.SHA1, nil, 1)); maxAge != 0 {
		t.Errorf("unknown may be kept for %v", maxAge)
	}
	w.record("tls", 1, ca.Good, 0) // does not raise the revision
	if got := w.status(p, "tls", 1).Status; got != ocsp.Good {
		t.Errorf("made: %v", got)
	}
}

func TestAnswerEndsWithItsRespondersCertificate(t *testing.T) {
	w := newWorld(t)
	end := start.Add(3 * time.Hour)
	for i, a := range w.authorities {
		if a.Name == "sm2" {
			w.authorities[i].Responder = makeResponder(t, a, gm.GenerateKey, end)
		}
	}
	w.record("sm2", 1, ca.Good, 0)
	p := w.publisher()
	if got := w.status(p, "sm2", 1); !got.NextUpdate.Equal(end) {
		t.Errorf("until %v", got.NextUpdate)
	}
	w.pass(3 * time.Hour)
	if got := w.refused(p, w.request("sm2", der.SHA1, nil, 1)); got != ocsp.Unauthorized {
		t.Errorf("after its end: %d", got)
	}
}

func TestResponderThatMayNotAnswerIsNotUsed(t *testing.T) {
	ecdsaKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other := newWorld(t)
	responders := map[string]func(revocation.Authority) revocation.Identity{
		"none": func(revocation.Authority) revocation.Identity { return revocation.Identity{} },
		"another's key": func(a revocation.Authority) revocation.Identity {
			return revocation.Identity{Certificate: a.Responder.Certificate, Key: ecdsaKey}
		},
		"of another authority": func(revocation.Authority) revocation.Identity {
			return makeResponder(t, other.authorities[0], func() (crypto.Signer, error) { return gm.GenerateKey() }, start.AddDate(1, 0, 0))
		},
	}
	for what, make := range responders {
		w := newWorld(t)
		for i, a := range w.authorities {
			w.authorities[i].Responder = make(a)
		}
		w.record("sm2", 1, ca.Good, 0)
		p := w.publisher()
		if got := w.refused(p, w.request("sm2", der.SHA1, nil, 1)); got != ocsp.Unauthorized {
			t.Errorf("%s: %d", what, got)
		}
		b, err := p.CRL(t.Context(), "sm2") // its lists do not suffer
		w.read("sm2", b, err)
	}
}

func TestConfigMustBeComplete(t *testing.T) {
	if _, err := revocation.New(revocation.Config{}); !errors.Is(err, revocation.ErrConfig) {
		t.Errorf("got %v", err)
	}
}
