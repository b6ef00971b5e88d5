package house_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"testing"
	"time"

	"yinzheng/internal/auth"
	"yinzheng/internal/der"
	"yinzheng/internal/gm"
	"yinzheng/internal/ocsp"
	"yinzheng/verify"
)

// told is how long a revocation may take until everybody who asks is told.
const told = 5 * time.Second

// officeCertificate is the certificate under which the world's office seals.
func (w *world) officeCertificate(t testing.TB) *gm.Certificate {
	t.Helper()
	record, err := w.DB.SealOf(t.Context(), officeCode)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := gm.ParseCertificate(record.Signer)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// get reads a path without a key.
func (w *world) get(t testing.TB, path string) []byte {
	t.Helper()
	resp, b := w.ask(t, http.MethodGet, path, "", nil)
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %.200s", path, resp.Status, b)
	}
	return b
}

// post asks without a key.
func (w *world) post(t testing.TB, path, mime string, body []byte) []byte {
	t.Helper()
	resp, b := w.ask(t, http.MethodPost, path, mime, body)
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %.200s", path, resp.Status, b)
	}
	return b
}

// lists reports whether a list over HTTP names a certificate.
func (w *world) lists(t testing.TB, path string, cert *gm.Certificate) bool {
	t.Helper()
	return onList(t, w.get(t, path), cert)
}

func onList(t testing.TB, list []byte, cert *gm.Certificate) bool {
	t.Helper()
	l, err := gm.ParseCRL(list)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range l.RevokedCertificateEntries {
		if e.SerialNumber.Cmp(cert.SerialNumber) == 0 {
			return true
		}
	}
	return false
}

