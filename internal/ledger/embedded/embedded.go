// Package embedded is the ledger's default driver: a C2SP tile log on disk, kept by Tessera. Other people's log tools read it
// from the folder or over HTTP.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"

	"yinzheng/internal/receipt"
)

// Errors of Publish.
var (
	ErrRecord  = errors.New("embedded: a record has 1 to 1024 bytes")
	ErrTimeout = errors.New("embedded: no checkpoint includes the record in time")
	ErrClosed  = errors.New("embedded: the log is closed")
)

// Limits and timing.
const (
	MaxRecord       = 1 << 10                // bytes; a root record has about 350
	MinInterval     = 100 * time.Millisecond // the shortest checkpoint interval that Tessera takes
	batchAge        = 5 * time.Millisecond   // the ledger publishes one record at a time: there is nothing to wait for
	batchSize       = 256
	poll            = 5 * time.Millisecond // between looks at the checkpoint, while a record waits for one
	publishTimeout  = 30 * time.Second     // a full disk must be reported, not waited for
	shutdownTimeout = 10 * time.Second
)

// Config says where the log is and whose it is.
type Config struct {
	Dir       string        // the log's folder, made when it is not there
	Origin    string        // the checkpoint's first line, for example "yinzheng/450000"
	Key       Key           // signs the checkpoints
	Interval  time.Duration // between checkpoints, MinInterval when zero: a record waits for the next one
	MustExist bool          // a log was there before: a folder without one is ErrLost, never a fresh log
	Least     int64         // records that the log must hold, else ErrLost: it was replaced by an older copy
	Log       *slog.Logger  // what Tessera warns of, or nil; one for the process, the first log's is taken
}

// Log is the open log. One process writes it. It is safe for concurrent use.
type Log struct {
	cfg         Config
	verifier    note.Verifier
	verifierKey string
	lock        *os.File
	appender    *tessera.Appender
	reader      tessera.LogReader
	shutdown    func(context.Context) error
	stop        context.CancelFunc

	publishing sync.RWMutex // held for reading while a record is on its way: Tessera never answers those that are cut off
	closed     bool
}

// Open opens the log, or makes it when there is none and none must exist. Errors: ErrLost, ErrForeign, ErrLocked.
func Open(ctx context.Context, c Config) (*Log, error) {
	if c.Interval == 0 {
		c.Interval = MinInterval
	}
	if c.Key.Signer == nil || c.Key.Signer.Name() != c.Origin {
		return nil, fmt.Errorf("embedded: the key is not of the log %q", c.Origin)
	}
	l := &Log{cfg: c, verifierKey: c.Key.Verifier}
	var err error
	if l.verifier, err = note.NewVerifier(l.verifierKey); err != nil || l.verifier.Name() != c.Origin || l.verifier.KeyHash() != c.Key.Signer.KeyHash() {
		return nil, errSignerKey
	}
	if err := c.found(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.Dir, 0o755); err != nil { //nolint:gosec // what is in it is public
		return nil, fmt.Errorf("embedded: making the folder: %w", err)
	}
	if l.lock, err = lock(c.Dir); err != nil {
		return nil, err
	}
	if err = c.sound(l.verifier); err == nil {
		err = l.start(ctx, c.Key.Signer)
	}
	if err != nil {
		return nil, errors.Join(err, l.lock.Close())
	}
	return l, nil
}

func (l *Log) start(ctx context.Context, signer note.Signer) error {
	quieten(l.cfg.Log)
	driver, err := posix.New(ctx, posix.Config{Path: l.cfg.Dir})
	if err != nil {
		return fmt.Errorf("embedded: opening: %w", err)
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx)) // the log outlives the call that opened it
	options := tessera.NewAppendOptions().WithCheckpointSigner(signer).WithCheckpointInterval(l.cfg.Interval).
		WithBatching(batchSize, batchAge).WithShutdownTimeout(shutdownTimeout)
	l.appender, l.shutdown, l.reader, err = tessera.NewAppender(running, driver, options)
	if err != nil {
		stop()
		return fmt.Errorf("embedded: opening: %w", err)
	}
	l.stop = stop
	return nil
}

