package house

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"yinzheng/ca"
	"yinzheng/internal/auth"
	"yinzheng/internal/gm"
	"yinzheng/sealing"
)

// sealSweep is how often seals are looked through for one that has ended, or whose certificate waits to be revoked.
const sealSweep = time.Minute

// firstSeal is the reason that a house gives where there are no people yet.
const firstSeal = "first seal of the office"

// The roles that a house plays itself where there are no people yet: a demonstration, a measurement, a test. They are three, as
// the rules on managing seals want, and their names say what they are.
func sealRoles() (applicant, approver, maker auth.Caller) {
	return auth.Caller{ID: "seal-applicant", Actions: []auth.Action{auth.ApplySeal}},
		auth.Caller{ID: "seal-approver", Actions: []auth.Action{auth.DecideSeal}},
		auth.Caller{ID: "seal-maker", Actions: []auth.Action{auth.MakeSeal}}
}

// openSeals opens the register of seals: numbers and certificates come from the region.
func (h *House) openSeals() (err error) {
	maker, err := sealing.NewMaker(sealing.MakerConfig{
		Certificate: h.Region.SealMaker().Certificate, Key: h.Region.SealMaker().Key, Now: h.cfg.Now, Second: h.second(),
	})
	if err != nil {
		return fmt.Errorf("opening the seal maker : %w", err)
	}
	h.Seals, err = sealing.NewLife(sealing.LifeConfig{
		Register: h.DB, Audit: h.DB, Maker: maker, Number: h.sealNumber, Certify: h.certifySeal, Revoke: h.revokeSeal, Now: h.cfg.Now, OnStep: h.cfg.OnStep,
	})
	if err != nil {
		return fmt.Errorf("opening the register of seals : %w", err)
	}
	return nil
}

// sealNumber returns the number after the greatest that any seal or key has.
func (h *House) sealNumber(ctx context.Context) (string, error) {
	last, err := h.Region.LastSeal(ctx)
	if err != nil {
		return "", err
	}
	id, err := h.DB.LastSeal(ctx, h.Region.Code())
	if err != nil {
		return "", err
	}
	if id != "" {
		n, err := strconv.Atoi(strings.TrimPrefix(id, h.Region.Code()))
		if err != nil {
			return "", fmt.Errorf("reading the number of seal %s: %w", id, err)
		}
		last = max(last, n)
	}
	return h.Region.SealNumber(last + 1)
}

// certifySeal gives a seal its key and certificate; again the same for the same seal.
func (h *House) certifySeal(ctx context.Context, r sealing.Record) ([]byte, error) {
	id, err := h.Region.Enrol(ctx, ca.Office{Name: r.Owner, Code: r.Office, Seal: r.ID})
	return id.Certificate, err
}

// revokeSeal has the CA revoke the certificate of a seal: the trust file and the lists say so from then on. There is no hold for a
// seal that is suspended: its key is here and signs nothing, and a certificate once revoked stays so.
func (h *House) revokeSeal(ctx context.Context, certificate []byte, compromised bool) error {
	c, err := gm.ParseCertificate(certificate)
	if err != nil {
		return fmt.Errorf("reading the certificate: %w", err)
	}
	reason := ca.CessationOfOperation
	if compromised {
		reason = ca.KeyCompromise
	}
	err = h.Region.Revoke(ctx, hex.EncodeToString(c.AuthorityKeyId), c.SerialNumber.String(), reason)
	if errors.Is(err, ca.ErrRevoked) {
		err = nil // before a crash
	}
	h.Revoked.Notice()
	return err
}

// keepSeals ends seals in time and completes what a crash left of ending one.
func (h *House) keepSeals(ctx context.Context) error {
	for {
		if n, err := h.Seals.Sweep(ctx); err != nil && ctx.Err() == nil {
			h.cfg.Log.ErrorContext(ctx, "sweeping the seals", "err", err)
		} else if n > 0 {
			h.cfg.Log.WarnContext(ctx, "seals were ended, or their certificates revoked", "count", n)
		}
		select {
		case <-time.After(sealSweep):
		case <-ctx.Done():
			return nil
		}
	}
}

// MakeSeal leads the seal of an office from application to use, for a house that has no people yet; an office that has one in use
// keeps it, and one that a crash left on its way goes on. Its use is authorised for every matter of the office.
func (h *House) MakeSeal(ctx context.Context, code, name string) (sealing.Record, error) {
	if record, err := h.DB.SealOf(ctx, code); err == nil || !errors.Is(err, sealing.ErrNoSeal) {
		return record, err
	}
	record, err := h.begunSeal(ctx, code, name)
	for err == nil && record.State != sealing.SealActive {
		id := record.ID
		if record, err = h.leadSeal(ctx, record); errors.Is(err, sealing.ErrMoved) {
			record, err = h.DB.Seal(ctx, id) // by another process
		}
	}
	if err != nil {
		return sealing.Record{}, fmt.Errorf("making the seal : %w", err)
	}
	return record, nil
}

// begunSeal finds what an earlier call left on its way, or applies.
func (h *House) begunSeal(ctx context.Context, code, name string) (sealing.Record, error) {
	applicant, _, _ := sealRoles()
	ended := 0
	for after := ""; ; {
		found, err := h.DB.Seals(ctx, sealing.Query{Office: code, After: after})
		if err != nil {
			return sealing.Record{}, err
		}
		for _, r := range found {
			after = r.ID
			if r.Applicant == applicant.ID && !r.State.Final() {
				return r, nil
			}
			ended++
		}
		if len(found) < sealing.MaxPage {
			break
		}
	}
	return h.Seals.Apply(ctx, applicant, sealing.Application{
		Office: code, Owner: name, Look: sealing.Look{Line: sealLine}, Why: firstSeal, Key: fmt.Sprintf("first %s %d", code, ended),
	})
}

// leadSeal does the next step, each by whose it is.
func (h *House) leadSeal(ctx context.Context, r sealing.Record) (sealing.Record, error) {
	_, approver, maker := sealRoles()
	switch r.State {
	case sealing.SealApplied:
		return h.Seals.Approve(ctx, approver, r.ID, firstSeal)
	case sealing.SealApproved:
		return h.Seals.Make(ctx, maker, r.ID)
	case sealing.SealMade:
		return h.Seals.Record(ctx, maker, r.ID, "BA-"+r.ID)
	case sealing.SealRecorded:
		end := r.Made.Add(sealing.MaxLease)
		if r.NotAfter.Before(end) {
			end = r.NotAfter
		}
		_, err := h.Seals.Authorise(ctx, approver, sealing.Authorisation{
			Seal: r.ID, Matter: "*", Office: r.Office, To: end, Why: "licences of the office",
		}, "first "+r.ID)
		if err != nil {
			return sealing.Record{}, err
		}
		return h.Seals.Activate(ctx, approver, r.ID, firstSeal)
	default:
		return sealing.Record{}, fmt.Errorf("%w: it is %s", sealing.ErrSealNotUsable, r.State)
	}
}
