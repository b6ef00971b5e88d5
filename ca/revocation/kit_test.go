package revocation_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"log/slog"
	"math/big"
	"strconv"
	"sync"
	"testing"
	"time"

	"yinzheng/ca"
	"yinzheng/ca/revocation"
	"yinzheng/internal/der"
	"yinzheng/internal/gm"
	"yinzheng/internal/ocsp"
)

const baseURL = "https://ca.example.cn"

var (
	start    = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	errBook  = errors.New("register is down")
	bothAlgs = []string{"sm2", "tls"}
)

// book is a register in memory.
type book struct {
	mu       sync.Mutex
	records  map[string]ca.Record // by authority and serial
	revision int64
	down     bool
	looks    int // at records
}

func (b *book) Certificate(_ context.Context, authority, serial string) (ca.Record, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.looks++
	if b.down {
		return ca.Record{}, errBook
	}
	r, ok := b.records[authority+" "+serial]
	if !ok {
		return ca.Record{}, ca.ErrNoCertificate
	}
	return r, nil
}

func (b *book) Revoked(_ context.Context, authority string, at time.Time) ([]ca.Record, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.down {
		return nil, errBook
	}
	var out []ca.Record
	for _, r := range b.records {
		if r.Authority == authority && (r.State == ca.Revoked || r.State == ca.Void) && !r.NotAfter.Before(at) {
			out = append(out, r)
		}
	}
	return out, nil
}

func (b *book) Revision(context.Context) (int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.down {
		return 0, errBook
	}
	return b.revision, nil
}

func (b *book) put(r ca.Record) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.records[r.Authority+" "+r.Serial] = r
	if r.State == ca.Revoked || r.State == ca.Void {
		b.revision++
	}
}

func (b *book) fail(down bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.down = down
}

// numbers outlive a Publisher as the store's do.
type numbers struct {
	mu   sync.Mutex
	last map[string]int64
}

func (n *numbers) NextSerial(_ context.Context, name string) (int64, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.last[name]++
	return n.last[name], nil
}

func (n *numbers) set(name string, last int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.last[name] = last
}

// world is two authorities, "sm2" and "tls", with their register, and a clock that stands still.
type world struct {
	t           testing.TB
	book        *book
	numbers     *numbers
	authorities []revocation.Authority
	certs       map[string]*gm.Certificate
	log         bytes.Buffer

	mu  sync.Mutex
	now time.Time
}

func newWorld(t testing.TB) *world {
	t.Helper()
	return newWorldAt(t, start)
}

// newWorldAt is for tools that look at the system's clock.
func newWorldAt(t testing.TB, at time.Time) *world {
	t.Helper()
	w := &world{t: t, book: &book{records: map[string]ca.Record{}}, numbers: &numbers{last: map[string]int64{}}, now: at,
		certs: map[string]*gm.Certificate{}}
	sm2Keys := func() (crypto.Signer, error) { return gm.GenerateKey() }
	ecdsaKeys := func() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }
	for name, newKey := range map[string]func() (crypto.Signer, error){"sm2": sm2Keys, "tls": ecdsaKeys} {
		a := makeAuthority(t, name, newKey, at)
		w.authorities, w.certs[name] = append(w.authorities, a), mustParse(t, a.Certificate)
	}
	return w
}

func makeAuthority(t testing.TB, name string, newKey func() (crypto.Signer, error), at time.Time) revocation.Authority {
	t.Helper()
	key, err := newKey()
	if err != nil {
		t.Fatal(err)
	}
	template := &gm.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "示例 " + name, Country: []string{"CN"}},
		NotBefore: at.AddDate(-1, 0, 0), NotAfter: at.AddDate(10, 0, 0), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: gm.KeyUsageCertSign | gm.KeyUsageCRLSign, SubjectKeyId: []byte("key of " + name),
	}
	cert, err := gm.CreateCertificate(template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	a := revocation.Authority{Name: name, Certificate: cert, Key: key}
	a.Responder = makeResponder(t, a, newKey, at.AddDate(1, 0, 0))
	return a
}

