package intake

import (
	"fmt"
	"io"
	"os"
	"time"

	"yinzheng/sealing/intake/worker"
)

// WorkerVerb is the program's first argument that makes it a worker: main calls RunWorker then, before anything else, and exits.
const WorkerVerb = worker.Verb

// RunWorker serves one request of an Intake and returns the exit code. It limits the whole process for good.
func RunWorker(stdin io.Reader, stdout io.Writer) int { return worker.Run(stdin, stdout) }

// Finding is something in a file that was removed, kept or refused; the codes are constants of package worker.
type Finding = worker.Finding

// Limits bound one file; zero fields mean the defaults of DefaultLimits.
type Limits struct {
	FileBytes int64         // of an input, and of the result
	Objects   int           // in use
	Pages     int           // of an input, and of the result
	Stream    int64         // bytes of one stream, inflated
	Inflated  int64         // bytes of all streams, inflated
	Pixels    int64         // of one image
	Memory    int64         // bytes that the worker may take
	CPU       int           // seconds of processor time that the worker may take
	Time      time.Duration // from the worker's start to its end
}

// DefaultLimits are for the case files of an office: 500 scanned pages pass.
func DefaultLimits() Limits {
	return Limits{
		FileBytes: 256 << 20,
		Objects:   500_000, // of about 100 bytes each in the worker
		Pages:     5000,
		Stream:    256 << 20, // an uncompressed A3 scan of 600 dpi in colour has 200 MiB
		Inflated:  4 << 30,   // about ten seconds of inflating
		Pixels:    100 << 20, // A2 at 600 dpi
		Memory:    1536 << 20,
		CPU:       120,
		Time:      3 * time.Minute,
	}
}

// DefaultParallel is how many workers run at once unless Config says otherwise; each may take Limits.Memory.
const DefaultParallel = 2

// Config says how workers are started and what they may use.
type Config struct {
	Program  string   // to be run; "": this program
	Args     []string // its arguments; none: WorkerVerb
	Folder   string   // for temporary files, which need the size of a file three times; "": the system's
	Limits   Limits
	Parallel int // workers at once; further callers wait; 0: DefaultParallel
}

// Intake lets files in. It may be used by any number of goroutines.
type Intake struct {
	config Config
	slots  chan struct{}
}

// New returns an Intake. It fails when this program's own file is not known or a limit is negative.
func New(c Config) (*Intake, error) {
	if c.Program == "" {
		p, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("intake: finding this program: %w", err)
		}
		c.Program = p
	}
	if len(c.Args) == 0 {
		c.Args = []string{WorkerVerb}
	}
	if c.Parallel == 0 {
		c.Parallel = DefaultParallel
	}
	c.Limits = c.Limits.withDefaults()
	l := c.Limits
	if l.FileBytes < 1 || l.Objects < 1 || l.Pages < 1 || l.Stream < 1 || l.Inflated < 1 || l.Pixels < 1 || l.Memory < 1 || l.CPU < 1 || l.Time < 1 || c.Parallel < 1 {
		return nil, fmt.Errorf("intake: a limit is not positive")
	}
	return &Intake{config: c, slots: make(chan struct{}, c.Parallel)}, nil
}

func (l Limits) withDefaults() Limits {
	d := DefaultLimits()
	for _, f := range []struct{ v, d *int64 }{
		{&l.FileBytes, &d.FileBytes}, {&l.Stream, &d.Stream}, {&l.Inflated, &d.Inflated}, {&l.Pixels, &d.Pixels}, {&l.Memory, &d.Memory},
		{(*int64)(&l.Time), (*int64)(&d.Time)},
	} {
		if *f.v == 0 {
			*f.v = *f.d
		}
	}
	for _, f := range []struct{ v, d *int }{{&l.Objects, &d.Objects}, {&l.Pages, &d.Pages}, {&l.CPU, &d.CPU}} {
		if *f.v == 0 {
			*f.v = *f.d
		}
	}
	return l
}

// Options say how a document is read.
type Options struct {
	Password        string // of an encrypted document: the owner's or the user's
	DropAttachments bool   // embedded files are removed; otherwise they stay and are reported
}

// Report says what became of the files.
type Report struct {
	Pages    int   // of the result
	Bytes    int64 // of the result
	Findings []Finding
}

// Result is a new file. It has no name any more: its space is free once it is closed.
type Result struct {
	*os.File // open for reading, at its beginning
	Report   Report
}

// Attachment is a file in a document.
type Attachment struct {
	Name        string    // no slash, no control character, at most 255 bytes
	Description string    // at most 400 bytes
	Modified    time.Time // must be set when attaching
	Data        io.Reader // of Attach only
}

// Watermark marks every page of a copy.
type Watermark struct {
	Text     string  // lines separated by line feeds, e.g. 副本 or 仅供办理示例事项使用; every character must be in the service's font
	Opacity  float64 // above 0, at most 1; 0 means 0.25
	Rotation float64 // degrees counter-clockwise; 0 means 45, and 360 means none
	Scale    float64 // of the page's width, above 0, at most 1; 0 means 0.8
	Behind   bool    // under the page's content, where a scan would cover it
}
