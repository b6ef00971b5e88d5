package house_test

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"yinzheng/ca"
	"yinzheng/internal/auth"
	"yinzheng/internal/der"
	"yinzheng/internal/gm"
	"yinzheng/internal/ocsp"
	"yinzheng/internal/tsp"
)

// ask sends a request with headers and returns status, headers and body.
func (w *world) ask(t testing.TB, method, path, mime string, body []byte, headers ...string) (*http.Response, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, w.url+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if mime != "" {
		r.Header.Set("Content-Type", mime)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(resp.Body)
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return resp, b
}

func TestListsCertificatesAndTheirCachesOverHTTP(t *testing.T) {
	w := openWorld(t, t.TempDir(), nil)
	for _, name := range []string{"authority", "authority-delta", "authority-p0", "authority-p15", "tls", "tls-p7", "root", "tls-root"} {
		resp, list := w.ask(t, http.MethodGet, "/crl/"+name+".crl", "", nil)
		if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "application/pkix-crl" {
			t.Errorf("%s: %s %s", name, resp.Status, resp.Header.Get("Content-Type"))
			continue
		}
		if _, err := gm.ParseCRL(list); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		tag := resp.Header.Get("ETag")
		if resp, again := w.ask(t, http.MethodGet, "/crl/"+name+".crl", "", nil, "If-None-Match", tag); resp.StatusCode != http.StatusNotModified || len(again) != 0 {
			t.Errorf("%s again: %s", name, resp.Status)
		}
	}
	for _, name := range []string{"authority-p16", "authority-p", "nobody", "authority-2", "..%2Fregion", "ocsp"} {
		if resp, _ := w.ask(t, http.MethodGet, "/crl/"+name+".crl", "", nil); resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", name, resp.Status)
		}
	}
	for _, name := range []string{"root", "authority", "tls-root", "tls"} {
		resp, b := w.ask(t, http.MethodGet, "/ca/"+name+".cer", "", nil)
		if c, err := gm.ParseCertificate(b); err != nil || !c.IsCA {
			t.Errorf("%s: %s %v", name, resp.Status, err)
		}
	}
	for _, path := range []string{"/ca/ocsp.cer", "/ca/authority", "/ca/nobody.cer", "/ca/..%2F..%2Fkeys%2Fauthority.cer"} {
		if resp, _ := w.ask(t, http.MethodGet, path, "", nil); resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", path, resp.Status)
		}
	}
}

