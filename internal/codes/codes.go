// Package codes checks the coded names of organisations, persons and licences: GB 32100 (统一社会信用代码), GB 11714
// (organisation code), GB 11643 (公民身份号码), GB/T 36904 (电子证照标识) and the numbers of food licences. It is pure:
// strings in, errors out.
package codes

import (
	"errors"
	"fmt"
)

// What can be wrong with a code; every Error wraps one of them.
var (
	ErrLength    = errors.New("wrong length")
	ErrCharacter = errors.New("character not allowed")
	ErrCheck     = errors.New("check character does not fit")
	ErrForm      = errors.New("wrong form")
	ErrRegion    = errors.New("not a region code")
	ErrDate      = errors.New("not a birth date")
)

// Error says what is wrong with a code and where. It never holds the code itself, which may be personal data.
type Error struct {
	Standard string // e.g. "GB 32100"
	Err      error  // one of the errors above
	Position int    // of the first wrong character, from 1; 0 when the whole is wrong
	Want     string // what should stand there: the length or the check character; "" when there is no one answer
	Got      string // what stands there instead: a length or one character
}

// Error implements error.
func (e *Error) Error() string {
	s := e.Standard + ": " + e.Err.Error()
	if e.Position > 0 {
		s += fmt.Sprintf(" at position %d", e.Position)
	}
	if e.Got != "" {
		s += fmt.Sprintf(": got %q", e.Got)
	}
	if e.Want != "" {
		s += fmt.Sprintf(", want %q", e.Want)
	}
	return s
}

// Unwrap returns the kind of mistake.
func (e *Error) Unwrap() error { return e.Err }

// digits36 is the alphabet of GB/T 17710 MOD 37,36 and of the parts of a licence identifier.
const digits36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// value36 returns the value of c in digits36, or -1.
func value36(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'A' && c <= 'Z':
		return int(c-'A') + 10
	}
	return -1
}

// wrongLength, wrongCharacter and wrongCheck make the three usual errors.
func wrongLength(standard string, got, want int) error {
	return &Error{Standard: standard, Err: ErrLength, Want: fmt.Sprint(want), Got: fmt.Sprint(got)}
}

func wrongCharacter(standard, s string, index int) error {
	for i, r := range s {
		if i >= index {
			return &Error{Standard: standard, Err: ErrCharacter, Position: index + 1, Got: string(r)}
		}
	}
	return &Error{Standard: standard, Err: ErrCharacter, Position: index + 1}
}

func wrongCheck(standard string, position int, got, want byte) error {
	return &Error{Standard: standard, Err: ErrCheck, Position: position, Got: string(rune(got)), Want: string(rune(want))}
}
