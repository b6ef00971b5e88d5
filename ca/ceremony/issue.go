package ceremony

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"yinzheng/internal/der"
	"yinzheng/internal/gm"
)

// name is the subject as pkix writes it: the country first, the common name last.
func (s Subject) name() pkix.Name {
	one := func(v string) []string {
		if v == "" {
			return nil
		}
		return []string{v}
	}
	return pkix.Name{
		Country: one(s.Country), Organization: one(s.Organization), OrganizationalUnit: one(s.Unit), Province: one(s.Province),
		Locality: one(s.Locality), CommonName: s.CommonName,
	}
}

// encode is the DER of the name.
func (s Subject) encode() ([]byte, error) {
	b, err := asn1.Marshal(s.name().ToRDNSequence())
	if err != nil {
		return nil, fmt.Errorf("encoding a name: %w", err)
	}
	return b, nil
}

// reviewed reads a file that the plan names; its SM3 must be the one in the plan.
func (s *session) reviewed(name, digest string, limit int) ([]byte, error) {
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(s.in.PlanDir, path)
	}
	b, err := readFile(path, limit)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	if got := gm.Sum(b).String(); got != digest {
		return nil, fmt.Errorf("%w: %s has the SM3 %s, reviewed was %s", ErrNotReviewed, name, got, digest)
	}
	return b, nil
}

// prepareRequests reads, judges and drafts every request of the plan, and returns every mistake at once.
func (s *session) prepareRequests() ([]*order, error) {
	var orders []*order
	var wrong []error
	seen := map[gm.Digest]string{}
	for _, r := range s.plan.Requests {
		o, err := s.prepareRequest(r)
		if err == nil && o != nil {
			if other, twice := seen[o.Key]; twice {
				err = fmt.Errorf("%w: that of %s", ErrKeyUsed, other)
			}
			seen[o.Key] = r.Name
		}
		if err != nil {
			wrong = append(wrong, fmt.Errorf("request %s: %w", r.Name, err))
		}
		if o != nil {
			orders = append(orders, o)
		}
	}
	return orders, errors.Join(wrong...)
}

// prepareRequest returns nil if the request has its certificate.
func (s *session) prepareRequest(r IssueRequest) (*order, error) {
	file, err := s.reviewed(r.File, r.SM3, 2*gm.MaxRequest)
	if err != nil {
		return nil, err
	}
	csr, err := parseRequest(file)
	if err != nil {
		return nil, err
	}
	subject, err := r.Subject.encode()
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(subject, csr.RawSubject) {
		return nil, fmt.Errorf("%w: it is for %q, the plan says %q", ErrRequest, csr.Subject, r.Subject.name())
	}
	p, err := profileOf(r.Profile)
	if err != nil {
		return nil, err
	}
	o, err := s.draft(want{
		name: r.Name, profile: r.Profile, file: OutDir + "/" + r.Name + certSuffix, subject: r.Subject.name(), key: csr.PublicKey,
		years: r.Years, url: s.plan.URL, parent: s.state.parsed[p.Issuer],
	})
	if err != nil {
		return nil, err
	}
	return s.settle(o)
}

// parseRequest reads a PKCS#10 request, PEM or DER, and refuses what its certificate would not say: alternative names.
func parseRequest(file []byte) (*gm.Request, error) {
	raw, err := decodePEM(file, "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	if err := der.Check(raw, der.Limits{MaxBytes: gm.MaxRequest, MaxDepth: maxDepth}); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	csr, err := gm.ParseRequest(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	if len(csr.DNSNames)+len(csr.IPAddresses)+len(csr.EmailAddresses)+len(csr.URIs) > 0 {
		return nil, fmt.Errorf("%w: it asks for alternative names, which a CA has not", ErrRequest)
	}
	return csr, nil
}

// settle looks what the folder knows of an order's key and file. It returns the order to be signed, the order with the
// certificate that a run left which ended before its record was complete, or nil if nothing is left to do.
func (s *session) settle(o *order) (*order, error) {
	there, err := s.folder.certificate(o.file)
	if errors.Is(err, fs.ErrNotExist) {
		c, used := s.state.keys[o.Key]
		if used && (o.Profile != ProfileCross || c.Profile != ProfileCross) { // a cross-certificate is renewed: the key is not ours
			return nil, fmt.Errorf("%w: %s, serial number %s", ErrKeyUsed, c.Name, c.Serial)
		}
		return o, nil
	}
	path := s.folder.path(filepath.FromSlash(o.file))
	if err != nil {
		return nil, fmt.Errorf("%w: %s, which cannot be read: %w", ErrExists, path, err)
	}
	c, err := parseCertificate(there)
	if err != nil {
		return nil, fmt.Errorf("%w: %s, which cannot be read: %w", ErrExists, path, err)
	}
	known := s.state.serials[c.SerialNumber.Text(16)]
	same, err := sameKey(c.PublicKey, o.key)
	if err != nil {
		return nil, err
	}
	if known == nil || !same || known.Key != o.Key || known.Profile != o.Profile || known.Name != o.Name {
		return nil, fmt.Errorf("%w: %s, of another request", ErrExists, path)
	}
	o.found = there
	if err := o.check(there); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrExists, path, err)
	}
	if known.made == nil {
		o.Intent = known.Intent
		return o, nil
	}
	if known.made.SM3 != gm.Sum(there) {
		return nil, fmt.Errorf("%w: %s is not what the transcript says", ErrTranscript, path)
	}
	s.out.Kept = append(s.out.Kept, path)
	return nil, nil //nolint:nilnil // nothing is left to do
}

