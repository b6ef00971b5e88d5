package ceremony

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"time"

	"yinzheng/ca/lint"
	"yinzheng/internal/gm"
)

// The profiles of what a ceremony signs; package ca has the same in its signing policy.
const (
	ProfileRoot    = "root-ca"
	ProfileIssuing = "issuing-ca"
	ProfileCross   = "cross-ca"
	ProfileTLSRoot = "tls-root"
	ProfileTLSCA   = "tls-ca"
)

// Profile is what the signing policy says of one kind of certificate. All are CAs that sign certificates and CRLs.
type Profile struct {
	Name       string
	Issuer     string // SM2Root or TLSRoot
	SM2        bool   // the algorithm of its key, and of its issuer's
	PathLength int    // of basicConstraints; CAs that may be below it
	Years      int    // of 365 days, at most
}

// Profiles returns all of them. The SM2 root has room for a region that it cross-certifies: foreign root, foreign issuing CA.
func Profiles() []Profile {
	return []Profile{
		{ProfileRoot, SM2Root, true, 2, rootYears},
		{ProfileIssuing, SM2Root, true, 0, issueYears},
		{ProfileCross, SM2Root, true, 1, issueYears},
		{ProfileTLSRoot, TLSRoot, false, 1, rootYears},
		{ProfileTLSCA, TLSRoot, false, 0, issueYears},
	}
}

func profileOf(name string) (Profile, error) {
	for _, p := range Profiles() {
		if p.Name == name {
			return p, nil
		}
	}
	return Profile{}, fmt.Errorf("%w: profile %q is not known", ErrPlan, name)
}

const (
	tlsBackdate = 5 * time.Minute // TLS peers' clocks differ a little
	year        = 365 * 24 * time.Hour
)

// order is one certificate to be signed: drafted and linted, so that nothing but the signature is missing.
type order struct {
	Intent
	profile Profile
	file    string          // in the ceremony folder, with slashes
	parent  *gm.Certificate // the issuer; for a root, itself
	draft   *gm.Certificate
	key     crypto.PublicKey
	found   []byte // DER of the certificate that an earlier run left
}

// want is what an order is made of.
type want struct {
	name, profile, file string
	subject             pkix.Name
	rawSubject          []byte // if the name is that of a certificate that is there already
	key                 crypto.PublicKey
	keyID               []byte // if that certificate has one
	years               int
	notBefore           time.Time // if it begins earlier than now, not zero; never before its issuer
	notAfter            time.Time // if it ends earlier, not zero
	pathLength          *int      // if less than the profile's
	extra               []pkix.Extension
	url                 string
	parent              *gm.Certificate // nil: self-signed
}

// draft makes an order: what will be signed, signed by a throw-away key, and judged.
func draft(w want, now time.Time, serial *big.Int) (*order, error) {
	p, err := profileOf(w.profile)
	if err != nil {
		return nil, err
	}
	if gm.IsSM2(w.key) != p.SM2 {
		return nil, fmt.Errorf("%w: %s: the key is not of the algorithm of the profile %s", ErrRequest, w.name, p.Name)
	}
	t, err := w.template(p, now, serial)
	if err != nil {
		return nil, err
	}
	o := &order{profile: p, file: w.file, parent: w.parent, key: w.key}
	if o.parent == nil {
		self := *t
		self.PublicKey = w.key
		o.parent = &self
	}
	if o.draft, err = throwAway(t, o.parent, w.key, p.SM2); err != nil {
		return nil, fmt.Errorf("drafting %s: %w", w.name, err)
	}
	var found []lint.Finding
	if p.SM2 {
		found, err = lint.Examine(lint.Subject{Certificate: o.draft, Issuer: w.parent, Profile: p.Name})
	} else {
		found, err = lint.RunECDSA(o.draft.Raw)
	}
	if err = errors.Join(err, lint.Stop(found)); err != nil {
		return nil, fmt.Errorf("drafting %s: %w: %w", w.name, ErrLint, err)
	}
	digest, err := keyDigest(w.key)
	if err != nil {
		return nil, err
	}
	o.Intent = Intent{
		Name: w.name, Profile: p.Name, Issuer: p.Issuer, Serial: serial.Text(16), Subject: o.draft.Subject.String(), Key: digest,
	}
	return o, nil
}

