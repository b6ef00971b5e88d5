package sealing

import (
	"context"
	"fmt"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/pdf/increment"
	"yinzheng/internal/pdf/signature"
	"yinzheng/internal/ses"
)

// Names of PAdES (ETSI EN 319 142-1; ISO 32000-2, 12.8).
const (
	padesFilter    = "Adobe.PPKLite"
	padesSubFilter = "ETSI.CAdES.detached"
	stampSubFilter = "ETSI.RFC3161"
	// padesReserve is the room for an ECDSA signature, two certificates and a timestamp with its own.
	padesReserve = 8192
	// stampReserve is the room for a document timestamp.
	stampReserve = 6144
)

// job is one document on its way.
type job struct {
	*Sealer
	t       *tool
	r       Request
	at      time.Time
	work    *work
	content gm.Digest // dataHash of the seal
}

// sign appends what the profile and the level say.
func (j *job) sign(ctx context.Context) error {
	certify := j.r.Certify
	switch j.r.Profile {
	case ProfileSM2:
		if err := j.sealCMS(ctx, certify); err != nil {
			return err
		}
	case ProfilePAdES:
		if err := j.sealPAdES(ctx, j.r.Places, j.t.picture, certify); err != nil {
			return err
		}
	default:
		if err := j.seal(ctx, certify); err != nil {
			return err
		}
	}
	if j.r.Profile == ProfileDual {
		if err := j.sealPAdES(ctx, nil, nil, 0); err != nil {
			return err
		}
	}
	if j.r.Level.evidence() {
		if err := j.addEvidence(ctx); err != nil {
			return err
		}
	}
	if j.r.Level.archived() {
		return j.stampDocument(ctx)
	}
	return nil
}

// revision prepares a signature on the document as it is now, has it signed, and appends it.
func (j *job) revision(spec increment.Seal, places []Place, hash signature.Hash, sign func(digest []byte) ([]byte, error)) error {
	f, err := j.work.open()
	if err != nil {
		return err
	}
	if spec.Places, err = placesOn(f, places, spec.Timestamp, j.t.seal.Info.Picture); err != nil {
		return err
	}
	prepared, err := increment.Prepare(f, spec)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDocument, err)
	}
	digest, err := j.work.begun(prepared, hash)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDocument, err)
	}
	contents, err := sign(digest)
	if err != nil {
		return err
	}
	appended, err := prepared.Complete(contents)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDocument, err)
	}
	return j.work.ended(appended, prepared.Gap()[0])
}

// seal is ProfileSeal.
func (j *job) seal(ctx context.Context, certify int) error {
	spec := increment.Seal{
		Picture: j.t.picture, Filter: j.c.Filter, SubFilter: j.c.SubFilter, Time: j.at, SignerName: j.t.record.Owner,
		Reason: j.r.Reason, Reserve: j.reserve(j.t), Certify: certify,
	}
	return j.revision(spec, j.r.Places, signature.SM3, func(digest []byte) ([]byte, error) {
		j.content = gm.Digest(digest)
		signed, err := j.signSES(ctx, j.t, j.at, j.content, j.r.Level.stamped())
		if err != nil {
			return nil, err
		}
		return signed.Raw, j.agree(ctx, j.t, signed)
	})
}

// reserve is the room that a seal's signature takes.
func (s *Sealer) reserve(t *tool) int { return len(t.seal.Raw) + len(t.record.Signer) + reserveBeyond }

// signSES makes the SES_Signature over a digest.
func (s *Sealer) signSES(ctx context.Context, t *tool, at time.Time, content gm.Digest, stamped bool) (*ses.Signature, error) {
	var stamp func(d gm.Digest) ([]byte, error)
	if stamped {
		stamp = func(d gm.Digest) ([]byte, error) {
			token, err := s.c.Timestamper.Timestamp(ctx, d)
			if err != nil {
				return nil, err
			}
			return token.DER, nil
		}
	}
	return t.ready.Sign(ses.ToSign{Time: at, DataHash: content, Property: signedPart}, t.key, stamp)
}

// agree asks the second opinion about one document in so many.
func (s *Sealer) agree(ctx context.Context, t *tool, signed *ses.Signature) error {
	if !s.c.Second.due(s.documents.next()) {
		return nil
	}
	if err := s.c.Second.agree(ctx, "document sealed with "+t.record.ID, t.cert, signed.Raw, signed.Value); err != nil {
		return fmt.Errorf("%w: %w", ErrJudged, err)
	}
	return nil
}

// addEvidence appends the certificates and lists that all signatures so far are judged with.
func (j *job) addEvidence(ctx context.Context) error {
	if j.c.Evidence == nil {
		return fmt.Errorf("%w: %s", ErrProfile, j.r.Level)
	}
	e, err := j.c.Evidence(ctx)
	if err != nil {
		return err
	}
	f, err := j.work.open()
	if err != nil {
		return err
	}
	appended, err := increment.WithEvidence(f, signature.DSS{Certs: e.Certificates, CRLs: e.Lists, OCSPs: e.Statuses})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDocument, err)
	}
	return j.work.ended(appended, 0)
}

// stampDocument appends a timestamp over everything.
func (j *job) stampDocument(ctx context.Context) error {
	spec := increment.Seal{Filter: padesFilter, SubFilter: stampSubFilter, Reserve: stampReserve, Timestamp: true}
	if j.r.Profile.foreign() {
		if j.c.Stamp == nil {
			return fmt.Errorf("%w: %s", ErrProfile, j.r.Level)
		}
		return j.revision(spec, nil, signature.SHA256, func(digest []byte) ([]byte, error) { return j.c.Stamp(ctx, [32]byte(digest)) })
	}
	return j.revision(spec, nil, signature.SM3, func(digest []byte) ([]byte, error) {
		token, err := j.c.Timestamper.Timestamp(ctx, gm.Digest(digest))
		if err != nil {
			return nil, err
		}
		return token.DER, nil
	})
}
