package audit

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"yinzheng/internal/gm"
)

// entryDomain starts the bytes of every entry, so that no other thing hashed by this service can be taken for one.
const entryDomain = "yinzheng audit entry v1\n"

// verifyPage is how many entries Verify holds at a time.
const verifyPage = 1000

// ErrBroken means that the record is not the one that was written: changed, cut, or with a line put in or taken out.
var ErrBroken = errors.New("audit: the chain is broken")

// Header is what a Log also has when it keeps the end of its chain apart from the entries; Verify then also sees that the
// newest entries were cut off, which a chain alone cannot show.
type Header interface {
	// AuditHead returns the sequence and hash of the newest entry; 0 and a zero hash for an empty record.
	AuditHead(ctx context.Context) (sequence int64, hash gm.Digest, err error)
}

// Bytes returns what is hashed of an entry: the domain; Sequence and the time in microseconds since 1970, 8 bytes each,
// big endian; then Caller, Action, Object and Detail, each after its length in 4 bytes, so that no two entries share bytes.
func (e Entry) Bytes() []byte {
	texts := [...]string{e.Caller, e.Action, e.Object, e.Detail}
	b := append([]byte(nil), entryDomain...)
	b = binary.BigEndian.AppendUint64(b, uint64(e.Sequence))
	b = binary.BigEndian.AppendUint64(b, uint64(e.At.UnixMicro()))
	for _, s := range texts {
		b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	return b
}

// Chain returns the hash that an entry has after the entry whose hash is previous (zero for the first):
// SM3(previous ‖ Bytes).
func (e Entry) Chain(previous gm.Digest) gm.Digest { return gm.Sum(previous[:], e.Bytes()) }

// Verify derives the whole chain again and returns ErrBroken, with the place, if it is not what is stored. Entries appended
// meanwhile do no harm.
func Verify(ctx context.Context, log Log) error {
	var (
		sequence int64
		previous gm.Digest
		end      int64
		endHash  gm.Digest
	)
	header, hasHead := log.(Header)
	if hasHead {
		var err error
		if end, endHash, err = header.AuditHead(ctx); err != nil {
			return fmt.Errorf("audit: verifying: %w", err)
		}
	}
	for {
		entries, err := log.Entries(ctx, sequence, verifyPage)
		if err != nil {
			return fmt.Errorf("audit: verifying after entry %d: %w", sequence, err)
		}
		for _, e := range entries {
			if e.Sequence != sequence+1 {
				return fmt.Errorf("%w: entry %d follows %d", ErrBroken, e.Sequence, sequence)
			}
			if e.Hash != e.Chain(previous) {
				return fmt.Errorf("%w: entry %d does not have its hash", ErrBroken, e.Sequence)
			}
			sequence, previous = e.Sequence, e.Hash
			if hasHead && sequence == end && previous != endHash {
				return fmt.Errorf("%w: the head names another entry %d", ErrBroken, end)
			}
		}
		if len(entries) == 0 {
			break
		}
	}
	if hasHead && sequence < end {
		return fmt.Errorf("%w: it ends at entry %d, its head says %d", ErrBroken, sequence, end)
	}
	return nil
}
