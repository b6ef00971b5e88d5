//go:build tools

package house_test

import (
	"encoding/pem"
	"net/http"
	"os"
	"strings"
	"testing"

	"yinzheng/internal/gm/gmtest"
)

// TestOpenSSLAsksForStatusListsAndTimeOverHTTP is a stranger with openssl alone: the ECDSA side verifies end to end, the SM2 side is read
// (openssl has no way to be told SM2's identity for these; the signatures themselves are checked by dgst -sm3 elsewhere).
func TestOpenSSLAsksForStatusListsAndTimeOverHTTP(t *testing.T) {
	w := openWorld(t, t.TempDir(), nil)
	s := tlsWorld(t, w)
	status, answer := w.do(t, http.MethodPost, "/v1/enrolment-tokens", map[string]any{"caller": "approval-1", "office": officeCode, "actions": []string{"licence.issue"}})
	token := member(t, answer, "token")
	if status != http.StatusCreated {
		t.Fatalf("%d %s", status, answer)
	}
	status, answer = s.do(t, http.MethodPost, "/v1/enrolments", map[string]any{"token": token, "csr": csr(t, s.key)})
	client := gmtest.PEM(t, "CERTIFICATE", certificateOf(t, status, answer))
	root := gmtest.PEM(t, "CERTIFICATE", w.Region.TLSRoot().Certificate)
	issuer := gmtest.PEM(t, "CERTIFICATE", w.Region.TLSAuthority().Certificate)
	chain := gmtest.File(t, "chain.pem", append(pemBytes(w.Region.TLSAuthority().Certificate), pemBytes(w.Region.TLSRoot().Certificate)...))

	said := gmtest.OpenSSL(t, "verify", "-CAfile", root, "-untrusted", issuer, "-purpose", "sslclient", client)
	wants(t, "verify", said, ": OK")
	said = gmtest.OpenSSL(t, "ocsp", "-issuer", issuer, "-cert", client, "-url", w.url+"/ocsp", "-CAfile", chain, "-resp_text")
	wants(t, "ocsp with a nonce", said, "Response verify OK", ": good", "OCSP Nonce")
	said = gmtest.OpenSSL(t, "ocsp", "-issuer", issuer, "-cert", client, "-url", w.url+"/ocsp", "-CAfile", chain, "-no_nonce")
	wants(t, "ocsp", said, "Response verify OK", ": good")

	list := gmtest.File(t, "tls.crl", w.get(t, "/crl/tls.crl"))
	wants(t, "crl", gmtest.OpenSSL(t, "crl", "-inform", "DER", "-in", list, "-noout", "-CAfile", issuer), "verify OK")
	rootList := gmtest.File(t, "root.crl", w.get(t, "/crl/tls-root.crl"))
	wants(t, "root's list", gmtest.OpenSSL(t, "crl", "-inform", "DER", "-in", rootList, "-noout", "-CAfile", root), "verify OK")
	both := gmtest.File(t, "lists.pem", append(listPEM(t, list), listPEM(t, rootList)...))
	wants(t, "verify with the lists", gmtest.OpenSSL(t, "verify", "-CAfile", root, "-untrusted", issuer, "-crl_check_all", "-CRLfile", both, client), ": OK")

	data := gmtest.File(t, "data", []byte("what is stamped"))
	query := gmtest.File(t, "query.tsq", nil)
	gmtest.OpenSSL(t, "ts", "-query", "-data", data, "-sha256", "-cert", "-out", query)
	q, err := os.ReadFile(query)
	if err != nil {
		t.Fatal(err)
	}
	reply := gmtest.File(t, "reply.tsr", w.post(t, "/tsa", "application/timestamp-query", q))
	wants(t, "ts", gmtest.OpenSSL(t, "ts", "-verify", "-queryfile", query, "-in", reply, "-CAfile", root, "-untrusted", issuer), "Verification: OK")

	gmtest.OpenSSL(t, "ts", "-query", "-data", data, "-sm3", "-cert", "-out", query)
	if q, err = os.ReadFile(query); err != nil {
		t.Fatal(err)
	}
	reply = gmtest.File(t, "sm2.tsr", w.post(t, "/tsa", "application/timestamp-query", q))
	wants(t, "ts of SM2", gmtest.OpenSSL(t, "ts", "-reply", "-in", reply, "-text"), "Status: Granted", "Hash Algorithm: sm3", "Accuracy")

	sm2Issuer := gmtest.PEM(t, "CERTIFICATE", w.Region.Authority().Certificate)
	office := gmtest.PEM(t, "CERTIFICATE", w.officeCertificate(t).Raw)
	said = gmtest.OpenSSL(t, "ocsp", "-issuer", sm2Issuer, "-cert", office, "-url", w.url+"/ocsp", "-noverify", "-resp_text")
	wants(t, "ocsp of SM2", said, ": good", "SM2-with-SM3")
	sm2List := gmtest.File(t, "authority.crl", w.get(t, "/crl/authority.crl"))
	wants(t, "crl of SM2", gmtest.OpenSSL(t, "crl", "-inform", "DER", "-in", sm2List, "-noout", "-text"), "SM2-with-SM3", "X509v3 CRL Number")
}

func wants(t testing.TB, what, said string, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(said, word) {
			t.Errorf("%s: no %q in\n%s", what, word, said)
		}
	}
}

func pemBytes(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func listPEM(t testing.TB, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: b})
}
