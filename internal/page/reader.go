package page

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klippa-app/go-pdfium"
	pdfiumerrors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// Errors of reading a page.
var (
	// ErrDocument means that PDFium cannot read the file as it was given: no PDF, damaged, encrypted.
	ErrDocument = errors.New("page: document cannot be read")
	// ErrPage means that the document has no page of that number.
	ErrPage = errors.New("page: no such page")
	// ErrLimit means that the document, the question or the answer exceeds one of the Config's limits.
	ErrLimit = errors.New("page: limit exceeded")
	// ErrFault means that the sandbox broke down over this document: out of memory, or PDFium failed in it.
	ErrFault = errors.New("page: the reader's sandbox failed")
	// ErrClosed means that the Reader was closed.
	ErrClosed = errors.New("page: reader is closed")
)

// Limits of a Config's zero value.
const (
	DefaultMemory    = 384 << 20 // bytes of one sandbox: a 40 MP picture and PDFium's own caches
	DefaultFileBytes = 1 << 30   // WebAssembly files above 2 GiB would overflow PDFium's offsets
	DefaultPixels    = 16 << 20  // of one picture: A4 at 450 dpi, 64 MiB
	DefaultPages     = 2000      // that one Find looks through
	DefaultRunes     = 4 << 20   // characters that one Find looks through
	DefaultParallel  = 2         // sandboxes at once

	wasmPage = 64 << 10 // bytes, WebAssembly Core 2.0, 4.2.8
	maxUses  = 256      // questions before a sandbox's runtime is renewed: it keeps a few hundred bytes of each
)

// Config says what a Reader may use; zero fields mean the defaults above.
type Config struct {
	Memory    int64  // bytes that one sandbox may hold, at most 4 GiB
	FileBytes int64  // size of a document
	Pixels    int    // of one picture, width times height
	Pages     int    // that one Find looks through
	Runes     int    // that one Find looks through
	Parallel  int    // sandboxes at once; further callers wait
	Cache     string // folder for the compiled PDFium, private to this program; "": in memory only, compiled once a Reader (about 2.5 s)
}

// Reader looks at pages. It may be used by any number of goroutines. Nothing is compiled before the first question.
type Reader struct {
	config Config
	slots  chan *slot // every slot is either here or with one caller

	mu     sync.Mutex
	cache  wazero.CompilationCache
	closed chan struct{}
}

// slot is one sandbox's place; its runtime is made when first needed and thrown away after a fault.
type slot struct {
	pool   pdfium.Pool
	cancel context.CancelFunc
	uses   int
}

// New returns a Reader. It fails only for a negative or absurd limit.
func New(c Config) (*Reader, error) {
	c = c.withDefaults()
	if c.Memory < wasmPage || c.Memory > 4<<30 || c.FileBytes < 1 || c.Pixels < 1 || c.Pages < 1 || c.Runes < 1 || c.Parallel < 1 {
		return nil, fmt.Errorf("page: limits of the configuration are not positive or too large")
	}
	r := &Reader{config: c, slots: make(chan *slot, c.Parallel), closed: make(chan struct{})}
	for range c.Parallel {
		r.slots <- &slot{}
	}
	return r, nil
}

func (c Config) withDefaults() Config {
	set := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	if c.Memory == 0 {
		c.Memory = DefaultMemory
	}
	if c.FileBytes == 0 {
		c.FileBytes = DefaultFileBytes
	}
	set(&c.Pixels, DefaultPixels)
	set(&c.Pages, DefaultPages)
	set(&c.Runes, DefaultRunes)
	set(&c.Parallel, DefaultParallel)
	return c
}

