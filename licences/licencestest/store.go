// Package licencestest has parts of memory for testing what works with licences: they keep the contracts of the
// interfaces they stand for, and a fault can be put before or after any of their steps.
package licencestest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/licences"
)

// Store is licences.Store, Register, Lists, Presentations and Numbers in memory.
type Store struct {
	mu            sync.Mutex
	licences      map[string]licences.Licence
	history       map[string][]licences.Event
	presentations map[gm.Digest]licences.Presentation
	numbers       map[string]int64
}

// NewStore returns an empty store.
func NewStore() *Store {
	return &Store{
		licences: map[string]licences.Licence{}, history: map[string][]licences.Event{},
		presentations: map[gm.Digest]licences.Presentation{}, numbers: map[string]int64{},
	}
}

// Licence implements licences.Store.
func (s *Store) Licence(_ context.Context, id string) (licences.Licence, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, ok := s.licences[id]
	if !ok {
		return licences.Licence{}, licences.ErrNoLicence
	}
	return l, nil
}

// Create implements licences.Store.
func (s *Store) Create(_ context.Context, l licences.Licence) (licences.Licence, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, old := range s.licences {
		if l.Key != "" && old.Caller == l.Caller && old.Key == l.Key {
			if old.RequestSM3 != l.RequestSM3 {
				return licences.Licence{}, licences.ErrKeyReused
			}
			return old, licences.ErrExists
		}
	}
	for _, old := range s.licences {
		if old.Identifier == l.Identifier || old.ID == l.ID || old.CheckCode == l.CheckCode {
			return licences.Licence{}, licences.ErrTaken
		}
	}
	l.State = licences.Issuing
	s.licences[l.ID] = l
	s.add(l.ID, l.Created, string(licences.Issuing), l.Caller, "")
	return l, nil
}

// Advance implements licences.Store.
func (s *Store) Advance(_ context.Context, id string, from, to licences.State, p licences.Patch) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !follows(from, to):
		return fmt.Errorf("licencestest: %s does not follow %s", to, from)
	case to == licences.Sealed && p.Document.IsZero(), to == licences.Archived && p.Package == "":
		return fmt.Errorf("licencestest: %s without what that means", to)
	}
	l, ok := s.licences[id]
	if !ok {
		return licences.ErrNoLicence
	}
	if l.State != from {
		return licences.ErrMoved
	}
	l.State, l.Updated = to, p.At
	if to == licences.Sealed {
		l.Document = p.Document
	}
	if to == licences.Archived {
		l.Package = p.Package
	}
	s.licences[id] = l
	s.add(id, p.At, string(to), l.Caller, "")
	return nil
}

// follows says whether to is the state after from.
func follows(from, to licences.State) bool {
	order := []licences.State{licences.Issuing, licences.Sealed, licences.Anchored, licences.Archived}
	at := slices.Index(order, from)
	return at >= 0 && at+1 < len(order) && order[at+1] == to
}

// Pending implements licences.Store.
func (s *Store) Pending(_ context.Context, n int) ([]licences.Licence, error) {
	return s.some(n, func(l licences.Licence) bool { return l.State != licences.Archived }), nil
}

// ByIdentifier implements licences.Register.
func (s *Store) ByIdentifier(_ context.Context, identifier string) (licences.Licence, error) {
	return s.one(func(l licences.Licence) bool { return l.Identifier == identifier })
}

// ByCheckCode implements licences.Register.
func (s *Store) ByCheckCode(_ context.Context, code string) (licences.Licence, error) {
	return s.one(func(l licences.Licence) bool { return l.CheckCode == code })
}

// SetStatus implements licences.Register.
func (s *Store) SetStatus(_ context.Context, id string, from, to licences.Status, why string, at time.Time, by string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, ok := s.licences[id]
	if !ok {
		return licences.ErrNoLicence
	}
	if l.Status != from {
		return licences.ErrMoved
	}
	l.Status, l.StatusAt, l.StatusWhy, l.Updated = to, at, why, at
	s.licences[id] = l
	s.add(id, at, "status:"+string(to), by, why)
	return nil
}

// History implements licences.Register.
func (s *Store) History(_ context.Context, id string) ([]licences.Event, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.history[id]) == 0 {
		return nil, licences.ErrNoLicence
	}
	return slices.Clone(s.history[id]), nil
}

// OutOfForce implements licences.Lists.
func (s *Store) OutOfForce(context.Context) ([]licences.Licence, error) {
	return s.some(math.MaxInt, func(l licences.Licence) bool { return l.Status != licences.InForce }), nil
}

// Licences implements licences.Lists.
func (s *Store) Licences(_ context.Context, after string, n int) ([]licences.Licence, error) {
	return s.some(n, func(l licences.Licence) bool { return l.ID > after }), nil
}

// PutPresentation implements licences.Presentations.
func (s *Store) PutPresentation(_ context.Context, p licences.Presentation) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.licences[p.Licence]; !ok {
		return licences.ErrNoLicence
	}
	if _, ok := s.presentations[p.Token]; ok {
		return errors.New("licencestest: the token is there")
	}
	s.presentations[p.Token] = p
	return nil
}

// UsePresentation implements licences.Presentations.
func (s *Store) UsePresentation(_ context.Context, token gm.Digest, at time.Time) (licences.Presentation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.presentations[token]
	switch {
	case !ok:
		return licences.Presentation{}, licences.ErrNoPresentation
	case !p.Used.IsZero():
		return licences.Presentation{}, licences.ErrUsed
	case at.After(p.Expires):
		return licences.Presentation{}, licences.ErrTokenExpired
	}
	p.Used = at
	s.presentations[token] = p
	return p, nil
}

// Next implements licences.Numbers.
func (s *Store) Next(_ context.Context, series string) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.numbers[series]++
	return s.numbers[series], nil
}

func (s *Store) add(id string, at time.Time, what, by, why string) {
	s.history[id] = append(s.history[id], licences.Event{At: at, What: what, By: by, Why: why})
}

func (s *Store) one(want func(licences.Licence) bool) (licences.Licence, error) {
	if found := s.some(1, want); len(found) == 1 {
		return found[0], nil
	}
	return licences.Licence{}, licences.ErrNoLicence
}

// some returns up to n licences in order of ID.
func (s *Store) some(n int, want func(licences.Licence) bool) []licences.Licence {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []licences.Licence
	for _, l := range s.licences {
		if want(l) {
			found = append(found, l)
		}
	}
	slices.SortFunc(found, func(a, b licences.Licence) int { return strings.Compare(a.ID, b.ID) })
	return found[:min(max(n, 0), len(found))]
}
