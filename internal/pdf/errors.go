package pdf

import (
	"errors"
	"fmt"
)

// Errors of writing and sealing.
var (
	// ErrGlyph means that the font lacks a character; the error is a *MissingGlyphError that names it.
	ErrGlyph = errors.New("pdf: the font lacks a character")
	// ErrPicture means that a picture is not a PNG that can be drawn.
	ErrPicture = errors.New("pdf: picture cannot be drawn")
	// ErrPage means that something was drawn without a page, outside the limits of a page, or with impossible measures.
	ErrPage = errors.New("pdf: no such page or measure")
	// ErrAttachment means that an attachment has no usable name or type, or one that is there already.
	ErrAttachment = errors.New("pdf: attachment cannot be added")
	// ErrText means that a text holds control characters or is not UTF-8, where the font is not asked.
	ErrText = errors.New("pdf: text cannot be written")
	// ErrField means that a Field cannot be placed: its name is taken, its rectangle is outside the page, or a part is missing.
	ErrField = errors.New("pdf: signature field cannot be placed")
	// ErrCertified means that the file bears a certification that allows no further seal (DocMDP, P = 1).
	ErrCertified = errors.New("pdf: file is certified and allows no further seal")
	// ErrReserve means that the signature is longer than what was reserved for it.
	ErrReserve = errors.New("pdf: signature is longer than its reserve")
	// ErrContents means that the signature is not one DER SEQUENCE.
	ErrContents = errors.New("pdf: signature is not one DER sequence")
	// ErrCompleted means that Complete was called before.
	ErrCompleted = errors.New("pdf: signature was completed before")
)

// Errors of reading.
var (
	// ErrUnsupported means that a file is not of the form that this package writes. It says nothing about the file.
	ErrUnsupported = errors.New("pdf: file is not of the form written by this service")
	// ErrMalformed means that a file is damaged or was tampered with; the error is a *MalformedError that says where.
	ErrMalformed = errors.New("pdf: file is malformed")
	// ErrLimit means that a file exceeds one of the Limits.
	ErrLimit = errors.New("pdf: file exceeds a limit")
	// ErrNoAttachment means that a file has no attachment of a name.
	ErrNoAttachment = errors.New("pdf: no such attachment")
)

// MissingGlyphError names a character that the font lacks. It is an ErrGlyph.
type MissingGlyphError struct {
	Rune rune
	Text string // the text that was to be drawn
}

// Error names the character and its code point.
func (e *MissingGlyphError) Error() string {
	return fmt.Sprintf("pdf: the font lacks %q (U+%04X)", e.Rune, e.Rune)
}

// Is makes it an ErrGlyph.
func (e *MissingGlyphError) Is(target error) bool { return target == ErrGlyph }

// MalformedError says where a file is wrong. It is an ErrMalformed.
type MalformedError struct {
	Offset int64  // of the first wrong byte, or of the object that is wrong, from the start of the file
	What   string // what is wrong, in English
}

// Error gives both.
func (e *MalformedError) Error() string {
	return fmt.Sprintf("pdf: file is malformed at byte %d: %s", e.Offset, e.What)
}

// Is makes it an ErrMalformed.
func (e *MalformedError) Is(target error) bool { return target == ErrMalformed }
