package pdf

import (
	"errors"
	"fmt"
)

// Errors of writing.
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
