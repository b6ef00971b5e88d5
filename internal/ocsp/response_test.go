package ocsp_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	foreign "golang.org/x/crypto/ocsp"

	"yinzheng/internal/der"
	"yinzheng/internal/gm"
	"yinzheng/internal/gm/gmtest"
	"yinzheng/internal/ocsp"
)

func TestResponsesComeBackAndVerify(t *testing.T) {
	for _, algorithm := range algorithms {
		issuer := newIssuer(t, algorithm)
		for name, p := range map[string]party{"issuer": issuer, "responder": newResponder(t, issuer, algorithm, nil)} {
			want := answers(t, issuer)
			r := parse(t, respond(t, p, want, []byte("a nonce")))
			if d := cmp.Diff(want, r.Singles, bigInts); d != "" {
				t.Errorf("%s, %s: %s", algorithm, name, d)
			}
			if string(r.Nonce) != "a nonce" || !r.Produced.Equal(now) || !bytes.Equal(r.Responder.Raw, p.cert.Raw) {
				t.Errorf("%s, %s: got %+v", algorithm, name, r)
			}
			if err := r.Verify(issuer.cert, now.Add(time.Minute)); err != nil {
				t.Errorf("%s, %s: %v", algorithm, name, err)
			}
			if err := r.Verify(newIssuer(t, algorithm).cert, now); err == nil {
				t.Errorf("%s, %s: verifies for another issuer", algorithm, name)
			}
			for i, serial := range []int64{10, 11, 12, 13} {
				if s, ok := r.Find(issuer.cert, big.NewInt(serial)); !ok || s.Status != want[i].Status {
					t.Errorf("%s, %s: found %v, %v for %d", algorithm, name, s, ok, serial)
				}
			}
			if s, ok := r.Find(issuer.cert, big.NewInt(14)); ok {
				t.Errorf("%s, %s: found %v", algorithm, name, s)
			}
			if s, ok := r.Find(newIssuer(t, algorithm).cert, big.NewInt(10)); ok {
				t.Errorf("%s, %s: found %v of another issuer", algorithm, name, s)
			}
		}
	}
}

func TestFractionsOfSecondsAreCutOff(t *testing.T) {
	issuer := newIssuer(t, "SM2")
	s := answers(t, issuer)[1:2]
	s[0].ThisUpdate, s[0].RevokedAt, s[0].NextUpdate = now.Add(999_999_999), s[0].RevokedAt.Add(1), s[0].NextUpdate.Add(time.Millisecond)
	b, err := ocsp.Respond(s, nil, now.Add(time.Microsecond), issuer.cert.Raw, issuer.key)
	if err != nil {
		t.Fatal(err)
	}
	r := parse(t, b)
	if d := cmp.Diff(answers(t, issuer)[1:2], r.Singles, bigInts); d != "" || !r.Produced.Equal(now) || r.Nonce != nil {
		t.Errorf("got %v, nonce %x: %s", r.Produced, r.Nonce, d)
	}
}

func TestChangedResponsesDoNotVerify(t *testing.T) {
	for _, algorithm := range algorithms {
		issuer := newIssuer(t, algorithm)
		p := newResponder(t, issuer, algorithm, nil)
		good := respond(t, p, answers(t, issuer), []byte("a nonce"))
		for i := range good {
			changed := bytes.Clone(good)
			changed[i] ^= 1
			r, err := ocsp.Parse(changed)
			if err != nil {
				continue
			}
			if err := r.Verify(issuer.cert, now); err == nil {
				t.Errorf("%s: verifies with byte %d changed", algorithm, i)
			}
		}
	}
}

