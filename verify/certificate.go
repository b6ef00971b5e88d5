package verify

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"yinzheng/internal/chain"
	"yinzheng/internal/codes"
	"yinzheng/internal/der"
	"yinzheng/internal/gm"
)

const (
	maxCertificate = 16 << 10 // bytes: SM2 certificates are near 1 KiB
	maxCertDepth   = 16       // ASN.1 nesting: a certificate needs 8
)

// parseCertificate reads one certificate behind the strict DER guard.
func parseCertificate(b []byte) (*gm.Certificate, error) {
	if err := der.Check(b, der.Limits{MaxBytes: maxCertificate, MaxDepth: maxCertDepth}); err != nil {
		return nil, err
	}
	return gm.ParseCertificate(b)
}

// readCertificate is a certificate of a signature, with what is odd about it: Chinese authorities have issued some that are
// not quite what X.509 wants (standards.md 9, 2).
type readCertificate struct {
	cert *gm.Certificate
	odd  []string
}

// parseLenient reads a certificate as it is met in signatures, behind the strict DER guard.
func parseLenient(b []byte) (readCertificate, error) {
	if err := der.Check(b, der.Limits{MaxBytes: maxCertificate, MaxDepth: maxCertDepth}); err != nil {
		return readCertificate{}, err
	}
	cert, odd, err := gm.ParseAnyCertificate(b)
	return readCertificate{cert, odd}, err
}

// whyIssuerLater is an ending of a path check beside those of package chain: an issuer was revoked after the time judged
// at, and nothing but the word of whoever signed says that it was before. Whoever stole an issuer's key can make a
// certificate and declare any time.
const whyIssuerLater = "issuer_revoked_later"

// pathFaults are the endings of a path check that are the certificates' fault.
func pathFaults() []string {
	return []string{
		chain.WhySignature, chain.WhyAlgorithm, chain.WhyIssuerTime, chain.WhyIssuerCA, chain.WhyPath, chain.WhyExtension, chain.WhyNames,
		chain.WhyRevoked,
	}
}

// pathGaps are the endings of a path check that say nothing against a certificate: there is no way to a root that is believed.
func pathGaps() []string {
	return []string{chain.WhyIssuer, chain.WhyLoop, chain.WhyWork, whyIssuerLater}
}

// pathEnding turns the error of Trust.path into an ending.
func pathEnding(err error) ending {
	var e *chain.Error
	switch {
	case !errors.As(err, &e):
		return unknown(whyFault)
	case e.Why == whyIssuerLater || slices.Contains(pathGaps(), e.Why):
		return unknown(e.Why, "name", e.Name)
	case e.Detail != "":
		return fail(e.Why, "name", e.Name, "detail", e.Detail)
	}
	return fail(e.Why, "name", e.Name)
}

// moment is a time that a path is judged at.
type moment struct {
	at     time.Time
	proved time.Time // it was then at the latest: proved by a timestamp or a receipt, or the trust file lists the certificate by itself; zero when nothing is proved
}

// path finds a path from cert to one of the roots, the pinned one if there is a pin (RFC 5280, 6.1; package chain). The
// validity and the revocation of cert itself are for the caller. The path begins with cert.
func (t *Trust) path(cert *gm.Certificate, when moment, pin gm.Digest) ([]*gm.Certificate, error) {
	revoked := func(c, issuer *gm.Certificate) string { return t.revokedBy(c, issuer).why(when) }
	return t.pool.Build(cert, chain.Options{At: when.at, Root: pin, LeafApart: true, Revoked: revoked})
}

// listed returns the certificate of a list of the trust file that is the same as cert, byte for byte, or nil.
func listed(list []*gm.Certificate, cert *gm.Certificate) *gm.Certificate {
	for _, c := range list {
		if bytes.Equal(c.Raw, cert.Raw) {
			return c
		}
	}
	return nil
}

// revocation is what the CRLs of the trust file say about a certificate.
type revocation struct {
	known   bool // there is a CRL of its issuer
	revoked bool
	at      time.Time // when it was revoked
	updated time.Time // thisUpdate
	next    time.Time // nextUpdate
}