// template is the certificate without its signature. It never outlives its issuer.
func (w want) template(p Profile, now time.Time, serial *big.Int) (*gm.Certificate, error) {
	ski := w.keyID
	if ski == nil {
		var err error
		if ski, err = gm.KeyID(w.key); err != nil {
			return nil, err
		}
	}
	if w.years < 1 || w.years > p.Years {
		return nil, fmt.Errorf("%w: %s: %d years are not from 1 to %d", ErrPlan, w.name, w.years, p.Years)
	}
	t := &gm.Certificate{
		SerialNumber: serial, Subject: w.subject, RawSubject: w.rawSubject, SubjectKeyId: ski,
		NotBefore: now, NotAfter: now.Add(time.Duration(w.years) * year),
		BasicConstraintsValid: true, IsCA: true, MaxPathLen: p.PathLength,
		KeyUsage:        gm.KeyUsageCertSign | gm.KeyUsageCRLSign,
		ExtraExtensions: w.extra,
	}
	if w.pathLength != nil {
		t.MaxPathLen = min(p.PathLength, *w.pathLength)
	}
	t.MaxPathLenZero = t.MaxPathLen == 0
	if !p.SM2 {
		t.NotBefore = now.Add(-tlsBackdate)
	}
	if !w.notBefore.IsZero() && w.notBefore.Before(t.NotBefore) {
		t.NotBefore = w.notBefore
	}
	if !w.notAfter.IsZero() && w.notAfter.Before(t.NotAfter) {
		t.NotAfter = w.notAfter
	}
	if w.parent == nil {
		t.AuthorityKeyId = ski // allowed, and a draft does not look self-signed to a lint that tries its signature
		return t, nil
	}
	if now.Before(w.parent.NotBefore) || !now.Before(w.parent.NotAfter) || !now.Before(t.NotAfter) {
		return nil, fmt.Errorf("%w: %s: its issuer, or the certificate that it crosses, is not valid now", ErrRequest, w.name)
	}
	if w.parent.MaxPathLenZero || w.parent.MaxPathLen <= t.MaxPathLen {
		return nil, fmt.Errorf("%w: %s: its issuer has no room for the path length %d", ErrRequest, w.name, t.MaxPathLen)
	}
	if t.NotBefore.Before(w.parent.NotBefore) {
		t.NotBefore = w.parent.NotBefore
	}
	if t.NotAfter.After(w.parent.NotAfter) {
		t.NotAfter = w.parent.NotAfter
	}
	if w.url != "" {
		t.CRLDistributionPoints = []string{w.url + "/crl/" + p.Issuer + listSuffix}
		t.IssuingCertificateURL = []string{w.url + "/ca/" + p.Issuer + ".cer"}
	}
	return t, nil
}

