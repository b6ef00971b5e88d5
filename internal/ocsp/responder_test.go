package ocsp_test

import (
	"crypto"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"testing"
	"time"

	"yinzheng/internal/der"
	"yinzheng/internal/gm"
	"yinzheng/internal/gm/gmtest"
	"yinzheng/internal/ocsp"
)

// faulty says that it has another public key than it signs with.
type faulty struct {
	crypto.Signer
	pub crypto.PublicKey
}

func (f faulty) Public() crypto.PublicKey { return f.pub }

// unfit are changes after which a certificate may not respond.
func unfit() map[string]func(*gm.Certificate) {
	return map[string]func(*gm.Certificate){
		"no extended key usage": func(c *gm.Certificate) { c.ExtKeyUsage = nil },
		"another one":           func(c *gm.Certificate) { c.ExtKeyUsage = []gm.ExtKeyUsage{gm.ExtKeyUsageAny} },
		"no nocheck":            func(c *gm.Certificate) { c.ExtraExtensions = nil },
		"nocheck with content": func(c *gm.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: der.OCSPNoCheck, Value: []byte{4, 0}}}
		},
		"another key usage": func(c *gm.Certificate) { c.KeyUsage = gm.KeyUsageKeyEncipherment },
		"a critical extension": func(c *gm.Certificate) {
			c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: []byte{5, 0}})
		},
	}
}

func TestUnfitRespondersMakeNoSigner(t *testing.T) {
	issuer := newIssuer(t, "SM2")
	for name, change := range unfit() {
		p := newResponder(t, issuer, "SM2", change)
		if _, err := ocsp.NewSigner(p.cert.Raw, p.key); !errors.Is(err, ocsp.ErrResponder) {
			t.Errorf("%s: got %v, want ErrResponder", name, err)
		}
	}
	for name, key := range map[string]crypto.Signer{"none": nil, "another": gmtest.Key(t), "another kind": newKey(t, "ECDSA")} {
		if _, err := ocsp.NewSigner(issuer.cert.Raw, key); !errors.Is(err, ocsp.ErrResponder) {
			t.Errorf("key %s: got %v, want ErrResponder", name, err)
		}
	}
	if _, err := ocsp.NewSigner(issuer.cert.Raw[1:], issuer.key); !errors.Is(err, ocsp.ErrResponder) {
		t.Errorf("no certificate: got %v, want ErrResponder", err)
	}
}

// A responder with a proper certificate signs; the response is then made to carry an unfit one of the same key.
func TestResponsesOfUnfitRespondersDoNotVerify(t *testing.T) {
	for _, algorithm := range algorithms {
		issuer := newIssuer(t, algorithm)
		fit := newResponder(t, issuer, algorithm, nil)
		r := parse(t, respond(t, fit, answers(t, issuer), nil))
		for name, change := range unfit() {
			template := &gm.Certificate{Subject: fit.cert.Subject, KeyUsage: gm.KeyUsageDigitalSignature,
				ExtKeyUsage:     []gm.ExtKeyUsage{gm.ExtKeyUsageOCSPSigning},
				ExtraExtensions: []pkix.Extension{{Id: der.OCSPNoCheck, Value: asn1.NullBytes}}}
			change(template)
			r.Responder = issue(t, template, issuer, fit.key).cert
			if err := r.Verify(issuer.cert, now); !errors.Is(err, ocsp.ErrResponder) {
				t.Errorf("%s, %s: got %v, want ErrResponder", algorithm, name, err)
			}
		}
		r.Responder = fit.cert
		if err := r.Verify(issuer.cert, now); err != nil {
			t.Errorf("%s: %v", algorithm, err)
		}
	}
}

