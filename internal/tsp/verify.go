package tsp

import (
	"bytes"
	"encoding/asn1"
	"errors"
	"fmt"

	"yinzheng/internal/der"
	"yinzheng/internal/gm"
)

// ErrAnswer means that a token is not the answer to a query: another nonce or policy, or the certificate is embedded though it
// was not asked for, or missing though it was.
var ErrAnswer = errors.New("tsp: token does not answer the query")

// Verify checks that the token stamps imprint, a digest of SM3, that its signer may sign timestamps and was valid at that
// time, the named certificate (ESS) and the signature. The chain and revocation are not judged here. Errors: ErrImprint,
// ErrSigner, those of cms.SignedData.Verify, and gm.ErrSignature.
func (t *Token) Verify(imprint gm.Digest) error {
	if t != nil && t.foreign != nil {
		if !t.Hash.Equal(der.SM3) {
			return fmt.Errorf("verifying a timestamp: %w", ErrImprint)
		}
		return t.VerifyDigest(imprint[:])
	}
	if _, err := t.verify(der.SM3, imprint[:]); err != nil {
		return fmt.Errorf("verifying a timestamp: %w", err)
	}
	return nil
}

// VerifyAnswer is Verify for a token that was asked for by a query, of either hash, and checks what RFC 3161, 2.4.2 asks of an
// answer. Errors: those of Verify, and ErrAnswer.
func (t *Token) VerifyAnswer(q *Query) error {
	info, err := t.verify(q.Hash, q.Imprint)
	if err != nil {
		return fmt.Errorf("verifying a timestamp: %w", err)
	}
	switch {
	case (q.Nonce == nil) != (info.nonce == nil) || q.Nonce != nil && q.Nonce.Cmp(info.nonce) != 0:
		return fmt.Errorf("verifying a timestamp: nonce: %w", ErrAnswer)
	case q.Policy != nil && !q.Policy.Equal(info.policy):
		return fmt.Errorf("verifying a timestamp: policy %v: %w", info.policy, ErrAnswer)
	case q.CertReq != (len(t.signed.Certificates) > 0):
		return fmt.Errorf("verifying a timestamp: certificates: %w", ErrAnswer)
	}
	return nil
}

func (t *Token) verify(hash asn1.ObjectIdentifier, imprint []byte) (*tstInfo, error) {
	if t == nil || t.signed == nil {
		return nil, fmt.Errorf("nothing was parsed: %w", ErrFormat)
	}
	info, err := readInfo(t.signed.Content) // the signed bytes, whatever became of the fields
	if err != nil {
		return nil, err
	}
	if !info.imprint.hash.Equal(hash) || !bytes.Equal(info.imprint.digest, imprint) {
		return nil, ErrImprint
	}
	if t.signed.Signer == nil {
		return nil, fmt.Errorf("its certificate is not known: %w", ErrSigner)
	}
	if err := checkSigner(t.signed.Signer, info.time); err != nil {
		return nil, err
	}
	return info, t.signed.Verify()
}

// CrossCheck asks a second implementation for its opinion of an SM2 signature; it does nothing for ECDSA. Errors: those of
// cms.SignedData.CrossCheck.
func (t *Token) CrossCheck() error {
	if t != nil && t.foreign != nil {
		return t.foreign.CrossCheck()
	}
	if t == nil || t.signed == nil {
		return fmt.Errorf("cross-checking a timestamp: nothing was parsed: %w", ErrFormat)
	}
	if err := t.signed.CrossCheck(); err != nil {
		return fmt.Errorf("cross-checking a timestamp: %w", err)
	}
	return nil
}