// Verifier is the note verifier key that the log's checkpoints are checked with.
func (l *Log) Verifier() string { return l.verifierKey }

// Publish implements ledger.Driver. It returns once a published checkpoint includes the record, with a proof that was verified.
// Errors: ErrRecord, ErrClosed, ErrTimeout; after ErrTimeout or the end of ctx the record may still come into the log.
func (l *Log) Publish(ctx context.Context, record []byte) (*receipt.LogProof, error) {
	if len(record) == 0 || len(record) > MaxRecord {
		return nil, fmt.Errorf("%w, not %d", ErrRecord, len(record))
	}
	l.publishing.RLock()
	defer l.publishing.RUnlock()
	if l.closed {
		return nil, ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("embedded: publishing: %w", err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, publishTimeout, ErrTimeout)
	defer cancel()
	added, err := l.appender.Add(ctx, tessera.NewEntry(record))()
	if err != nil {
		return nil, fmt.Errorf("embedded: publishing: %w", err)
	}
	raw, size, err := l.published(ctx, added.Index)
	if err != nil {
		return nil, fmt.Errorf("embedded: publishing record %d: %w", added.Index, err)
	}
	builder, err := client.NewProofBuilder(ctx, size, l.reader.ReadTile)
	if err != nil {
		return nil, fmt.Errorf("embedded: proving record %d: %w", added.Index, err)
	}
	path, err := builder.InclusionProof(ctx, added.Index)
	if err != nil {
		return nil, fmt.Errorf("embedded: proving record %d: %w", added.Index, err)
	}
	proof := &receipt.LogProof{Origin: l.cfg.Origin, Index: int64(added.Index), Checkpoint: string(raw), Path: path} //nolint:gosec // no log is that long
	if err := proof.Verify(record, []string{l.verifierKey}); err != nil {
		return nil, fmt.Errorf("embedded: checking our own proof of record %d: %w", added.Index, err)
	}
	return proof, nil
}

// published waits for a published checkpoint that includes the record at index. An index alone is no proof: the tree on disk runs
// ahead of the checkpoint.
func (l *Log) published(ctx context.Context, index uint64) (raw []byte, size uint64, err error) {
	look := time.NewTicker(poll)
	defer look.Stop()
	for {
		raw, c, err := l.read(ctx)
		if err != nil {
			return nil, 0, err
		}
		if c != nil && c.Size > index {
			return raw, c.Size, nil
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return nil, 0, context.Cause(ctx)
		}
	}
}

// Checkpoint returns the newest published checkpoint, a signed note; nil while a fresh log has none.
func (l *Log) Checkpoint(ctx context.Context) ([]byte, error) {
	raw, _, err := l.read(ctx)
	return raw, err
}

// Size is the number of records under the newest checkpoint.
func (l *Log) Size(ctx context.Context) (uint64, error) {
	_, c, err := l.read(ctx)
	if err != nil || c == nil {
		return 0, err
	}
	return c.Size, nil
}

// read returns the newest checkpoint, whose signature was verified, or nil while there is none.
func (l *Log) read(ctx context.Context) ([]byte, *log.Checkpoint, error) {
	raw, err := l.reader.ReadCheckpoint(ctx)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("embedded: reading the checkpoint: %w", err)
	}
	c, _, _, err := log.ParseCheckpoint(raw, l.cfg.Origin, l.verifier)
	if err != nil {
		return nil, nil, fmt.Errorf("embedded: reading the checkpoint: %w", err)
	}
	return raw, c, nil
}

// Close waits until what was added is published, and gives the log up to the next process. Closing again does nothing.
func (l *Log) Close() error {
	l.publishing.Lock()
	defer l.publishing.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	err := l.shutdown(ctx)
	l.stop()
	return errors.Join(err, l.lock.Close())
}
