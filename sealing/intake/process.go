package intake

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"yinzheng/sealing/intake/worker"
)

// Bounds of what is read from a worker besides its answer.
const (
	maxComplaint = 16 << 10        // bytes of its standard error: the head of a runtime's last words
	patience     = 2 * time.Second // from killing it to giving up its pipes
)

// ask runs one worker and returns its answer, which is no refusal.
func (j *job) ask(ctx context.Context, q worker.Request) (*worker.Answer, error) {
	select {
	case j.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-j.slots }()
	l := j.limits
	q.Version, q.Inputs = worker.Version, len(j.inputs)
	q.Limits = worker.Limits{Memory: l.Memory, CPU: l.CPU, Output: l.FileBytes, Objects: l.Objects, Pages: l.Pages, Stream: l.Stream, Pixels: l.Pixels}
	request, err := json.Marshal(q)
	if err != nil || len(request) > worker.MaxRequest {
		return nil, refuse(ErrRequest, "request of %d bytes", len(request))
	}
	files, err := j.files()
	if err != nil {
		return nil, err
	}
	defer func() {
		for _, f := range files {
			_ = f.Close() // the worker has its own descriptors
		}
	}()
	limited, cancel := context.WithTimeout(ctx, l.Time)
	defer cancel()
	answer, complaint := &bounded{most: worker.MaxAnswer, strict: true}, &bounded{most: maxComplaint}
	cmd := exec.CommandContext(limited, j.config.Program, j.config.Args...)
	cmd.Dir = j.folder
	cmd.Env = []string{"TMPDIR=" + j.folder, "LANG=C", "GOMAXPROCS=2"}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(request), answer, complaint
	cmd.ExtraFiles = files
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a signal for this program's group is not the worker's
	cmd.WaitDelay = patience
	err = cmd.Run()
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case answer.over:
		return nil, refuse(ErrLimit, "an answer of more than %d bytes", answer.most)
	case limited.Err() != nil:
		return nil, refuse(ErrLimit, "the worker took longer than %v", l.Time)
	case err != nil:
		return nil, died(err, string(complaint.kept))
	}
	return understand(answer.kept)
}

// files are the descriptors of the protocol.
func (j *job) files() ([]*os.File, error) {
	var files []*os.File
	open := func(name string, flag int) error {
		f, err := os.OpenFile(name, flag, 0o600)
		if err != nil {
			for _, f := range files {
				_ = f.Close() // nothing was written
			}
			return fmt.Errorf("intake: opening a worker's file: %w", err)
		}
		files = append(files, f)
		return nil
	}
	for _, name := range j.inputs {
		if err := open(name, os.O_RDONLY); err != nil {
			return nil, err
		}
	}
	return files, open(j.output, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
}

// died says why a worker ended without an answer.
func died(err error, complaint string) error {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return fmt.Errorf("intake: running a worker: %w", err)
	}
	status, _ := exit.Sys().(syscall.WaitStatus)
	has := func(s string) bool { return strings.Contains(complaint, s) }
	switch {
	case status.Signaled() && (status.Signal() == syscall.SIGXCPU || status.Signal() == syscall.SIGKILL), has("SIGXCPU"):
		return refuse(ErrLimit, "the worker took too much processor time or memory and was stopped")
	case has("out of memory"), has("cannot allocate memory"), has("failed to allocate"), has("failed to create new OS thread"), has("pthread_create failed"):
		return refuse(ErrLimit, "the worker needs more memory than it may take")
	case has("stack exceeds"), has("stack overflow"):
		return refuse(ErrUnsafe, "the file sends its reader into an endless recursion")
	}
	last, _, _ := strings.Cut(complaint, "\n")
	return refuse(ErrUnsafe, "the worker broke down over the file: %v: %.200q", exit, last)
}

// understand reads the answer strictly.
func understand(b []byte) (*worker.Answer, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	a := &worker.Answer{}
	if err := d.Decode(a); err != nil {
		return nil, refuse(ErrUnsafe, "the worker's answer cannot be read: %v", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) || a.Version != worker.Version {
		return nil, refuse(ErrUnsafe, "the worker's answer is not of version %d, or something follows it", worker.Version)
	}
	if a.Failure == "" {
		return a, nil
	}
	kind, ok := kinds[a.Failure]
	if !ok {
		return nil, refuse(ErrUnsafe, "the worker's answer has the unknown failure %q", a.Failure)
	}
	r := refuse(kind, "%s", a.Detail)
	if n := len(a.Findings); n > 0 && (a.Failure == worker.FailUnsafe || a.Failure == worker.FailSigned) {
		last := a.Findings[n-1]
		r.Code, r.Input, r.Object, r.Page = last.Code, last.Input, last.Object, last.Page
	}
	return nil, r
}

// kinds of a worker's failures.
var kinds = map[string]error{
	worker.FailPassword: ErrPassword, worker.FailSigned: ErrSigned, worker.FailUnsafe: ErrUnsafe, worker.FailMalformed: ErrMalformed,
	worker.FailLimit: ErrLimit, worker.FailUnsupported: ErrUnsupported, worker.FailRequest: ErrRequest,
	worker.FailAttachment: ErrNoAttachment,
}

// bounded keeps the first bytes of what is written. Of the rest it fails, which ends the writer, or swallows it. It has no
// ReadFrom on purpose, which would go past Write.
type bounded struct {
	kept   []byte
	most   int
	strict bool
	over   bool
}

var errTooMuch = errors.New("intake: a worker writes too much")

func (b *bounded) Write(p []byte) (int, error) {
	room := b.most - len(b.kept)
	if len(p) <= room {
		b.kept = append(b.kept, p...)
		return len(p), nil
	}
	b.over = true
	b.kept = append(b.kept, p[:room]...)
	if b.strict {
		return 0, errTooMuch
	}
	return len(p), nil
}
