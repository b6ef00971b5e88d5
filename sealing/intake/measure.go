package intake

import (
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"io"

	"yinzheng/internal/pdf/cos"
)

// measure bounds what the streams of a document inflate to, without keeping any of it.
type measure struct {
	doc    *cos.File
	view   cos.View
	limits Limits
	left   int64
}

func (m *measure) all(ctx context.Context) error {
	count := 0
	for num := range m.view.Numbers() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if count++; count > m.limits.Objects {
			return refuse(ErrLimit, "more than %d objects", m.limits.Objects)
		}
		slot, ok := m.view.Slot(num)
		if !ok || slot.Kind == cos.Packed { // a stream is never packed
			continue
		}
		v, err := m.view.Get(cos.Ref{Num: num, Gen: slot.Gen})
		if err != nil {
			return translate(err)
		}
		if s, ok := v.(cos.Stream); ok {
			if err := m.stream(ctx, num, s); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *measure) stream(ctx context.Context, num int, s cos.Stream) error {
	over := func(what string, most int64) error {
		return &Refusal{Kind: ErrLimit, Object: num, Offset: s.Start, What: fmt.Sprintf("%s, at most %d", what, most)}
	}
	if s.Length > m.limits.Stream {
		return over(fmt.Sprintf("a stream of %d bytes", s.Length), m.limits.Stream)
	}
	w, h, err := m.size(s.Dict)
	if err != nil {
		return err
	}
	if w < 0 || h < 0 || w > 0 && h > m.limits.Pixels/w {
		return over(fmt.Sprintf("an image of %d x %d pixels", w, h), m.limits.Pixels)
	}
	filters, err := m.filters(s.Dict)
	if err != nil {
		return err
	}
	n, err := m.decoded(ctx, num, s, filters)
	if err != nil {
		return err
	}
	if n > m.limits.Stream {
		return over("a stream that inflates", m.limits.Stream)
	}
	if m.left -= n; m.left < 0 {
		return over("streams that inflate", m.limits.Inflated)
	}
	return ctx.Err()
}

// decoded counts the bytes that a stream's data become, up to where image filters begin: what those give is counted in pixels.
func (m *measure) decoded(ctx context.Context, num int, s cos.Stream, filters []cos.Name) (int64, error) {
	image := len(filters) > 0 && pictures[filters[len(filters)-1]]
	if image {
		filters = filters[:len(filters)-1]
	}
	for len(filters) > 0 && (filters[0] == "ASCIIHexDecode" || filters[0] == "ASCII85Decode") && image {
		filters = filters[1:] // these shrink
	}
	switch {
	case len(filters) == 0:
		return s.Length, nil
	case len(filters) == 1 && filters[0] == "FlateDecode":
		return m.inflated(ctx, s), nil
	case image:
		return 0, &Refusal{Kind: ErrUnsupported, Object: num, Offset: s.Start, What: "an image's data in several coatings"}
	}
	b, err := m.doc.Decode(s, m.limits.Stream)
	switch {
	case errors.Is(err, cos.ErrLimit):
		return m.limits.Stream + 1, nil
	case errors.Is(err, cos.ErrFilter):
		return 0, &Refusal{Kind: ErrUnsupported, Object: num, Offset: s.Start, What: "a stream's filter is not known"}
	}
	return max(s.Length, int64(len(b))), nil // damaged data is pdfcpu's to judge: nobody decodes beyond the damage
}

// pictures are the filters that give pixels.
var pictures = map[cos.Name]bool{"DCTDecode": true, "JPXDecode": true, "CCITTFaxDecode": true, "JBIG2Decode": true}

// inflated counts what deflate gives, up to one byte more than a stream may have.
func (m *measure) inflated(ctx context.Context, s cos.Stream) int64 {
	z, err := zlib.NewReader(&cancelled{ctx, m.doc.Raw(s)})
	if err != nil {
		return 0
	}
	n, _ := io.Copy(io.Discard, io.LimitReader(z, m.limits.Stream+1)) // damage ends the counting, and everybody's inflating
	return n
}

func (m *measure) filters(d cos.Dict) ([]cos.Name, error) {
	v, err := m.view.Resolve(d.Get("Filter"))
	if err != nil {
		return nil, translate(err)
	}
	switch v := v.(type) {
	case cos.Name:
		return []cos.Name{v}, nil
	case cos.Array:
		var list []cos.Name
		for _, e := range v {
			e, err := m.view.Resolve(e)
			if err != nil {
				return nil, translate(err)
			}
			n, _ := e.(cos.Name)
			list = append(list, n)
		}
		return list, nil
	}
	return nil, nil
}

// size is an image's width and height in pixels; 0, 0 for another stream.
func (m *measure) size(d cos.Dict) (int64, int64, error) {
	if d.Get("Subtype") != cos.Name("Image") {
		return 0, 0, nil
	}
	var n [2]int64
	for i, key := range []cos.Name{"Width", "Height"} {
		v, err := m.view.Resolve(d.Get(key))
		if err != nil {
			return 0, 0, translate(err)
		}
		whole, _ := v.(cos.Integer)
		n[i] = int64(whole)
	}
	return n[0], n[1], nil
}