// Close waits for the questions under way and frees everything. A closed Reader answers ErrClosed.
func (r *Reader) Close() error {
	r.mu.Lock()
	select {
	case <-r.closed:
		r.mu.Unlock()
		return nil
	default:
		close(r.closed)
		r.mu.Unlock()
	}
	for range r.config.Parallel {
		s := <-r.slots
		s.drop()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cache != nil {
		return r.cache.Close(context.Background())
	}
	return nil
}

func (s *slot) drop() {
	if s.pool == nil {
		return
	}
	s.cancel()
	_ = s.pool.Close() // it only says that it was closed before
	s.pool, s.cancel, s.uses = nil, nil, 0
}

// compiled is the cache that lets every runtime of this Reader share one compilation.
func (r *Reader) compiled() (wazero.CompilationCache, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cache != nil {
		return r.cache, nil
	}
	if r.config.Cache == "" {
		r.cache = wazero.NewCompilationCache()
		return r.cache, nil
	}
	c, err := wazero.NewCompilationCacheWithDir(r.config.Cache)
	if err != nil {
		return nil, fmt.Errorf("page: opening the compilation cache: %w", err)
	}
	r.cache = c
	return c, nil
}

// start makes the slot's runtime: no folder mounted, memory bounded, and a running call ends when the slot is cancelled.
func (r *Reader) start(s *slot) error {
	if s.pool != nil {
		return nil
	}
	cache, err := r.compiled()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	pool, err := webassembly.Init(webassembly.Config{
		Context:  ctx,
		MaxTotal: 1,
		FSConfig: wazero.NewFSConfig(),
		Stdout:   io.Discard,
		Stderr:   io.Discard,
		RuntimeConfig: wazero.NewRuntimeConfig().
			WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling).
			WithMemoryLimitPages(uint32(r.config.Memory / wasmPage)).
			WithCloseOnContextDone(true).
			WithCompilationCache(cache),
	})
	if err != nil {
		cancel()
		return fmt.Errorf("page: starting the sandbox: %w", err)
	}
	s.pool, s.cancel = pool, cancel
	return nil
}

// open runs do on the document in a sandbox of its own. When ctx ends, the sandbox is stopped wherever it is.
func (r *Reader) open(ctx context.Context, file io.ReadSeeker, do func(*document) error) error {
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("page: measuring the document: %w", err)
	}
	if size == 0 {
		return fmt.Errorf("%w: empty", ErrDocument)
	}
	if size > r.config.FileBytes {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrLimit, size, r.config.FileBytes)
	}
	var s *slot
	select {
	case s = <-r.slots:
	case <-ctx.Done():
		return ctx.Err()
	case <-r.closed:
		return ErrClosed
	}
	defer func() { r.slots <- s }()
	if err := r.start(s); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, s.cancel)
	err = s.run(ctx, file, size, do)
	stopped := !stop()
	s.uses++
	if stopped || errors.Is(err, ErrFault) || s.uses >= maxUses {
		s.drop()
	}
	if stopped && err != nil {
		return ctx.Err()
	}
	return err
}

// document is an open file in a sandbox.
type document struct {
	ctx   context.Context //nolint:containedctx // lives for one call of open
	in    pdfium.Pdfium
	ref   references.FPDF_DOCUMENT
	pages int
}

func (s *slot) run(ctx context.Context, file io.ReadSeeker, size int64, do func(*document) error) (err error) {
	defer func() {
		if p := recover(); p != nil { // go-pdfium reads the sandbox's memory without looking
			err = fmt.Errorf("%w: %v", ErrFault, p)
		}
	}()
	in, err := s.pool.GetInstanceWithContext(ctx)
	if err != nil {
		return fmt.Errorf("%w: starting an instance: %w", ErrFault, err)
	}
	defer func() {
		if cerr := in.Close(); cerr != nil && err == nil {
			err = fmt.Errorf("%w: closing an instance: %w", ErrFault, cerr)
		}
	}()
	doc, err := in.OpenDocument(&requests.OpenDocument{FileReader: file, FileReaderSize: size})
	if err != nil {
		return fmt.Errorf("%w: %w", fault(err, ErrDocument), err)
	}
	count, err := in.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: doc.Document})
	if err != nil {
		return fmt.Errorf("%w: counting pages: %w", fault(err, ErrDocument), err)
	}
	if err := do(&document{ctx: ctx, in: in, ref: doc.Document, pages: count.PageCount}); err != nil {
		return err
	}
	_, err = in.FPDF_CloseDocument(&requests.FPDF_CloseDocument{Document: doc.Document})
	if err != nil {
		return fmt.Errorf("%w: closing a document: %w", ErrFault, err)
	}
	return nil
}

// page names page number n, from 1.
func (d *document) page(n int) (requests.Page, error) {
	if n < 1 || n > d.pages {
		return requests.Page{}, fmt.Errorf("%w: %d of %d", ErrPage, n, d.pages)
	}
	return requests.Page{ByIndex: &requests.PageByIndex{Document: d.ref, Index: n - 1}}, nil
}

// fault tells a clean refusal by PDFium, which becomes clean, from a breakdown of the sandbox.
func fault(err, clean error) error {
	for _, known := range []error{pdfiumerrors.ErrFile, pdfiumerrors.ErrFormat, pdfiumerrors.ErrPassword, pdfiumerrors.ErrSecurity, pdfiumerrors.ErrPage, pdfiumerrors.ErrUnknown} {
		if errors.Is(err, known) {
			return clean
		}
	}
	return ErrFault
}
