package remote

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"

	"yinzheng/internal/gm"
	"yinzheng/internal/keys"
)

// do does what a request asks, if a client may.
func (s *Server) do(ctx context.Context, q request) (reply, error) {
	switch q.Op {
	case opSign:
		return s.sign(ctx, q)
	case opSigner:
		if _, err := s.c.Holder.Signer(ctx, q.ID); err != nil {
			return reply{}, err
		}
		return s.info(ctx, q)
	case opInfo:
		return s.info(ctx, q)
	case opList:
		return s.list(ctx, q)
	case opCreate:
		return s.create(ctx, q)
	case opChange:
		return s.change(ctx, q)
	case opEnvelop:
		return s.envelop(ctx, q)
	default:
		return reply{}, ErrFrame
	}
}

// sign signs what the algorithm of the key takes from a client.
func (s *Server) sign(ctx context.Context, q request) (reply, error) {
	key, err := s.c.Holder.Signer(ctx, q.ID)
	if err != nil {
		return reply{}, err
	}
	var opts crypto.SignerOpts = crypto.Hash(q.Hash)
	if pub, ok := key.Public().(*ecdsa.PublicKey); ok && gm.IsSM2(pub) {
		if q.Hash != 0 {
			return reply{}, fmt.Errorf("%w: a hash with SM2", gm.ErrOptions)
		}
		opts = gm.HashedWithZ{}
	}
	sig, err := key.Sign(rand.Reader, q.Data, opts)
	return reply{Data: sig}, err
}

func (s *Server) info(ctx context.Context, q request) (reply, error) {
	info, err := s.find(ctx, q.ID)
	return reply{Keys: []line{lineOf(info)}}, err
}

func (s *Server) find(ctx context.Context, id string) (keys.Info, error) {
	if finder, ok := s.c.Holder.(keys.Finder); ok {
		return finder.Info(ctx, id)
	}
	all, err := s.c.Holder.List(ctx)
	if err != nil {
		return keys.Info{}, err
	}
	for _, k := range all {
		if k.ID == id {
			return k, nil
		}
	}
	return keys.Info{}, fmt.Errorf("%w: %q", keys.ErrNoKey, id)
}

func (s *Server) list(ctx context.Context, q request) (r reply, err error) {
	all, err := s.c.Holder.List(ctx)
	if err != nil {
		return r, err
	}
	from, found := slices.BinarySearchFunc(all, q.ID, func(i keys.Info, id string) int { return strings.Compare(i.ID, id) })
	if found {
		from++
	}
	to := min(from+pageSize, len(all))
	for _, k := range all[from:to] {
		r.Keys = append(r.Keys, lineOf(k))
	}
	r.More = to < len(all)
	return r, nil
}

func (s *Server) create(ctx context.Context, q request) (reply, error) {
	if s.c.Allow.NoCreate {
		return reply{}, fmt.Errorf("making a key: %w", ErrForbidden)
	}
	spec := keys.Spec{ID: q.ID, Algorithm: keys.Algorithm(q.Algorithm), Use: keys.Use(q.Use)}
	if q.Quota != nil {
		spec.Quota = *q.Quota
	}
	info, err := s.c.Holder.Create(ctx, spec)
	return reply{Keys: []line{lineOf(info)}}, err
}

// change refuses what would let a client that was taken over do harm that cannot be undone, or sign without bound.
func (s *Server) change(ctx context.Context, q request) (reply, error) {
	var c keys.Change
	if q.State != "" {
		state := keys.State(q.State)
		c.State = &state
	}
	c.Quota = q.Quota
	if err := s.mayChange(ctx, q.ID, c); err != nil {
		return reply{}, fmt.Errorf("changing %q: %w", q.ID, err)
	}
	info, err := s.c.Holder.Change(ctx, q.ID, c)
	return reply{Keys: []line{lineOf(info)}}, err
}

func (s *Server) mayChange(ctx context.Context, id string, c keys.Change) error {
	if c.State != nil && *c.State == keys.Destroyed && !s.c.Allow.Destroy {
		return fmt.Errorf("destroying: %w", ErrForbidden)
	}
	activates := c.State != nil && *c.State == keys.Active
	if (!activates || s.c.Allow.Activate) && (c.Quota == nil || s.c.Allow.RaiseQuota) {
		return nil
	}
	now, err := s.find(ctx, id)
	if err != nil {
		return err
	}
	if activates && !s.c.Allow.Activate && now.State != keys.Active {
		return fmt.Errorf("activating: %w", ErrForbidden)
	}
	if c.Quota != nil && !s.c.Allow.RaiseQuota && raises(now.Quota, *c.Quota) {
		return fmt.Errorf("raising the quota: %w", ErrForbidden)
	}
	return nil
}

// raises reports whether a quota allows more than the one before; 0 allows everything.
func raises(before, after int64) bool {
	return before != 0 && (after == 0 || after > before)
}

func (s *Server) envelop(ctx context.Context, q request) (reply, error) {
	service, ok := s.c.Holder.(keys.Enveloper)
	if !ok || s.c.Allow.NoEnvelop {
		return reply{}, fmt.Errorf("enveloping: %w", ErrForbidden)
	}
	enveloped, err := service.Envelop(ctx, q.ID, q.Data)
	return reply{Data: enveloped}, err
}
