package tsp

import (
	"bytes"
	"fmt"

	"yinzheng/internal/cms"
	"yinzheng/internal/der"
)

// Parse reads exactly one canonical token over SM3, signed with SM2, that holds its signer's certificate: what it accepts
// re-encodes to the same bytes. It checks no signature; Verify does. Tokens with extensions are refused. Errors: ErrFormat.
func Parse(b []byte) (*Token, error) {
	signed, err := cms.Parse(b)
	if err != nil {
		return nil, fmt.Errorf("parsing a timestamp: %w: %w", ErrFormat, err)
	}
	t, err := read(signed)
	if err != nil {
		return nil, fmt.Errorf("parsing a timestamp: %w", err)
	}
	if !t.Hash.Equal(der.SM3) || t.bare {
		return nil, fmt.Errorf("parsing a timestamp: not an imprint of SM3 in its one form: %w", ErrFormat)
	}
	return t, nil
}

// ParseAny is Parse that also reads tokens over SHA-256 signed with ECDSA on P-256, imprints whose algorithm has no NULL, and
// tokens without the signer's certificate: Signer is then nil until SignedBy names it.
func ParseAny(b []byte) (*Token, error) {
	signed, err := cms.ParseAny(b)
	if err != nil {
		return nil, fmt.Errorf("parsing a timestamp: %w: %w", ErrFormat, err)
	}
	t, err := read(signed)
	if err != nil {
		return nil, fmt.Errorf("parsing a timestamp: %w", err)
	}
	return t, nil
}

func read(signed *cms.SignedData) (*Token, error) {
	if !signed.ContentType.Equal(der.TSTInfo) {
		return nil, fmt.Errorf("content type %v: %w", signed.ContentType, ErrFormat)
	}
	info, err := readInfo(signed.Content)
	if err != nil {
		return nil, err
	}
	t := info.token()
	t.DER, t.Signer, t.Certificates, t.signed = signed.Raw, signed.Signer, signed.Certificates, signed
	return t, nil
}

// SignedBy returns the token with its signer's certificate (DER), for one that was made without. Errors: ErrSigner, when it is
// another certificate.
func (t *Token) SignedBy(cert []byte) (*Token, error) {
	if t != nil && t.foreign != nil {
		if !bytes.Equal(cert, t.foreign.Signer) {
			return nil, fmt.Errorf("naming the signer of a timestamp: another certificate is embedded: %w", ErrSigner)
		}
		return t, nil
	}
	if t == nil || t.signed == nil {
		return nil, fmt.Errorf("naming the signer of a timestamp: nothing was parsed: %w", ErrFormat)
	}
	signed, err := t.signed.SignedBy(cert)
	if err != nil {
		return nil, fmt.Errorf("naming the signer of a timestamp: %w: %w", ErrSigner, err)
	}
	return read(signed)
}
