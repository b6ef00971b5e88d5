package ca

import (
	"context"
	"encoding/asn1"
	"errors"
	"fmt"

	"yinzheng/internal/gm"
	"yinzheng/internal/keys"
)

const (
	documentPrefix = "document-" // key document-<esID>-<n>
	// maxDocumentKeys bounds the keys that one seal's owner has had: a key ends with its certificate, after five years.
	maxDocumentKeys = 100
)

// documentPurposes are what the certificate is for: signing documents (RFC 9336), and mail, since readers built on NSS verify
// every signature in a document as they verify mail.
var documentPurposes = []asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 36}, {1, 3, 6, 1, 5, 5, 7, 3, 4}}

// DocumentSigner gives the owner of a seal an ECDSA identity beside it, for readers who know no SM2: a P-256 key with the key
// holder and a certificate of the office-document profile under the TLS authority, with the same subject as the seal's. There
// is one at a time: as long as its certificate is good, a second call returns the same. A key whose certificate a crash
// prevented is used. Errors: as IssueTLS, and ErrOffice for what is no seal's identity.
func (r *Region) DocumentSigner(ctx context.Context, seal *gm.Certificate) (Identity, error) {
	id := seal.Subject.CommonName
	if _, _, ok := r.sealNumber(SealKey(id)); !ok {
		return Identity{}, fmt.Errorf("signing documents as %q: %w", id, ErrOffice)
	}
	r.enrolling.Lock()
	defer r.enrolling.Unlock()
	for n := 1; n <= maxDocumentKeys; n++ {
		identity, err := r.documentSigner(ctx, seal, fmt.Sprintf("%s%s-%d", documentPrefix, id, n))
		if errors.Is(err, errSpent) {
			continue
		}
		if err != nil {
			return Identity{}, fmt.Errorf("signing documents as %s: %w", id, err)
		}
		return identity, nil
	}
	return Identity{}, fmt.Errorf("signing documents as %s: %w", id, ErrFull)
}

// errSpent means that a key's certificate is not good any more.
var errSpent = errors.New("ca: the key is spent")

// documentSigner finds or makes the identity of one key.
func (r *Region) documentSigner(ctx context.Context, seal *gm.Certificate, name string) (Identity, error) {
	_, err := r.c.Keys.Create(ctx, keys.Spec{ID: name, Algorithm: keys.P256, Use: keys.Use(ProfileDocument)})
	if err != nil && !errors.Is(err, keys.ErrExists) {
		return Identity{}, fmt.Errorf("making its key: %w", err)
	}
	key, err := r.c.Keys.Signer(ctx, name)
	if err != nil {
		return Identity{}, fmt.Errorf("opening its key: %w", err)
	}
	spki, err := gm.MarshalPublicKey(key.Public())
	if err != nil {
		return Identity{}, fmt.Errorf("encoding a public key: %w", err)
	}
	issued, err := r.known(ctx, ProfileDocument, seal.Subject.CommonName, gm.Sum(spki))
	if err != nil {
		return Identity{}, err
	}
	if issued == nil {
		usage, err := purposes(false, documentPurposes...)
		if err != nil {
			return Identity{}, err
		}
		o := Order{Profile: ProfileDocument, Subject: seal.Subject, By: house}
		o.Subject.Names = nil // those read from the certificate; the attributes say the same
		o.Extensions = append(o.Extensions, usage)
		request, err := gm.CreateRequest(o.Subject, nil, key)
		if err != nil {
			return Identity{}, fmt.Errorf("requesting a certificate: %w", err)
		}
		issued, err = r.IssueTLS(ctx, o, request)
		if errors.Is(err, ErrKeyUsed) {
			return Identity{}, errSpent // its certificate was revoked
		}
		if err != nil {
			return Identity{}, err
		}
	}
	cert, err := gm.ParseCertificate(issued)
	if err != nil {
		return Identity{}, fmt.Errorf("reading back: %w", err)
	}
	if !r.c.Now().Before(cert.NotAfter) {
		return Identity{}, errSpent
	}
	return Identity{Name: name, Certificate: issued, Key: key, cert: cert}, nil
}