// status asks by OCSP.
func (w *world) status(t testing.TB, issuer, cert *gm.Certificate) ocsp.Status {
	t.Helper()
	id, err := ocsp.ID(der.SHA1, issuer, cert.SerialNumber)
	if err != nil {
		t.Fatal(err)
	}
	request, err := (&ocsp.Request{IDs: []ocsp.CertID{id}}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	r, err := ocsp.Parse(w.post(t, "/ocsp", "application/ocsp-request", request))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Verify(issuer, time.Now()); err != nil {
		t.Fatal(err)
	}
	return r.Singles[0].Status
}

// ways are the ways by which a verifier learns of a revocation.
func (w *world) ways(t testing.TB, cert *gm.Certificate) map[string]func() bool {
	t.Helper()
	issuer, err := gm.ParseCertificate(w.Region.Authority().Certificate)
	if err != nil {
		t.Fatal(err)
	}
	if len(cert.CRLDistributionPoints) != 1 {
		t.Fatalf("the certificate names %v", cert.CRLDistributionPoints)
	}
	partition := cert.CRLDistributionPoints[0][len("http://127.0.0.1:8080"):]
	return map[string]func() bool{
		"full list":      func() bool { return w.lists(t, "/crl/authority.crl", cert) },
		"delta list":     func() bool { return w.lists(t, "/crl/authority-delta.crl", cert) },
		"partition":      func() bool { return w.lists(t, partition, cert) },
		"status answers": func() bool { return w.status(t, issuer, cert) == ocsp.Revoked },
		"trust file": func() bool {
			trust, err := verify.ParseTrust(w.get(t, "/v1/trust-bundle"))
			if err != nil {
				t.Fatal(err)
			}
			for _, list := range trust.CRLs {
				if onList(t, list, cert) {
					return true
				}
			}
			return false
		},
	}
}

// everywhere waits until each way tells of the revocation.
func everywhere(t testing.TB, ways map[string]func() bool) {
	t.Helper()
	started := time.Now()
	for name, tells := range ways {
		for !tells() {
			if time.Since(started) > told {
				t.Fatalf("%v after the revocation the %s does not tell of it", told, name)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
}

func TestRevocationIsToldEverywhereWithinFiveSeconds(t *testing.T) {
	w := openWorld(t, t.TempDir(), nil)
	cert := w.officeCertificate(t)
	l := w.issue(t, "k1")
	ways := w.ways(t, cert)
	for name, tells := range ways { // also: everything is made and cached before
		if tells() {
			t.Fatalf("the %s tells of a revocation that was not made", name)
		}
	}
	time.Sleep(1100 * time.Millisecond) // revoked in the second in which it was sealed counts as before
	path := fmt.Sprintf("/v1/certificates/%x/%s/revoke", cert.AuthorityKeyId, cert.SerialNumber)
	if status, answer := w.do(t, http.MethodPost, path, map[string]any{"reason": 1}); status != http.StatusNoContent {
		t.Fatalf("revoking: %d %s", status, answer)
	}
	everywhere(t, ways)
	status, answer := w.do(t, http.MethodPost, path, map[string]any{"reason": 1})
	expect(t, "revoking again", status, answer, http.StatusConflict, "CERTIFICATE_REVOKED")
	// what was sealed before stays what it was, because a timestamp proves when; nothing further is sealed
	_, document := w.do(t, http.MethodGet, "/v1/licences/"+l.ID+"/document", nil)
	if _, report := upload(t, w.url+"/v1/verifications", map[string][]byte{"document": document}); !bytes.Contains(report, []byte(`"verdict":"valid"`)) {
		t.Errorf("sealed before the revocation: %s", report)
	}
	if status, answer := w.do(t, http.MethodPost, "/v1/licences", w.request(), "Idempotency-Key", "k2"); status == http.StatusCreated {
		t.Errorf("a licence was sealed under a revoked certificate: %s", answer)
	}
}

func TestRevocationMadeByAnotherProcessIsToldWithinFiveSeconds(t *testing.T) {
	w := openWorld(t, t.TempDir(), nil)
	cert := w.officeCertificate(t)
	ways := w.ways(t, cert)
	for name, tells := range ways {
		if tells() {
			t.Fatalf("the %s tells of a revocation that was not made", name)
		}
	}
	err := w.DB.Revoke(t.Context(), hex.EncodeToString(cert.AuthorityKeyId), cert.SerialNumber.String(), 4, time.Now().UTC()) // nobody is notified
	if err != nil {
		t.Fatal(err)
	}
	everywhere(t, ways)
}

func TestWhatTheHouseStandsOnIsRevokedByTwoPeopleOverHTTP(t *testing.T) {
	w := openWorld(t, t.TempDir(), nil)
	cert, err := gm.ParseCertificate(w.Region.TLSTimestamper().Certificate)
	if err != nil {
		t.Fatal(err)
	}
	path := fmt.Sprintf("/v1/certificates/%x/%s", cert.AuthorityKeyId, cert.SerialNumber)
	status, answer := w.do(t, http.MethodPost, path+"/revoke", map[string]any{"reason": 4})
	expect(t, "one person", status, answer, http.StatusConflict, "TWO_PEOPLE")
	detail := map[string]any{"authority": hex.EncodeToString(cert.AuthorityKeyId), "serial": cert.SerialNumber.String(), "reason": 4}
	status, answer = w.do(t, http.MethodPost, "/v1/proposals", map[string]any{"act": "ca.revoke", "detail": detail})
	if status != http.StatusCreated {
		t.Fatalf("proposing: %d %s", status, answer)
	}
	var p struct{ ID, State string }
	if err := json.Unmarshal(answer, &p); err != nil {
		t.Fatal(err)
	}
	status, answer = w.do(t, http.MethodPost, "/v1/proposals/"+p.ID+"/approve", nil)
	expect(t, "the same person", status, answer, http.StatusForbidden, "SAME_PERSON")
	// a second approver comes in by the two people there are; the first one's key was made before there were two
	second, _, err := w.AddKey(t.Context(), auth.Caller{}, auth.Caller{ID: "second", Actions: []auth.Action{auth.ApproveCA}})
	if err != nil {
		t.Fatal(err)
	}
	status, answer = w.do(t, http.MethodPost, "/v1/proposals/"+p.ID+"/approve", nil, "Authorization", "Bearer "+second)
	if err := json.Unmarshal(answer, &p); err != nil || status != http.StatusOK || p.State != "done" {
		t.Fatalf("approving: %d %s", status, answer)
	}
	if _, answer = w.do(t, http.MethodGet, path, nil); !bytes.Contains(answer, []byte(`"state":"revoked"`)) {
		t.Errorf("%s", answer)
	}
	if _, _, err := w.AddKey(t.Context(), auth.Caller{}, auth.Caller{ID: "third", Actions: []auth.Action{auth.ApproveCA}}); err == nil {
		t.Error("a third approver came in without two people")
	}
}

// system is a calling system with a client certificate.
type system struct {
	w    *world
	base string
	http *http.Client
	key  crypto.Signer
}

func csr(t testing.TB, key crypto.Signer) string {
	t.Helper()
	b, err := gm.CreateRequest(pkix.Name{CommonName: "whatever"}, nil, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: b}))
}

func (s *system) do(t testing.TB, method, path string, body any) (int, []byte) {
	t.Helper()
	content, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, s.base+path, bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if path == "/v1/licences" {
		r.Header.Set("Idempotency-Key", "k1")
	}
	resp, err := s.http.Do(r)
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
	return resp.StatusCode, b
}

// tlsWorld serves the world by TLS as yinzheng serve does.
func tlsWorld(t testing.TB, w *world) *system {
	t.Helper()
	identity, err := w.Server(t.Context(), []string{"localhost", "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	settings, err := identity.Config()
	if err != nil {
		t.Fatal(err)
	}
	handler, err := w.Handler()
	if err != nil {
		t.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler, TLSConfig: settings, ReadHeaderTimeout: told, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	go func() { _ = server.ServeTLS(listener, "", "") }() // ends with Close
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s := &system{w: w, base: "https://" + listener.Addr().String(), key: key}
	s.with(t, nil)
	return s
}

// with makes the system come with a certificate.
func (s *system) with(t testing.TB, certificate []byte) {
	t.Helper()
	root, err := x509.ParseCertificate(s.w.Region.TLSRoot().Certificate)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(root) // the server sends its issuing CA
	c := &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS13}
	if certificate != nil {
		c.Certificates = []tls.Certificate{{Certificate: [][]byte{certificate, s.w.Region.TLSAuthority().Certificate}, PrivateKey: s.key}}
	}
	s.http = &http.Client{Transport: &http.Transport{TLSClientConfig: c, ForceAttemptHTTP2: true}}
	t.Cleanup(s.http.CloseIdleConnections)
}

// member reads one text of a JSON object.
func member(t testing.TB, answer []byte, name string) string {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal(answer, &all); err != nil {
		t.Fatalf("%s: %v", answer, err)
	}
	text, _ := all[name].(string)
	return text
}

// certificateOf reads the certificate of an answer.
func certificateOf(t testing.TB, status int, answer []byte) []byte {
	t.Helper()
	var out struct{ Certificate string }
	if err := json.Unmarshal(answer, &out); err != nil || status != http.StatusCreated {
		t.Fatalf("%d %s", status, answer)
	}
	block, _ := pem.Decode([]byte(out.Certificate))
	if block == nil {
		t.Fatalf("no PEM: %s", answer)
	}
	return block.Bytes
}

func TestCallingSystemEnrolsCallsRenewsAndIsTurnedAwayWhenRevoked(t *testing.T) {
	w := openWorld(t, t.TempDir(), nil)
	s := tlsWorld(t, w)
	status, answer := w.do(t, http.MethodPost, "/v1/enrolment-tokens", map[string]any{"caller": "approval-1", "office": officeCode, "actions": []string{"licence.issue", "licence.read"}})
	token := member(t, answer, "token")
	if status != http.StatusCreated {
		t.Fatalf("%d %s", status, answer)
	}
	if status, answer = s.do(t, http.MethodPost, "/v1/licences", w.request()); status != http.StatusUnauthorized {
		t.Fatalf("without a certificate: %d %s", status, answer)
	}
	enrolment := map[string]any{"token": token, "csr": csr(t, s.key)}
	status, answer = s.do(t, http.MethodPost, "/v1/enrolments", enrolment)
	first := certificateOf(t, status, answer)
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	status, answer = s.do(t, http.MethodPost, "/v1/enrolments", map[string]any{"token": token, "csr": csr(t, other)})
	expect(t, "the token again", status, answer, http.StatusForbidden, "ENROLMENT_TOKEN")
	s.with(t, first)
	if status, answer = s.do(t, http.MethodPost, "/v1/licences", w.request()); status != http.StatusCreated && status != http.StatusAccepted {
		t.Fatalf("issuing with a certificate: %d %s", status, answer)
	}
	if status, answer = s.do(t, http.MethodGet, "/v1/keys", nil); status != http.StatusForbidden {
		t.Errorf("what it may not: %d %s", status, answer)
	}
	status, answer = s.do(t, http.MethodPost, "/v1/enrolments/renew", map[string]any{"csr": csr(t, other)})
	second := certificateOf(t, status, answer)
	s.key = other
	s.with(t, second)
	if status, answer = s.do(t, http.MethodGet, "/v1/licences/none", nil); status != http.StatusNotFound {
		t.Errorf("with the renewed certificate: %d %s", status, answer)
	}
	cert, err := x509.ParseCertificate(second)
	if err != nil {
		t.Fatal(err)
	}
	path := fmt.Sprintf("/v1/certificates/%x/%s/revoke", cert.AuthorityKeyId, cert.SerialNumber)
	if status, answer := w.do(t, http.MethodPost, path, map[string]any{"reason": 5}); status != http.StatusNoContent {
		t.Fatalf("revoking: %d %s", status, answer)
	}
	status, answer = s.do(t, http.MethodGet, "/v1/licences/none", nil) // on the connection that is open
	if status != http.StatusUnauthorized {
		t.Errorf("after the revocation: %d %s", status, answer)
	}
}

func TestServerCertificateOfAnotherRegionIsNoClient(t *testing.T) {
	w := openWorld(t, t.TempDir(), nil)
	s := tlsWorld(t, w)
	template := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "approval-1"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	forged, err := x509.CreateCertificate(rand.Reader, template, template, s.key.Public(), s.key)
	if err != nil {
		t.Fatal(err)
	}
	s.with(t, forged)
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, s.base+"/v1/licences/none", nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := s.http.Do(r); err == nil {
		_ = resp.Body.Close()
		t.Errorf("the handshake passed: %s", resp.Status)
	}
}
