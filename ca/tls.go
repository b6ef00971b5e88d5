package ca

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/cloudflare/cfssl/config"
	"github.com/cloudflare/cfssl/signer"
	"github.com/cloudflare/cfssl/signer/local"

	"yinzheng/ca/lint"
	"yinzheng/internal/gm"
)

// tlsBackdate is how far back a TLS certificate begins: peers' clocks differ a little.
const tlsBackdate = 5 * time.Minute

// fabricRoles are the organisational units by which Hyperledger Fabric tells identities apart (NodeOUs).
var fabricRoles = []string{"client", "peer", "admin", "orderer"}

// IssueTLS issues one ECDSA certificate through cfssl's local signer, which lints a draft with zlint, and records it in the
// register before and after: csr is PKCS#10 (DER) of a P-256 key, of which only the subject counts, and that only if the
// order names none. A repeat by the same caller gives the same certificate. Errors: as IssueSM2.
func (r *Region) IssueTLS(ctx context.Context, o Order, csr []byte) ([]byte, error) {
	q, err := ParseOrder(csr, o.Profile, o.By)
	if err != nil {
		return nil, err
	}
	if o.Subject.CommonName == "" {
		o.Subject = q.Subject
	}
	o.Key = q.Key
	issued, err := r.issueTLS(ctx, r.TLSAuthority(), o, csr)
	issued, err = r.repeated(ctx, o, issued, err)
	if err != nil {
		return nil, fmt.Errorf("issuing %s for %q: %w", o.Profile, o.Subject.CommonName, err)
	}
	return issued, nil
}

func (r *Region) issueTLS(ctx context.Context, by Identity, o Order, csr []byte) ([]byte, error) {
	signing, prof, err := profile(o.Profile)
	if err != nil {
		return nil, err
	}
	now, err := r.now()
	if err != nil {
		return nil, err
	}
	if key, ok := o.Key.(*ecdsa.PublicKey); !ok || key.Curve != elliptic.P256() {
		return nil, fmt.Errorf("%w: P-256", ErrKey)
	}
	if err := allow(prof, o, by, now); err != nil {
		return nil, err
	}
	if o.Profile == ProfileFabricMSP && (len(o.Subject.OrganizationalUnit) != 1 || !slices.Contains(fabricRoles, o.Subject.OrganizationalUnit[0])) {
		return nil, fmt.Errorf("%w: OU is one of %q", ErrName, fabricRoles)
	}
	serial, err := gm.NewSerial(r.c.Rand)
	if err != nil {
		return nil, err
	}
	request := signer.SignRequest{
		Request: string(csrPEM(csr)), Profile: o.Profile, Serial: serial, Hosts: append([]string{}, o.Hosts...),
		Subject: &signer.Subject{CN: o.Subject.CommonName}, NotBefore: now.Add(-tlsBackdate), NotAfter: earlier(now.Add(prof.Expiry), by.cert.NotAfter),
	}
	request.Subject.Names = namesOf(o.Subject)
	if r.c.Base != "" && !prof.OCSPNoCheck {
		request.CRLOverride = r.partitionURL(by.Name, serial)
	}
	for _, e := range o.Extensions {
		request.Extensions = append(request.Extensions, signer.Extension{ID: config.OID(e.Id), Critical: e.Critical, Value: hex.EncodeToString(e.Value)})
	}
	spki, err := gm.MarshalPublicKey(o.Key)
	if err != nil {
		return nil, fmt.Errorf("encoding a public key: %w", err)
	}
	intent := Intent{
		Authority: hex.EncodeToString(by.cert.SubjectKeyId), Serial: serial.String(), Key: gm.Sum(spki), Profile: o.Profile,
		Name: o.Subject.CommonName, SANs: o.Hosts, By: o.By, At: now, NotBefore: request.NotBefore, NotAfter: request.NotAfter,
	}
	rules := addressed(signing, r.c.Base, by.Name)
	if err := lintTLS(rules, by, request); err != nil {
		return nil, err
	}
	if err := r.c.Books.Intend(ctx, intent); err != nil {
		return nil, err
	}
	return r.signTLS(rules, by, request)
}

// throwAway signs drafts of the ECDSA side: a key of this process that nobody keeps.
var throwAway = sync.OnceValues(func() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) })

// lintTLS has cfssl sign a draft with a throw-away key and zlint look at it. cfssl's own linting hands crypto/x509 a parent
// of another key, which it refuses since Go 1.20; here the parent has the throw-away key.
func lintTLS(rules *config.Signing, by Identity, request signer.SignRequest) error {
	key, err := throwAway()
	if err != nil {
		return fmt.Errorf("linting: %w", err)
	}
	parent, err := x509.ParseCertificate(by.Certificate)
	if err != nil {
		return fmt.Errorf("linting: reading the authority's certificate: %w", err)
	}
	parent.PublicKey = &key.PublicKey
	s, err := local.NewSigner(key, parent, x509.ECDSAWithSHA256, rules)
	if err != nil {
		return fmt.Errorf("linting: %w", err)
	}
	draft, err := s.Sign(request)
	if err != nil {
		return err
	}
	block, _ := pem.Decode(draft)
	if block == nil {
		return errors.New("ca: linting: no PEM")
	}
	findings, err := lint.RunECDSA(block.Bytes)
	if err != nil {
		return fmt.Errorf("linting: %w", err)
	}
	return refused(findings)
}

// signTLS has cfssl sign and record, and checks the chain of the result.
func (r *Region) signTLS(rules *config.Signing, by Identity, request signer.SignRequest) ([]byte, error) {
	issuer, err := x509.ParseCertificate(by.Certificate)
	if err != nil {
		return nil, fmt.Errorf("reading the authority's certificate: %w", err)
	}
	s, err := local.NewSigner(by.Key, issuer, x509.ECDSAWithSHA256, rules)
	if err != nil {
		return nil, err
	}
	s.SetDBAccessor(accessor{r.c.Books, r.c.Now})
	out, err := s.Sign(request)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(out)
	if block == nil {
		return nil, errors.New("ca: reading back: no PEM")
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err == nil {
		err = leaf.CheckSignatureFrom(issuer)
	}
	if err != nil {
		return nil, fmt.Errorf("verifying back: %w", err)
	}
	return block.Bytes, nil
}

// TLSPool returns the ECDSA root as the only anchor.
func (r *Region) TLSPool() (roots, intermediates *x509.CertPool, err error) {
	roots, intermediates = x509.NewCertPool(), x509.NewCertPool()
	r.mu.RLock()
	defer r.mu.RUnlock()
	for pool, ids := range map[*x509.CertPool][]Identity{roots: r.identities[roleTLSRoot], intermediates: r.identities[roleTLS]} {
		for _, id := range ids {
			c, err := x509.ParseCertificate(id.Certificate)
			if err != nil {
				return nil, nil, fmt.Errorf("reading the certificate of %s: %w", id.Name, err)
			}
			pool.AddCert(c)
		}
	}
	return roots, intermediates, nil
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
