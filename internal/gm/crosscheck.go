package gm

import (
	"bytes"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"math/big"

	"github.com/emmansun/gmsm/sm2"
	tjsm2 "github.com/tjfoc/gmsm/sm2"
	tjsm3 "github.com/tjfoc/gmsm/sm3"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// ErrDisagreement means that two independent implementations judge the same signature or digest differently: one of them
// computes wrongly on this machine, and nothing signed here can be trusted until it is known which.
var ErrDisagreement = errors.New("gm: two implementations of SM2 or SM3 disagree")

// CrossCheck asks a second, independent implementation (tjfoc/gmsm) for its opinion of an SM2 signature over msg. Both must
// accept. It costs about a millisecond, so it belongs after the making of certificates and seals and into audits, not into
// hot paths. Errors: ErrSignature when both refuse, ErrDisagreement when they differ.
//
// Only two functions of that library are used, behind our own parser: its own parsers accept trailing bytes and points off
// the curve.
func CrossCheck(pub *ecdsa.PublicKey, msg, sig []byte) error {
	first := Verify(pub, msg, sig) == nil
	digest := Sum(msg)
	if !bytes.Equal(tjsm3.Sm3Sum(msg), digest[:]) {
		return fmt.Errorf("cross-checking a digest: %w", ErrDisagreement)
	}
	second := secondOpinion(pub, msg, sig)
	switch {
	case first && second:
		return nil
	case first != second:
		return fmt.Errorf("cross-checking a signature (%t, %t): %w", first, second, ErrDisagreement)
	default:
		return fmt.Errorf("cross-checking a signature: %w", ErrSignature)
	}
}

func secondOpinion(pub *ecdsa.PublicKey, msg, sig []byte) bool {
	x, y, ok := coordinates(pub)
	if !ok || !onCurve(x, y) || len(msg) == 0 {
		return false
	}
	r, s, err := ParseSignature(sig)
	if err != nil {
		return false
	}
	theirs := &tjsm2.PublicKey{Curve: tjsm2.P256Sm2(), X: x, Y: y}
	return tjsm2.Sm2Verify(theirs, msg, nil, r, s)
}

// ParseSignature reads the DER form SEQUENCE { r INTEGER, s INTEGER } of an SM2 signature: minimal lengths, nothing after
// it, and both numbers from 1 to n−1 (GB/T 35276). Anything else is ErrSignature.
func ParseSignature(sig []byte) (r, s *big.Int, err error) {
	r, s = new(big.Int), new(big.Int)
	in := cryptobyte.String(sig)
	var pair cryptobyte.String
	if !in.ReadASN1(&pair, asn1.SEQUENCE) || !in.Empty() ||
		!pair.ReadASN1Integer(r) || !pair.ReadASN1Integer(s) || !pair.Empty() {
		return nil, nil, fmt.Errorf("reading r and s: %w", ErrSignature)
	}
	n := sm2.P256().Params().N
	if r.Sign() <= 0 || s.Sign() <= 0 || r.Cmp(n) >= 0 || s.Cmp(n) >= 0 {
		return nil, nil, fmt.Errorf("reading r and s: out of range: %w", ErrSignature)
	}
	return r, s, nil
}

// RawSignatureSize is the length of a signature that is r and s as they are, 32 bytes each, as some vendors write it.
const RawSignatureSize = 64

// SignatureToDER returns the DER form of a signature that may be r and s as they are; raw reports that it was. What is read as
// DER is never read as r and s. Errors: ErrSignature, also for r or s out of range.
func SignatureToDER(sig []byte) (der []byte, raw bool, err error) {
	if _, _, err = ParseSignature(sig); err == nil || len(sig) != RawSignatureSize {
		return sig, false, err
	}
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1BigInt(new(big.Int).SetBytes(sig[:RawSignatureSize/2]))
		b.AddASN1BigInt(new(big.Int).SetBytes(sig[RawSignatureSize/2:]))
	})
	if der, err = b.Bytes(); err != nil {
		return nil, true, fmt.Errorf("writing r and s: %w", err)
	}
	_, _, err = ParseSignature(der)
	return der, true, err
}

// coordinates returns copies of the coordinates of an SM2 key.
func coordinates(pub *ecdsa.PublicKey) (x, y *big.Int, ok bool) {
	if pub == nil || !sm2.IsSM2PublicKey(pub) {
		return nil, nil, false
	}
	//nolint:staticcheck // crypto/ecdsa writes points of its own curves only, and the other library takes big.Int
	if x, y = pub.X, pub.Y; x == nil || y == nil {
		return nil, nil, false
	}
	return new(big.Int).Set(x), new(big.Int).Set(y), true
}

// onCurve checks y² = x³ − 3x + b over the field of sm2p256v1 by plain arithmetic, so that the second opinion depends on
// neither library's own check.
func onCurve(x, y *big.Int) bool {
	params := sm2.P256().Params()
	p := params.P
	if x.Sign() < 0 || y.Sign() < 0 || x.Cmp(p) >= 0 || y.Cmp(p) >= 0 {
		return false
	}
	right := new(big.Int).Mul(x, x)
	right.Sub(right, big.NewInt(3))
	right.Mul(right, x)
	right.Add(right, params.B)
	right.Mod(right, p)
	left := new(big.Int).Mul(y, y)
	left.Mod(left, p)
	return left.Cmp(right) == 0
}
