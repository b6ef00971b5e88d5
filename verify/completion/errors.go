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
