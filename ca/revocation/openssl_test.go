//go:build tools

package revocation_test

import (
	"encoding/asn1"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"yinzheng/ca"
	"yinzheng/internal/der"
	"yinzheng/internal/gm/gmtest"
)

func TestOpenSSLReadsFullDeltaAndPartitionLists(t *testing.T) {
	for _, name := range bothAlgs {
		w := newWorld(t)
		w.record(name, 0x123, ca.Revoked, 1)
		p := w.publisher()
		lists := map[string]func() ([]byte, error){
			"Freshest CRL":               func() ([]byte, error) { return p.CRL(t.Context(), name) },
			"Delta CRL Indicator":        func() ([]byte, error) { return p.Delta(t.Context(), name) },
			"Issuing Distribution Point": func() ([]byte, error) { return p.Partition(t.Context(), name, 3) },
		}
		for extension, get := range lists {
			b, err := get()
			l := w.read(name, b, err)
			file := gmtest.File(t, "list", b)
			text := gmtest.OpenSSL(t, "crl", "-inform", "DER", "-in", file, "-noout", "-text")
			for _, want := range []string{"X509v3 " + extension, "Serial Number: 0123", "Key Compromise", "X509v3 CRL Number"} {
				if !strings.Contains(text, want) {
					t.Errorf("openssl sees no %q in the list of %s:\n%s", want, name, text)
				}
			}
			if extension == "Issuing Distribution Point" && !strings.Contains(text, "Issuing Distribution Point: critical") {
				t.Errorf("not critical:\n%s", text)
			}
			if name == "sm2" {
				gmtest.OpenSSLVerify(t, w.certs[name].Raw, l.RawTBSRevocationList, l.Signature)
				continue
			}
			said := gmtest.OpenSSL(t, "crl", "-inform", "DER", "-in", file, "-noout", "-verify", "-CAfile", gmtest.PEM(t, "CERTIFICATE", w.certs[name].Raw))
			if !strings.Contains(said, "verify OK") {
				t.Errorf("openssl says %q", said)
			}
		}
	}
}

func TestOpenSSLReadsSM2StatusAnswers(t *testing.T) {
	w := newWorld(t)
	w.record("sm2", 0x51, ca.Good, 0)
	w.record("sm2", 0x52, ca.Revoked, 4)
	p := w.publisher()
	for _, c := range []struct {
		serial int64
		hash   asn1.ObjectIdentifier
		want   string
	}{{0x51, der.SHA1, "Cert Status: good"}, {0x52, der.SM3, "Cert Status: revoked"}, {0x53, der.SHA256, "Cert Status: unknown"}} {
		b, _, err := p.OCSP(t.Context(), w.request("sm2", c.hash, []byte("nonce of sixteen"), c.serial))
		if err != nil {
			t.Fatal(err)
		}
		text := gmtest.OpenSSL(t, "ocsp", "-respin", gmtest.File(t, "response", b), "-noverify", "-resp_text")
		for _, want := range []string{c.want, "SM2-with-SM3", "OCSP Nonce", "OCSP No Check"} {
			if !strings.Contains(text, want) {
				t.Errorf("openssl sees no %q:\n%s", want, text)
			}
		}
		r := w.ask(p, "sm2", w.request("sm2", c.hash, nil, c.serial))
		gmtest.OpenSSLVerify(t, r.Responder.Raw, r.TBS, r.Signature)
	}
}

// TestOpenSSLAsksOverHTTP asks our answers for an ECDSA authority, with and without nonce, and lets OpenSSL judge them.
func TestOpenSSLAsksOverHTTP(t *testing.T) {
	w := newWorldAt(t, time.Now())
	w.record("tls", 0x61, ca.Good, 0)
	w.record("tls", 0x62, ca.Revoked, 1)
	p := w.publisher()
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<16))
		response, _, _ := p.OCSP(r.Context(), body)
		rw.Header().Set("Content-Type", "application/ocsp-response")
		rw.Write(response)
	}))
	defer server.Close()
	issuer := gmtest.PEM(t, "CERTIFICATE", w.certs["tls"].Raw)
	for serial, want := range map[string]string{"0x61": "good", "0x62": "revoked", "0x63": "unknown"} {
		for _, nonce := range []string{"-no_nonce", "-nonce"} {
			said := gmtest.OpenSSL(t, "ocsp", "-url", server.URL, "-issuer", issuer, "-serial", serial, nonce, "-CAfile", issuer)
			if !strings.Contains(said, "Response verify OK") || !strings.Contains(said, serial+": "+want) || strings.Contains(said, "WARNING") {
				t.Errorf("%s %s: openssl says %q", serial, nonce, said)
			}
		}
	}
}
