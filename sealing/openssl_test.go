//go:build tools

package sealing_test

import (
	"context"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"yinzheng/internal/gm"
	"yinzheng/internal/ses"
	"yinzheng/internal/tsp"
)

// opensslSays runs openssl dgst over the exact bytes that were signed; that OpenSSL is missing is a failure.
func opensslSays(t *testing.T, certificate, signed, signature []byte) (string, error) {
	t.Helper()
	dir := t.TempDir()
	pub, err := gm.PublicKey(mustParse(t, certificate))
	if err != nil {
		t.Fatal(err)
	}
	spki, err := gm.MarshalPublicKey(pub)
	if err != nil {
		t.Fatal(err)
	}
	path := func(name string, b []byte) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	out, err := exec.Command("openssl", "dgst", "-sm3",
		"-verify", path("pub.pem", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki})),
		"-sigopt", "distid:1234567812345678", "-signature", path("sig", signature), path("tbs", signed)).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func TestOpenSSLVerifiesTheSealInASealedPDF(t *testing.T) {
	b := newBench(t)
	b.makeSeal(t)
	out, err := b.sealer(t).Seal(context.Background(), request(document(t, 0)))
	if err != nil {
		t.Fatal(err)
	}
	_, s, _, err := signatureOf(out.Document)
	if err != nil {
		t.Fatal(err)
	}
	signed := tbs(t, s.Raw)
	if got, err := opensslSays(t, s.SignerCert, signed, s.Value); err != nil || got != "Verified OK" {
		t.Errorf("signature over TBS_Sign: %s, %v", got, err)
	}
	seal, err := ses.ParseSeal(s.Seal.Raw)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := opensslSays(t, seal.MakerCert, tbs(t, seal.Raw), seal.Signature); err != nil || got != "Verified OK" {
		t.Errorf("maker's signature over SES_SealInfo: %s, %v", got, err)
	}
	changed := append([]byte{}, signed...)
	changed[len(changed)-1] ^= 1
	if got, err := opensslSays(t, s.SignerCert, changed, s.Value); err == nil {
		t.Errorf("changed TBS_Sign: %s", got)
	}
	token, err := tsp.Parse(s.Timestamp)
	if err != nil {
		t.Fatal(err)
	}
	if token.Imprint != gm.Sum(s.Value) {
		t.Error("the timestamp is over something else")
	}
}

// TestOpenSSLHashesTheSealedRangesAlike recomputes dataHash with OpenSSL over the ranges that ByteRange names.
func TestOpenSSLHashesTheSealedRangesAlike(t *testing.T) {
	b := newBench(t)
	b.makeSeal(t)
	out, err := b.sealer(t).Seal(context.Background(), request(document(t, 0)))
	if err != nil {
		t.Fatal(err)
	}
	p, s, _, err := signatureOf(out.Document)
	if err != nil {
		t.Fatal(err)
	}
	r := p.ByteRange
	ranges := append(append([]byte{}, out.Document[r[0]:r[0]+r[1]]...), out.Document[r[2]:r[2]+r[3]]...)
	path := filepath.Join(t.TempDir(), "ranges")
	if err := os.WriteFile(path, ranges, 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := exec.Command("openssl", "dgst", "-sm3", "-r", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	if hash, _, _ := strings.Cut(string(got), " "); hash != s.DataHash.String() {
		t.Errorf("OpenSSL has %s, the seal %v", hash, s.DataHash)
	}
}
