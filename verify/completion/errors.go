package completion

import "errors"

// Errors of Store and Licences; every driver returns exactly these (wrapped or not).
var (
	ErrNoCase     = errors.New("completion: no such case")
	ErrExists     = errors.New("completion: this key already opened a case")
	ErrKeyReused  = errors.New("completion: this key was used with another request")
	ErrMoved      = errors.New("completion: the case was changed meanwhile")
	ErrNoEvidence = errors.New("completion: no evidence for that licence")
)

// Errors of Service.
var (
	ErrRequest      = errors.New("completion: request refused") // every *RequestError is one
	ErrNoCommitment = errors.New("completion: the case has no commitment to check")
	ErrClosed       = errors.New("completion: the case is already checked")
	ErrItemTaken    = errors.New("completion: another commitment stands for that item")
)

// RequestError says which part of a request is wrong. It never repeats the value, which may be personal data.
type RequestError struct {
	Code    string // stable: REQUIRED, TOO_LONG, TOO_MANY
	Pointer string // where, as a JSON pointer (RFC 6901)
}

// Error implements error.
func (e *RequestError) Error() string { return ErrRequest.Error() + ": " + e.Code + " at " + e.Pointer }

// Unwrap makes a RequestError an ErrRequest.
func (e *RequestError) Unwrap() error { return ErrRequest }
