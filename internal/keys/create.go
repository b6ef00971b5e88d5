package keys

import (
	"context"
	"crypto"
	"errors"
	"fmt"

	"yinzheng/internal/durable"
	"yinzheng/internal/gm"
)

// Create implements Holder. Errors also: ErrFull.
func (f *Folder) Create(ctx context.Context, s Spec) (Info, error) {
	return f.make(ctx, s, "")
}

// Rotate makes a new key of the same algorithm, use and quota, and retires the old one. The new one is there, durably, before
// the old one is retired: after a crash between, both are active and the same call again completes it. Errors: ErrNoKey,
// ErrState when the old key is destroyed, ErrExists when newID is there and did not replace id.
func (f *Folder) Rotate(ctx context.Context, id, newID string) (Info, error) {
	info, err := f.rotate(ctx, id, newID)
	if err != nil {
		return Info{}, fmt.Errorf("rotating %q: %w", clip(id), err)
	}
	return info, nil
}

func (f *Folder) rotate(ctx context.Context, id, newID string) (Info, error) {
	old, err := f.Info(ctx, id)
	if err != nil {
		return Info{}, err
	}
	if old.State == Destroyed {
		return Info{}, fmt.Errorf("%w: it is %s", ErrState, old.State)
	}
	spec := old.Spec
	spec.ID = newID
	info, err := f.make(ctx, spec, id)
	if errors.Is(err, ErrExists) {
		info, err = f.replaced(ctx, id, newID)
	}
	if err != nil {
		return Info{}, err
	}
	if err := f.step("rotate: made"); err != nil {
		return Info{}, err
	}
	retired := Retired
	_, err = f.Change(ctx, id, Change{State: &retired})
	return info, err
}

// replaced returns the key newID if it was made to replace id and is active.
func (f *Folder) replaced(ctx context.Context, id, newID string) (Info, error) {
	info, err := f.Info(ctx, newID)
	if err != nil {
		return Info{}, fmt.Errorf("%w: %s is being made", ErrExists, newID)
	}
	f.mu.Lock()
	ok := f.slots[newID].Replaces == id && info.State == Active
	f.mu.Unlock()
	if !ok {
		return Info{}, fmt.Errorf("%w: %s", ErrExists, newID)
	}
	return info, nil
}

// claim keeps an ID for a key on its way.
func (f *Folder) claim(id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.closed:
		return ErrClosed
	case f.slots[id] != nil || f.making[id]:
		return ErrExists
	case len(f.slots)+len(f.making) >= MaxKeys:
		return ErrFull
	}
	f.making[id] = true
	return nil
}

func (f *Folder) make(ctx context.Context, s Spec, replaces string) (info Info, err error) {
	if err = ctx.Err(); err == nil {
		if err = s.Check(); err == nil {
			err = f.claim(s.ID)
		}
	}
	if err != nil {
		return info, fmt.Errorf("making the key %q: %w", clip(s.ID), err)
	}
	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.making, s.ID)
	}()
	f.sealed.RLock()
	defer f.sealed.RUnlock()
	made, err := f.store(s, replaces)
	if err != nil {
		return info, fmt.Errorf("making the key %s: %w", s.ID, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.slots[s.ID] = made
	return made.info(), nil
}

// store puts a key on disk: 1. the sealed key under a passing name, 2. the line of the journal, 3. the entry: from here on the
// key is there, 4. the key's own name. After a crash before 3 an opening removes it, after 3 it does 4.
func (f *Folder) store(s Spec, replaces string) (*slot, error) {
	key, err := generate(s.Algorithm)
	if err != nil {
		return nil, err
	}
	public, err := MarshalPublic(key.Public())
	if err != nil {
		return nil, err
	}
	sealed, err := f.c.Sealing.Seal(s.ID, key)
	if err != nil {
		return nil, err
	}
	if len(sealed) > MaxSealed {
		return nil, fmt.Errorf("%w: sealed it takes more than %d bytes", ErrKeyFile, MaxSealed)
	}
	at := f.now()
	e := entry{
		Format: entryFormat, ID: s.ID, Algorithm: s.Algorithm, Use: s.Use, Quota: s.Quota, State: Active, Public: public,
		Created: at, Changed: at, Protected: f.c.Sealing.Name(), Replaces: replaces,
	}
	b, err := e.encode()
	if err != nil {
		return nil, err
	}
	if _, err := parseEntry(b); err != nil {
		return nil, err
	}
	if err := f.absent(s.ID); err != nil {
		return nil, err
	}
	if err := f.put(e, b, sealed); err != nil {
		return nil, err
	}
	return &slot{entry: e, pub: key.Public(), private: keep(s.Use, key)}, nil
}

// put writes the files of a new key.
func (f *Folder) put(e entry, encoded, sealed []byte) error {
	if err := f.step("create: start"); err != nil {
		return err
	}
	if err := durable.WriteFile(f.path(e.ID, newSuffix), sealed, fileMode); err != nil {
		return err
	}
	err := f.step("create: sealed")
	if err == nil {
		err = f.record(Line{At: e.Created, Op: OpMake, ID: e.ID, Use: e.Use, Detail: gm.Sum(e.Public).String()})
	}
	if err == nil {
		err = f.step("create: recorded")
	}
	if err != nil { // nobody knows it
		return errors.Join(err, shred(f.path(e.ID, newSuffix)))
	}
	if err := durable.CreateFile(f.path(e.ID, entrySuffix), encoded, fileMode); err != nil {
		return err
	}
	if err := f.step("create: entered"); err != nil {
		return err
	}
	if err := f.publish(e.ID); err != nil {
		return err
	}
	return f.step("create: published")
}

// keep holds a fresh key in memory unless it is one that is rarely used.
func keep(u Use, key crypto.Signer) crypto.Signer {
	if u == UseEncryption {
		return nil
	}
	return key
}

// record writes a line that is no use and makes it durable.
func (f *Folder) record(l Line) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return ErrClosed
	}
	line, err := f.j.append(l)
	if err != nil {
		return err
	}
	return f.j.commit(line)
}
