package ca

import (
	"bytes"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"yinzheng/internal/gm"
)

// Open opens an established region: it decrypts every key and checks that each belongs to its certificate and each
// certificate to its issuer. Errors: ErrIncomplete (run Establish again), ErrMismatch, gm.ErrPassphrase.
func Open(dir string, passphrase []byte, src Sources) (*Region, error) {
	src, err := src.ready()
	if err != nil {
		return nil, err
	}
	about, err := readAbout(dir)
	if err != nil {
		return nil, fmt.Errorf("opening a region: %w", err)
	}
	keys, err := loadKeys(dir, passphrase)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", about.Region, err)
	}
	return assemble(dir, about, bytes.Clone(passphrase), src, keys)
}

// assemble reads the certificates and puts a region together.
func assemble(dir string, a about, passphrase []byte, src Sources, keys map[string]crypto.Signer) (*Region, error) {
	r := &Region{
		dir: dir, about: a, passphrase: passphrase, src: src,
		sm2: map[string]Identity{}, parsed: map[string]*gm.Certificate{},
	}
	for _, role := range roles() {
		if err := r.adopt(role, keys[role.name]); err != nil {
			return nil, fmt.Errorf("opening %s: %w", a.Region, err)
		}
	}
	var err error
	if r.tls, err = openTLS(dir, keys[roleTLS], src); err != nil {
		return nil, fmt.Errorf("opening %s: %w", a.Region, err)
	}
	if r.logKey, err = openLogKey(dir, a.Origin, keys[roleLog]); err != nil {
		return nil, fmt.Errorf("opening %s: %w", a.Region, err)
	}
	return r, nil
}

// adopt takes in one identity after checking key, issuer and name of its certificate.
func (r *Region) adopt(role role, key crypto.Signer) error {
	der, err := readCert(filepath.Join(r.dir, certsDir, role.name+certSuffix))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: no certificate of %s", ErrIncomplete, role.name)
	}
	if err != nil {
		return err
	}
	cert, err := gm.ParseCertificate(der)
	if err != nil {
		return fmt.Errorf("reading the certificate of %s: %w", role.name, err)
	}
	if !matches(key, cert.PublicKey) {
		return fmt.Errorf("%w: %s", ErrMismatch, role.name)
	}
	issuer := cert
	if role.issuer != "" {
		issuer = r.parsed[role.issuer]
	}
	if err := gm.CheckIssued(cert, issuer); err != nil {
		return fmt.Errorf("%w: certificate of %s is not signed by %s: %w", ErrMismatch, role.name, role.issuer, err)
	}
	r.parsed[role.name] = cert
	r.sm2[role.name] = Identity{Name: role.name, Certificate: der, Key: key}
	return nil
}

// readAbout reads region.json strictly.
func readAbout(dir string) (about, error) {
	b, err := readFile(filepath.Join(dir, aboutFile))
	if errors.Is(err, fs.ErrNotExist) {
		return about{}, fmt.Errorf("%w: no %s", ErrIncomplete, aboutFile)
	}
	if err != nil {
		return about{}, err
	}
	var a about
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&a); err != nil {
		return about{}, fmt.Errorf("%w: reading %s: %w", ErrRegion, aboutFile, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return about{}, fmt.Errorf("%w: %s goes on after its end", ErrRegion, aboutFile)
	}
	return a, a.check()
}
