package worker

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu"
)

// failure is an end with one of the Fail codes.
type failure struct {
	code    string
	finding *Finding // what made it unsafe
	err     error
}

func (f *failure) Error() string { return f.code + ": " + f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

func fail(code string, err error) error { return &failure{code: code, err: err} }

// Run serves one request and returns the exit code. It limits the whole process; nothing else may run in it afterwards.
func Run(stdin io.Reader, stdout io.Writer) int {
	a := serve(stdin)
	a.Version = Version
	b, err := json.Marshal(a)
	if err != nil || len(b) > MaxAnswer {
		return 1
	}
	if _, err := stdout.Write(b); err != nil {
		return 1
	}
	return 0
}

func serve(stdin io.Reader) Answer {
	q, err := read(stdin)
	if err != nil {
		return Answer{Failure: FailRequest, Detail: err.Error()}
	}
	if err := cage(q.Limits, q.Inputs); err != nil {
		return Answer{Failure: FailRequest, Detail: err.Error()}
	}
	api.DisableConfigDir()
	w := &work{q: q}
	for i := range q.Inputs {
		w.in = append(w.in, os.NewFile(uintptr(3+i), "input"))
	}
	w.out = os.NewFile(uintptr(3+q.Inputs), "output")
	err = w.do()
	a := w.answer
	if err != nil {
		a.Failure, a.Detail = classify(err), clip(err.Error())
		var f *failure
		if errors.As(err, &f) && f.finding != nil {
			a.Findings = append(a.Findings, *f.finding)
		}
	}
	return a
}

func read(r io.Reader) (*Request, error) {
	d := json.NewDecoder(io.LimitReader(r, MaxRequest))
	d.DisallowUnknownFields()
	q := &Request{}
	if err := d.Decode(q); err != nil {
		return nil, fmt.Errorf("reading the request: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("reading the request: something follows it")
	}
	l := q.Limits
	switch {
	case q.Version != Version:
		return nil, fmt.Errorf("request of version %d", q.Version)
	case q.Inputs < 1 || q.Inputs > MaxInputs:
		return nil, fmt.Errorf("request with %d inputs", q.Inputs)
	case l.Memory < 1 || l.CPU < 1 || l.Output < 1 || l.Objects < 1 || l.Pages < 1 || l.Stream < 1 || l.Pixels < 1:
		return nil, errors.New("request with a limit that is not positive")
	}
	return q, nil
}

// classify finds the code of an error: our own, or what pdfcpu and the system say.
func classify(err error) string {
	var f *failure
	switch {
	case errors.As(err, &f):
		return f.code
	case errors.Is(err, syscall.EFBIG), errors.Is(err, syscall.ENOSPC):
		return FailLimit
	case errors.Is(err, pdfcpu.ErrWrongPassword), errors.Is(err, pdfcpu.ErrOwnerPasswordRequired), errors.Is(err, pdfcpu.ErrPermissionDenied):
		return FailPassword
	case errors.Is(err, pdfcpu.ErrUnsupportedEncryptionFeature):
		return FailUnsupported
	}
	return FailMalformed
}

// clip keeps a detail short: pdfcpu quotes what it reads.
func clip(s string) string {
	const most = 500
	if len(s) <= most {
		return s
	}
	return s[:most] + "..."
}
