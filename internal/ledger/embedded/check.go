package embedded

import (
	"context"
	"fmt"

	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
)

// Check re-derives the whole log: tree and tiles from the records, compared with the signed checkpoint; then each gets every record
// in order. An error from each ends it.
func (l *Log) Check(ctx context.Context, each func(index int64, record []byte) error) error {
	c, err := l.checkpoint(ctx)
	if err != nil || c == nil {
		return err
	}
	if err := fsck.New(l.cfg.Origin, l.verifier, l.reader, leafHashes, fsck.Opts{}).Check(ctx); err != nil {
		return fmt.Errorf("embedded: checking the log: %w", err)
	}
	var index int64
	for bundle := uint64(0); index < int64(c.Size); bundle++ { //nolint:gosec // no log is that long
		entries, err := client.GetEntryBundle(ctx, l.reader.ReadEntryBundle, bundle, c.Size)
		if err != nil {
			return fmt.Errorf("embedded: reading records: %w", err)
		}
		for _, record := range entries.Entries {
			if err := each(index, record); err != nil {
				return err
			}
			index++
		}
	}
	return nil
}

func leafHashes(bundle []byte) ([][]byte, error) {
	var b api.EntryBundle
	if err := b.UnmarshalText(bundle); err != nil {
		return nil, err
	}
	hashes := make([][]byte, len(b.Entries))
	for i, record := range b.Entries {
		hashes[i] = rfc6962.DefaultHasher.HashLeaf(record)
	}
	return hashes, nil
}
