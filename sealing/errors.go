package sealing

import "errors"

// ErrNoSeal means that there is no seal of that name, or none that may be used.
var ErrNoSeal = errors.New("sealing: no such seal")
