package chain_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"testing"
	"time"

	"yinzheng/internal/chain"
	"yinzheng/internal/gm"
)

// The validity of every certificate that does not say otherwise, and the time that paths are judged at.
var (
	from = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	now  = time.Date(2028, 6, 1, 12, 0, 0, 0, time.UTC)
	to   = time.Date(2036, 1, 1, 0, 0, 0, 0, time.UTC)
)

// party is a certificate and its key.
type party struct {
	cert *gm.Certificate
	key  crypto.Signer
}

// scene is one search: what is in the pool, and the leaf that a path is wanted for.
type scene struct {
	t      testing.TB
	root   party // of the pool, SM2
	roots  []*gm.Certificate
	others []*gm.Certificate
	leaf   *gm.Certificate
	o      chain.Options
	serial int64
}

func newScene(t testing.TB) *scene {
	t.Helper()
	s := &scene{t: t, o: chain.Options{At: now}}
	s.root = s.self("Root")
	s.roots = []*gm.Certificate{s.root.cert}
	return s
}

// change of a template before it is signed.
type change func(*draft)

// draft is a certificate that will be signed.
type draft struct {
	*gm.Certificate
	key    crypto.Signer // its own; made when nil
	issuer *gm.Certificate
}

// sign makes a certificate under parent, or a self-signed one for nil.
func (s *scene) sign(parent *party, name string, changes []change) party {
	s.t.Helper()
	s.serial++
	d := &draft{Certificate: &gm.Certificate{
		SerialNumber: big.NewInt(s.serial), Subject: pkix.Name{Country: []string{"CN"}, CommonName: name}, NotBefore: from, NotAfter: to,
	}}
	if parent != nil {
		copied := *parent.cert
		d.issuer = &copied
	}
	for _, f := range changes {
		f(d)
	}
	if d.key == nil {
		d.key = sm2Key(s.t)
	}
	if d.SubjectKeyId == nil {
		d.SubjectKeyId = keyID(s.t, d.key)
	}
	issuer, signer := d.issuer, d.key
	if parent == nil {
		issuer = d.Certificate
	} else {
		signer = parent.key
	}
	b, err := gm.CreateCertificate(d.Certificate, issuer, d.key.Public(), signer)
	if err != nil {
		s.t.Fatalf("making %s: %v", name, err)
	}
	return party{parse(s.t, b), d.key}
}

// self makes a self-signed CA that is in no pool yet.
func (s *scene) self(name string, changes ...change) party {
	s.t.Helper()
	return s.sign(nil, name, append([]change{authority}, changes...))
}

// ca makes a CA under parent and puts it into the pool.
func (s *scene) ca(parent party, name string, changes ...change) party {
	s.t.Helper()
	made := s.sign(&parent, name, append([]change{authority}, changes...))
	s.others = append(s.others, made.cert)
	return made
}

// cross certifies another CA's name and key under parent, and puts that into the pool.
func (s *scene) cross(parent, other party, changes ...change) party {
	s.t.Helper()
	return s.ca(parent, other.cert.Subject.CommonName, append([]change{keyOf(other), subject(other.cert.Subject)}, changes...)...)
}

// end makes the leaf that a path is wanted for.
func (s *scene) end(parent party, changes ...change) {
	s.t.Helper()
	usage := func(d *draft) { d.KeyUsage = gm.KeyUsageDigitalSignature | gm.KeyUsageContentCommitment }
	s.leaf = s.sign(&parent, "Leaf", append([]change{usage}, changes...)).cert
}

func (s *scene) pool() *chain.Pool { return chain.New(s.roots, s.others, nil) }

func authority(d *draft) {
	d.BasicConstraintsValid, d.IsCA, d.MaxPathLen = true, true, -1
	d.KeyUsage = gm.KeyUsageCertSign | gm.KeyUsageCRLSign
}

func pathLen(n int) change {
	return func(d *draft) { d.MaxPathLen, d.MaxPathLenZero = n, n == 0 }
}

func keyOf(p party) change {
	return func(d *draft) { d.key, d.SubjectKeyId = p.key, p.cert.SubjectKeyId }
}

func withKey(key crypto.Signer) change { return func(d *draft) { d.key = key } }

func subject(n pkix.Name) change { return func(d *draft) { d.Subject = n } }

func between(begin, end time.Time) change {
	return func(d *draft) { d.NotBefore, d.NotAfter = begin, end }
}

func usage(u gm.KeyUsage) change { return func(d *draft) { d.KeyUsage = u } }

func extension(e pkix.Extension) change {
	return func(d *draft) { d.ExtraExtensions = append(d.ExtraExtensions, e) }
}

// issuedAs makes the certificate name another issuer than the one that signs it.
func issuedAs(f func(issuer *gm.Certificate)) change {
	return func(d *draft) {
		d.issuer.RawSubject = nil
		f(d.issuer)
	}
}

// forged is a certificate whose signature was changed.
func forged(t testing.TB, c *gm.Certificate) *gm.Certificate {
	t.Helper()
	b := bytes.Clone(c.Raw)
	b[len(b)-1] ^= 1
	return parse(t, b)
}

// edited is a certificate some of whose bytes were replaced, not signed again.
func edited(t testing.TB, c *gm.Certificate, old, replacement string) *gm.Certificate {
	t.Helper()
	b := bytes.Replace(c.Raw, []byte(old), []byte(replacement), 1)
	if bytes.Equal(b, c.Raw) || len(old) != len(replacement) {
		t.Fatalf("%q is not there", old)
	}
	return parse(t, b)
}

func parse(t testing.TB, b []byte) *gm.Certificate {
	t.Helper()
	c, err := gm.ParseCertificate(b)
	if err != nil {
		t.Fatalf("reading a certificate: %v", err)
	}
	return c
}

func sm2Key(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := gm.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func ecKey(t testing.TB, curve elliptic.Curve) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func keyID(t testing.TB, key crypto.Signer) []byte {
	t.Helper()
	spki, err := gm.MarshalPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	d := gm.Sum(spki)
	return d[:20]
}

// claim is one case: its name says what holds.
type claim struct {
	name  string
	build func(s *scene)
	why   string // "" when there is a path
}

func prove(t *testing.T, claims []claim) {
	t.Helper()
	for _, c := range claims {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t)
			c.build(s)
			path, err := s.pool().Build(s.leaf, s.o)
			if c.why == "" {
				if err != nil {
					t.Fatal(err)
				}
				s.check(path)
				return
			}
			var e *chain.Error
			if !errors.As(err, &e) || e.Why != c.why || path != nil {
				t.Fatalf("got %d certificates, %v; want %s", len(path), err, c.why)
			}
		})
	}
}

// check holds a path against what every path must be.
func (s *scene) check(path []*gm.Certificate) {
	s.t.Helper()
	if len(path) < 2 || path[0] != s.leaf || !isOneOf(path[len(path)-1], s.roots) {
		s.t.Fatalf("a path of %d that is not from the leaf to a root", len(path))
	}
	for i, c := range path[:len(path)-1] {
		if !bytes.Equal(c.RawIssuer, path[i+1].RawSubject) {
			s.t.Errorf("certificate %d does not name the next as its issuer", i)
		}
	}
}

func isOneOf(c *gm.Certificate, list []*gm.Certificate) bool {
	for _, other := range list {
		if c == other {
			return true
		}
	}
	return false
}
