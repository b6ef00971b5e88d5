package intake

import (
	"errors"
	"fmt"
)

// Errors of every operation; most come as a *Refusal that says where. Others are those of the context and of the file system.
var (
	// ErrSigned means that the file carries a signature, which writing it anew would destroy: seal it as it is.
	ErrSigned = errors.New("intake: file is signed")
	// ErrPassword means that the file is encrypted and the password is missing or wrong.
	ErrPassword = errors.New("intake: file needs its password")
	// ErrUnsafe means that the file holds what is never let in, or broke the reader that looked at it.
	ErrUnsafe = errors.New("intake: file is unsafe")
	// ErrLimit means that the file needs more size, memory, time or objects than the Limits allow.
	ErrLimit = errors.New("intake: file exceeds a limit")
	// ErrMalformed means that the file is damaged, or no PDF, or two readers could read it differently.
	ErrMalformed = errors.New("intake: file is malformed")
	// ErrUnsupported means a form of image or encryption that is not read, or a text that the font cannot draw.
	ErrUnsupported = errors.New("intake: form of file is not supported")
	// ErrNoAttachment means that the file has no attachment of that name.
	ErrNoAttachment = errors.New("intake: no such attachment")
	// ErrRequest means that the call itself is wrong: no files, too many, a bad name.
	ErrRequest = errors.New("intake: request is wrong")
)

// Refusal says why a file was not let in, and where in it the reason stands. It is the error Kind.
type Refusal struct {
	Kind   error  // one of the errors above
	Code   string // of what was found, as in Finding; "" when Kind says it all
	Input  int    // which of several files, from 0
	Object int    // number of the object, 0: unknown
	Page   int    // from 1; 0: unknown
	Offset int64  // in the file, bytes; -1: unknown
	What   string // for a person, English
}

// Error gives all that is known.
func (r *Refusal) Error() string {
	s := r.Kind.Error()
	if r.Code != "" {
		s += ": " + r.Code
	}
	if r.Object != 0 {
		s += fmt.Sprintf(" in object %d", r.Object)
	}
	if r.Page != 0 {
		s += fmt.Sprintf(" on page %d", r.Page)
	}
	if r.Offset >= 0 {
		s += fmt.Sprintf(" at byte %d", r.Offset)
	}
	if r.What != "" {
		s += ": " + r.What
	}
	return s
}

// Unwrap gives Kind.
func (r *Refusal) Unwrap() error { return r.Kind }

func refuse(kind error, format string, args ...any) *Refusal {
	return &Refusal{Kind: kind, Offset: -1, What: fmt.Sprintf(format, args...)}
}