func TestResponderOfAnotherIssuerDoesNotVerify(t *testing.T) {
	for _, algorithm := range algorithms {
		issuer, other := newIssuer(t, algorithm), newIssuer(t, algorithm) // of the same name
		r := parse(t, respond(t, newResponder(t, other, algorithm, nil), answers(t, issuer), nil))
		if err := r.Verify(issuer.cert, now); !errors.Is(err, ocsp.ErrResponder) {
			t.Errorf("%s: got %v, want ErrResponder", algorithm, err)
		}
		r = parse(t, respond(t, newResponder(t, issuer, algorithm, nil), answers(t, other), nil))
		if err := r.Verify(issuer.cert, now); !errors.Is(err, ocsp.ErrResponder) {
			t.Errorf("%s, about another issuer's certificates: got %v, want ErrResponder", algorithm, err)
		}
		r = parse(t, respond(t, newResponder(t, issuer, algorithm, nil), answers(t, issuer), nil))
		for name, p := range map[string]*gm.Certificate{"nil": nil, "no authority": r.Responder} {
			if err := r.Verify(p, now); !errors.Is(err, ocsp.ErrResponder) {
				t.Errorf("%s, issuer %s: got %v, want ErrResponder", algorithm, name, err)
			}
		}
		r.Responder = newResponder(t, issuer, algorithm, nil).cert // of another key
		if err := r.Verify(issuer.cert, now); !errors.Is(err, ocsp.ErrResponder) {
			t.Errorf("%s, another certificate: got %v, want ErrResponder", algorithm, err)
		}
		r.ResponderKey, r.ResponderDN = nil, r.Responder.RawSubject
		if err := r.Verify(issuer.cert, now); !errors.Is(err, gm.ErrSignature) {
			t.Errorf("%s, another certificate by name: got %v, want ErrSignature", algorithm, err)
		}
		r.ResponderDN = issuer.cert.RawSubject
		if err := r.Verify(issuer.cert, now); !errors.Is(err, ocsp.ErrResponder) {
			t.Errorf("%s, another name: got %v, want ErrResponder", algorithm, err)
		}
	}
}

func TestResponderOfAnotherAlgorithmThanItsIssuer(t *testing.T) {
	for _, algorithm := range algorithms {
		issuer := newIssuer(t, algorithm)
		for _, other := range algorithms {
			r := parse(t, respond(t, newResponder(t, issuer, other, nil), answers(t, issuer), nil))
			if err := r.Verify(issuer.cert, now); err != nil {
				t.Errorf("%s for %s: %v", other, algorithm, err)
			}
			r.Algorithm = map[string]asn1.ObjectIdentifier{"SM2": der.ECDSAWithSHA256, "ECDSA": der.SM2WithSM3}[other]
			if err := r.Verify(issuer.cert, now); err == nil {
				t.Errorf("%s for %s: verifies under the other algorithm", other, algorithm)
			}
		}
	}
}

func TestResponsesVerifyInTheirTimeOnly(t *testing.T) {
	issuer := newIssuer(t, "SM2")
	short := newResponder(t, issuer, "SM2", func(c *gm.Certificate) { c.NotBefore, c.NotAfter = now.Add(-time.Minute), now.Add(10*time.Minute) })
	r := parse(t, respond(t, issuer, answers(t, issuer), nil))
	delegated := parse(t, respond(t, short, answers(t, issuer), nil))
	endless := answers(t, issuer)[:1]
	endless[0].NextUpdate = time.Time{}
	for name, c := range map[string]struct {
		r    *ocsp.Response
		at   time.Duration // after now
		want error
	}{
		"at once":                     {r, 0, nil},
		"by a clock a little behind":  {r, -ocsp.Skew, nil},
		"by a clock far behind":       {r, -ocsp.Skew - time.Second, ocsp.ErrTime},
		"in the last second":          {r, time.Hour - time.Second, nil},
		"at nextUpdate":               {r, time.Hour, ocsp.ErrTime},
		"without nextUpdate":          {parse(t, respond(t, issuer, endless, nil)), 0, ocsp.ErrTime},
		"while the responder's valid": {delegated, 10 * time.Minute, nil},
		"when it no longer is":        {delegated, 10*time.Minute + time.Second, ocsp.ErrTime},
	} {
		if err := c.r.Verify(issuer.cert, now.Add(c.at)); !errors.Is(err, c.want) || c.want == nil && err != nil {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

func TestOneSignerMakesManyResponses(t *testing.T) {
	issuer := newIssuer(t, "SM2")
	p := newResponder(t, issuer, "SM2", nil)
	signer, err := ocsp.NewSigner(p.cert.Raw, p.key)
	if err != nil {
		t.Fatal(err)
	}
	for serial := range int64(8) {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			s := ocsp.Single{ID: id(t, der.SHA1, issuer, serial), ThisUpdate: now, NextUpdate: now.Add(time.Hour)}
			b, err := signer.Respond([]ocsp.Single{s}, nil, now)
			if err != nil {
				t.Fatal(err)
			}
			r := parse(t, b)
			if _, ok := r.Find(issuer.cert, big.NewInt(serial)); !ok || r.Verify(issuer.cert, now) != nil {
				t.Errorf("%d: %+v", serial, r)
			}
		})
	}
}

func BenchmarkRespond(b *testing.B) {
	issuer := newIssuer(b, "SM2")
	p := newResponder(b, issuer, "SM2", nil)
	signer, err := ocsp.NewSigner(p.cert.Raw, p.key)
	if err != nil {
		b.Fatal(err)
	}
	one := answers(b, issuer)[:1]
	for b.Loop() {
		if _, err := signer.Respond(one, nil, now); err != nil {
			b.Fatal(err)
		}
	}
}
