package cos

import (
	"errors"
	"fmt"
)

// Errors of reading.
var (
	// ErrNotPDF means that a file does not begin with %PDF-.
	ErrNotPDF = errors.New("pdf: not a PDF")
	// ErrMalformed means that a file breaks a rule of ISO 32000 that readers rely on; the error is a *MalformedError.
	ErrMalformed = errors.New("pdf: file is malformed")
	// ErrEncrypted means that a file is encrypted: nothing in it can be read here.
	ErrEncrypted = errors.New("pdf: file is encrypted")
	// ErrLimit means that a file exceeds one of the Limits.
	ErrLimit = errors.New("pdf: file exceeds a limit")
	// ErrFilter means that a stream is compressed in a way that is not undone here, as pictures are.
	ErrFilter = errors.New("pdf: filter is not read here")
)

// MalformedError says where a file is wrong. It is an ErrMalformed.
type MalformedError struct {
	Offset int64  // from the start of the file
	What   string // what is wrong, in English
}

// Error gives both.
func (e *MalformedError) Error() string {
	return fmt.Sprintf("pdf: file is malformed at byte %d: %s", e.Offset, e.What)
}

// Is makes it an ErrMalformed.
func (e *MalformedError) Is(target error) bool { return target == ErrMalformed }

func malformed(at int64, format string, args ...any) error {
	return &MalformedError{at, fmt.Sprintf(format, args...)}
}
