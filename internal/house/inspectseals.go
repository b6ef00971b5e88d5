package house

import (
	"context"
	"errors"
	"fmt"

	"yinzheng/internal/gm"
	"yinzheng/internal/ses"
	"yinzheng/sealing"
)

// inspectSeals reads every seal's life and use log again: no line is missing, nothing happened that the rules do not allow, the
// state is where the history ends, three people had a part in it, and the seal itself verifies.
func (h *House) inspectSeals(ctx context.Context, i *Inspection) error {
	for after := ""; ; {
		found, err := h.DB.Seals(ctx, sealing.Query{After: after, Limit: page})
		if err != nil {
			return err
		}
		for _, r := range found {
			after = r.ID
			i.Seals[string(r.State)]++
			if err := checkSeal(r); err != nil {
				i.found("seal "+r.ID, err)
			}
			if err := h.checkHistory(ctx, r); err != nil {
				i.found("history of seal "+r.ID, err)
			}
			if err := h.checkUses(ctx, r); err != nil {
				i.found("use log of seal "+r.ID, err)
			}
		}
		if len(found) < page {
			return ctx.Err()
		}
	}
}

func checkSeal(r sealing.Record) error {
	if r.Data == nil {
		return nil
	}
	seal, err := ses.ParseSeal(r.Data)
	if err != nil {
		return err
	}
	if seal.Info.ID != r.ID {
		return fmt.Errorf("it is seal %s", seal.Info.ID)
	}
	if _, err := gm.ParseCertificate(r.Signer); err != nil {
		return err
	}
	if r.Maker != "" && (r.Maker == r.Approver || r.Maker == r.Applicant || r.Approver == r.Applicant) {
		return errors.New("one person did what is for two")
	}
	return seal.Verify()
}

// checkHistory replays a life. A seal that is older than the histories begins where it was.
func (h *House) checkHistory(ctx context.Context, r sealing.Record) error {
	state, line := sealing.SealState(""), int64(0)
	for {
		events, err := h.DB.SealEvents(ctx, r.ID, line, page)
		if err != nil {
			return err
		}
		for _, e := range events {
			switch line++; {
			case e.Line != line:
				return fmt.Errorf("line %d is missing", line)
			case line > 1 && e.From != state:
				return fmt.Errorf("line %d begins at %s, the line before ended at %s", line, e.From, state)
			case e.From != e.To && e.From != "" && !sealing.Leads(e.From, e.To):
				return fmt.Errorf("line %d goes from %s to %s", line, e.From, e.To)
			}
			state = e.To
		}
		if len(events) < page {
			break
		}
	}
	if line > 0 && state != r.State {
		return fmt.Errorf("it ends at %s, the seal is %s", state, r.State)
	}
	return nil
}

func (h *House) checkUses(ctx context.Context, r sealing.Record) error {
	for line := int64(0); ; {
		uses, err := h.DB.Uses(ctx, r.ID, line, page)
		if err != nil {
			return err
		}
		for _, u := range uses {
			if line++; u.Line != line {
				return fmt.Errorf("line %d is missing", line)
			}
			if u.Result == sealing.ResultOK && u.Document.IsZero() {
				return fmt.Errorf("line %d names no document", line)
			}
		}
		if len(uses) < page {
			if line != r.Uses {
				return fmt.Errorf("it has %d lines, %d were counted", line, r.Uses)
			}
			return ctx.Err()
		}
	}
}
