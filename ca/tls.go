package ca

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/cloudflare/cfssl/csr"
	"github.com/cloudflare/cfssl/initca"
	"github.com/cloudflare/cfssl/signer"
	"github.com/cloudflare/cfssl/signer/local"

	"yinzheng/internal/durable"
)

const (
	tlsCALife   = 10 * 8760 * time.Hour // as the issuing CA of the SM2 side
	tlsBackdate = 5 * time.Minute       // TLS peers' clocks differ a little
	maxHosts    = 32                    // names of one server
)

// TLS is the ECDSA P-256 CA for TLS identities, signed by cfssl's local signer. It is safe for concurrent use.
type TLS struct {
	der    []byte
	cert   *x509.Certificate
	signer *local.Signer
	src    Sources
}

// Certificate returns the CA's certificate, DER.
func (t *TLS) Certificate() []byte { return t.der }

// Pool returns the CA as the only root.
func (t *TLS) Pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(t.cert)
	return p
}

// IssueServer makes a key and a certificate (profile tls-server) for lower-case DNS names and IP addresses.
func (t *TLS) IssueServer(hosts []string) (tls.Certificate, error) {
	if len(hosts) == 0 || len(hosts) > maxHosts {
		return tls.Certificate{}, fmt.Errorf("issuing for %d hosts: %w", len(hosts), ErrName)
	}
	return t.issue(ProfileTLSServer, hosts[0], hosts)
}

// IssueClient makes a key and a certificate (profile tls-client) for a calling system: ASCII letters, digits, ._-
func (t *TLS) IssueClient(name string) (tls.Certificate, error) {
	return t.issue(ProfileTLSClient, name, []string{})
}

// issue makes one TLS identity and checks its chain.
func (t *TLS) issue(prof, cn string, hosts []string) (tls.Certificate, error) {
	var none tls.Certificate
	_, p, err := profile(prof)
	if err != nil {
		return none, err
	}
	// cfssl lets an empty common name and every IP address past its whitelist; ours go through the same rule.
	for _, n := range append([]string{cn}, hosts...) {
		if !p.NameWhitelist.MatchString(n) {
			return none, fmt.Errorf("issuing %s: %w: %q", prof, ErrName, n)
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), t.src.Rand)
	if err != nil {
		return none, fmt.Errorf("issuing %s: %w", prof, err)
	}
	request, err := csr.Generate(key, &csr.CertificateRequest{CN: cn})
	if err != nil {
		return none, fmt.Errorf("issuing %s: %w", prof, err)
	}
	now := t.src.Now().UTC().Truncate(time.Second)
	end := now.Add(p.Expiry)
	if end.After(t.cert.NotAfter) {
		end = t.cert.NotAfter
	}
	out, err := t.signer.Sign(signer.SignRequest{
		Request: string(request), Hosts: hosts, Profile: prof, NotBefore: now.Add(-tlsBackdate), NotAfter: end,
	})
	if err != nil {
		return none, fmt.Errorf("issuing %s for %q: %w", prof, cn, err)
	}
	block, _ := pem.Decode(out)
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return none, fmt.Errorf("issuing %s: reading back: %w", prof, err)
	}
	if _, err := leaf.Verify(x509.VerifyOptions{
		Roots: t.Pool(), CurrentTime: now, KeyUsages: leaf.ExtKeyUsage,
	}); err != nil {
		return none, fmt.Errorf("issuing %s: verifying back: %w", prof, err)
	}
	return tls.Certificate{Certificate: [][]byte{block.Bytes}, PrivateKey: key, Leaf: leaf}, nil
}

// certifyTLS issues the self-signed ECDSA CA certificate, if it is missing, with cfssl's CA policy. initca itself reads
// the system's clock, so its steps are taken here with ours.
func (e *establishing) certifyTLS(context.Context) error {
	path := e.path(certsDir, roleTLS, certSuffix)
	there, err := exists(path)
	if err != nil || there {
		return err
	}
	if _, err := policy(); err != nil { // silences cfssl
		return err
	}
	request := &csr.CertificateRequest{
		CN:    e.about.Name + "TLS CA",
		Names: []csr.Name{{C: "CN", O: e.about.Name}},
		CA:    &csr.CAConfig{PathLenZero: true},
	}
	key := e.keys[roleTLS]
	pemCSR, err := csr.Generate(key, request)
	if err != nil {
		return fmt.Errorf("certifying TLS: %w", err)
	}
	rules := initca.CAPolicy()
	rules.Default.CAConstraint.MaxPathLenZero = true
	s, err := local.NewSigner(key, nil, signer.DefaultSigAlgo(key), rules)
	if err != nil {
		return fmt.Errorf("certifying TLS: %w", err)
	}
	now := e.src.Now().UTC().Truncate(time.Second).Add(-tlsBackdate)
	out, err := s.Sign(signer.SignRequest{Request: string(pemCSR), NotBefore: now, NotAfter: now.Add(tlsCALife)})
	if err != nil {
		return fmt.Errorf("certifying TLS: %w", err)
	}
	if err := durable.CreateFile(path, out, certMode); err != nil {
		return err
	}
	e.step("certificate " + roleTLS)
	return nil
}

// openTLS reads the CA's certificate and checks it against its key.
func openTLS(dir string, key crypto.Signer, src Sources) (*TLS, error) {
	der, err := readCert(filepath.Join(dir, certsDir, roleTLS+certSuffix))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: no certificate of %s", ErrIncomplete, roleTLS)
	}
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading the certificate of %s: %w", roleTLS, err)
	}
	if !matches(key, cert.PublicKey) {
		return nil, fmt.Errorf("%w: %s", ErrMismatch, roleTLS)
	}
	if err := cert.CheckSignatureFrom(cert); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrMismatch, roleTLS, err)
	}
	rules, err := policy()
	if err != nil {
		return nil, err
	}
	s, err := local.NewSigner(key, cert, signer.DefaultSigAlgo(key), rules)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", roleTLS, err)
	}
	return &TLS{der: der, cert: cert, signer: s, src: src}, nil
}
