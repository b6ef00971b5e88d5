package verify

import (
	"bytes"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"yinzheng/internal/codes"
	"yinzheng/internal/der"
	"yinzheng/internal/gm"
)

const (
	maxCertificate = 16 << 10 // bytes: SM2 certificates are near 1 KiB
	maxCertDepth   = 16       // ASN.1 nesting: a certificate needs 8
	maxPath        = 5        // certificates from leaf to root: two CAs are usual (leaf, issuing CA, root)
)

// nameConstraints is refused in a CA: it is not evaluated here.
func nameConstraints() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{2, 5, 29, 30} }

// parseCertificate reads one certificate behind the strict DER guard.
func parseCertificate(b []byte) (*gm.Certificate, error) {
	if err := der.Check(b, der.Limits{MaxBytes: maxCertificate, MaxDepth: maxCertDepth}); err != nil {
		return nil, err
	}
	return gm.ParseCertificate(b)
}

// pathError says why no path was found. Unknown anchors are not the certificate's fault; everything else is.
type pathError struct {
	why  string // ending of a check
	name string // the certificate at fault
}

func (e *pathError) Error() string { return fmt.Sprintf("no path: %s (%s)", e.why, e.name) }

// Endings of a path check.
const (
	whyIssuer     = "issuer"      // no certificate of its issuer is in the trust file
	whySignature  = "signature"   // an issuer's signature does not verify
	whyIssuerTime = "issuer_time" // an issuer was not valid at the time
	whyIssuerCA   = "issuer_ca"   // an issuer may not issue certificates
	whyPath       = "path"        // path too long
	whyExtension  = "extension"   // a critical extension that is not understood, or name constraints
	whyRevokedCA  = "issuer_revoked"
)

// path finds a path from cert to one of the roots at a time (GB/T 20518; RFC 5280, 6.1, without policies): names and key
// identifiers chain, signatures verify, each CA is valid at the time, may sign certificates, and keeps its path length. The
// validity of cert itself is for the caller. The path begins with cert.
func (t *Trust) path(cert *gm.Certificate, at time.Time, pin gm.Digest) ([]*gm.Certificate, error) {
	path := []*gm.Certificate{cert}
	if len(cert.UnhandledCriticalExtensions) > 0 {
		return nil, &pathError{whyExtension, name(cert)}
	}
	for {
		current := path[len(path)-1]
		if len(path) > 1 && t.isRoot(current, pin) {
			return path, nil
		}
		if len(path) == maxPath {
			return nil, &pathError{whyPath, name(current)}
		}
		issuer, err := t.issuer(current, len(path)-1, at, pin)
		if err != nil {
			return nil, err
		}
		path = append(path, issuer)
	}
}

// issuer returns the certificate that issued cert, below which there are already cas intermediate CAs.
func (t *Trust) issuer(cert *gm.Certificate, cas int, at time.Time, pin gm.Digest) (*gm.Certificate, error) {
	problem := &pathError{whyIssuer, cert.Issuer.String()}
	for _, c := range slices.Concat(t.authorities, t.roots) {
		if !bytes.Equal(c.RawSubject, cert.RawIssuer) ||
			len(cert.AuthorityKeyId) > 0 && !bytes.Equal(cert.AuthorityKeyId, c.SubjectKeyId) || bytes.Equal(c.Raw, cert.Raw) {
			continue
		}
		if bytes.Equal(c.RawSubject, c.RawIssuer) && !t.isRoot(c, pin) {
			continue // a root that is not the pinned one anchors nothing
		}
		why := mayIssue(c, cas, at)
		if why == "" && !t.issued(cert, c) {
			why = whySignature
		}
		if why == "" && !t.isRoot(c, pin) {
			if r := t.revocation(c); r.revoked && !r.at.After(at) {
				why = whyRevokedCA
			}
		}
		if why == "" {
			return c, nil
		}
		problem = &pathError{why, name(c)}
	}
	return nil, problem
}

// issued reports whether the CA's signature on cert verifies. For the certificates of the trust file itself this was found
// out once, by load.
func (t *Trust) issued(cert, ca *gm.Certificate) bool {
	if cas, known := t.issuedBy[cert]; known {
		return slices.Contains(cas, ca)
	}
	return gm.CheckIssued(cert, ca) == nil
}

// remember finds out which CAs of the file issued a certificate of the file.
func (t *Trust) remember(cert *gm.Certificate) {
	var cas []*gm.Certificate
	for _, ca := range slices.Concat(t.authorities, t.roots) {
		if bytes.Equal(ca.RawSubject, cert.RawIssuer) && gm.CheckIssued(cert, ca) == nil {
			cas = append(cas, ca)
		}
	}
	t.issuedBy[cert] = cas
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

// mayIssue returns why a CA certificate may not have issued one with cas intermediate CAs between itself and the leaf.
func mayIssue(c *gm.Certificate, cas int, at time.Time) string {
	switch {
	case len(c.UnhandledCriticalExtensions) > 0 || hasExtension(c, nameConstraints()):
		return whyExtension
	case c.Version != 3 || !c.BasicConstraintsValid || !c.IsCA || c.KeyUsage&gm.KeyUsageCertSign == 0:
		return whyIssuerCA
	case (c.MaxPathLen > 0 || c.MaxPathLenZero) && cas > c.MaxPathLen:
		return whyPath
	case !validAt(c, at):
		return whyIssuerTime
	}
	return ""
}

func hasExtension(c *gm.Certificate, id asn1.ObjectIdentifier) bool {
	for _, e := range c.Extensions {
		if e.Id.Equal(id) {
			return true
		}
	}
	return false
}

func validAt(c *gm.Certificate, at time.Time) bool {
	return !at.Before(c.NotBefore) && !at.After(c.NotAfter)
}

// isRoot reports whether c is one of the roots, and the pinned one if there is a pin.
func (t *Trust) isRoot(c *gm.Certificate, pin gm.Digest) bool {
	if !pin.IsZero() && gm.Sum(c.Raw) != pin {
		return false
	}
	return slices.ContainsFunc(t.roots, func(r *gm.Certificate) bool { return bytes.Equal(r.Raw, c.Raw) })
}

// revocation is what the CRLs of the trust file say about a certificate.
type revocation struct {
	known   bool // there is a CRL of its issuer
	revoked bool
	at      time.Time // when it was revoked
	updated time.Time // thisUpdate
	next    time.Time // nextUpdate
}

// revocation looks cert up in the newest CRL of its issuer.
func (t *Trust) revocation(cert *gm.Certificate) revocation {
	var r revocation
	for _, l := range t.crls {
		if !bytes.Equal(l.issuer.RawSubject, cert.RawIssuer) ||
			len(cert.AuthorityKeyId) > 0 && !bytes.Equal(cert.AuthorityKeyId, l.issuer.SubjectKeyId) || l.updated.Before(r.updated) {
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
		if (len(crl.AuthorityKeyId) == 0 || bytes.Equal(crl.AuthorityKeyId, c.SubjectKeyId)) && gm.CheckCRL(crl, c) == nil {
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

// name names a certificate for people: its common name, else its whole subject.
func name(c *gm.Certificate) string {
	if c.Subject.CommonName != "" {
		return c.Subject.CommonName
	}
	return c.Subject.String()
}

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
