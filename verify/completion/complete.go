package completion

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"yinzheng/internal/auth"
	"yinzheng/internal/gm"
	"yinzheng/verify"
)

// Complete checks every commitment of a case against the licence it names, signs the outcome and draws the consequences
// (办结核验). Each step is on disk before the next: judged, then anchored, then archived, then completed. Running it again
// after a crash goes on where it stopped; a completed case is returned as it is. Errors: auth.ErrDenied, ErrNoCase,
// ErrNoCommitment (nothing to check is never a success).
func (s *Service) Complete(ctx context.Context, by auth.Caller, caseID string) (Case, error) {
	c, err := s.Case(ctx, by, caseID)
	if err != nil || c.State == Completed {
		return c, err
	}
	if len(c.Commitments) == 0 {
		return Case{}, fmt.Errorf("completing case %s: %w", caseID, ErrNoCommitment)
	}
	if err := s.record(ctx, by, "case.complete", caseID, ""); err != nil {
		return Case{}, err
	}
	if c.State != Judged {
		if c, err = s.judge(ctx, by, c); err != nil {
			return Case{}, fmt.Errorf("completing case %s: %w", caseID, err)
		}
	}
	if c, err = s.finish(ctx, by, c); err != nil {
		return Case{}, fmt.Errorf("completing case %s: %w", caseID, err)
	}
	return c, nil
}

// Resume finishes every case that was judged and not completed. It returns how many it finished, and every error after
// trying all.
func (s *Service) Resume(ctx context.Context) (int, error) {
	var judged []Case
	for after, more := "", true; more; {
		page, err := s.cfg.Store.Cases(ctx, time.Time{}, after, MaxPage)
		if err != nil {
			return 0, fmt.Errorf("looking for cases to finish: %w", err)
		}
		for _, c := range page {
			after = c.ID
			if c.State == Judged {
				judged = append(judged, c)
			}
		}
		more = len(page) == MaxPage
	}
	var failed error
	finished := 0
	for _, c := range judged {
		by := auth.Caller{ID: c.Outcome.By, Office: c.Office, Actions: []auth.Action{auth.HandleCase}}
		if _, err := s.finish(ctx, by, c); err != nil {
			failed = errors.Join(failed, fmt.Errorf("finishing case %s: %w", c.ID, err))
			continue
		}
		finished++
	}
	return finished, failed
}

// judge checks the commitments, signs the outcome, keeps all of it, and only then stores the verdict. If somebody else was
// faster with a verdict, that one stands.
func (s *Service) judge(ctx context.Context, by auth.Caller, c Case) (Case, error) {
	trust, err := s.cfg.Trust(ctx)
	if err != nil {
		return Case{}, fmt.Errorf("reading the trust file: %w", err)
	}
	at := s.now()
	all, err := s.checkAll(ctx, c, trust, at)
	if err != nil {
		return Case{}, err
	}
	checks := make([]Check, 0, len(all))
	for _, g := range all {
		checks = append(checks, g.check)
	}
	statement := Statement{
		Version: OutcomeVersion, Office: c.Office, Case: c.ID, Number: c.Number, Matter: c.Matter,
		Result: worst(checks), Checks: checks, At: at, By: by.ID,
	}
	signed, err := s.sign(ctx, statement)
	if err != nil {
		return Case{}, err
	}
	if err := s.gather(ctx, &c, all, trust, signed); err != nil {
		return Case{}, err
	}
	c.Outcome = &Outcome{Case: c.ID, Result: statement.Result, Checks: checks, At: at, By: by.ID, Signed: signed}
	c.State, c.Updated = Judged, at
	stored, err := s.cfg.Store.UpdateCase(ctx, c)
	if errors.Is(err, ErrMoved) {
		now, err := s.Case(ctx, by, c.ID)
		if err == nil && now.Outcome == nil {
			return Case{}, ErrMoved // a commitment or evidence came in meanwhile: the verdict would not be about it
		}
		return now, err
	}
	return stored, err
}

func (s *Service) sign(ctx context.Context, statement Statement) ([]byte, error) {
	message, err := statement.Message()
	if err != nil {
		return nil, err
	}
	signature, certificate, err := s.cfg.Signer.SignOutcome(ctx, statement.Office, message)
	if err != nil {
		return nil, fmt.Errorf("signing the outcome: %w", err)
	}
	return EncodeOutcome(statement, signature, certificate)
}

// gather keeps everything that the verdict rests on, so that the case file alone can be judged again.
func (s *Service) gather(ctx context.Context, c *Case, all []gathered, trust, signed []byte) error {
	if err := s.keep(ctx, c, TrustRole, "trust.json", "application/json", trust); err != nil {
		return err
	}
	for _, g := range all {
		if g.input.Document != nil {
			if err := s.keep(ctx, c, LicenceRole, g.check.Commitment+"-licence.pdf", "application/pdf", g.input.Document); err != nil {
				return err
			}
		}
		if g.input.Receipt != nil {
			if err := s.keep(ctx, c, ReceiptRole, g.check.Commitment+"-receipt.json", "application/json", g.input.Receipt); err != nil {
				return err
			}
		}
	}
	return s.keep(ctx, c, OutcomeRole, "outcome.json", "application/json", signed)
}

func (s *Service) keep(ctx context.Context, c *Case, role Role, name, mime string, content []byte) error {
	digest, size, err := s.cfg.Archive.Keep(ctx, bytes.NewReader(content))
	if err != nil {
		return fmt.Errorf("keeping %s: %w", name, err)
	}
	if digest != gm.Sum(content) || size != int64(len(content)) {
		return fmt.Errorf("keeping %s: the archive kept something else", name)
	}
	c.add(Evidence{Role: role, Name: name, MIME: mime, Digest: digest, Size: size, At: s.now()})
	return nil
}

// finish draws the consequences of a verdict. Each step looks at what is already stored, so it may be run at any point again.
func (s *Service) finish(ctx context.Context, by auth.Caller, c Case) (Case, error) {
	c, err := s.anchor(ctx, by, c)
	if err != nil || c.State == Completed {
		return c, err
	}
	id, err := s.cfg.Archive.DepositCase(ctx, c)
	if err != nil {
		return Case{}, fmt.Errorf("archiving the case file: %w", err)
	}
	if err := s.record(ctx, by, "case.completed", c.ID, string(c.Outcome.Result)); err != nil {
		return Case{}, err
	}
	return s.change(ctx, by, c.ID, func(c *Case) (bool, error) {
		if c.State == Completed {
			return false, nil
		}
		c.State, c.Package = Completed, id
		return true, nil
	})
}

// anchor logs the digest of the signed outcome and keeps the receipt with the case.
func (s *Service) anchor(ctx context.Context, by auth.Caller, c Case) (Case, error) {
	if c.Outcome == nil {
		return Case{}, errors.New("a judged case has no outcome")
	}
	if c.State == Completed || c.has(OutcomeReceipt) {
		return c, nil
	}
	r, err := s.cfg.Ledger.Append(ctx, verify.KindOutcome, gm.Sum(c.Outcome.Signed))
	if err != nil {
		return Case{}, fmt.Errorf("anchoring the outcome: %w", err)
	}
	receipt := r.Encode()
	return s.change(ctx, by, c.ID, func(c *Case) (bool, error) {
		if c.State == Completed || c.has(OutcomeReceipt) {
			return false, nil
		}
		return true, s.keep(ctx, c, OutcomeReceipt, "outcome-receipt.json", "application/json", receipt)
	})
}

func (c *Case) has(role Role) bool {
	for _, e := range c.Evidence {
		if e.Role == role {
			return true
		}
	}
	return false
}
