//go:build tools

package tsp_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"yinzheng/internal/der"
	"yinzheng/internal/gm"
	"yinzheng/internal/gm/gmtest"
	"yinzheng/internal/tsp"
)

// asked lets OpenSSL make a query and returns the file and what is in it.
func asked(t testing.TB, args ...string) (path string, query []byte) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "query.tsq")
	gmtest.OpenSSL(t, append([]string{"ts", "-query", "-out", path}, args...)...)
	query, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, query
}

func TestOpenSSLsQueriesAreReadAndOursAreReadByIt(t *testing.T) {
	data := gmtest.File(t, "data", []byte("示例"))
	for name, hash := range map[string]struct {
		sm2  bool
		text string
	}{"-sm3": {true, "sm3"}, "-sha256": {false, "sha256"}} {
		for _, extra := range [][]string{nil, {"-cert"}, {"-no_nonce", "-cert"}, {"-tspolicy", der.AnyPolicy.String()}} {
			_, b := asked(t, append([]string{"-data", data, name}, extra...)...)
			q, err := tsp.ParseQuery(b)
			if err != nil {
				t.Errorf("%s %v: %v", name, extra, err)
				continue
			}
			all := strings.Join(extra, " ")
			if q.ForSM2() != hash.sm2 || q.CertReq != strings.Contains(all, "-cert") || (q.Nonce == nil) != strings.Contains(all, "-no_nonce") ||
				(q.Policy != nil) != strings.Contains(all, "-tspolicy") {
				t.Errorf("%s %v: read %+v", name, extra, q)
			}
			again, err := q.Encode()
			if err != nil {
				t.Fatal(err)
			}
			if out := gmtest.OpenSSL(t, "ts", "-query", "-in", gmtest.File(t, "ours.tsq", again), "-text"); !strings.Contains(out, "Hash Algorithm: "+hash.text) {
				t.Errorf("OpenSSL reads ours as %s", out)
			}
		}
	}
	for _, name := range []string{"-sha1", "-sha512"} {
		_, b := asked(t, "-data", data, name)
		if _, err := tsp.ParseQuery(b); tsp.Failure(err) != tsp.BadAlg {
			t.Errorf("%s: got %v, want badAlg", name, err)
		}
	}
}

// TestOpenSSLVerifiesAnswersOfECDSAFully has OpenSSL make the query, then verify the reply against query and data, and the
// token alone, with the chain.
func TestOpenSSLVerifiesAnswersOfECDSAFully(t *testing.T) {
	by := signers(t)
	data := gmtest.File(t, "data", []byte("示例"))
	root := gmtest.PEM(t, "CERTIFICATE", by.root)
	signer := gmtest.PEM(t, "CERTIFICATE", by.ecdsa.DER)
	at := "1795309323" // 2026-11-22, within the certificates' validity
	for name, flags := range map[string][]string{"with certificate": {"-cert"}, "without": nil} {
		path, b := asked(t, append([]string{"-data", data, "-sha256"}, flags...)...)
		q, err := tsp.ParseQuery(b)
		if err != nil {
			t.Fatal(err)
		}
		token := answer(t, q, by)
		granted, err := tsp.Granted(token.DER)
		if err != nil {
			t.Fatal(err)
		}
		reply := gmtest.File(t, "reply.tsr", granted)
		verify := []string{"ts", "-verify", "-attime", at, "-CAfile", root, "-in", reply}
		if !q.CertReq {
			verify = append(verify, "-untrusted", signer)
		}
		for _, against := range [][]string{{"-queryfile", path}, {"-data", data}} {
			if out := gmtest.OpenSSL(t, append(verify, against...)...); !strings.Contains(out, "Verification: OK") {
				t.Errorf("%s %v: openssl ts says %s", name, against, out)
			}
		}
		out := gmtest.OpenSSL(t, "ts", "-reply", "-in", reply, "-text")
		for _, want := range []string{"Status: Granted.", "Hash Algorithm: sha256", "Serial number: 0x07", "Time stamp: Nov 22 01:02:03 2026 GMT",
			"Accuracy: 0x01 seconds, 0x01F4 millis, 0x14 micros", "Nonce: 0x"} {
			if !strings.Contains(out, want) {
				t.Errorf("%s: %q is missing from\n%s", name, want, out)
			}
		}
	}
}

func TestOpenSSLReadsAnswersOfSM2AndVerifiesTheirSignature(t *testing.T) {
	by := signers(t)
	data := []byte("示例")
	_, b := asked(t, "-data", gmtest.File(t, "data", data), "-sm3", "-cert")
	q, err := tsp.ParseQuery(b)
	if err != nil {
		t.Fatal(err)
	}
	if want := gm.Sum(data); string(q.Imprint) != string(want[:]) {
		t.Fatal("OpenSSL has another digest")
	}
	token := answer(t, q, by)
	granted, err := tsp.Granted(token.DER)
	if err != nil {
		t.Fatal(err)
	}
	out := gmtest.OpenSSL(t, "ts", "-reply", "-in", gmtest.File(t, "reply.tsr", granted), "-text")
	for _, want := range []string{"Status: Granted.", "Hash Algorithm: sm3", "Serial number: 0x07", "Nonce: 0x"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing from\n%s", want, out)
		}
	}
	attributes, signature := signedPart(t, token.DER)
	gmtest.OpenSSLVerify(t, by.sm2.DER, attributes, signature)
}

func TestOpenSSLReadsRefusals(t *testing.T) {
	out := gmtest.OpenSSL(t, "ts", "-reply", "-in", gmtest.File(t, "reply.tsr", tsp.Refused(tsp.TimeNotAvailable, "no time")), "-text")
	for _, want := range []string{"Status: Rejected.", "no time", "the TSA's time source is not available"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing from\n%s", want, out)
		}
	}
}
