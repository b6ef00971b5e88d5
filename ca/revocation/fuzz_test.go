package revocation_test

import (
	"errors"
	"testing"

	"yinzheng/ca"
	"yinzheng/internal/der"
	"yinzheng/internal/ocsp"
)

// FuzzOCSP sends anything: every answer is a response that can be read, and only 1 is ever good.
func FuzzOCSP(f *testing.F) {
	w := newWorld(f)
	w.record("sm2", 1, ca.Good, 0)
	p := w.publisher()
	seeds := [][]byte{
		w.request("sm2", der.SHA1, nil, 1), w.request("sm2", der.SM3, []byte("nonce"), 1, 2), w.request("tls", der.SHA256, nil, 1),
		{}, {0x30, 0x80}, {0x30, 0},
	}
	if len(seeds) == 0 {
		f.Fatal("no seeds")
	}
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, request []byte) {
		b, _, err := p.OCSP(t.Context(), request)
		r, unread := ocsp.Parse(b)
		var refusal ocsp.StatusError
		if unread != nil && !errors.As(unread, &refusal) {
			t.Fatalf("%x: %v", b, unread)
		}
		if (unread == nil) != (err == nil) {
			t.Fatalf("a response %v with %v", unread, err)
		}
		for i := 0; r != nil && i < len(r.Singles); i++ {
			if s := r.Singles[i]; s.Status == ocsp.Good && (s.ID.Serial.Int64() != 1 || !s.ID.Issued(w.certs["sm2"])) {
				t.Errorf("%s is good", s.ID.Serial)
			}
		}
	})
}
