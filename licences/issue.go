package licences

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"yinzheng/internal/auth"
	"yinzheng/internal/gm"
	"yinzheng/verify"
)

const (
	entryKind = verify.KindLicence // kind of the ledger entries and of the packages
	maxTaken  = 3                  // a random identifier is never taken twice unless the randomness is broken
	maxKey    = 255                // bytes of an Idempotency-Key
)

// The codes of refusals of a request as a whole.
const (
	KeyRequired    = "IDEMPOTENCY_KEY_REQUIRED" // no Idempotency-Key
	KeyLength      = "IDEMPOTENCY_KEY_LENGTH"   // params: max, in bytes
	KindUnknown    = "KIND_UNKNOWN"             //
	NumberRequired = "NUMBER_REQUIRED"          // the kind, or this service, does not number such licences itself
)

// Issue makes a licence and returns when it is acknowledged: sealed, on disk, and accepted by the ledger. Run does the rest
// (receipt, archive). It returns auth.ErrDenied, Refusals for a request that will not do, and ErrKeyReused for a key that
// made something else. The same key and request again return the same licence, finished first if a crash left it half-way.
func (s *Service) Issue(ctx context.Context, by auth.Caller, r Request) (issued Licence, err error) {
	// 1. The caller may issue this kind, and that it asked is on record.
	kind, err := s.permit(by, r.Kind)
	if err != nil {
		return Licence{}, err
	}
	id, err := s.newID()
	if err != nil {
		return Licence{}, err
	}
	if err := s.record(ctx, by.ID, "licence.issue.requested", id, kind.Code); err != nil {
		return Licence{}, err
	}
	s.cfg.OnStep("1")

	// From here on nobody else works on this licence in this process.
	unlock, err := s.busy.lock(ctx, id)
	if err != nil {
		return Licence{}, err
	}
	defer func() {
		unlock() // before the worker hears of it: it leaves alone what is worked on
		if err == nil && issued.State != Archived {
			s.queue.put(issued.ID)
		}
	}()
	for taken := 0; ; taken++ {
		// 2. The request fits the kind; its face is rendered, and with it fixed what will be sealed.
		l, err := s.draft(ctx, by, kind, id, r)
		if err != nil {
			return Licence{}, err
		}
		face, err := kind.Render(l, s.cfg.CheckURL+l.CheckCode)
		if err != nil {
			return Licence{}, fmt.Errorf("rendering %s: %w", l.ID, err)
		}
		l.Face = gm.Sum(face.PDF)
		s.cfg.OnStep("2")

		// 3. Intent first: the record is on disk before anything is sealed.
		stored, err := s.cfg.Store.Create(ctx, l)
		switch {
		case errors.Is(err, ErrTaken) && taken < maxTaken:
			continue
		case errors.Is(err, ErrExists):
			return s.again(ctx, by, id, stored)
		case err != nil:
			return Licence{}, fmt.Errorf("creating %s: %w", l.ID, err)
		}
		s.cfg.OnStep("3")

		// 4. Seal, verify our own result, keep it. 5. Advance to Sealed; the ledger accepts it: acknowledged.
		// 6. Receipt. 7. Archive. 8. Audit "issued". Run does these, many at a time; see advance for all five.
		return s.advance(ctx, stored, &face, Sealed)
	}
}

// again answers a repeated key with the licence that it made, taking it to Sealed if a crash left it before.
func (s *Service) again(ctx context.Context, by auth.Caller, asked string, stored Licence) (Licence, error) {
	if err := s.record(ctx, by.ID, "licence.issue.repeated", stored.ID, asked); err != nil {
		return Licence{}, err
	}
	unlock, err := s.busy.lock(ctx, stored.ID)
	if err != nil {
		return Licence{}, err
	}
	defer unlock()
	l, err := s.cfg.Store.Licence(ctx, stored.ID)
	if err != nil {
		return Licence{}, fmt.Errorf("finding licence: %w", err)
	}
	return s.advance(ctx, l, nil, Sealed)
}

// permit finds the kind if the caller may issue it for its office.
func (s *Service) permit(by auth.Caller, code string) (*Kind, error) {
	if err := by.May(auth.IssueLicence); err != nil {
		return nil, err
	}
	if by.Office == "" || len(by.Kinds) > 0 && !slices.Contains(by.Kinds, code) {
		return nil, auth.ErrDenied
	}
	return s.kind(code)
}

// kind returns a kind of the catalogue, or Refusals.
func (s *Service) kind(code string) (*Kind, error) {
	kind, known := s.cfg.Kinds.Kind(code)
	if !known {
		return nil, Refusals{{Code: KindUnknown, Pointer: "/kind"}}
	}
	return kind, nil
}

func checkKey(key string) error {
	var refused refusals
	if key == "" {
		refused.add(KeyRequired, "")
	}
	if len(key) > maxKey {
		refused.add(KeyLength, "", "max", fmt.Sprint(maxKey))
	}
	return refused.err()
}
