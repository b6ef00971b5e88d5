package page

import (
	"context"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"golang.org/x/text/unicode/norm"
)

// Limits of one question.
const (
	maxKeyword = 200  // characters; a place is named by a word, not by a chapter
	maxHits    = 1000 // more places than anybody seals
)

// Hit is one place of a text.
type Hit struct {
	Page int        // from 1
	Rect [4]float64 // left bottom right top; of a text broken over lines, the part on its first line
}

// Find looks for a text, page by page, top to bottom as PDFium reads, and returns at most limit places (0: 1000); the same
// characters never belong to two. Characters count after Unicode normalisation (NFC); any run of white space, also a line's end,
// counts as one space, and none beside a Chinese character, as in 盖 章. Letters must agree in case. Errors: ErrDocument, ErrLimit (also for
// a text that is empty or has more than 200 characters), ErrFault, ErrClosed, or those of ctx and of reading file.
func (r *Reader) Find(ctx context.Context, file io.ReadSeeker, keyword string, limit int) ([]Hit, error) {
	want := newText()
	for _, c := range keyword {
		want.add(c, -1)
	}
	want.end()
	if len(want.runes) == 0 || len(want.runes) > maxKeyword {
		return nil, fmt.Errorf("%w: a keyword has 1 to %d characters", ErrLimit, maxKeyword)
	}
	if limit <= 0 || limit > maxHits {
		limit = maxHits
	}
	var hits []Hit
	err := r.open(ctx, file, func(d *document) error {
		if d.pages > r.config.Pages {
			return fmt.Errorf("%w: %d pages, at most %d", ErrLimit, d.pages, r.config.Pages)
		}
		left := r.config.Runes
		for n := 1; n <= d.pages && len(hits) < limit; n++ {
			if err := d.ctx.Err(); err != nil {
				return err
			}
			found, used, err := d.find(n, string(want.runes), left, limit-len(hits))
			if err != nil {
				return err
			}
			hits, left = append(hits, found...), left-used
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return hits, nil
}

// find looks through one page, of at most left characters; used is how many it has.
func (d *document) find(n int, want string, left, limit int) (hits []Hit, used int, err error) {
	page, err := d.page(n)
	if err != nil {
		return nil, 0, err
	}
	loaded, err := d.in.FPDFText_LoadPage(&requests.FPDFText_LoadPage{Page: page})
	if err != nil {
		return nil, 0, fmt.Errorf("%w: text of page %d: %w", fault(err, ErrDocument), n, err)
	}
	have, used, err := d.text(loaded.TextPage, n, left)
	if err != nil {
		return nil, 0, err
	}
	all := string(have.runes)
	for from, at := 0, 0; len(hits) < limit; {
		i := strings.Index(all[from:], want)
		if i < 0 {
			break
		}
		at += len([]rune(all[from : from+i]))
		size := len([]rune(want))
		box, err := d.box(loaded.TextPage, have.index[at:at+size])
		if err != nil {
			return nil, 0, fmt.Errorf("%w: place of a text on page %d: %w", ErrFault, n, err)
		}
		hits = append(hits, Hit{Page: n, Rect: box})
		from, at = from+i+len(want), at+size
	}
	if _, err := d.in.FPDFText_ClosePage(&requests.FPDFText_ClosePage{TextPage: loaded.TextPage}); err != nil {
		return nil, 0, fmt.Errorf("%w: closing page %d: %w", ErrFault, n, err)
	}
	return hits, used, nil
}

// text reads a page's characters, each with PDFium's index of it.
func (d *document) text(page references.FPDF_TEXTPAGE, n, left int) (*text, int, error) {
	count, err := d.in.FPDFText_CountChars(&requests.FPDFText_CountChars{TextPage: page})
	if err != nil {
		return nil, 0, fmt.Errorf("%w: counting the characters of page %d: %w", ErrFault, n, err)
	}
	if count.Count > left {
		return nil, 0, fmt.Errorf("%w: page %d has %d characters more than may be searched", ErrLimit, n, count.Count-left)
	}
	t := newText()
	var high rune
	for i := range count.Count {
		u, err := d.in.FPDFText_GetUnicode(&requests.FPDFText_GetUnicode{TextPage: page, Index: i})
		if err != nil {
			return nil, 0, fmt.Errorf("%w: character %d of page %d: %w", ErrFault, i, n, err)
		}
		c := rune(uint32(u.Unicode) & 0x1fffff)
		if utf16.IsSurrogate(c) && high == 0 {
			high = c
			continue
		}
		if high != 0 {
			c, high = utf16.DecodeRune(high, c), 0
		}
		t.add(c, i)
	}
	t.end()
	return t, count.Count, nil
}

// box is around the characters of index that stand on the line of the first: those that do not start again on the left, below it.
func (d *document) box(page references.FPDF_TEXTPAGE, index []int) ([4]float64, error) {
	var all [4]float64
	started := false
	for _, i := range index {
		if i < 0 {
			continue
		}
		loose, err := d.in.FPDFText_GetLooseCharBox(&requests.FPDFText_GetLooseCharBox{TextPage: page, Index: i})
		if err != nil {
			return all, err
		}
		c := [4]float64{float64(loose.Rect.Left), float64(loose.Rect.Bottom), float64(loose.Rect.Right), float64(loose.Rect.Top)}
		switch {
		case !started:
			all, started = c, true
		case c[3] < all[1] && c[0] < all[2]:
			return all, nil
		default:
			all = [4]float64{min(all[0], c[0]), min(all[1], c[1]), max(all[2], c[2]), max(all[3], c[3])}
		}
	}
	return all, nil
}

// text is a normalised text: runes, and of each the index it came from, -1 for none.
type text struct {
	runes []rune
	index []int
	space bool // white space since the last rune
}

func newText() *text { return &text{} }

func (t *text) add(c rune, i int) {
	switch {
	case unicode.IsSpace(c) || c == '\u200b' || c == '\ufeff':
		t.space = true
		return
	case c == 0 || c == '\u00ad' || c == unicode.ReplacementChar || unicode.IsControl(c) || c == 0xfffe: // 0xfffe: PDFium's mark of a hyphen at a line's end
		return
	}
	for _, c := range norm.NFC.String(string(c)) {
		if last := len(t.runes) - 1; t.space && last >= 0 && !chinese(t.runes[last]) && !chinese(c) {
			t.runes, t.index = append(t.runes, ' '), append(t.index, -1)
		}
		t.space = false
		t.runes, t.index = append(t.runes, c), append(t.index, i)
	}
}

// end forgets white space at the end.
func (t *text) end() { t.space = false }

// chinese tells characters that are set without spaces: ideographs and the punctuation that goes with them.
func chinese(c rune) bool {
	return unicode.Is(unicode.Han, c) || c >= 0x3000 && c <= 0x303f || c >= 0xff00 && c <= 0xffef
}
