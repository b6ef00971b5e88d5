package licences

import "errors"

// Errors of Store, Register and Presentations; every driver returns exactly these (wrapped or not).
var (
	ErrNoLicence      = errors.New("licences: no such licence")
	ErrExists         = errors.New("licences: this key already made a licence")
	ErrKeyReused      = errors.New("licences: this key was used with another request")
	ErrTaken          = errors.New("licences: the identifier is taken")
	ErrMoved          = errors.New("licences: the licence is no longer in that state")
	ErrNoPresentation = errors.New("licences: no such presentation")
	ErrUsed           = errors.New("licences: the presentation was used before")
	ErrTokenExpired   = errors.New("licences: the presentation is over")
)