// What cannot be read is an error of ours, and the deeper forms of what is not DER are there too: within the OCTET STRING.
func TestMalformedResponsesAreRefused(t *testing.T) {
	issuer := newIssuer(t, "SM2")
	good := respond(t, issuer, answers(t, issuer)[:1], nil)
	bad := append(notDER(), good[:len(good)-1], append(bytes.Clone(good), 0), bytes.Repeat([]byte{0x30, 0x80}, 3<<20), make([]byte, ocsp.MaxResponse+1),
		[]byte{0x30, 3, 0x0a, 1, 0}, []byte{0x30, 3, 0x0a, 1, 4}, []byte{0x30, 3, 0x0a, 1, 7}, []byte{0x30, 5, 0x0a, 1, 1, 5, 0})
	for _, inner := range [][]byte{{0x30, 0x82}, {0x30}, bytes.Repeat([]byte{0x30, 0x80}, 60)} {
		bytesOf := append([]byte{6, 9, 0x2b, 6, 1, 5, 5, 7, 0x30, 1, 1, 4, byte(len(inner))}, inner...)
		sequence := append([]byte{0x30, byte(len(bytesOf))}, bytesOf...)
		if len(bytesOf) > 127 {
			bytesOf = append([]byte{6, 9, 0x2b, 6, 1, 5, 5, 7, 0x30, 1, 1, 4, byte(len(inner))}, inner...)
			sequence = append([]byte{0x30, 0x81, byte(len(bytesOf))}, bytesOf...)
		}
		tagged := append([]byte{0xa0, 0x81, byte(len(sequence))}, sequence...)
		if len(sequence) < 128 {
			tagged = append([]byte{0xa0, byte(len(sequence))}, sequence...)
		}
		whole := append([]byte{0x0a, 1, 0}, tagged...)
		head := []byte{0x30, byte(len(whole))}
		if len(whole) > 127 {
			head = []byte{0x30, 0x81, byte(len(whole))}
		}
		bad = append(bad, append(head, whole...))
	}
	for i, b := range bad {
		if _, err := ocsp.Parse(b); !errors.Is(err, ocsp.ErrResponse) {
			t.Errorf("%d: got %v, want ErrResponse", i, err)
		}
	}
}

func TestFailuresAreStatusErrors(t *testing.T) {
	for _, status := range []int{ocsp.MalformedRequest, ocsp.InternalError, ocsp.TryLater, ocsp.SigRequired, ocsp.Unauthorized} {
		var got ocsp.StatusError
		if _, err := ocsp.Parse(ocsp.Failure(status)); !errors.As(err, &got) || int(got) != status {
			t.Errorf("%d: got %v", status, err)
		}
		var theirs foreign.ResponseError
		if _, err := foreign.ParseResponse(ocsp.Failure(status), nil); !errors.As(err, &theirs) || int(theirs.Status) != status {
			t.Errorf("%d: the other library reads %v", status, err)
		}
	}
	for _, status := range []int{-1, 0, 4, 7, 256} {
		if !bytes.Equal(ocsp.Failure(status), ocsp.Failure(ocsp.InternalError)) {
			t.Errorf("%d is written as a failure: %x", status, ocsp.Failure(status))
		}
	}
}

// The files were made by openssl ocsp as responder: one by a delegated responder named by its name, one by the issuer itself
// named by its key, without certificates, for three SHA-256 identifiers.
func TestResponsesOfOpenSSL(t *testing.T) {
	issuer, err := gm.ParseCertificate(testdata(t, "issuer.cer"))
	if err != nil {
		t.Fatal(err)
	}
	r := parse(t, testdata(t, "delegated.resp"))
	if err := r.Verify(issuer, r.Produced.Add(time.Hour)); err != nil {
		t.Error(err)
	}
	if r.ResponderDN == nil || r.Responder == nil || len(r.Nonce) != 16 || len(r.Singles) != 1 || r.Singles[0].Status != ocsp.Good {
		t.Errorf("got %+v", r)
	}
	r = parse(t, testdata(t, "direct.resp"))
	if err := r.Verify(issuer, r.Produced.Add(time.Hour)); err != nil {
		t.Error(err)
	}
	if r.ResponderKey == nil || r.Responder != nil || r.Nonce != nil || len(r.Singles) != 3 {
		t.Fatalf("got %+v", r)
	}
	for i, want := range []ocsp.Status{ocsp.Good, ocsp.Revoked, ocsp.Unknown} {
		if got := r.Singles[i]; got.Status != want || !got.ID.Hash.Equal(der.SHA256) {
			t.Errorf("answer %d: got %+v", i, got)
		}
	}
	if s := r.Singles[1]; s.Reason != 1 || !s.RevokedAt.Equal(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)) {
		t.Errorf("got %+v", s)
	}
}