func makeResponder(t testing.TB, by revocation.Authority, newKey func() (crypto.Signer, error), until time.Time) revocation.Identity {
	t.Helper()
	key, err := newKey()
	if err != nil {
		t.Fatal(err)
	}
	template := &gm.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "示例 responder"}, NotBefore: until.AddDate(-2, 0, 0), NotAfter: until,
		KeyUsage: gm.KeyUsageDigitalSignature, ExtKeyUsage: []gm.ExtKeyUsage{gm.ExtKeyUsageOCSPSigning},
		ExtraExtensions: []pkix.Extension{{Id: der.OCSPNoCheck, Value: asn1.NullBytes}},
	}
	cert, err := gm.CreateCertificate(template, mustParse(t, by.Certificate), key.Public(), by.Key)
	if err != nil {
		t.Fatal(err)
	}
	return revocation.Identity{Certificate: cert, Key: key}
}

func mustParse(t testing.TB, b []byte) *gm.Certificate {
	t.Helper()
	c, err := gm.ParseCertificate(b)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// publisher opens a Publisher, as a process does when it starts.
func (w *world) publisher() *revocation.Publisher {
	w.t.Helper()
	p, err := revocation.New(revocation.Config{
		Authorities: func() []revocation.Authority { return w.authorities }, Book: w.book, Numbers: w.numbers, Now: w.clock,
		Log: slog.New(slog.NewTextHandler(&w.log, nil)), BaseURL: baseURL,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// record puts a certificate into the register in a state.
func (w *world) record(name string, serial int64, state ca.State, reason int) {
	r := ca.Record{Intent: ca.Intent{
		Authority: hex.EncodeToString(w.certs[name].SubjectKeyId), Serial: strconv.FormatInt(serial, 10), At: w.clock(),
		NotBefore: start, NotAfter: start.AddDate(1, 0, 0)}, State: state, Reason: reason}
	if state == ca.Revoked || state == ca.Void {
		r.RevokedAt = w.clock()
	}
	w.book.put(r)
}

func (w *world) revoke(name string, serial int64) { w.record(name, serial, ca.Revoked, 4) }

// read checks a list as a relying party does and returns it.
func (w *world) read(name string, b []byte, err error) *gm.CRL {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	l, err := gm.ParseCRL(b)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := l.CheckSignatureFrom(w.certs[name]); err != nil {
		w.t.Fatalf("list of %s: %v", name, err)
	}
	return l
}

// serials of a list, in its order.
func serials(l *gm.CRL) []int64 {
	out := []int64{}
	for _, e := range l.RevokedCertificateEntries {
		out = append(out, e.SerialNumber.Int64())
	}
	return out
}

// request asks about serial numbers of an authority.
func (w *world) request(name string, hash asn1.ObjectIdentifier, nonce []byte, serial ...int64) []byte {
	w.t.Helper()
	r := ocsp.Request{Nonce: nonce}
	for _, s := range serial {
		id, err := ocsp.ID(hash, w.certs[name], big.NewInt(s))
		if err != nil {
			w.t.Fatal(err)
		}
		r.IDs = append(r.IDs, id)
	}
	b, err := r.Encode()
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

// ask sends a request and checks the response as a relying party does.
func (w *world) ask(p *revocation.Publisher, name string, request []byte) *ocsp.Response {
	w.t.Helper()
	b, _, err := p.OCSP(w.t.Context(), request)
	if err != nil {
		w.t.Fatal(err)
	}
	r, err := ocsp.Parse(b)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := r.Verify(w.certs[name], w.clock()); err != nil {
		w.t.Fatal(err)
	}
	return r
}

// status of one certificate, by a request without nonce.
func (w *world) status(p *revocation.Publisher, name string, serial int64) ocsp.Single {
	w.t.Helper()
	return w.ask(p, name, w.request(name, der.SHA1, nil, serial)).Singles[0]
}

// refused returns the reason of a response without an answer.
func (w *world) refused(p *revocation.Publisher, request []byte) int {
	w.t.Helper()
	b, maxAge, err := p.OCSP(w.t.Context(), request)
	if err == nil {
		w.t.Error("a refusal without an error for the log")
	}
	if maxAge != 0 {
		w.t.Errorf("a refusal may be kept for %v", maxAge)
	}
	var status ocsp.StatusError
	if _, err := ocsp.Parse(b); !errors.As(err, &status) {
		w.t.Fatalf("got %v for %x", err, b)
	}
	return int(status)
}