func sameKey(a, b crypto.PublicKey) (bool, error) {
	x, okX := a.(*ecdsa.PublicKey)
	y, okY := b.(*ecdsa.PublicKey)
	if !okX || !okY {
		return false, fmt.Errorf("%w: not a key on a curve", ErrRequest)
	}
	return x.Equal(y), nil
}

// prepareCross drafts the certificate of another region's root. It keeps that root's name, key and key identifier, so that
// what that root has issued chains to it.
func (s *session) prepareCross() ([]*order, error) {
	x := s.plan.Cross
	file, err := s.reviewed(x.File, x.SM3, 2*maxCertificate)
	if err != nil {
		return nil, err
	}
	foreign, err := parseForeign(file)
	if err != nil {
		return nil, fmt.Errorf("cross-certifying %s: %w", x.File, err)
	}
	for name, root := range s.state.parsed {
		same, err := sameKey(root.PublicKey, foreign.PublicKey)
		if err != nil {
			return nil, err
		}
		if same || bytes.Equal(root.RawSubject, foreign.RawSubject) {
			return nil, fmt.Errorf("cross-certifying %s: %w: it has the name or the key of our %s", x.File, ErrRequest, name)
		}
	}
	names, err := nameConstraints(x.Permitted)
	if err != nil {
		return nil, err
	}
	length := *x.PathLength
	if foreign.MaxPathLenZero || foreign.MaxPathLen > 0 {
		length = min(length, foreign.MaxPathLen)
	}
	since := foreign.NotBefore // what that root did before today is vouched for as well
	if x.From != "" {
		from, err := parseDate(x.From)
		if err != nil {
			return nil, err
		}
		if from.After(since) {
			since = from
		}
	}
	o, err := s.draft(want{
		name: x.Name, profile: ProfileCross, notBefore: since, file: OutDir + "/" + x.Name + certSuffix, subject: foreign.Subject,
		rawSubject: foreign.RawSubject, key: foreign.PublicKey, keyID: foreign.SubjectKeyId, years: x.Years,
		notAfter: foreign.NotAfter, pathLength: &length, extra: []pkix.Extension{names}, url: s.plan.URL, parent: s.state.parsed[SM2Root],
	})
	if err != nil {
		return nil, err
	}
	if o, err = s.settle(o); o == nil {
		return nil, err
	}
	return []*order{o}, err
}

// parseForeign reads another region's root: an SM2 CA that signed itself.
func parseForeign(file []byte) (*gm.Certificate, error) {
	raw, err := decodePEM(file, "CERTIFICATE")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	c, err := parseCertificate(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	if err := gm.CheckKey(c.PublicKey); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	if err := gm.CheckIssued(c, c); err != nil {
		return nil, fmt.Errorf("%w: not an SM2 root: %w", ErrRequest, err)
	}
	if len(c.SubjectKeyId) == 0 || len(c.UnhandledCriticalExtensions) > 0 {
		return nil, fmt.Errorf("%w: it has no subject key identifier, or a critical extension that is not known", ErrRequest)
	}
	return c, nil
}

// nameConstraints permits subtrees of directory names, critical (RFC 5280, 4.2.1.10).
func nameConstraints(permitted []Subject) (pkix.Extension, error) {
	type subtree struct{ Base asn1.RawValue }
	var constraints struct {
		Permitted []subtree `asn1:"tag:0"`
	}
	for _, s := range permitted {
		name, err := s.encode()
		if err != nil {
			return pkix.Extension{}, err
		}
		constraints.Permitted = append(constraints.Permitted, subtree{
			asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 4, IsCompound: true, Bytes: name},
		})
	}
	value, err := asn1.Marshal(constraints)
	if err != nil {
		return pkix.Extension{}, fmt.Errorf("encoding name constraints: %w", err)
	}
	return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 30}, Critical: true, Value: value}, nil
}
