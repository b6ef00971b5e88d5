package ca

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"yinzheng/internal/clock"
)

// Open opens an established region: it checks that every key belongs to its certificate and every certificate to its
// issuer. Errors: ErrIncomplete (run Establish again), ErrMismatch, gm.ErrPassphrase.
func Open(ctx context.Context, c Config) (*Region, error) {
	c, err := c.ready()
	if err != nil {
		return nil, err
	}
	about, err := readAbout(c.Dir)
	if err != nil {
		return nil, fmt.Errorf("opening a region: %w", err)
	}
	r := newRegion(c, about)
	if err := r.load(ctx); err != nil {
		return nil, fmt.Errorf("opening %s: %w", about.Region, err)
	}
	if err := r.checkLogKey(ctx); err != nil {
		return nil, fmt.Errorf("opening %s: %w", about.Region, err)
	}
	return r, nil
}

func newRegion(c Config, a about) *Region {
	r := &Region{c: c, about: a, clock: clock.NewGuard(c.Now, clockTolerance), identities: map[string][]Identity{}}
	r.clock.Advance(c.Last)
	return r
}

// readAbout reads region.json strictly.
func readAbout(dir string) (about, error) {
	b, err := readFile(filepath.Join(dir, aboutFile))
	if errors.Is(err, fs.ErrNotExist) {
		return about{}, fmt.Errorf("%w: no %s", ErrIncomplete, aboutFile)
	}
	if err != nil {
		return about{}, err
	}
	var a about
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&a); err != nil {
		return about{}, fmt.Errorf("%w: reading %s: %w", ErrRegion, aboutFile, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return about{}, fmt.Errorf("%w: %s goes on after its end", ErrRegion, aboutFile)
	}
	return a, a.check()
}
