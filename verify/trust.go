package verify

import (
	"bytes"
	"crypto"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"time"

	"yinzheng/internal/chain"
	"yinzheng/internal/der"
	"yinzheng/internal/gm"
)

// TrustVersion is the version of the trust file that is written and read.
const TrustVersion = 1

const trustLabel = "yinzheng trust 1"

// Counts in a trust file: a region has a handful of each; the bounds keep a path search short.
const (
	maxTrustCertificates = 128
	maxTrustKeys         = 64
)

// Reasons for which ParseTrust refuses a file.
var (
	ErrTrustFormat    = errors.New("verify: not a canonical trust file")
	ErrTrustSignature = errors.New("verify: the trust file's signature does not verify")
	ErrTrustSigner    = errors.New("verify: the trust file's signer may not sign it")
)

// TrustListUsage is the extended key usage that the signer of a trust file must have: id-tsl-kp-tslSigning (ETSI TS
// 119 612, 5.7.1). Without it any seal certificate of the same CA could sign one.
func TrustListUsage() asn1.ObjectIdentifier { return slices.Clone(der.TrustListSigning) }

// Trust is what a region vouches for at one moment. Only ParseTrust makes one that Judge believes.
type Trust struct {
	Version      int       `json:"version"`
	Region       string    `json:"region"` // GB/T 2260 code
	Name         string    `json:"name"`
	Sequence     int64     `json:"sequence"` // grows with every file of the region
	Issued       time.Time `json:"issued"`   // UTC, whole seconds, as all times here
	Expires      time.Time `json:"expires"`
	Roots        [][]byte  `json:"roots"`        // self-signed CA certificates, DER; those not of SM2 are for PAdES signatures
	Authorities  [][]byte  `json:"authorities"`  // CA certificates between roots and leaves
	SealMakers   [][]byte  `json:"seal_makers"`  // certificates that may sign seals (制章者)
	Timestampers [][]byte  `json:"timestampers"` // certificates of timestamp authorities
	LedgerKeys   [][]byte  `json:"ledger_keys"`  // SM2 SubjectPublicKeyInfo of batch roots and promises
	LogKeys      []string  `json:"log_keys"`     // C2SP note verifier keys of the log
	CRLs         [][]byte  `json:"crls"`         // whole CRLs, at most one an issuer matters: the newest
	StatusAsOf   time.Time `json:"status_as_of"` // when Statuses was complete
	Statuses     []Status  `json:"statuses"`     // every licence not in force, by ascending identifier digest

	by *Trust // the file across which this one was read

	// Known after ParseTrust only.
	signer       *gm.Certificate
	digest       gm.Digest // SM3 of the file
	roots        []*gm.Certificate
	authorities  []*gm.Certificate
	sealMakers   []*gm.Certificate
	timestampers []*gm.Certificate
	pool         *chain.Pool // of all of them
	crls         []revocationList
	ledgerKeys   ledgerKeys
	memo         *memo
}

// Status is the legal effect of a licence that is not simply in force (standards.md 3.4).
type Status struct {
	Identifier gm.Digest `json:"identifier"` // SM3 of the 电子证照标识, so that the file is no list of licences
	Status     string    `json:"status"`     // 02 暂扣, 03 撤销, 04 注销, 05 失效, 07 吊销
	At         time.Time `json:"at"`
}

// Digest returns the SM3 of the file that was parsed.
func (t *Trust) Digest() gm.Digest { return t.digest }

// EncodeTrust signs a trust file. Times are cut to whole seconds, statuses are sorted; the result has been read back.
func EncodeTrust(t Trust, signerCert []byte, key crypto.Signer) ([]byte, error) {
	payload, err := Compact(t.normal())
	if err != nil {
		return nil, fmt.Errorf("encoding trust of region %s: %w", t.Region, err)
	}
	signature, err := gm.Sign(key, SignedMessage(trustLabel, payload))
	if err != nil {
		return nil, fmt.Errorf("signing trust of region %s: %w", t.Region, err)
	}
	b, err := Signed{Payload: payload, Certificate: signerCert, Signature: signature}.Encode()
	if err != nil {
		return nil, fmt.Errorf("encoding trust of region %s: %w", t.Region, err)
	}
	if _, err := ParseTrust(b); err != nil {
		return nil, fmt.Errorf("checking our own trust file of region %s: %w", t.Region, err)
	}
	return b, nil
}

