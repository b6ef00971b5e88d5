package ca

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"net"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cloudflare/cfssl/config"
	"github.com/cloudflare/cfssl/signer"

	"yinzheng/ca/lint"
	"yinzheng/internal/der"
	"yinzheng/internal/gm"
)

// Reasons for which an order is refused.
var (
	ErrName       = errors.New("ca: name is not allowed by the profile")
	ErrConstraint = errors.New("ca: this authority may not issue that kind of certificate")
	ErrKey        = errors.New("ca: not a public key of the profile's algorithm")
	ErrExtension  = errors.New("ca: extension is not allowed by the profile")
	ErrExpired    = errors.New("ca: the authority's own certificate is not valid now")
)

const (
	maxRDN        = 64 // characters of a name attribute (RFC 5280, ub-common-name and ub-organization-name)
	maxHosts      = 32 // names of one server
	maxExtensions = 8  // that an order brings
	maxExtension  = 4 << 10

	// Partitions is into how many lists an authority's revocations are divided beside the whole one: a certificate names
	// the list of its serial number modulo this.
	Partitions = 16
)

// Order asks for one certificate.
type Order struct {
	Profile    string           // one of the Profile names
	Subject    pkix.Name        // judged by the profile's name rule
	Key        crypto.PublicKey // on the SM2 curve, or on P-256 for a profile of the ECDSA side
	Hosts      []string         // lower-case DNS names and IP addresses, for tls-server
	Extensions []pkix.Extension // of those that the profile allows
	By         string           // who asks, for the register
}

// LintError lists the lints of severity error that a draft did not pass: it was never signed.
type LintError struct{ Findings []lint.Finding }

func (e *LintError) Error() string {
	said := make([]string, 0, len(e.Findings))
	for _, f := range e.Findings {
		said = append(said, f.Lint+" ("+f.Clause+"): "+f.Detail)
	}
	return "ca: the certificate would not pass its lints: " + strings.Join(said, "; ")
}

// IssueSM2 issues one SM2 certificate: the policy decides, a draft under a throw-away key is linted, the register learns of
// it, exactly the linted bytes are signed, both SM2 implementations verify, the register keeps the result, and only then is
// it returned. Errors: ErrProfile, ErrName, ErrConstraint, ErrKey, ErrExpired, *LintError, ErrKeyUsed, ErrStopped,
// clock.ErrBackwards.
func (r *Region) IssueSM2(ctx context.Context, o Order) ([]byte, error) {
	issued, err := r.issueSM2(ctx, r.Authority(), o)
	if err != nil {
		return nil, fmt.Errorf("issuing %s for %q: %w", o.Profile, o.Subject.CommonName, err)
	}
	return issued, nil
}

func (r *Region) issueSM2(ctx context.Context, by Identity, o Order) ([]byte, error) {
	// 1. may this be issued, here and now?
	signing, prof, err := profile(o.Profile)
	if err != nil {
		return nil, err
	}
	if err := r.Working(); err != nil {
		return nil, err
	}
	now, err := r.now()
	if err != nil {
		return nil, err
	}
	if !gm.IsSM2(o.Key) {
		return nil, ErrKey
	}
	if err := allow(prof, o, by, now); err != nil {
		return nil, err
	}
	// 2. draft it under a throw-away key, and lint the draft
	template, err := r.template(signing, o, by, now)
	if err != nil {
		return nil, err
	}
	draft, err := gm.DraftCertificate(template, by.cert, o.Key)
	if err != nil {
		return nil, err
	}
	if err := lintDraft(draft, by, o.Profile); err != nil {
		return nil, err
	}
	// 3. the intent comes first
	intent, err := intentOf(draft, by, o, now)
	if err != nil {
		return nil, err
	}
	if err := r.c.Books.Intend(ctx, intent); err != nil {
		return nil, err
	}
	// 4. sign what was linted; both implementations verify it
	der, err := gm.SignDraft(draft, by.cert, by.Key)
	if err != nil {
		return nil, r.disagree(ctx, "certificate "+intent.Serial, err)
	}
	// 5. keep it, then let it go; who asked may have left, the certificate is to be known all the same
	if err := r.c.Books.Settle(context.WithoutCancel(ctx), intent.Authority, intent.Serial, der); err != nil {
		return nil, err
	}
	return der, nil
}

// allow applies the rules of the profile that cfssl's local signer applies: names, extensions and the CA constraint.
func allow(p *config.SigningProfile, o Order, by Identity, now time.Time) error {
	if by.Key == nil || by.cert == nil {
		return fmt.Errorf("%w: it has no key", ErrConstraint)
	}
	if p.CAConstraint.IsCA && (by.cert.MaxPathLenZero || by.cert.MaxPathLen <= p.CAConstraint.MaxPathLen) {
		return ErrConstraint
	}
	if now.Before(by.cert.NotBefore) || !now.Before(by.cert.NotAfter) {
		return ErrExpired
	}
	cn := o.Subject.CommonName
	if cn == "" || p.NameWhitelist == nil || !p.NameWhitelist.MatchString(cn) {
		return fmt.Errorf("%w: %q", ErrName, cn)
	}
	if len(o.Hosts) > maxHosts {
		return fmt.Errorf("%w: %d hosts, at most %d", ErrName, len(o.Hosts), maxHosts)
	}
	for _, h := range o.Hosts { // cfssl lets every IP address past its whitelist; ours go through the same rule
		if !p.NameWhitelist.MatchString(h) {
			return fmt.Errorf("%w: %q", ErrName, h)
		}
	}
	for _, v := range slices.Concat([]string{cn}, o.Subject.Organization, o.Subject.OrganizationalUnit) {
		if n := utf8.RuneCountInString(v); n == 0 || n > maxRDN || !utf8.ValidString(v) {
			return fmt.Errorf("%w: %q has %d characters, at most %d", ErrName, v, n, maxRDN)
		}
	}
	if len(o.Extensions) > maxExtensions {
		return fmt.Errorf("%w: %d of them, at most %d", ErrExtension, len(o.Extensions), maxExtensions)
	}
	for _, e := range o.Extensions {
		if !p.ExtensionWhitelist[e.Id.String()] || len(e.Value) > maxExtension {
			return fmt.Errorf("%w: %s", ErrExtension, e.Id)
		}
	}
	return nil
}

