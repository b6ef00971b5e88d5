package archive

import "errors"

// Errors of Blobs and Index; every driver returns exactly these (wrapped or not).
var (
	ErrNoBlob    = errors.New("archive: no such content")
	ErrDamaged   = errors.New("archive: content does not have its digest")
	ErrNoPackage = errors.New("archive: no such package")
	ErrConflict  = errors.New("archive: the package is there with other content")
)
