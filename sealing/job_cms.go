package sealing

import (
	"context"
	"crypto/sha256"
	"fmt"

	"yinzheng/internal/cms"
	"yinzheng/internal/gm"
	"yinzheng/internal/pdf/increment"
	"yinzheng/internal/pdf/signature"
)

// sealCMS is ProfileSM2.
func (j *job) sealCMS(ctx context.Context, certify int) error {
	if j.c.Chain == nil {
		return fmt.Errorf("%w: %s", ErrProfile, ProfileSM2)
	}
	chain, err := j.c.Chain(j.t.cert)
	if err != nil {
		return err
	}
	spec := increment.Seal{
		Picture: j.t.picture, Filter: j.c.Filter, SubFilter: j.c.SubFilterCMS, Time: j.at, SignerName: j.t.record.Owner,
		Reason: j.r.Reason, Reserve: padesReserve, Certify: certify,
	}
	return j.revision(spec, j.r.Places, signature.SM3, func(digest []byte) ([]byte, error) {
		j.content = gm.Digest(digest)
		signed, err := cms.SignDetached(digest, j.t.record.Signer, j.t.key, cms.Options{Chain: chain, SigningTime: j.at})
		if err != nil || !j.r.Level.stamped() {
			return signed, err
		}
		return j.stamped(signed, func(value []byte) ([]byte, error) {
			token, err := j.c.Timestamper.Timestamp(ctx, gm.Sum(value))
			if err != nil {
				return nil, err
			}
			return token.DER, nil
		})
	})
}

// stamped puts a timestamp over the signature value into a CMS signature.
func (j *job) stamped(signed []byte, stamp func(value []byte) ([]byte, error)) ([]byte, error) {
	parsed, err := cms.ParseDetached(signed)
	if err != nil {
		return nil, err
	}
	token, err := stamp(parsed.Value)
	if err != nil {
		return nil, err
	}
	return cms.AddTimestamp(signed, token)
}

// sealPAdES is ProfilePAdES, and the second half of ProfileDual.
func (j *job) sealPAdES(ctx context.Context, places []Place, picture *increment.Picture, certify int) error {
	if j.c.Foreign == nil || j.c.Stamp == nil {
		return fmt.Errorf("%w: %s", ErrProfile, ProfilePAdES)
	}
	who, err := j.c.Foreign(ctx, j.t.cert)
	if err != nil {
		return err
	}
	spec := increment.Seal{
		Picture: picture, Filter: padesFilter, SubFilter: padesSubFilter, Time: j.at, SignerName: j.t.record.Owner, Reason: j.r.Reason,
		Reserve: padesReserve, Certify: certify,
	}
	return j.revision(spec, places, signature.SHA256, func(digest []byte) ([]byte, error) {
		if j.content.IsZero() {
			j.content = j.work.hash.SM3()
		}
		signed, err := cms.SignDetached(digest, who.Certificate, who.Key, cms.Options{Chain: who.Chain})
		if err != nil || !j.r.Level.stamped() {
			return signed, err
		}
		return j.stamped(signed, func(value []byte) ([]byte, error) { return j.c.Stamp(ctx, sha256.Sum256(value)) })
	})
}