// template has cfssl fill in what the profile says and carries it over to the certificate type that knows SM2 (the two are
// distinct types).
func (r *Region) template(signing *config.Signing, o Order, by Identity, now time.Time) (*gm.Certificate, error) {
	signing = addressed(signing, r.c.Base, by.Name)
	prof := signing.Profiles[o.Profile]
	// FillTemplate computes a key identifier with crypto/x509, which knows no SM2: it gets another key to chew on, and the
	// identifier is replaced below.
	filled := x509.Certificate{PublicKey: ed25519.PublicKey(make([]byte, ed25519.PublicKeySize))}
	if err := signer.FillTemplate(&filled, signing.Default, prof, now, time.Time{}); err != nil {
		return nil, err
	}
	serial, err := gm.NewSerial(r.c.Rand)
	if err != nil {
		return nil, err
	}
	ski, err := gm.KeyID(o.Key)
	if err != nil {
		return nil, err
	}
	t := &gm.Certificate{
		SerialNumber: serial, Subject: o.Subject, NotBefore: filled.NotBefore, NotAfter: filled.NotAfter,
		BasicConstraintsValid: true, IsCA: filled.IsCA, MaxPathLen: filled.MaxPathLen, MaxPathLenZero: filled.MaxPathLenZero,
		SubjectKeyId: ski, KeyUsage: gm.KeyUsage(filled.KeyUsage), // numerically the same
		OCSPServer: filled.OCSPServer, IssuingCertificateURL: filled.IssuingCertificateURL,
		ExtraExtensions: append(filled.ExtraExtensions, o.Extensions...),
	}
	if filled.CRLDistributionPoints != nil {
		t.CRLDistributionPoints = []string{r.partitionURL(by.Name, serial)}
	}
	if t.NotAfter.After(by.cert.NotAfter) {
		t.NotAfter = by.cert.NotAfter
	}
	if slices.Equal(filled.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}) {
		only, err := timestampingOnly()
		if err != nil {
			return nil, err
		}
		t.ExtraExtensions = append(t.ExtraExtensions, only)
	} else {
		for _, purpose := range filled.ExtKeyUsage {
			t.ExtKeyUsage = append(t.ExtKeyUsage, gm.ExtKeyUsage(purpose))
		}
	}
	if o.Profile == ProfileTrustList { // cfssl has no name for it
		t.UnknownExtKeyUsage = append(t.UnknownExtKeyUsage, der.TrustListSigning)
	}
	return t, nil
}

// partitionURL is where the list of a serial number's partition is found.
func (r *Region) partitionURL(authority string, serial *big.Int) string {
	n := new(big.Int).Mod(serial, big.NewInt(Partitions)).Int64()
	return fmt.Sprintf("%s/crl/%s-p%d.crl", r.c.Base, authority, n)
}

// lintDraft returns a *LintError when a lint of severity error fails.
func lintDraft(draft *gm.Certificate, by Identity, profile string) error {
	findings, err := lint.Examine(lint.Subject{Certificate: draft, Issuer: by.cert, Profile: profile})
	if err != nil {
		return fmt.Errorf("linting: %w", err)
	}
	return refused(findings)
}

// refused returns the findings of severity error as a *LintError, or nil.
func refused(findings []lint.Finding) error {
	findings = slices.DeleteFunc(findings, func(f lint.Finding) bool { return f.Severity != lint.Error })
	if len(findings) > 0 {
		return &LintError{findings}
	}
	return nil
}

// intentOf describes a draft for the register.
func intentOf(draft *gm.Certificate, by Identity, o Order, now time.Time) (Intent, error) {
	spki, err := gm.MarshalPublicKey(o.Key)
	if err != nil {
		return Intent{}, fmt.Errorf("encoding a public key: %w", err)
	}
	return Intent{
		Authority: hex.EncodeToString(by.cert.SubjectKeyId), Serial: draft.SerialNumber.String(), Key: gm.Sum(spki),
		Profile: o.Profile, Name: o.Subject.CommonName, SANs: o.Hosts, By: o.By, At: now,
		NotBefore: draft.NotBefore, NotAfter: draft.NotAfter,
	}, nil
}

// timestampingOnly is the extended key usage of a timestamp authority: that one purpose, critical (RFC 3161, 2.3).
func timestampingOnly() (pkix.Extension, error) {
	return purposes(true, asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 8})
}

// purposes is the extended key usage extension (RFC 5280, 4.2.1.12).
func purposes(critical bool, of ...asn1.ObjectIdentifier) (pkix.Extension, error) {
	value, err := asn1.Marshal(of)
	return pkix.Extension{Id: der.ExtKeyUsageExtension, Critical: critical, Value: value}, err
}

// hostsOf returns the names of a parsed request in the form of Order.Hosts.
func hostsOf(dns []string, ips []net.IP) []string {
	hosts := slices.Clone(dns)
	for _, ip := range ips {
		hosts = append(hosts, ip.String())
	}
	return hosts
}