// ParseTrust reads a trust file: the one canonical form of what its signer signed, everything in it well formed, and the
// signer's certificate chained (at the time of issue) to a root inside and made for signing trust files. Whether the
// file is in force at some time, and whether its root is the right one, is judged later. It returns ErrTrustFormat,
// ErrTrustSignature or ErrTrustSigner.
func ParseTrust(b []byte) (*Trust, error) {
	s, err := ParseSigned(b, MaxTrust)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTrustFormat, err)
	}
	var t Trust
	if err := DecodeStrict(s.Payload, &t); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTrustFormat, err)
	}
	again, err := Compact(t.normal())
	if err != nil || !bytes.Equal(again, s.Payload) {
		return nil, fmt.Errorf("%w: the payload is not canonical", ErrTrustFormat)
	}
	signer, err := s.Verify(trustLabel)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTrustSignature, err)
	}
	t.signer, t.digest, t.memo = signer, gm.Sum(b), newMemo()
	if err := t.load(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTrustFormat, err)
	}
	if err := t.checkSigner(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTrustSigner, err)
	}
	return &t, nil
}

// normal returns the canonical form: UTC seconds, lists that are not null, statuses in order.
func (t Trust) normal() Trust {
	seconds := func(at time.Time) time.Time { return at.UTC().Truncate(time.Second) }
	t.Issued, t.Expires, t.StatusAsOf = seconds(t.Issued), seconds(t.Expires), seconds(t.StatusAsOf)
	for _, list := range []*[][]byte{&t.Roots, &t.Authorities, &t.SealMakers, &t.Timestampers, &t.LedgerKeys, &t.CRLs} {
		if *list == nil {
			*list = [][]byte{}
		}
	}
	if t.LogKeys == nil {
		t.LogKeys = []string{}
	}
	statuses := make([]Status, len(t.Statuses))
	for i, s := range t.Statuses {
		s.At = seconds(s.At)
		statuses[i] = s
	}
	slices.SortFunc(statuses, func(a, b Status) int { return bytes.Compare(a.Identifier[:], b.Identifier[:]) })
	t.Statuses = statuses
	return t
}

// load parses what is inside and refuses what is not well formed.
func (t *Trust) load() error {
	switch {
	case t.Version != TrustVersion:
		return fmt.Errorf("version %d", t.Version)
	case t.Region == "" || t.Sequence < 0:
		return errors.New("no region or a negative sequence")
	case !t.Expires.After(t.Issued) || t.StatusAsOf.After(t.Issued):
		return errors.New("issued, expires and status_as_of are not in order")
	case len(t.Roots) == 0:
		return errors.New("no root")
	case len(t.Roots)+len(t.Authorities)+len(t.SealMakers)+len(t.Timestampers)+len(t.CRLs) > maxTrustCertificates:
		return fmt.Errorf("more than %d certificates and CRLs", maxTrustCertificates)
	case len(t.LedgerKeys)+len(t.LogKeys) > maxTrustKeys:
		return fmt.Errorf("more than %d keys", maxTrustKeys)
	}
	var err error
	if t.roots, err = parseAll("roots", t.Roots); err != nil {
		return err
	}
	for i, r := range t.roots {
		if !selfSigned(r) {
			return fmt.Errorf("roots[%d] is not a self-signed CA certificate", i)
		}
	}
	if t.authorities, err = parseAll("authorities", t.Authorities); err != nil {
		return err
	}
	if t.sealMakers, err = parseAll("seal_makers", t.SealMakers); err != nil {
		return err
	}
	if t.timestampers, err = parseAll("timestampers", t.Timestampers); err != nil {
		return err
	}
	t.pool = chain.New(t.roots, t.authorities, slices.Concat([]*gm.Certificate{t.signer}, t.sealMakers, t.timestampers))
	return t.loadRest()
}

