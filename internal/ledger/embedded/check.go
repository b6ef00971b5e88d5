package embedded

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/api/layout"
)

// ErrDamaged means that the log's files are not what its checkpoint signs.
var ErrDamaged = errors.New("embedded: the log is damaged")

// Check re-derives the whole log from its records: every tile and the root, compared with the files and with the signed checkpoint
// (ErrDamaged). Each record is given to each on the way, in order; only when Check returns nil are they those that the log signed. An
// error from each ends the check. The log may grow meanwhile.
//
// Tessera's own fsck waits for ever on a wrong tile in a longer log, and panics on a bundle that was cut short; hence this one.
func (l *Log) Check(ctx context.Context, each func(index int64, record []byte) error) error {
	_, c, err := l.read(ctx)
	if err != nil || c == nil {
		return err
	}
	d := derivation{
		reader: l.reader, size: c.Size,
		tree:  (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0),
		tiles: map[compact.NodeID]*api.HashTile{},
	}
	for r := range layout.Range(0, c.Size, c.Size) {
		if err := d.bundle(ctx, r, each); err != nil {
			return err
		}
	}
	return d.end(ctx, c.Hash)
}

// derivation is a tree on its way from the records up.
type derivation struct {
	reader tessera.LogReader
	size   uint64
	tree   *compact.Range
	tiles  map[compact.NodeID]*api.HashTile // not yet full, by tile level and index
	full   []compact.NodeID                 // full, not yet compared
}

// bundle takes the records of one bundle into the tree.
func (d *derivation) bundle(ctx context.Context, r layout.RangeInfo, each func(int64, []byte) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	raw, err := d.reader.ReadEntryBundle(ctx, r.Index, r.Partial)
	if err != nil {
		return fmt.Errorf("%w: records %d: %w", ErrDamaged, r.Index, err)
	}
	var b api.EntryBundle
	if err := b.UnmarshalText(raw); err != nil {
		return fmt.Errorf("%w: records %d: %w", ErrDamaged, r.Index, err)
	}
	// In a growing log the bundle may hold records beyond the checkpoint.
	if uint(len(b.Entries)) < r.N {
		return fmt.Errorf("%w: records %d: %d of %d are there", ErrDamaged, r.Index, len(b.Entries), r.N)
	}
	for _, record := range b.Entries[:r.N] {
		index := d.tree.End()
		if err := d.tree.Append(rfc6962.DefaultHasher.HashLeaf(record), d.node); err != nil {
			return fmt.Errorf("embedded: deriving the tree: %w", err)
		}
		if err := each(int64(index), record); err != nil { //nolint:gosec // no log is that long
			return err
		}
	}
	for _, id := range d.full {
		if err := d.compare(ctx, id); err != nil {
			return err
		}
	}
	d.full = d.full[:0]
	return nil
}

// node puts a hash of the tree where a tile holds it: tiles have every eighth level.
func (d *derivation) node(id compact.NodeID, hash []byte) {
	if id.Level%layout.TileHeight != 0 {
		return
	}
	at := compact.NodeID{Level: id.Level / layout.TileHeight, Index: id.Index / layout.TileWidth}
	t, begun := d.tiles[at]
	if !begun {
		t = &api.HashTile{}
		d.tiles[at] = t
	}
	if t.Nodes = append(t.Nodes, hash); len(t.Nodes) == layout.TileWidth {
		d.full = append(d.full, at)
	}
}

// compare reads a tile's file, which must begin with the derived hashes (a full tile serves for a partial one), and forgets it.
func (d *derivation) compare(ctx context.Context, at compact.NodeID) error {
	want, err := d.tiles[at].MarshalText()
	if err != nil {
		return fmt.Errorf("embedded: deriving tile %d/%d: %w", at.Level, at.Index, err)
	}
	partial := uint8(len(d.tiles[at].Nodes) % layout.TileWidth) //nolint:gosec // below 256
	got, err := d.reader.ReadTile(ctx, uint64(at.Level), at.Index, partial)
	if err != nil {
		return fmt.Errorf("%w: tile %d/%d: %w", ErrDamaged, at.Level, at.Index, err)
	}
	if !bytes.HasPrefix(got, want) {
		return fmt.Errorf("%w: tile %d/%d is not what its records give", ErrDamaged, at.Level, at.Index)
	}
	delete(d.tiles, at)
	return nil
}

// end compares what is left, and the root.
func (d *derivation) end(ctx context.Context, signed []byte) error {
	for at := range d.tiles {
		if err := d.compare(ctx, at); err != nil {
			return err
		}
	}
	root := rfc6962.DefaultHasher.EmptyRoot()
	if d.tree.End() > 0 {
		var err error
		if root, err = d.tree.GetRootHash(nil); err != nil {
			return fmt.Errorf("embedded: deriving the root: %w", err)
		}
	}
	if d.tree.End() != d.size || !bytes.Equal(root, signed) {
		return fmt.Errorf("%w: its %d records do not give the root that was signed", ErrDamaged, d.tree.End())
	}
	return nil
}
