package ca

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"yinzheng/internal/gm"
	"yinzheng/internal/keys"
)

// ErrNoEnvelope means that the holder of the keys cannot give an encryption key to its owner.
var ErrNoEnvelope = errors.New("ca: the key holder keeps no encryption keys")

// Dual is a pair of certificates of one subject (双证书; GB/T 20518, GM/T 0015): the key of the first was made by its owner and
// never left there, the key of the second was made by the key service and reaches the owner in an envelope.
type Dual struct {
	Sign      []byte // certificate, DER: digitalSignature, nonRepudiation
	Encrypt   []byte // certificate, DER: keyEncipherment, dataEncipherment, keyAgreement
	Enveloped []byte // SM2EnvelopedKey (GB/T 35276) of the encryption key, for the signing key
}

// IssueDual issues both certificates for the holder of the key of a PKCS#10 request (DER). The same request of the same
// caller again gives the same pair: what a crash interrupted is completed.
func (r *Region) IssueDual(ctx context.Context, by string, csr []byte) (Dual, error) {
	o, err := ParseOrder(csr, ProfileSign, by)
	if err != nil {
		return Dual{}, err
	}
	d, err := r.issueDual(ctx, o)
	if err != nil {
		return Dual{}, fmt.Errorf("issuing a pair for %q: %w", o.Subject.CommonName, err)
	}
	return d, nil
}

func (r *Region) issueDual(ctx context.Context, o Order) (d Dual, err error) {
	service, ok := r.c.Keys.(keys.Enveloper)
	if !ok {
		return d, ErrNoEnvelope
	}
	owner, err := gm.MarshalPublicKey(o.Key)
	if err != nil {
		return d, fmt.Errorf("%w: %w", ErrKey, err)
	}
	if d.Sign, err = r.once(ctx, o); err != nil {
		return d, err
	}
	// The name of the encryption key follows from the signing key, so that a second try finds it.
	id := encryptionKeyID(owner)
	if _, err := r.c.Keys.Create(ctx, keys.Spec{ID: id, Algorithm: keys.SM2, Use: keys.UseEncryption}); err != nil && !errors.Is(err, keys.ErrExists) {
		return d, fmt.Errorf("making the encryption key: %w", err)
	}
	pub, err := r.publicOf(ctx, id)
	if err != nil {
		return d, err
	}
	second := o
	second.Profile, second.Key = ProfileEncrypt, pub
	if d.Encrypt, err = r.once(ctx, second); err != nil {
		return d, err
	}
	d.Enveloped, err = service.Envelop(ctx, id, owner)
	return d, err
}

// once issues, or finds what was issued to the same caller for the same key and name.
func (r *Region) once(ctx context.Context, o Order) ([]byte, error) {
	der, err := r.IssueSM2(ctx, o)
	return r.repeated(ctx, o, der, err)
}

// repeated turns ErrKeyUsed into the certificate that the same caller was given for the same key, names and profile.
func (r *Region) repeated(ctx context.Context, o Order, der []byte, err error) ([]byte, error) {
	if !errors.Is(err, ErrKeyUsed) {
		return der, err
	}
	spki, encoding := gm.MarshalPublicKey(o.Key)
	if encoding != nil {
		return nil, encoding
	}
	found, _, looking := r.c.Books.Certificates(ctx, Query{Limit: MaxPage, Name: o.Subject.CommonName, Profile: o.Profile, State: Good})
	if looking != nil {
		return nil, looking
	}
	for _, c := range found {
		if c.Key == gm.Sum(spki) && c.By == o.By && slices.Equal(c.SANs, o.Hosts) {
			return c.DER, nil
		}
	}
	return nil, err
}

// publicOf finds a key's public half in the inventory.
func (r *Region) publicOf(ctx context.Context, id string) (any, error) {
	all, err := r.c.Keys.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the inventory: %w", err)
	}
	for _, k := range all {
		if k.ID == id {
			return gm.ParsePublicKey(k.Public)
		}
	}
	return nil, fmt.Errorf("%w: %s", keys.ErrNoKey, id)
}

// encryptionKeyID names the encryption key that belongs to a signing key: the SM3 of the latter, cut to the length of a name.
func encryptionKeyID(owner []byte) string {
	return "enc-" + gm.Sum(owner).String()[:40]
}

// Recover gives the encryption key of a signing certificate to a new signing key of the same owner, e.g. after a device was
// lost: old and renewed are certificates of one subject, and the new one is good.
func (r *Region) Recover(ctx context.Context, old, renewed []byte) ([]byte, error) {
	service, ok := r.c.Keys.(keys.Enveloper)
	if !ok {
		return nil, ErrNoEnvelope
	}
	was, err := r.recorded(ctx, old)
	if err != nil {
		return nil, fmt.Errorf("recovering an encryption key: %w", err)
	}
	is, err := r.recorded(ctx, renewed)
	if err != nil {
		return nil, fmt.Errorf("recovering an encryption key: %w", err)
	}
	if is.State != Good || is.Profile != ProfileSign || was.Profile != ProfileSign || is.Name != was.Name {
		return nil, fmt.Errorf("recovering an encryption key: %w: not two signing certificates of one subject", ErrConstraint)
	}
	before, err := spkiOf(was.DER)
	if err != nil {
		return nil, err
	}
	after, err := spkiOf(is.DER)
	if err != nil {
		return nil, err
	}
	return service.Envelop(ctx, encryptionKeyID(before), after)
}

func spkiOf(der []byte) ([]byte, error) {
	c, err := gm.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return c.RawSubjectPublicKeyInfo, nil
}
