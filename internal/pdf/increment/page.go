package increment

import (
	"fmt"
	"slices"

	"yinzheng/internal/pdf/cos"
)

// maxPageDepth bounds the levels of the page tree, as package cos does.
const maxPageDepth = 64

// pageOf is the page on which a widget stands: the one that its /P names or, for want of that, the first that lists it; false
// for one that is on no page.
func (f *form) pageOf(widget cos.Ref, d cos.Dict) (page cos.Ref, rotate int, ok bool, err error) {
	if at, ok := d.Get("P").(cos.Ref); ok {
		if page, ok := f.resolved(at).(cos.Dict); ok && page.Get("Type") == cos.Name("Page") && f.lists(page, widget) {
			rotate, err := f.turned(page)
			return at, rotate, true, err
		}
	}
	pages, err := f.u.v.Pages()
	if err != nil {
		return page, 0, false, fmt.Errorf("%w: %w", ErrForm, err)
	}
	i := slices.IndexFunc(pages, func(p cos.Page) bool { return f.lists(p.Dict, widget) })
	if i < 0 {
		return page, 0, false, nil
	}
	return pages[i].Ref, pages[i].Rotate, true, nil
}

// lists reports whether a page has an annotation.
func (f *form) lists(page cos.Dict, widget cos.Ref) bool {
	annots, _ := f.resolved(page.Get("Annots")).(cos.Array)
	return slices.ContainsFunc(annots, func(x cos.Value) bool { return x == widget })
}

// turned is /Rotate of a page, its own or inherited: 0, 90, 180 or 270.
func (f *form) turned(page cos.Dict) (int, error) {
	for range maxPageDepth {
		if x := page.Get("Rotate"); x != nil {
			turn, ok := f.resolved(x).(cos.Integer)
			if !ok || turn%90 != 0 {
				return 0, fmt.Errorf("%w: a page with /Rotate %v", ErrForm, turn)
			}
			return int((turn%360 + 360) % 360), nil
		}
		parent := page.Get("Parent")
		if parent == nil {
			return 0, nil
		}
		var ok bool
		if page, ok = f.resolved(parent).(cos.Dict); !ok {
			return 0, fmt.Errorf("%w: /Parent of a page is not a dictionary", ErrForm)
		}
	}
	return 0, fmt.Errorf("%w: a page tree of more than %d levels", ErrForm, maxPageDepth)
}
