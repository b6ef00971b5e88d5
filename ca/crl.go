package ca

import (
	"fmt"
	"math/big"
	"time"

	"yinzheng/internal/gm"
)

// crlLife is how long a revocation list may be relied on: a week, so that an offline verifier with a fresh trust list
// gets through a holiday, and a stolen key is not trusted for long.
const crlLife = 7 * 24 * time.Hour

// Revocation is one revoked certificate.
type Revocation struct {
	Serial *big.Int
	At     time.Time
	Reason int // RFC 5280, 5.3.1: 1 key compromise, 4 superseded, 5 cessation of operation; 0 unspecified
}

// CRL signs the issuing CA's list of revoked certificates (RFC 5280, 5), DER. Its number is the second it was made in,
// so later lists have greater ones. Without revocations the list is empty, which also is a statement.
func (r *Region) CRL(now time.Time, revoked ...Revocation) ([]byte, error) {
	now = now.UTC().Truncate(time.Second)
	template := &gm.CRL{
		Number:     big.NewInt(now.Unix()),
		ThisUpdate: now,
		NextUpdate: now.Add(crlLife),
	}
	for _, v := range revoked {
		template.RevokedCertificateEntries = append(template.RevokedCertificateEntries, gm.CRLEntry{
			SerialNumber: v.Serial, RevocationTime: v.At.UTC().Truncate(time.Second), ReasonCode: v.Reason,
		})
	}
	issuer := r.parsed[roleAuthority]
	der, err := gm.CreateCRL(template, issuer, r.sm2[roleAuthority].Key)
	if err != nil {
		return nil, fmt.Errorf("signing the revocation list: %w", err)
	}
	back, err := gm.ParseCRL(der)
	if err != nil {
		return nil, fmt.Errorf("signing the revocation list: reading back: %w", err)
	}
	if err := gm.CheckCRL(back, issuer); err != nil {
		return nil, fmt.Errorf("signing the revocation list: verifying back: %w", err)
	}
	return der, nil
}