// revocation looks cert up in the newest CRL of its issuer, who is known by name and key identifier.
func (t *Trust) revocation(cert *gm.Certificate) revocation {
	return t.lookUp(cert, func(by *gm.Certificate) bool {
		return bytes.Equal(by.RawSubject, cert.RawIssuer) && (len(cert.AuthorityKeyId) == 0 || bytes.Equal(cert.AuthorityKeyId, by.SubjectKeyId))
	})
}

// revokedBy looks cert up in the newest CRL by the key that signed it: a name and a key identifier can be given to any key.
func (t *Trust) revokedBy(cert, issuer *gm.Certificate) revocation {
	return t.lookUp(cert, func(by *gm.Certificate) bool {
		return bytes.Equal(by.RawSubject, issuer.RawSubject) && bytes.Equal(by.RawSubjectPublicKeyInfo, issuer.RawSubjectPublicKeyInfo)
	})
}

// lookUp looks cert up in the newest of some CAs' CRLs.
func (t *Trust) lookUp(cert *gm.Certificate, speaks func(by *gm.Certificate) bool) revocation {
	var r revocation
	for _, l := range t.crls {
		if !speaks(l.issuer) || l.updated.Before(r.updated) {
			continue
		}
		at, revoked := l.revoked[cert.SerialNumber.String()]
		r = revocation{known: true, revoked: revoked, at: at, updated: l.updated, next: l.next}
	}
	return r
}

// revocationList is a CRL whose signature was verified with its issuer's certificate.
type revocationList struct {
	issuer        *gm.Certificate
	updated, next time.Time
	revoked       map[string]time.Time // serial number in decimal
}

// parseCRL reads a CRL and verifies it with one of the CAs.
func parseCRL(b []byte, cas []*gm.Certificate) (revocationList, error) {
	if err := der.Check(b, der.Limits{MaxBytes: MaxTrust, MaxDepth: maxCertDepth}); err != nil {
		return revocationList{}, err
	}
	crl, err := gm.ParseCRL(b)
	if err != nil {
		return revocationList{}, err
	}
	l := revocationList{updated: crl.ThisUpdate, next: crl.NextUpdate, revoked: make(map[string]time.Time, len(crl.RevokedCertificateEntries))}
	for _, e := range crl.Extensions {
		if e.Critical {
			return l, errors.New("the CRL has a critical extension, so it is not a whole list")
		}
	}
	for _, c := range cas {
		if (len(crl.AuthorityKeyId) == 0 || bytes.Equal(crl.AuthorityKeyId, c.SubjectKeyId)) && gm.CheckCRLAny(crl, c) == nil {
			l.issuer = c
		}
	}
	if l.issuer == nil {
		return l, errors.New("the CRL is not signed by a CA of this file")
	}
	for _, e := range crl.RevokedCertificateEntries {
		l.revoked[e.SerialNumber.String()] = e.RevocationTime
	}
	return l, nil
}

func name(c *gm.Certificate) string { return chain.Name(c) }

func validAt(c *gm.Certificate, at time.Time) bool { return chain.Valid(c, at) }

// owner names the organisation that a seal certificate belongs to: O without the code before it, else name.
func owner(c *gm.Certificate) string {
	if o := organisation(c); len(o) > codes.USCCLen && codes.CheckUSCC(o[:codes.USCCLen]) == nil {
		return o[codes.USCCLen:]
	}
	return name(c)
}

// organisation returns the O of a seal certificate: "<USCC><name>" (standards of practice; standards.md 1.6).
func organisation(c *gm.Certificate) string { return strings.Join(c.Subject.Organization, "") }

// Verify checks the signature with the embedded certificate and returns that certificate. Whether the certificate may
// sign such a file is for the caller.
func (s Signed) Verify(label string) (*gm.Certificate, error) {
	cert, err := parseCertificate(s.Certificate)
	if err != nil {
		return nil, fmt.Errorf("reading the signer's certificate: %w", err)
	}
	pub, err := gm.PublicKey(cert)
	if err != nil {
		return nil, fmt.Errorf("reading the signer's key: %w", err)
	}
	if err := gm.Verify(pub, SignedMessage(label, s.Payload), s.Signature); err != nil {
		return nil, err
	}
	return cert, nil
}