func statusRequest(t testing.TB, w *world, nonce []byte) ([]byte, *gm.Certificate) {
	t.Helper()
	issuer, err := gm.ParseCertificate(w.Region.Authority().Certificate)
	if err != nil {
		t.Fatal(err)
	}
	id, err := ocsp.ID(der.SHA256, issuer, w.officeCertificate(t).SerialNumber)
	if err != nil {
		t.Fatal(err)
	}
	request, err := (&ocsp.Request{IDs: []ocsp.CertID{id}, Nonce: nonce}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	return request, issuer
}

func TestStatusOverHTTPByPostAndByGetAndWithANonce(t *testing.T) {
	w := openWorld(t, t.TempDir(), nil)
	request, issuer := statusRequest(t, w, nil)
	path := "/ocsp/" + url.PathEscape(base64.StdEncoding.EncodeToString(request))
	for name, ask := range map[string]func() (*http.Response, []byte){
		"POST": func() (*http.Response, []byte) {
			return w.ask(t, http.MethodPost, "/ocsp", "application/ocsp-request", request)
		},
		"GET": func() (*http.Response, []byte) { return w.ask(t, http.MethodGet, path, "", nil) },
	} {
		resp, b := ask()
		r, err := ocsp.Parse(b)
		if err != nil {
			t.Fatalf("%s: %s %v", name, resp.Status, err)
		}
		if err := r.Verify(issuer, time.Now()); err != nil || r.Singles[0].Status != ocsp.Good || r.Nonce != nil {
			t.Errorf("%s: %v, status %v", name, err, r.Singles[0].Status)
		}
		if cached := strings.Contains(resp.Header.Get("Cache-Control"), "max-age"); cached != (name == "GET") {
			t.Errorf("%s: Cache-Control %q", name, resp.Header.Get("Cache-Control"))
		}
	}
	nonce := []byte("sixteen bytes...")
	request, _ = statusRequest(t, w, nonce)
	_, b := w.ask(t, http.MethodPost, "/ocsp", "application/ocsp-request", request)
	if r, err := ocsp.Parse(b); err != nil || !bytes.Equal(r.Nonce, nonce) {
		t.Errorf("nonce: %v", err)
	}
	for name, c := range map[string]struct {
		method, path, mime string
		body               []byte
		want               int
	}{
		"another type": {http.MethodPost, "/ocsp", "text/plain", request, http.StatusUnsupportedMediaType},
		"too large":    {http.MethodPost, "/ocsp", "application/ocsp-request", make([]byte, 5<<10), http.StatusRequestEntityTooLarge},
		"no base64":    {http.MethodGet, "/ocsp/%25%25", "", nil, http.StatusBadRequest},
		"nothing":      {http.MethodGet, "/ocsp/", "", nil, http.StatusBadRequest},
		"long path":    {http.MethodGet, "/ocsp/" + strings.Repeat("A", 8<<10), "", nil, http.StatusBadRequest},
	} {
		if resp, _ := w.ask(t, c.method, c.path, c.mime, c.body); resp.StatusCode != c.want {
			t.Errorf("%s: %s, want %d", name, resp.Status, c.want)
		}
	}
	_, b = w.ask(t, http.MethodPost, "/ocsp", "application/ocsp-request", []byte("garbage"))
	if !bytes.Equal(b, ocsp.Failure(1)) {
		t.Errorf("garbage is answered with %x", b)
	}
}

func TestStampsOverHTTPForBothAlgorithms(t *testing.T) {
	w := openWorld(t, t.TempDir(), nil)
	digest := gm.Sum([]byte("what is stamped"))
	for name, hash := range map[string]tsp.Query{
		"SM3":     {Hash: der.SM3, Imprint: digest[:], CertReq: true},
		"SHA-256": {Hash: der.SHA256, Imprint: digest[:], CertReq: true},
	} {
		query, err := hash.Encode()
		if err != nil {
			t.Fatal(err)
		}
		resp, b := w.ask(t, http.MethodPost, "/tsa", "application/timestamp-query", query)
		reply, err := tsp.ParseReply(b)
		if err != nil || reply.Token == nil || resp.Header.Get("Content-Type") != "application/timestamp-reply" {
			t.Fatalf("%s: %s %v", name, resp.Status, err)
		}
		if err := reply.Token.VerifyAnswer(&hash); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if resp, _ := w.ask(t, http.MethodPost, "/tsa", "text/plain", nil); resp.StatusCode != http.StatusUnsupportedMediaType {
		t.Errorf("another type: %s", resp.Status)
	}
	_, b := w.ask(t, http.MethodPost, "/tsa", "application/timestamp-query", []byte{0x30})
	if reply, err := tsp.ParseReply(b); err != nil || reply.Token != nil {
		t.Errorf("garbage: %v", err)
	}
}

func TestCFSSLsOwnProtocolIsServedToOperatorsOnly(t *testing.T) {
	w := openWorld(t, t.TempDir(), nil)
	key, err := gm.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	csr, err := gm.CreateRequest(pkix.Name{Country: []string{"CN"}, CommonName: "示例经办人"}, nil, key)
	if err != nil {
		t.Fatal(err)
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr}))
	body := func(profile string) []byte {
		b, err := json.Marshal(map[string]string{"certificate_request": text, "profile": profile})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	const path = "/api/v1/cfssl/sign"
	if resp, _ := w.ask(t, http.MethodPost, path, "application/json", body(ca.ProfileSign)); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("nobody: %s", resp.Status)
	}
	other, _, err := w.AddKey(t.Context(), auth.Caller{}, auth.Caller{ID: "other", Office: officeCode, Actions: []auth.Action{auth.IssueLicence}})
	if err != nil {
		t.Fatal(err)
	}
	if resp, _ := w.ask(t, http.MethodPost, path, "application/json", body(ca.ProfileSign), "Authorization", "Bearer "+other); resp.StatusCode != http.StatusForbidden {
		t.Errorf("no operator: %s", resp.Status)
	}
	for _, profile := range []string{"", "nobody", ca.ProfileOfficeSeal, ca.ProfileTLSCA} {
		if resp, b := w.ask(t, http.MethodPost, path, "application/json", body(profile), "Authorization", "Bearer "+w.key); resp.StatusCode == http.StatusOK {
			t.Errorf("profile %q was signed: %s", profile, b)
		}
	}
	resp, b := w.ask(t, http.MethodPost, path, "application/json", body(ca.ProfileSign), "Authorization", "Bearer "+w.key)
	var out struct {
		Success bool
		Result  struct{ Certificate string }
	}
	if err := json.Unmarshal(b, &out); err != nil || !out.Success {
		t.Fatalf("%s %s", resp.Status, b)
	}
	block, _ := pem.Decode([]byte(out.Result.Certificate))
	cert, err := gm.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	issuer, err := gm.ParseCertificate(w.Region.Authority().Certificate)
	if err != nil {
		t.Fatal(err)
	}
	if err := gm.CheckIssued(cert, issuer); err != nil {
		t.Error(err)
	}
}
