package sealing

import (
	"context"
	"fmt"
	"time"
)

// Appearance is what a system needs to lay out the revision for a seal itself, so that its document need not leave it (Prepare).
type Appearance struct {
	Seal      string
	Owner     string // name, for the signature dictionary
	Picture   []byte // PNG
	Width     int    // millimetres
	Height    int
	Filter    string // names in the signature dictionary
	SubFilter string
	Reserve   int // bytes of /Contents
}

// Appearance returns it to a caller who may use the seal for some matter now. Errors: ErrNoSeal, ErrSealNotUsable, ErrSigner,
// ErrNotAuthorised.
func (s *Sealer) Appearance(ctx context.Context, id, by, office string) (Appearance, error) {
	at := s.c.Now().UTC().Truncate(time.Second)
	standing, err := s.c.Book.InForce(ctx, id, at)
	if err != nil {
		return Appearance{}, fmt.Errorf("showing seal %s: %w", id, err)
	}
	allowed := false
	for _, a := range standing {
		allowed = allowed || a.Covers(a.Matter, by, office)
	}
	if !allowed {
		return Appearance{}, fmt.Errorf("showing seal %s: %w", id, ErrNotAuthorised)
	}
	t, err := s.ready(ctx, id, at)
	if err != nil {
		return Appearance{}, fmt.Errorf("showing seal %s: %w", id, err)
	}
	p := t.seal.Info.Picture
	return Appearance{
		Seal: id, Owner: t.record.Owner, Picture: p.Data, Width: p.Width, Height: p.Height, Filter: s.c.Filter, SubFilter: s.c.SubFilter,
		Reserve: s.reserve(t),
	}, nil
}
