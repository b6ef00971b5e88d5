package tsp

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"fmt"
	"math/big"
	"time"

	"yinzheng/internal/cms"
	"yinzheng/internal/der"
	"yinzheng/internal/gm"
)

// Stamp is what the authority puts into a token.
type Stamp struct {
	Serial   *big.Int      // positive, at most MaxSerial bits, never used before by this authority
	Time     time.Time     // cut to whole seconds
	Accuracy time.Duration // in whole microseconds, at most a day; 0: not stated
}

// ForSM2 reports whether a query is to be answered with an SM2 signature: SM3 goes with SM2, SHA-256 with ECDSA.
func (q *Query) ForSM2() bool { return q.Hash.Equal(der.SM3) }

// CheckPolicy is ErrPolicy when a query wants another policy than anyPolicy: this service registers none of its own.
func (q *Query) CheckPolicy() error {
	if q.Policy != nil && !q.Policy.Equal(der.AnyPolicy) {
		return fmt.Errorf("%v: %w", q.Policy, ErrPolicy)
	}
	return nil
}

// CheckIdentity reports whether a key and its certificate (DER) are for stamping: with SM2, or with ECDSA on P-256. It does not
// judge the certificate's validity: that is up to the time of each token. Errors: ErrSigner.
func CheckIdentity(cert []byte, key crypto.Signer, sm2 bool) error {
	if key == nil {
		return fmt.Errorf("no key: %w", ErrSigner)
	}
	if err := der.Check(cert, der.Limits{MaxBytes: cms.MaxBytes, MaxDepth: cms.MaxDepth}); err != nil {
		return fmt.Errorf("%w: %w", ErrSigner, err)
	}
	signer, err := gm.ParseCertificate(cert)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSigner, err)
	}
	pub, ok := signer.PublicKey.(*ecdsa.PublicKey)
	if !ok || !pub.Equal(key.Public()) {
		return fmt.Errorf("the key is not the certificate's: %w", ErrSigner)
	}
	if sm2 && !gm.IsSM2(pub) || !sm2 && pub.Curve != elliptic.P256() {
		return fmt.Errorf("a key of another algorithm: %w", ErrSigner)
	}
	return checkPurpose(signer)
}

// Answer makes the token that answers a query: under anyPolicy, with the query's imprint and nonce, and with the signer's
// certificate when it was asked for. A query for SM3 needs an SM2 key, one for SHA-256 a key on P-256. The token is verified
// before it is returned. Errors: ErrPolicy, ErrQuery, ErrHash, ErrSigner, and those of cms.Sign and Token.Verify.
func Answer(q *Query, s Stamp, cert []byte, key crypto.Signer) (*Token, error) {
	if err := q.check(); err != nil {
		return nil, fmt.Errorf("answering with a timestamp: %w", err)
	}
	if err := q.CheckPolicy(); err != nil {
		return nil, fmt.Errorf("answering with a timestamp: %w", err)
	}
	at, err := checkStamp(s.Serial, s.Time)
	if err != nil {
		return nil, fmt.Errorf("answering with a timestamp: %w", err)
	}
	if err := CheckIdentity(cert, key, q.ForSM2()); err != nil {
		return nil, fmt.Errorf("answering with a timestamp: %w", err)
	}
	info := tstInfo{policy: der.AnyPolicy, imprint: messageImprint{hash: q.Hash, digest: q.Imprint, bare: q.bare},
		serial: s.Serial, time: at, accuracy: s.Accuracy, nonce: q.Nonce}
	content, err := info.encode()
	if err != nil {
		return nil, fmt.Errorf("answering with a timestamp: %w", err)
	}
	sign := cms.SignECDSA
	if q.ForSM2() {
		sign = cms.Sign
	}
	token, err := sign(content, cert, key, cms.Options{ContentType: der.TSTInfo, SigningTime: at, NoCertificates: !q.CertReq})
	if err != nil {
		return nil, fmt.Errorf("answering with a timestamp: %w", err)
	}
	t, err := readBack(token, cert, q)
	if err != nil {
		return nil, fmt.Errorf("answering with a timestamp: reading it back: %w", err)
	}
	return t, nil
}

func readBack(token, cert []byte, q *Query) (*Token, error) {
	t, err := ParseAny(token)
	if err != nil {
		return nil, err
	}
	if t, err = t.SignedBy(cert); err != nil {
		return nil, err
	}
	return t, t.VerifyAnswer(q)
}
