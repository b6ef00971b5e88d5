package house

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"yinzheng/ca"
	"yinzheng/internal/gm"
)

// inspectRegister verifies every certificate of the register under the authority that issued it.
func (h *House) inspectRegister(ctx context.Context, i *Inspection) error {
	for q := (ca.Query{Limit: page}); ; {
		found, last, err := h.DB.Certificates(ctx, q)
		if err != nil {
			return err
		}
		for _, r := range found {
			i.Certificates[string(r.State)]++
			if r.State == ca.Intended || r.State == ca.Void {
				continue // nothing was signed, or nobody knows
			}
			if err := h.checkRecord(r); err != nil {
				i.found("certificate "+r.Serial, err)
			}
		}
		if len(found) < page {
			return ctx.Err()
		}
		q.After = last
	}
}

func (h *House) checkRecord(r ca.Record) error {
	if r.DER == nil && r.State == ca.Revoked {
		return nil // an intent that was given up
	}
	cert, err := gm.ParseCertificate(r.DER)
	if err != nil {
		return err
	}
	if cert.SerialNumber.String() != r.Serial || hex.EncodeToString(cert.AuthorityKeyId) != r.Authority {
		return errors.New("the register has another one under this number")
	}
	if gm.Sum(cert.RawSubjectPublicKeyInfo) != r.Key {
		return errors.New("the register has another key")
	}
	return h.Region.Issued(cert)
}

// inspectKeys verifies the record of every signature, where the keys are this process's own.
func (h *House) inspectKeys(ctx context.Context, i *Inspection) error {
	if h.cfg.Keys.Socket != "" {
		return nil
	}
	known, err := h.keysHead(ctx)
	if err != nil {
		return err
	}
	report, err := VerifyKeyJournal(h.cfg.Data, known...)
	if err != nil {
		i.found("keys", fmt.Errorf("the record of signatures: %w", err))
	}
	i.Signatures = report.Uses
	return nil
}
