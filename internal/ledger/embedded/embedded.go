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
	"path/filepath"
	"sync"
	"time"

	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
	"k8s.io/klog/v2"

	"yinzheng/internal/receipt"
)

// Errors of Open and Publish.
var (
	ErrLost   = errors.New("embedded: the log that must be there is not")
	ErrLocked = errors.New("embedded: another process writes this log")
	ErrRecord = errors.New("embedded: not a record")
)

// Timing. A checkpoint is published at most this often; a record waits for the next one.
const (
	checkpointInterval = 100 * time.Millisecond // the least that Tessera takes
	batchAge           = 5 * time.Millisecond   // the ledger publishes one record at a time: there is nothing to wait for
	batchSize          = 256
	poll               = 10 * time.Millisecond
	shutdownTimeout    = 10 * time.Second
	maxRecord          = 1 << 10 // bytes
)

const checkpointFile = "checkpoint"

// Config says where the log is and whose it is.
type Config struct {
	Dir       string       // the log's folder, made 0755 if it may be
	Origin    string       // the checkpoint's first line
	Signer    string       // note signer key ("PRIVATE+KEY+…", Ed25519) of the origin's name
	MustExist bool         // a log was there before: a folder without one is an error, never a fresh log
	Log       *slog.Logger // Tessera's warnings; nil for none
}

// Log is the open log. One process writes it.
type Log struct {
	cfg      Config
	verifier note.Verifier
	lock     *os.File
	appender *tessera.Appender
	reader   tessera.LogReader
	awaiter  *tessera.PublicationAwaiter
	shutdown func(context.Context) error
	stop     context.CancelFunc

	publishing sync.Mutex
}

// Open opens the log, or makes it when there is none and none must exist.
func Open(ctx context.Context, c Config) (*Log, error) {
	signer, err := note.NewSigner(c.Signer)
	if err != nil {
		return nil, errors.New("embedded: the note signer key cannot be read") // the key is not repeated
	}
	if signer.Name() != c.Origin {
		return nil, fmt.Errorf("embedded: the key is of %q, the log is %q", signer.Name(), c.Origin)
	}
	_, err = os.Stat(filepath.Join(c.Dir, checkpointFile))
	if errors.Is(err, fs.ErrNotExist) && c.MustExist {
		return nil, fmt.Errorf("%w: no checkpoint in the log's folder", ErrLost)
	}
	if err := os.MkdirAll(c.Dir, 0o755); err != nil { //nolint:gosec // what is in it is public
		return nil, fmt.Errorf("embedded: making the folder: %w", err)
	}
	l := &Log{cfg: c}
	if l.verifier, err = verifierOf(signer, c.Signer); err != nil {
		return nil, err
	}
	if l.lock, err = lock(c.Dir); err != nil {
		return nil, err
	}
	if err := l.start(ctx, signer); err != nil {
		return nil, errors.Join(err, l.lock.Close())
	}
	return l, nil
}

func (l *Log) start(ctx context.Context, signer note.Signer) error {
	logger := l.cfg.Log
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	klog.SetSlogLogger(slog.New(warnings{logger.Handler()}))
	driver, err := posix.New(ctx, posix.Config{Path: l.cfg.Dir})
	if err != nil {
		return fmt.Errorf("embedded: opening: %w", err)
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx)) // the log outlives the call that opened it
	l.stop = stop
	options := tessera.NewAppendOptions().WithCheckpointSigner(signer).WithCheckpointInterval(checkpointInterval).
		WithBatching(batchSize, batchAge).WithShutdownTimeout(shutdownTimeout)
	l.appender, l.shutdown, l.reader, err = tessera.NewAppender(running, driver, options)
	if err != nil {
		stop()
		return fmt.Errorf("embedded: opening: %w", err)
	}
	l.awaiter = tessera.NewPublicationAwaiter(running, l.reader.ReadCheckpoint, poll)
	return nil
}

// Publish appends a record and returns once a published checkpoint includes it.
func (l *Log) Publish(ctx context.Context, record []byte) (*receipt.LogProof, error) {
	if len(record) == 0 || len(record) > maxRecord {
		return nil, fmt.Errorf("%w: %d bytes", ErrRecord, len(record))
	}
	l.publishing.Lock()
	defer l.publishing.Unlock()
	index, note, err := l.awaiter.Await(ctx, l.appender.Add(ctx, tessera.NewEntry(record)))
	if err != nil {
		return nil, fmt.Errorf("embedded: publishing: %w", err)
	}
	checkpoint, _, _, err := log.ParseCheckpoint(note, l.cfg.Origin, l.verifier)
	if err != nil {
		return nil, fmt.Errorf("embedded: reading our own checkpoint: %w", err)
	}
	builder, err := client.NewProofBuilder(ctx, checkpoint.Size, l.reader.ReadTile)
	if err != nil {
		return nil, fmt.Errorf("embedded: proving record %d: %w", index.Index, err)
	}
	path, err := builder.InclusionProof(ctx, index.Index)
	if err != nil {
		return nil, fmt.Errorf("embedded: proving record %d: %w", index.Index, err)
	}
	return &receipt.LogProof{Origin: l.cfg.Origin, Index: int64(index.Index), Checkpoint: string(note), Path: path}, nil //nolint:gosec // no log is that long
}

// Size is the number of records under the newest checkpoint.
func (l *Log) Size(ctx context.Context) (uint64, error) {
	c, err := l.checkpoint(ctx)
	if err != nil || c == nil {
		return 0, err
	}
	return c.Size, nil
}

// checkpoint reads the newest checkpoint, or nil while there is none.
func (l *Log) checkpoint(ctx context.Context) (*log.Checkpoint, error) {
	raw, err := l.reader.ReadCheckpoint(ctx)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // a fresh log has none
	}
	if err != nil {
		return nil, fmt.Errorf("embedded: reading the checkpoint: %w", err)
	}
	c, _, _, err := log.ParseCheckpoint(raw, l.cfg.Origin, l.verifier)
	if err != nil {
		return nil, fmt.Errorf("embedded: reading the checkpoint: %w", err)
	}
	return c, nil
}

// Close waits until what was added is published, and gives the log up to the next process.
func (l *Log) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	err := l.shutdown(ctx)
	l.stop()
	return errors.Join(err, l.lock.Close())
}
