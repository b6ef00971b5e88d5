package completion

import (
	"context"
	"fmt"
	"io"
	"maps"

	"yinzheng/internal/auth"
)

// Commit accepts the case on a commitment (信任在先). One commitment stands for one item: the same one again returns the case
// as it is, another one for that item is ErrItemTaken. ID and At are set here. Errors: auth.ErrDenied, ErrNoCase, ErrClosed,
// ErrItemTaken, *RequestError.
func (s *Service) Commit(ctx context.Context, by auth.Caller, caseID string, m Commitment) (Case, error) {
	if err := m.check(); err != nil {
		return Case{}, err
	}
	if _, err := s.Case(ctx, by, caseID); err != nil {
		return Case{}, err
	}
	if err := s.record(ctx, by, "case.commit", caseID, ""); err != nil {
		return Case{}, err
	}
	return s.change(ctx, by, caseID, func(c *Case) (bool, error) {
		for _, stands := range c.Commitments {
			if stands.Item != m.Item {
				continue
			}
			if stands.same(m) {
				return false, nil
			}
			return false, ErrItemTaken
		}
		switch {
		case c.State != Opened && c.State != Committed:
			return false, ErrClosed
		case len(c.Commitments) == MaxCommitments:
			return false, &RequestError{"TOO_MANY", "/commitments"}
		}
		m.ID, m.At = fmt.Sprintf("c%d", len(c.Commitments)+1), s.now()
		m.Facts = maps.Clone(m.Facts)
		c.Commitments = append(c.Commitments, m)
		c.State = Committed
		return true, nil
	})
}

func (m Commitment) check() error {
	for _, f := range []struct {
		pointer, value string
		limit          int
	}{
		{"/item", m.Item, MaxName}, {"/kind", m.Kind, MaxName}, {"/licence", m.Licence, MaxName}, {"/statement", m.Statement, MaxText},
	} {
		if err := text(f.pointer, f.value, f.limit, true); err != nil {
			return err
		}
	}
	if len(m.Facts) > MaxFacts {
		return &RequestError{"TOO_MANY", "/facts"}
	}
	for name, value := range m.Facts {
		if text("", name, MaxName, true) != nil || text("", value, MaxText, false) != nil {
			return &RequestError{"TOO_LONG", "/facts"}
		}
	}
	return nil
}

func (m Commitment) same(other Commitment) bool {
	return m.Item == other.Item && m.Kind == other.Kind && m.Licence == other.Licence && m.Statement == other.Statement &&
		maps.Equal(m.Facts, other.Facts)
}

// AddEvidence keeps a document that was handed in. The same name with the same content again changes nothing. Errors:
// auth.ErrDenied, ErrNoCase, ErrClosed, *RequestError.
func (s *Service) AddEvidence(ctx context.Context, by auth.Caller, caseID, name, mime string, content io.Reader) (Case, error) {
	if err := text("/name", name, MaxName, true); err != nil {
		return Case{}, err
	}
	if err := text("/mime", mime, MaxName, true); err != nil {
		return Case{}, err
	}
	if c, err := s.Case(ctx, by, caseID); err != nil {
		return Case{}, err
	} else if c.State == Judged || c.State == Completed {
		return Case{}, ErrClosed
	}
	if err := s.record(ctx, by, "case.evidence", caseID, ""); err != nil {
		return Case{}, err
	}
	digest, size, err := s.cfg.Archive.Keep(ctx, content)
	if err != nil {
		return Case{}, fmt.Errorf("keeping evidence of case %s: %w", caseID, err)
	}
	return s.change(ctx, by, caseID, func(c *Case) (bool, error) {
		for _, e := range c.Evidence {
			if e.Role == HandedIn && e.Name == name && e.Digest == digest {
				return false, nil
			}
		}
		switch {
		case c.State == Judged || c.State == Completed:
			return false, ErrClosed
		case len(c.Evidence) >= MaxEvidence:
			return false, &RequestError{"TOO_MANY", "/evidence"}
		}
		c.add(Evidence{Name: name, MIME: mime, Digest: digest, Size: size, At: s.now()})
		return true, nil
	})
}

// add appends a piece of evidence and numbers it.
func (c *Case) add(e Evidence) {
	e.ID = fmt.Sprintf("e%d", len(c.Evidence)+1)
	c.Evidence = append(c.Evidence, e)
}
