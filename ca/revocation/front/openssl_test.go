//go:build tools

package front_test

import (
	"strings"
	"testing"

	"yinzheng/internal/gm/gmtest"
)

func TestOpenSSLAsksTheResponderOfCfssl(t *testing.T) {
	s := serve(t)
	issuer := gmtest.PEM(t, "CERTIFICATE", s.ecdsa.der)
	for want, cert := range map[string][]byte{"good": s.certGood, "revoked": s.certRevoked, "unknown": s.certUnheard} {
		said := gmtest.OpenSSL(t, "ocsp", "-url", s.url, "-issuer", issuer, "-cert", gmtest.PEM(t, "CERTIFICATE", cert), "-no_nonce", "-CAfile", issuer)
		if !strings.Contains(said, "Response verify OK") || !strings.Contains(said, ": "+want) {
			t.Errorf("openssl says %q", said)
		}
	}
}
