package sealing

import (
	"errors"

	"yinzheng/internal/pdf/increment"
)

// Errors of Book, Keys, Maker and Sealer.
var (
	// ErrNoSeal means that there is no seal of that name, or none that may be used.
	ErrNoSeal = errors.New("sealing: no such seal")
	// ErrSealNotUsable means that the seal is not active, or not valid at this time.
	ErrSealNotUsable = errors.New("sealing: seal may not be used")
	// ErrSigner means that the signing certificate does not allow this signature: expired, without the key usage, not
	// listed in the seal, or not the key's.
	ErrSigner = errors.New("sealing: signing certificate does not fit")
	// ErrDocument means that the document cannot be sealed.
	ErrDocument = errors.New("sealing: document cannot be sealed")
	// ErrCertified means that the document was certified, and allows no further signature, or not the certification asked for.
	ErrCertified = increment.ErrCertified
	// ErrJudged means that our own verifier refused the sealed document; it never left.
	ErrJudged = errors.New("sealing: our own result was judged not valid")
	// ErrSpec means that a seal was asked for with wrong properties.
	ErrSpec = errors.New("sealing: seal description is wrong")
	// ErrText means that a text cannot be drawn on a seal.
	ErrText = errors.New("sealing: text cannot be drawn on a seal")
)