// throwAway signs a template by a key that nobody keeps.
func throwAway(t, parent *gm.Certificate, pub crypto.PublicKey, sm2 bool) (*gm.Certificate, error) {
	if sm2 {
		return gm.DraftCertificate(t, parent, pub)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	issuer := *parent
	issuer.PublicKey = key.Public()
	made, err := gm.CreateCertificate(t, &issuer, pub, key)
	if err != nil {
		return nil, err
	}
	return gm.ParseCertificate(made)
}

// sign signs exactly what was drafted and checks the result against its issuer: with both libraries on the SM2 side, with
// Go's crypto/x509 on the other.
func (o *order) sign(key crypto.Signer) ([]byte, error) {
	if o.profile.SM2 {
		made, err := gm.SignDraft(o.draft, o.parent, key)
		if err != nil {
			return nil, err
		}
		return made, o.check(made)
	}
	tbs := sha256.Sum256(o.draft.RawTBSCertificate)
	sig, err := key.Sign(rand.Reader, tbs[:], crypto.SHA256)
	if err != nil {
		return nil, err
	}
	made, err := gm.WithSignature(o.draft, sig)
	if err != nil {
		return nil, err
	}
	return made, o.check(made)
}

// check reads a certificate back: it says what was drafted, and its issuer signed it.
func (o *order) check(made []byte) error {
	c, err := gm.ParseCertificate(made)
	if err != nil {
		return fmt.Errorf("reading back %s: %w", o.Name, err)
	}
	if o.found == nil && !bytes.Equal(c.RawTBSCertificate, o.draft.RawTBSCertificate) {
		return fmt.Errorf("reading back %s: %w: not what was drafted", o.Name, ErrMismatch)
	}
	if o.profile.SM2 {
		issuer := o.parent
		if issuer.Raw == nil { // a root
			issuer = c
		}
		return gm.CheckIssued(c, issuer)
	}
	leaf, err := x509.ParseCertificate(made)
	if err != nil {
		return fmt.Errorf("reading back %s: %w", o.Name, err)
	}
	issuer := leaf
	if o.parent.Raw != nil {
		if issuer, err = x509.ParseCertificate(o.parent.Raw); err != nil {
			return fmt.Errorf("reading back %s: %w", o.Name, err)
		}
	}
	return leaf.CheckSignatureFrom(issuer)
}

// signList makes a CRL and checks it against its issuer.
func signList(l ListIntent, issuer *gm.Certificate, key crypto.Signer, now time.Time) ([]byte, error) {
	next, err := parseDate(l.NextUpdate)
	if err != nil {
		return nil, err
	}
	t := &gm.CRL{Number: big.NewInt(l.Number), ThisUpdate: now, NextUpdate: next}
	for _, r := range l.Revoked {
		e := gm.CRLEntry{}
		e.SerialNumber, _ = parseSerial(r.Serial)
		if e.RevocationTime, err = parseDate(r.Date); err != nil {
			return nil, err
		}
		e.ReasonCode = reasonCode(r.Reason)
		t.RevokedCertificateEntries = append(t.RevokedCertificateEntries, e)
	}
	made, err := gm.CreateCRL(t, issuer, key)
	if err != nil {
		return nil, err
	}
	if gm.IsSM2(key.Public()) {
		list, err := gm.ParseCRL(made)
		if err != nil {
			return nil, err
		}
		return made, gm.CheckCRL(list, issuer)
	}
	list, err := x509.ParseRevocationList(made)
	if err != nil {
		return nil, err
	}
	by, err := x509.ParseCertificate(issuer.Raw)
	if err != nil {
		return nil, err
	}
	return made, list.CheckSignatureFrom(by)
}

// reasonCode is that of RFC 5280, 5.3.1. No code is written for "unspecified", as it says there.
func reasonCode(reason string) int {
	for code, name := range Reasons() {
		if name == reason {
			return code
		}
	}
	return 0
}

// newSerial makes a positive random serial number that no transcript knows.
func newSerial(random io.Reader, used map[string]*issued) (*big.Int, error) {
	for range 8 { // a second one is needed once in 2^100 years, or when random is not
		n, err := gm.NewSerial(random)
		if err != nil {
			return nil, err
		}
		if used[n.Text(16)] == nil {
			return n, nil
		}
	}
	return nil, errors.New("ceremony: making a serial number: the same came again and again")
}

// keyDigest is the SM3 of a SubjectPublicKeyInfo: how transcripts name keys.
func keyDigest(pub crypto.PublicKey) (gm.Digest, error) {
	der, err := gm.MarshalPublicKey(pub)
	if err != nil {
		return gm.Digest{}, fmt.Errorf("encoding a public key: %w", err)
	}
	return gm.Sum(der), nil
}
