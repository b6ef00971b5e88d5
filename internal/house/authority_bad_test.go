package house_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"net/http"
	"strings"
	"testing"

	"yinzheng/internal/gm"
)

func requestPEM(der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
}

func TestAuthorityAnswersBadRequestsWithACode(t *testing.T) {
	w := openWorld(t, t.TempDir(), nil)
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	wrong, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: "a.example"}}, p384)
	if err != nil {
		t.Fatal(err)
	}
	good := csr(t, p256)
	owner, err := gm.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	nameless, err := gm.CreateRequest(pkix.Name{Country: []string{"CN"}}, nil, owner)
	if err != nil {
		t.Fatal(err)
	}
	issue := func(profile, csr string, hosts ...string) map[string]any {
		return map[string]any{"profile": profile, "csr": csr, "hosts": hosts}
	}
	for what, c := range map[string]struct {
		path   string
		body   any
		status int
		code   string
	}{
		"no request":                       {"/v1/certificates", issue("tls-server", "", "a.example"), http.StatusUnprocessableEntity, "CSR_INVALID"},
		"garbage":                          {"/v1/certificates", issue("tls-server", requestPEM([]byte{0x30, 0x80}), "a.example"), http.StatusUnprocessableEntity, "CSR_INVALID"},
		"two-byte BER":                     {"/v1/certificates", issue("tls-server", requestPEM([]byte{0x24, 0x80}), "a.example"), http.StatusUnprocessableEntity, "CSR_INVALID"},
		"nested BER":                       {"/v1/certificates", issue("tls-server", requestPEM([]byte(strings.Repeat("\x30\x80", 20000))), "a.example"), http.StatusUnprocessableEntity, "CSR_INVALID"},
		"another curve":                    {"/v1/certificates", issue("tls-server", requestPEM(wrong), "a.example"), http.StatusUnprocessableEntity, "CSR_CURVE"},
		"a name not to be":                 {"/v1/certificates", issue("tls-server", good, "*.example"), http.StatusUnprocessableEntity, "CERTIFICATE_NAME"},
		"unknown profile":                  {"/v1/certificates", issue("root-ca", good, "a.example"), http.StatusUnprocessableEntity, "REQUEST_INVALID"},
		"SM2's other side":                 {"/v1/certificates/dual", map[string]any{"csr": good}, http.StatusUnprocessableEntity, "CSR_CURVE"},
		"nobody":                           {"/v1/certificates/dual", map[string]any{"csr": requestPEM(nameless)}, http.StatusUnprocessableEntity, "CERTIFICATE_NAME"},
		"no such reason":                   {"/v1/certificates/" + strings.Repeat("a", 40) + "/1/revoke", map[string]any{"reason": 6}, http.StatusUnprocessableEntity, "REQUEST_INVALID"},
		"no certificate":                   {"/v1/certificates/" + strings.Repeat("a", 40) + "/1/revoke", map[string]any{"reason": 1}, http.StatusNotFound, "NOT_FOUND"},
		"unknown act":                      {"/v1/proposals", map[string]any{"act": "root.sign", "detail": map[string]any{}}, http.StatusUnprocessableEntity, "ACT_UNKNOWN"},
		"wrong details":                    {"/v1/proposals", map[string]any{"act": "ca.renew", "detail": map[string]any{"who": 1}}, http.StatusUnprocessableEntity, "ACT_DETAIL"},
		"no such proposal":                 {"/v1/proposals/20260101-000000-0000000000/approve", nil, http.StatusNotFound, "NOT_FOUND"},
		"an unknown action":                {"/v1/enrolment-tokens", map[string]any{"caller": "x", "actions": []string{"fly"}}, http.StatusUnprocessableEntity, "ACTION_UNKNOWN"},
		"too privileged":                   {"/v1/enrolment-tokens", map[string]any{"caller": "x", "actions": []string{"ca.approve"}}, http.StatusConflict, "TWO_PEOPLE"},
		"no such token":                    {"/v1/enrolments", map[string]any{"token": "yzt_none", "csr": good}, http.StatusForbidden, "ENROLMENT_TOKEN"},
		"no certificate of the connection": {"/v1/enrolments/renew", map[string]any{"csr": good}, http.StatusForbidden, "CLIENT_CERTIFICATE_NEEDED"},
	} {
		status, answer := w.do(t, http.MethodPost, c.path, c.body)
		expect(t, what, status, answer, c.status, c.code)
	}
	// the same key for another name is refused, the same request again is the same certificate
	status, answer := w.do(t, http.MethodPost, "/v1/certificates", issue("tls-server", good, "a.example"))
	first := certificateOf(t, status, answer)
	status, answer = w.do(t, http.MethodPost, "/v1/certificates", issue("tls-server", good, "a.example"))
	if again := certificateOf(t, status, answer); string(again) != string(first) {
		t.Error("the same request again gave another certificate")
	}
	status, answer = w.do(t, http.MethodPost, "/v1/certificates", issue("tls-server", good, "b.example"))
	expect(t, "the same key", status, answer, http.StatusConflict, "KEY_USED")
}
