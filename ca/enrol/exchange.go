package enrol

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/cloudflare/cfssl/csr"
	"github.com/cloudflare/cfssl/transport"
	"github.com/cloudflare/cfssl/transport/core"
	"github.com/cloudflare/cfssl/transport/kp"

	"yinzheng/internal/durable"
)

const (
	// always is longer than any certificate lives: cfssl, which knows no clock but the system's, is called when it is time
	// and has to find that it is.
	always  = 100 * 365 * 24 * time.Hour
	keyAlgo = "ecdsa"
	keyBits = 256
)

// errStale means that the certificate for a waiting key came when its time was over already.
var errStale = errors.New("enrol: the certificate of the waiting key has run out")

// errNoKey means that a key is to be made.
var errNoKey = errors.New("enrol: no key waits for a certificate")

// exchange has cfssl's Transport.RefreshKeys go through its steps (key, request, certificate, storing) over our folder and our
// server. force is for what is not due.
func (t *Transport) exchange(ctx context.Context, token string, force bool) error {
	t.refreshing.Lock()
	defer t.refreshing.Unlock()
	if err := t.load(); err != nil {
		return err
	}
	now := t.c.Now()
	if token == "" {
		switch present := t.Certificate(); {
		case present == nil:
			return ErrNotEnrolled
		case !now.Before(present.NotAfter):
			return ErrExpired
		case !force && now.Before(t.Due()):
			return nil
		}
	}
	f := &folder{dir: t.c.Dir, token: token, roots: t.roots, now: now}
	if token == "" {
		f.have = t.present()
	}
	if err := f.open(); err != nil {
		return err
	}
	steps := transport.Transport{
		Before: always, Provider: f, CA: server{t, func(request []byte) ([]byte, error) { return t.ask(ctx, token, request) }},
		Identity: &core.Identity{Request: &csr.CertificateRequest{KeyRequest: &csr.KeyRequest{A: keyAlgo, S: keyBits}}},
	}
	if err := steps.RefreshKeys(); err != nil {
		return err
	}
	t.adopt(f.next)
	return nil
}

func (t *Transport) present() *identity {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.have
}

// folder is cfssl's kp.KeyProvider over the two files: the key of the next certificate is a new one, and is on the disk before
// anybody hears of it.
type folder struct {
	dir     string
	token   string // "" for a renewal
	roots   *x509.CertPool
	now     time.Time
	have    *identity // what a renewal starts from
	waiting *pending
	next    *identity
	retried bool
}

var _ kp.KeyProvider = (*folder)(nil)

// open finds the key that an exchange before this one left waiting. A key for another token is of no use: it may be
// certified already in a way that this token is not good for.
func (f *folder) open() error {
	waiting, err := readPending(f.dir)
	if err != nil && !errors.Is(err, ErrIdentity) {
		return err
	}
	if waiting != nil && waiting.token == digestOf(f.token) && (f.have == nil || !waiting.key.Equal(f.have.key)) {
		f.waiting = waiting
		return nil
	}
	return dropPending(f.dir)
}

// Certificate returns the certificate that a renewal starts from.
func (f *folder) Certificate() *x509.Certificate {
	if f.have == nil {
		return nil
	}
	return f.have.leaf
}

// Check finds nothing wrong: the files were read.
func (f *folder) Check() error { return nil }

// Ready reports whether there is something to renew.
func (f *folder) Ready() bool { return f.have != nil }

// Load says whether a key is waiting.
func (f *folder) Load() error {
	if f.waiting != nil {
		return kp.ErrCertificateUnavailable
	}
	return errNoKey
}

// Generate makes the next key.
func (f *folder) Generate(algo string, size int) error {
	if algo != keyAlgo || size != keyBits {
		return fmt.Errorf("enrol: keys are %s of %d bits, not %s of %d", keyAlgo, keyBits, algo, size)
	}
	waiting, err := newPending(f.dir, f.token)
	if errors.Is(err, fs.ErrExist) { // another process has begun the same exchange: the same key gets it the same certificate
		if waiting, err = readPending(f.dir); err == nil && (waiting == nil || waiting.token != digestOf(f.token)) {
			err = errors.New("enrol: another process is at work in the folder")
		}
	}
	if err != nil {
		return err
	}
	f.waiting = waiting
	return nil
}

// CertificateRequest makes a request for the next key, PEM. It names nobody: the server knows who asks.
func (f *folder) CertificateRequest(*csr.CertificateRequest) ([]byte, error) {
	if f.waiting == nil {
		if err := f.Generate(keyAlgo, keyBits); err != nil {
			return nil, err
		}
	}
	der, err := f.SignCSR(&x509.CertificateRequest{})
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}), nil
}

// SignCSR signs a request with the waiting key, DER.
func (f *folder) SignCSR(template *x509.CertificateRequest) ([]byte, error) {
	der, err := x509.CreateCertificateRequest(rand.Reader, template, f.waiting.key)
	if err != nil {
		return nil, fmt.Errorf("requesting a certificate: %w", err)
	}
	return der, nil
}

// SetCertificatePEM takes the certificate and its issuers: they must be for the waiting key, for a client, good now and hang on
// the pinned roots.
func (f *folder) SetCertificatePEM(text []byte) error {
	certs, err := readChain(text)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	next := &identity{key: f.waiting.key, leaf: certs[0], chain: certs[1:]}
	if !next.key.PublicKey.Equal(next.leaf.PublicKey) {
		return fmt.Errorf("%w: the certificate is for another key", ErrAnswer)
	}
	if !f.now.Before(next.leaf.NotAfter) {
		return errStale
	}
	above := x509.NewCertPool()
	for _, c := range next.chain {
		above.AddCert(c)
	}
	_, err = next.leaf.Verify(x509.VerifyOptions{
		Roots: f.roots, Intermediates: above, CurrentTime: f.now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	f.next = next
	return nil
}

// Persistent says that Store is to be called.
func (f *folder) Persistent() bool { return true }

// Store replaces the identity. The waiting key goes after that, so it is in one of the files at every moment.
func (f *folder) Store() error {
	text, err := f.next.encode()
	if err != nil {
		return err
	}
	if again, err := parseIdentity(text); err != nil || !bytes.Equal(again.leaf.Raw, f.next.leaf.Raw) {
		return fmt.Errorf("reading back: %w", errors.Join(ErrIdentity, err))
	}
	if err := durable.WriteFile(filepath.Join(f.dir, identityFile), text, fileMode); err != nil {
		return err
	}
	return dropPending(f.dir)
}

// SignalFailure has a renewal begin anew, once, with another key, when the waiting one is worn out.
func (f *folder) SignalFailure(err error) bool {
	var problem *Problem
	worn := errors.Is(err, errStale) || errors.As(err, &problem) && problem.Code == codeKeyUsed
	if !worn || f.retried || f.token != "" {
		return false
	}
	f.retried, f.waiting = true, nil
	return dropPending(f.dir) == nil
}

// X509KeyPair returns the identity that a renewal starts from, or the new one.
func (f *folder) X509KeyPair() (tls.Certificate, error) {
	switch {
	case f.next != nil:
		return *f.next.pair(), nil
	case f.have != nil:
		return *f.have.pair(), nil
	}
	return tls.Certificate{}, ErrNotEnrolled
}
