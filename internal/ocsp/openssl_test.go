//go:build tools

package ocsp_test

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	foreign "golang.org/x/crypto/ocsp"

	"yinzheng/internal/der"
	"yinzheng/internal/gm/gmtest"
	"yinzheng/internal/ocsp"
)

func TestOpenSSLReadsTheSM2ResponseAndVerifiesItsSignature(t *testing.T) {
	issuer := newIssuer(t, "SM2")
	p := newResponder(t, issuer, "SM2", nil)
	raw := respond(t, p, answers(t, issuer), []byte{0xab, 0xcd})
	out := gmtest.OpenSSL(t, "ocsp", "-respin", gmtest.File(t, "response.der", raw), "-resp_text", "-noverify")
	for _, want := range []string{"OCSP Response Status: successful (0x0)", "Response Type: Basic OCSP Response",
		"Produced At: Nov 22 01:02:03 2026 GMT", "Hash Algorithm: sha1", "Hash Algorithm: sha256", "Hash Algorithm: sm3",
		"Cert Status: good", "Cert Status: revoked", "Revocation Reason: keyCompromise (0x1)", "Cert Status: unknown",
		"Next Update: Nov 22 02:02:03 2026 GMT", "0402ABCD", "Signature Algorithm: SM2-with-SM3", "OCSP Signing", "OCSP No Check"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing from\n%s", want, out)
		}
	}
	r := parse(t, raw)
	gmtest.OpenSSLVerify(t, p.cert.Raw, r.TBS, r.Signature)
}

func TestOpenSSLVerifiesTheECDSAResponse(t *testing.T) {
	issuer := newIssuer(t, "ECDSA")
	ca := gmtest.PEM(t, "CERTIFICATE", issuer.cert.Raw)
	at := fmt.Sprint(now.Unix())
	for name, p := range map[string]party{"issuer": issuer, "responder": newResponder(t, issuer, "ECDSA", nil)} {
		s := answers(t, issuer)[:2]
		response := gmtest.File(t, "response.der", respond(t, p, s, nil))
		out := gmtest.OpenSSL(t, "ocsp", "-respin", response, "-CAfile", ca, "-issuer", ca, "-serial", "10", "-no_nonce", "-attime", at,
			"-validity_period", "3153600000")
		if !strings.Contains(out, "Response verify OK") || !strings.Contains(out, "10: good") {
			t.Errorf("%s: openssl ocsp says %s", name, out)
		}
		changed, err := os.ReadFile(response)
		if err != nil {
			t.Fatal(err)
		}
		changed[bytes.Index(changed, []byte("20261122010203Z"))+13]++
		refusal, err := exec.CommandContext(t.Context(), "openssl", "ocsp", "-respin", gmtest.File(t, "changed.der", changed), "-CAfile", ca,
			"-no_nonce", "-attime", at).CombinedOutput()
		if err == nil || !bytes.Contains(refusal, []byte("Response Verify Failure")) {
			t.Errorf("%s: openssl ocsp says of a changed response %s", name, refusal)
		}
	}
}

func TestOtherLibraryVerifiesTheECDSAResponse(t *testing.T) {
	issuer := newIssuer(t, "ECDSA")
	cert, err := x509.ParseCertificate(issuer.cert.Raw)
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]party{"issuer": issuer, "responder": newResponder(t, issuer, "ECDSA", nil)} {
		s := ocsp.Single{ID: id(t, der.SHA1, issuer, 11), Status: ocsp.Revoked, RevokedAt: now.Add(-time.Hour), Reason: 4, ThisUpdate: now, NextUpdate: now.Add(time.Hour)}
		r, err := foreign.ParseResponseForCert(respond(t, p, []ocsp.Single{s}, nil), &x509.Certificate{SerialNumber: big.NewInt(11)}, cert)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if r.Status != foreign.Revoked || r.RevocationReason != 4 || !r.RevokedAt.Equal(s.RevokedAt) || !r.ThisUpdate.Equal(now) || !r.NextUpdate.Equal(s.NextUpdate) {
			t.Errorf("%s: got %+v", name, r)
		}
	}
}

func TestOpenSSLsRequestsAreReadAndOursByIt(t *testing.T) {
	for _, algorithm := range algorithms {
		issuer := newIssuer(t, algorithm)
		ca := gmtest.PEM(t, "CERTIFICATE", issuer.cert.Raw)
		for _, args := range [][]string{{"-serial", "10"}, {"-no_nonce", "-serial", "10"}, {"-sha256", "-serial", "10"}, {"-sm3", "-no_nonce", "-serial", "10"}} {
			file := filepath.Join(t.TempDir(), "request.der")
			gmtest.OpenSSL(t, append([]string{"ocsp", "-issuer", ca, "-reqout", file, args[0]}, args[1:]...)...)
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			r, err := ocsp.ParseRequest(b)
			if err != nil {
				t.Errorf("%s, %v: %v", algorithm, args, err)
				continue
			}
			if len(r.IDs) != 1 || !r.IDs[0].Issued(issuer.cert) || r.IDs[0].Serial.Int64() != 10 {
				t.Errorf("%s, %v: got %+v", algorithm, args, r)
			}
			if again, err := r.Encode(); err != nil || !bytes.Equal(again, b) {
				t.Errorf("%s, %v: ours is %x (%v), OpenSSL's %x", algorithm, args, again, err, b)
			}
		}
	}
}