// selfSigned reports whether a certificate is a root: of SM2, or of another algorithm that PAdES signatures hang on.
func selfSigned(c *gm.Certificate) bool {
	return gm.CheckIssuedAny(c, c) == nil
}

func (t *Trust) loadRest() error {
	cas := slices.Concat(t.authorities, t.roots)
	for i, b := range t.CRLs {
		l, err := parseCRL(b, cas)
		if err != nil {
			return fmt.Errorf("crls[%d]: %w", i, err)
		}
		t.crls = append(t.crls, l)
	}
	var err error
	if t.ledgerKeys, err = parseLedgerKeys(t); err != nil {
		return err
	}
	for i, s := range t.Statuses {
		if !slices.Contains(statusCodes(), s.Status) {
			return fmt.Errorf("statuses[%d]: code %.4q is not known", i, s.Status)
		}
		if i > 0 && bytes.Compare(t.Statuses[i-1].Identifier[:], s.Identifier[:]) >= 0 {
			return fmt.Errorf("statuses[%d] is not in order", i)
		}
	}
	return nil
}

func parseAll(what string, list [][]byte) ([]*gm.Certificate, error) {
	certs := make([]*gm.Certificate, 0, len(list))
	for i, b := range list {
		c, err := parseCertificate(b)
		if err != nil {
			return nil, fmt.Errorf("%s[%d]: %w", what, i, err)
		}
		certs = append(certs, c)
	}
	return certs, nil
}

// checkSigner says whether the signer's certificate is one for trust files and was valid under a root at the time of issue.
func (t *Trust) checkSigner() error {
	c := t.signer
	if c.IsCA || c.KeyUsage&gm.KeyUsageDigitalSignature == 0 || !slices.ContainsFunc(c.UnknownExtKeyUsage, TrustListUsage().Equal) {
		return fmt.Errorf("%s is not a certificate for signing trust files", name(c))
	}
	if !validAt(c, t.Issued) {
		return fmt.Errorf("%s was not valid when the file was issued", name(c))
	}
	if r := t.revocation(c); r.revoked && !r.at.After(t.Issued) {
		return fmt.Errorf("%s was revoked before the file was issued", name(c))
	}
	path, err := t.path(c, moment{t.Issued, t.Issued}, gm.Digest{})
	if err != nil {
		return err
	}
	return t.speaksFor(path)
}

// speaksFor refuses a file in the name of a region whose signer belongs to another: its own file hangs on no cross-certificate
// (which always has name constraints), and one that was read across hangs on the certificate of a root of that name.
func (t *Trust) speaksFor(path []*gm.Certificate) error {
	if t.by == nil {
		for _, c := range path[1:] {
			if slices.ContainsFunc(c.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(der.NameConstraintsExtension) }) {
				return fmt.Errorf("%s is of another region: it hangs on the cross-certificate of %s", name(t.signer), name(c))
			}
		}
		return nil
	}
	if t.Region == t.by.Region {
		return fmt.Errorf("another region's file is not of region %s", t.Region)
	}
	if crossed := path[len(path)-2]; !slices.Equal(crossed.Subject.Organization, []string{t.Name}) {
		return fmt.Errorf("a file of %s hangs on the cross-certificate of %s", t.Name, name(crossed))
	}
	return nil
}

// status finds the entry of an identifier.
func (t *Trust) status(identifier string) (Status, bool) {
	d := gm.Sum([]byte(identifier))
	i, found := slices.BinarySearchFunc(t.Statuses, d, func(s Status, d gm.Digest) int { return bytes.Compare(s.Identifier[:], d[:]) })
	if !found {
		return Status{}, false
	}
	return t.Statuses[i], true
}

// statusCodes are the codes a status entry may have; "01 有效" is said by having no entry.
func statusCodes() []string { return []string{"02", "03", "04", "05", "06", "07", "99"} }
