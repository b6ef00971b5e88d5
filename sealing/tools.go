package sealing

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/pdf/increment"
	"yinzheng/internal/ses"
)

// maxTools bounds the seals kept ready: those of an office building.
const maxTools = 256

// toolbox keeps what was read and verified of seals whose bytes have not changed since: a seal is the same in every document.
type toolbox struct {
	mu    sync.Mutex
	ready map[string]*tool
}

// take returns what was kept of a record with these very bytes.
func (b *toolbox) take(r Record) *tool {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.ready[r.ID]
	if t == nil || !bytes.Equal(t.record.Data, r.Data) || !bytes.Equal(t.record.Signer, r.Signer) {
		return nil
	}
	return t
}

func (b *toolbox) keep(t *tool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ready == nil || len(b.ready) >= maxTools {
		b.ready = map[string]*tool{}
	}
	b.ready[t.record.ID] = t
}

// ready fetches a seal and verifies it, its signer's certificate and the key. State, validity and key are looked at every time;
// what follows from bytes alone is remembered.
func (s *Sealer) ready(ctx context.Context, id string, at time.Time) (*tool, error) {
	record, err := s.c.Book.Seal(ctx, id)
	if err != nil {
		return nil, err
	}
	if record.State != SealActive {
		return nil, fmt.Errorf("%w: it is %s", ErrSealNotUsable, record.State)
	}
	known := s.tools.take(record)
	if known == nil {
		if known, err = read(record); err != nil {
			return nil, err
		}
		s.tools.keep(known)
	}
	t := *known
	t.record = record
	if err := maySign(t.cert, at); err != nil {
		return nil, err
	}
	if info := t.seal.Info; at.Before(info.NotBefore) || at.After(info.NotAfter) {
		return nil, fmt.Errorf("%w: it is valid from %s to %s", ErrSealNotUsable,
			info.NotBefore.Format(time.RFC3339), info.NotAfter.Format(time.RFC3339))
	}
	if t.key, err = s.c.Keys.Signer(ctx, id); err != nil {
		return nil, err
	}
	if !owns(t.key, t.cert) {
		return nil, fmt.Errorf("%w: the key is not of this certificate", ErrSigner)
	}
	return &t, nil
}

// read reads and verifies what a record holds.
func read(record Record) (*tool, error) {
	cert, err := gm.ParseCertificate(record.Signer)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSigner, err)
	}
	seal, err := ses.ParseSeal(record.Data)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSealNotUsable, err)
	}
	if seal.Info.ID != record.ID {
		return nil, fmt.Errorf("%w: the book has seal %s under this number", ErrSealNotUsable, seal.Info.ID)
	}
	// The standard compares bytes: a certificate issued anew, even for the same key, needs a seal made anew.
	if !slices.ContainsFunc(seal.Info.Certs, func(c []byte) bool { return bytes.Equal(c, record.Signer) }) {
		return nil, fmt.Errorf("%w: the seal does not list it", ErrSigner)
	}
	picture, err := increment.NewPicture(seal.Info.Picture.Data)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSealNotUsable, err)
	}
	ready, err := seal.Ready(record.Signer)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSealNotUsable, err)
	}
	return &tool{record: record, seal: seal, ready: ready, cert: cert, picture: picture}, nil
}
