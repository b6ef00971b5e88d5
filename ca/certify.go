package ca

import (
	"bytes"
	"context"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/cloudflare/cfssl/csr"

	"yinzheng/internal/durable"
	"yinzheng/internal/gm"
)

// certify issues the certificate of a service of ours, whose key is with the holder, and writes its file. One that is in
// the register already, whose file a crash prevented, is only written.
func (r *Region) certify(ctx context.Context, role role, name string) error {
	key, err := r.c.Keys.Signer(ctx, name)
	if err != nil {
		return fmt.Errorf("opening the key of %s: %w", name, err)
	}
	spki, err := gm.MarshalPublicKey(key.Public())
	if err != nil {
		return err
	}
	o := Order{Profile: role.profile, Subject: r.about.subject(role), Key: key.Public(), By: house}
	der, err := r.known(ctx, role.profile, o.Subject.CommonName, gm.Sum(spki))
	switch {
	case err != nil:
		return err
	case der != nil: // it was signed before
	case role.issuer == roleTLS:
		if role.profile == ProfileTLSTimestamp {
			only, err := timestampingOnly()
			if err != nil {
				return err
			}
			o.Extensions = []pkix.Extension{only}
		}
		request, err := gm.CreateRequest(o.Subject, nil, key)
		if err != nil {
			return err
		}
		if der, err = r.IssueTLS(ctx, o, request); err != nil {
			return err
		}
	default:
		if der, err = r.IssueSM2(ctx, o); err != nil {
			return err
		}
	}
	err = durable.CreateFile(r.path(certsDir, name, certSuffix), PEM(der), certMode)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// known finds the good certificate of a key in the register; nil when there is none.
func (r *Region) known(ctx context.Context, profile, name string, key gm.Digest) ([]byte, error) {
	for after := int64(0); ; {
		found, last, err := r.c.Books.Certificates(ctx, Query{After: after, Limit: MaxPage, Name: name, Profile: profile, State: Good})
		if err != nil {
			return nil, fmt.Errorf("looking into the register: %w", err)
		}
		for _, c := range found {
			if c.Key == key {
				return c.DER, nil
			}
		}
		if len(found) < MaxPage {
			return nil, nil
		}
		after = last
	}
}

// namesOf writes the attributes of a subject beside the common name as cfssl takes them.
func namesOf(s pkix.Name) []csr.Name {
	at := func(list []string, i int) string {
		if i < len(list) {
			return list[i]
		}
		return ""
	}
	var names []csr.Name
	for i := range max(len(s.Country), len(s.Organization), len(s.OrganizationalUnit)) {
		names = append(names, csr.Name{C: at(s.Country, i), O: at(s.Organization, i), OU: at(s.OrganizationalUnit, i)})
	}
	return names
}

func named(cn string) pkix.Name { return pkix.Name{CommonName: cn} }

// readCrossed reads the cross-certificates that were imported: cross-<n>.pem, issued by a root of ours.
func (r *Region) readCrossed(roots []Identity) ([]Identity, error) {
	var out []Identity
	for n := 1; n <= maxGenerations; n++ {
		name := generation("cross", n)
		der, err := readCert(filepath.Join(r.c.Dir, certsDir, name+certSuffix))
		if errors.Is(err, fs.ErrNotExist) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		id, err := crossIdentity(name, der, roots)
		if err != nil {
			return nil, err
		}
		out = append(out, id)
	}
	return out, nil
}

// crossIdentity checks that one of our roots issued a cross-certificate.
func crossIdentity(name string, der []byte, roots []Identity) (Identity, error) {
	cert, err := gm.ParseCertificate(der)
	if err != nil {
		return Identity{}, fmt.Errorf("reading the certificate of %s: %w", name, err)
	}
	for _, root := range roots {
		if gm.CheckIssued(cert, root.cert) == nil && cert.IsCA {
			return Identity{Name: name, Certificate: der, cert: cert}, nil
		}
	}
	return Identity{}, fmt.Errorf("%w: %s is not signed by a root of ours", ErrMismatch, name)
}

// DecodeCertificate reads a certificate in PEM or DER and returns its DER.
func DecodeCertificate(b []byte) ([]byte, error) {
	if len(b) > 0 && b[0] == 0x30 {
		return b, nil
	}
	block, _ := pem.Decode(b)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, fmt.Errorf("%w: not a certificate", ErrMismatch)
	}
	return block.Bytes, nil
}

// Issued reports nil when a certificate was signed by an authority of ours, of whatever generation: ErrMismatch.
func (r *Region) Issued(cert *gm.Certificate) error {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, role := range roles() {
		for _, id := range r.identities[role.name] {
			if id.cert.IsCA && bytes.Equal(id.cert.SubjectKeyId, cert.AuthorityKeyId) {
				return checkIssued(cert, id.cert)
			}
		}
	}
	return fmt.Errorf("%w: nobody here issued %s", ErrMismatch, cert.SerialNumber)
}