func TestIncompleteAnswersAreNotSigned(t *testing.T) {
	issuer := newIssuer(t, "SM2")
	signer, err := ocsp.NewSigner(issuer.cert.Raw, issuer.key)
	if err != nil {
		t.Fatal(err)
	}
	good := answers(t, issuer)
	with := func(i int, change func(*ocsp.Single)) []ocsp.Single {
		s := good[i]
		change(&s)
		return []ocsp.Single{s}
	}
	for name, s := range map[string][]ocsp.Single{
		"nothing": nil, "too many": make([]ocsp.Single, ocsp.MaxIDs+1),
		"no name":                   with(0, func(s *ocsp.Single) { s.ID = ocsp.CertID{} }),
		"no time":                   with(0, func(s *ocsp.Single) { s.ThisUpdate = time.Time{} }),
		"a year of five digits":     with(0, func(s *ocsp.Single) { s.NextUpdate = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }),
		"an end before its start":   with(0, func(s *ocsp.Single) { s.NextUpdate = s.ThisUpdate.Add(-time.Second) }),
		"no time of revocation":     with(1, func(s *ocsp.Single) { s.RevokedAt = time.Time{} }),
		"reason 7":                  with(1, func(s *ocsp.Single) { s.Reason = 7 }),
		"reason removeFromCRL":      with(1, func(s *ocsp.Single) { s.Reason = 8 }),
		"a reason that is not":      with(1, func(s *ocsp.Single) { s.Reason = 11 }),
		"a status that is not":      with(0, func(s *ocsp.Single) { s.Status = 3 }),
		"a status before the first": with(0, func(s *ocsp.Single) { s.Status = -1 }),
	} {
		if _, err := signer.Respond(s, nil, now); !errors.Is(err, ocsp.ErrResponse) {
			t.Errorf("%s: got %v, want ErrResponse", name, err)
		}
	}
	for name, nonce := range map[string][]byte{"empty": {}, "long": make([]byte, ocsp.MaxNonce+1)} {
		if _, err := signer.Respond(good, nonce, now); !errors.Is(err, ocsp.ErrResponse) {
			t.Errorf("%s nonce: got %v, want ErrResponse", name, err)
		}
	}
	for _, reason := range []int{0, 1, 2, 3, 4, 5, 6, 9, 10} {
		b, err := signer.Respond(with(1, func(s *ocsp.Single) { s.Reason = reason }), nil, now)
		if err != nil {
			t.Fatal(err)
		}
		if got := parse(t, b).Singles[0].Reason; got != reason {
			t.Errorf("got reason %d, want %d", got, reason)
		}
	}
}

func TestWrongSignatureOfTheKeyDoesNotLeave(t *testing.T) {
	for _, algorithm := range algorithms {
		issuer := newIssuer(t, algorithm)
		liar := faulty{Signer: newKey(t, algorithm), pub: issuer.key.Public()}
		if _, err := ocsp.Respond(answers(t, issuer), nil, now, issuer.cert.Raw, liar); !errors.Is(err, gm.ErrSignature) {
			t.Errorf("%s: got %v, want ErrSignature", algorithm, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	issuer := newIssuer(f, "SM2")
	seeds := append(notDER(), testdata(f, "delegated.resp"), testdata(f, "direct.resp"), ocsp.Failure(ocsp.TryLater),
		respond(f, issuer, answers(f, issuer), []byte("a nonce")))
	addSeeds(f, seeds)
	other := gmtest.NewCA(f, "示例另一机构")
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := ocsp.Parse(b)
		if err != nil {
			return
		}
		if !bytes.Equal(r.Raw, b) || len(r.Singles) == 0 || !bytes.Contains(b, r.TBS) {
			t.Fatalf("accepted %s", hex.EncodeToString(b))
		}
		_ = r.Verify(issuer.cert, now)
		if r.Verify(other.Cert, now) == nil {
			t.Fatalf("verifies for another issuer: %s", hex.EncodeToString(b))
		}
	})
}
