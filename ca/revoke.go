package ca

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"yinzheng/internal/gm"
)

// ErrReason means that a reason for revoking is none of those that an end entity's certificate may have.
var ErrReason = errors.New("ca: reason for revoking is not one of 0, 1, 3, 4, 5, 9")

// Reasons for revoking (RFC 5280, 5.3.1). Others concern authorities or lists of a kind that we do not make; a hold (6) is
// not given: a seal is suspended in its book, and a certificate once revoked stays so.
const (
	Unspecified          = 0
	KeyCompromise        = 1
	AffiliationChanged   = 3
	Superseded           = 4
	CessationOfOperation = 5
	PrivilegeWithdrawn   = 9
)

func checkReason(reason int) error {
	if !slices.Contains([]int{Unspecified, KeyCompromise, AffiliationChanged, Superseded, CessationOfOperation, PrivilegeWithdrawn}, reason) {
		return fmt.Errorf("%w: %d", ErrReason, reason)
	}
	return nil
}

// Revoke revokes a certificate of one of our issuing CAs by the CA's key identifier and the serial number in decimal.
// Errors: ErrReason, ErrNoCertificate, ErrRevoked.
func (r *Region) Revoke(ctx context.Context, authority, serial string, reason int) error {
	if err := checkReason(reason); err != nil {
		return fmt.Errorf("revoking %s: %w", serial, err)
	}
	now, err := r.now()
	if err != nil {
		return fmt.Errorf("revoking %s: %w", serial, err)
	}
	if err := r.c.Books.Revoke(ctx, authority, serial, reason, now); err != nil {
		return fmt.Errorf("revoking %s: %w", serial, err)
	}
	return nil
}

// recorded finds a certificate of ours in the register.
func (r *Region) recorded(ctx context.Context, der []byte) (Record, error) {
	c, err := gm.ParseCertificate(der)
	if err != nil {
		return Record{}, fmt.Errorf("%w: %w", ErrNoCertificate, err)
	}
	return r.c.Books.Certificate(ctx, hex.EncodeToString(c.AuthorityKeyId), c.SerialNumber.String())
}

// Recorded finds a certificate of ours in the register: ErrNoCertificate.
func (r *Region) Recorded(ctx context.Context, der []byte) (Record, error) {
	return r.recorded(ctx, der)
}

// Critical reports whether a certificate is one whose revocation needs two people: everything that the house itself stands
// on.
func (c Record) Critical() bool {
	return !slices.Contains([]string{ProfileOfficeSeal, ProfileSign, ProfileEncrypt, ProfileTLSServer, ProfileTLSClient, ProfileFabricMSP}, c.Profile)
}

// Issuer is an authority as its revocation lists and status answers need it.
type Issuer struct {
	Identity
	Responder Identity // signs its status answers
}

// Issuers returns every generation of both issuing CAs that has its key, newest first in each hierarchy.
func (r *Region) Issuers() []Issuer {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var out []Issuer
	for ca, responder := range map[string]string{roleAuthority: roleOCSP, roleTLS: roleTLSOCSP} {
		for _, id := range r.identities[ca] {
			if id.Key == nil {
				continue
			}
			issuer := Issuer{Identity: id}
			for _, candidate := range r.identities[responder] { // a delegated responder is certified by the CA it answers for
				if candidate.Key != nil && slices.Equal(candidate.cert.AuthorityKeyId, id.cert.SubjectKeyId) {
					issuer.Responder = candidate
				}
			}
			out = append(out, issuer)
		}
	}
	slices.SortFunc(out, func(a, b Issuer) int { return -1 * compareNames(a.Name, b.Name) })
	return out
}

// compareNames orders generations: shorter names first, then by letters.
func compareNames(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return slices.Compare([]byte(a), []byte(b))
}
