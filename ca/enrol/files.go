package enrol

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"yinzheng/internal/durable"
)

// ErrIdentity means that a file of the folder is not as this package writes it.
var ErrIdentity = errors.New("enrol: the identity's file is damaged")

const (
	identityFile = "identity.pem" // private key, certificate, its issuers: one file, so that they change together
	pendingFile  = "pending.pem"  // a private key whose certificate was asked for and is not here yet
	fileMode     = 0o600
	maxFile      = 64 << 10 // bytes of a file or of a set of certificates: a key and a chain have some 3 KiB
	maxChain     = 8        // certificates of a chain or among the roots
	keyType      = "PRIVATE KEY"
	certType     = "CERTIFICATE"
	tokenHeader  = "Enrolment" // of a pending key: SHA-256 of the token that it was made for, hexadecimal
)

// identity is a private key, its certificate and the certificates above it.
type identity struct {
	key   *ecdsa.PrivateKey
	leaf  *x509.Certificate
	chain []*x509.Certificate // issuers, nearest first; the root may be left out
}

// pending is a key without certificate.
type pending struct {
	key   *ecdsa.PrivateKey
	token string // digest of the token; "" for a renewal
}

func (i *identity) pair() *tls.Certificate {
	c := &tls.Certificate{Certificate: [][]byte{i.leaf.Raw}, PrivateKey: i.key, Leaf: i.leaf}
	for _, issuer := range i.chain {
		c.Certificate = append(c.Certificate, issuer.Raw)
	}
	return c
}

func (i *identity) encode() ([]byte, error) {
	text, err := encodeKey(i.key, nil)
	if err != nil {
		return nil, err
	}
	for _, c := range append([]*x509.Certificate{i.leaf}, i.chain...) {
		text = append(text, pemOf(c.Raw)...)
	}
	return text, nil
}

func (p *pending) encode() ([]byte, error) {
	headers := map[string]string{}
	if p.token != "" {
		headers[tokenHeader] = p.token
	}
	return encodeKey(p.key, headers)
}

func encodeKey(key *ecdsa.PrivateKey, headers map[string]string) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encoding a key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: keyType, Headers: headers, Bytes: der}), nil
}

// digestOf names a token without telling it.
func digestOf(token string) string {
	if token == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// newPending makes a P-256 key for a token, or for a renewal, and puts it on the disk; nothing may be there.
func newPending(dir, token string) (*pending, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	p := &pending{key: key, token: digestOf(token)}
	text, err := p.encode()
	if err != nil {
		return nil, err
	}
	return p, durable.CreateFile(filepath.Join(dir, pendingFile), text, fileMode)
}

// readIdentity returns the identity in a folder, nil if there is none.
func readIdentity(dir string) (*identity, error) {
	text, err := readFile(filepath.Join(dir, identityFile))
	if err != nil || text == nil {
		return nil, err
	}
	i, err := parseIdentity(text)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", identityFile, err)
	}
	return i, nil
}

// readPending returns the key in a folder that waits for a certificate, nil if there is none.
func readPending(dir string) (*pending, error) {
	text, err := readFile(filepath.Join(dir, pendingFile))
	if err != nil || text == nil {
		return nil, err
	}
	p, err := parsePending(text)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", pendingFile, err)
	}
	return p, nil
}

// dropPending removes a key that waits for nothing any more.
func dropPending(dir string) error {
	if err := os.Remove(filepath.Join(dir, pendingFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing a key: %w", err)
	}
	return durable.SyncDir(dir)
}

// readFile reads a small file: nil when it is not there.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	return text, errors.Join(err, f.Close())
}

// parseIdentity reads what identity.encode wrote, and nothing else: no byte of it is free.
func parseIdentity(text []byte) (*identity, error) {
	key, headers, rest, err := parseKey(text)
	if err != nil {
		return nil, err
	}
	if len(headers) != 0 {
		return nil, fmt.Errorf("%w: the key has headers", ErrIdentity)
	}
	certs, err := readChain(rest)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrIdentity, err)
	}
	i := &identity{key: key, leaf: certs[0], chain: certs[1:]}
	if !key.PublicKey.Equal(i.leaf.PublicKey) {
		return nil, fmt.Errorf("%w: key and certificate do not belong together", ErrIdentity)
	}
	again, err := i.encode()
	if err != nil || !bytes.Equal(again, text) {
		return nil, fmt.Errorf("%w: it was not written by this service", ErrIdentity)
	}
	return i, nil
}

// parsePending reads what pending.encode wrote, and nothing else.
func parsePending(text []byte) (*pending, error) {
	key, headers, _, err := parseKey(text)
	if err != nil {
		return nil, err
	}
	p := &pending{key: key, token: headers[tokenHeader]}
	again, err := p.encode()
	if err != nil || !bytes.Equal(again, text) {
		return nil, fmt.Errorf("%w: it was not written by this service", ErrIdentity)
	}
	return p, nil
}

func parseKey(text []byte) (key *ecdsa.PrivateKey, headers map[string]string, rest []byte, err error) {
	if len(text) > maxFile {
		return nil, nil, nil, fmt.Errorf("%w: more than %d bytes", ErrIdentity, maxFile)
	}
	block, rest := pem.Decode(text)
	if block == nil || block.Type != keyType {
		return nil, nil, nil, fmt.Errorf("%w: it does not begin with a private key", ErrIdentity)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("%w: the private key cannot be read", ErrIdentity) // the cause might tell of the key
	}
	key, isEC := parsed.(*ecdsa.PrivateKey)
	if !isEC || key.Curve != elliptic.P256() {
		return nil, nil, nil, fmt.Errorf("%w: the private key is not one on P-256", ErrIdentity)
	}
	return key, block.Headers, rest, nil
}

// readChain reads certificates in PEM, one to maxChain of them and nothing else but space.
func readChain(text []byte) ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	for len(bytes.TrimSpace(text)) > 0 {
		block, rest := pem.Decode(text)
		if block == nil || block.Type != certType {
			return nil, errors.New("not only certificates in PEM")
		}
		if len(certs) == maxChain {
			return nil, fmt.Errorf("more than %d certificates", maxChain)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", len(certs)+1, err)
		}
		certs, text = append(certs, c), rest
	}
	if len(certs) == 0 {
		return nil, errors.New("no certificate")
	}
	return certs, nil
}
