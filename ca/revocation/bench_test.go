package revocation_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"yinzheng/ca"
	"yinzheng/internal/der"
)

func BenchmarkOCSPFromMemory(b *testing.B) {
	w := newWorld(b)
	w.record("sm2", 1, ca.Good, 0)
	p, request := w.publisher(), w.request("sm2", der.SHA1, nil, 1)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := p.OCSP(b.Context(), request); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOCSPWithNonce(b *testing.B) {
	for _, name := range bothAlgs {
		b.Run(name, func(b *testing.B) {
			w := newWorld(b)
			w.record(name, 1, ca.Good, 0)
			p, request := w.publisher(), w.request(name, der.SHA1, []byte("nonce"), 1)
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := p.OCSP(b.Context(), request); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkOCSPOverHTTP has the askers on the same machine.
func BenchmarkOCSPOverHTTP(b *testing.B) {
	w := newWorld(b)
	w.record("sm2", 1, ca.Good, 0)
	p, request := w.publisher(), w.request("sm2", der.SHA1, nil, 1)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		var body [512]byte
		n, err := io.ReadFull(r.Body, body[:])
		if err != io.ErrUnexpectedEOF {
			rw.WriteHeader(http.StatusBadRequest)
			return
		}
		response, _, _ := p.OCSP(r.Context(), body[:n])
		rw.Header().Set("Content-Type", "application/ocsp-response")
		rw.Write(response)
	}))
	defer server.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			answer, err := client.Post(server.URL, "application/ocsp-request", bytes.NewReader(request))
			if err != nil {
				b.Error(err)
				return
			}
			io.Copy(io.Discard, answer.Body)
			answer.Body.Close()
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "answers/s")
}

// BenchmarkListsOfManyRevocations signs what one more revocation changes in an authority with 20,000 of them.
func BenchmarkListsOfManyRevocations(b *testing.B) {
	w := newWorld(b)
	for serial := range int64(20000) {
		w.revoke("sm2", serial)
	}
	p := w.publisher()
	next := int64(20000)
	for b.Loop() {
		w.revoke("sm2", next)
		next++
		p.Notice()
		if _, err := p.CRL(b.Context(), "sm2"); err != nil {
			b.Fatal(err)
		}
	}
}
