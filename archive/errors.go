package archive

import "errors"

// Errors of Blobs and Index; every driver returns exactly these (wrapped or not).
var (
	ErrNoBlob    = errors.New("archive: no such content")
	ErrDamaged   = errors.New("archive: content does not have its digest")
	ErrNoPackage = errors.New("archive: no such package")
	ErrConflict  = errors.New("archive: the package is there with other content")
)

// ErrDeposit means that what was handed in cannot become a package; the error says what and where.
var ErrDeposit = errors.New("archive: not fit for a package")

// ErrPackage is wrapped by every PackageError.
var ErrPackage = errors.New("archive: not a sound package")

// PackageError says why bytes are not a sound package.
type PackageError struct {
	Code  string // stable, one of the constants below
	Where string // the entry or line, as far as it can be named
}

// The codes of PackageError.
const (
	TooLarge      = "PACKAGE_TOO_LARGE"      // more bytes or entries than the limits
	NotZip        = "PACKAGE_NOT_ZIP"        // no readable central directory
	NotCanonical  = "PACKAGE_NOT_CANONICAL"  // bytes that no entry accounts for, or headers that disagree
	BadMethod     = "PACKAGE_METHOD"         // an entry neither stored nor deflated, or encrypted
	BadRatio      = "PACKAGE_RATIO"          // an entry that unpacks to far more than it is
	BadName       = "PACKAGE_NAME"           // absolute, "..", not UTF-8, or not writable everywhere
	DuplicateName = "PACKAGE_DUPLICATE"      // two entries of one name (ASCII case aside)
	BadContent    = "PACKAGE_CONTENT"        // CRC, length or compressed stream is wrong
	BadBag        = "PACKAGE_BAG"            // bagit.txt or bag-info.txt is wrong
	BadManifest   = "PACKAGE_MANIFEST"       // a manifest line is not in its one form, or out of order
	NotInManifest = "PACKAGE_NOT_LISTED"     // a file that a manifest does not list
	Missing       = "PACKAGE_FILE_MISSING"   // a listed or required file that is not there
	WrongDigest   = "PACKAGE_DIGEST"         // content that does not have its listed digest
	BadMetadata   = "PACKAGE_METADATA"       // metadata not readable, or not about these files
	WrongIdentity = "PACKAGE_WRONG_IDENTITY" // the index names another package than the bytes do
)

// Error implements error.
func (e *PackageError) Error() string {
	if e.Where == "" {
		return "archive: " + e.Code
	}
	return "archive: " + e.Code + " at " + e.Where
}

// Unwrap makes errors.Is(err, ErrPackage) true.
func (e *PackageError) Unwrap() error { return ErrPackage }
