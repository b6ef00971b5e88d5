package gm

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"math/big"
	"sync"

	"crypto/x509/pkix"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
)

// draftKey signs drafts: a key of this process that no certificate names and nobody keeps.
var draftKey = sync.OnceValues(func() (*sm2.PrivateKey, error) { return sm2.GenerateKey(rand.Reader) })

// DraftCertificate returns what CreateCertificate would sign for an SM2 issuer, signed by a throw-away key: it can be read
// and linted like the real one, and proves nothing.
func DraftCertificate(template, parent *Certificate, pub crypto.PublicKey) (*Certificate, error) {
	if template == nil || parent == nil || len(parent.SubjectKeyId) == 0 {
		return nil, fmt.Errorf("drafting a certificate: no subject key identifier: %w", ErrParent)
	}
	if template.SerialNumber == nil || template.SerialNumber.Sign() <= 0 || template.SerialNumber.BitLen() > 159 {
		return nil, errors.New("gm: drafting a certificate: the serial number is not a positive number of at most 20 bytes")
	}
	key, err := draftKey()
	if err != nil {
		return nil, fmt.Errorf("drafting a certificate: %w", err)
	}
	withAlgorithm, issuer := *template, *parent
	withAlgorithm.SignatureAlgorithm = SM2WithSM3
	issuer.PublicKey = &key.PublicKey
	der, err := smx509.CreateCertificate(rand.Reader, &withAlgorithm, &issuer, pub, key)
	if err != nil {
		return nil, fmt.Errorf("drafting a certificate: %w", err)
	}
	draft, err := smx509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("drafting a certificate: reading it back: %w", err)
	}
	return draft, nil
}

// SignDraft signs exactly the bytes of a draft by parent's SM2 key and returns the certificate's DER, having verified it
// with both libraries. Errors: ErrParent, ErrNotSM2, ErrDisagreement.
func SignDraft(draft, parent *Certificate, key crypto.Signer) ([]byte, error) {
	if !IsSM2(key.Public()) {
		return nil, fmt.Errorf("signing a certificate: %w", ErrNotSM2)
	}
	if !equalKeys(parent.PublicKey, key.Public()) {
		return nil, fmt.Errorf("signing a certificate: the key is not the parent's: %w", ErrParent)
	}
	sig, err := Sign(key, draft.RawTBSCertificate)
	if err != nil {
		return nil, fmt.Errorf("signing a certificate: %w", err)
	}
	der, err := WithSignature(draft, sig)
	if err != nil {
		return nil, fmt.Errorf("signing a certificate: %w", err)
	}
	made, err := smx509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("signing a certificate: reading it back: %w", err)
	}
	if err := CrossCheck(key.Public().(*ecdsa.PublicKey), made.RawTBSCertificate, made.Signature); err != nil {
		return nil, fmt.Errorf("signing a certificate: %w", err)
	}
	return der, nil
}

// WithSignature returns the DER of a draft with another signature under it, of the same algorithm. It verifies nothing.
func WithSignature(draft *Certificate, sig []byte) ([]byte, error) {
	var outer struct {
		TBS       asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}
	if rest, err := asn1.Unmarshal(draft.Raw, &outer); err != nil || len(rest) != 0 {
		return nil, fmt.Errorf("reading the draft: %w", errors.Join(err, ErrParent))
	}
	outer.Signature = asn1.BitString{Bytes: sig, BitLength: 8 * len(sig)}
	return asn1.Marshal(outer)
}

// serialBytes is the length of a serial number: beyond guessing, within the 20 octets of RFC 5280, 4.1.2.2.
const serialBytes = 16

// NewSerial makes a positive random serial number of always the same length.
func NewSerial(random io.Reader) (*big.Int, error) {
	b := make([]byte, serialBytes)
	if _, err := io.ReadFull(random, b); err != nil {
		return nil, fmt.Errorf("making a serial number: %w", err)
	}
	b[0] = b[0]&0x7f | 0x40
	return new(big.Int).SetBytes(b), nil
}
