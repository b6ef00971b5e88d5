package cos_test

import (
	"io"
	"testing"

	"yinzheng/internal/pdf/cos"
	"yinzheng/internal/pdf/pdftest"
)

// FuzzOpen walks everything in a file: whatever the bytes, there is an answer within the limits.
func FuzzOpen(f *testing.F) {
	seeds := pdftest.Files()
	if len(seeds) < 10 {
		f.Fatalf("%d seeds", len(seeds))
	}
	for _, s := range seeds {
		f.Add(s.Bytes)
	}
	limits := cos.Limits{FileBytes: 1 << 20, Objects: 1000, Decoded: 1 << 20, Elements: 10_000}
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := cos.OpenBytes(b, limits)
		if err != nil {
			return
		}
		for i := range file.Revisions() {
			walk(t, file, file.View(i))
		}
		for _, o := range file.Oddities() {
			if o.Code == "" || o.What == "" {
				t.Errorf("%+v", o)
			}
		}
		end := int64(0)
		for _, r := range file.Revisions() {
			if r.Start != end || r.End <= r.Start || r.EOF > r.End {
				t.Errorf("a revision from %d to %d behind byte %d", r.Start, r.End, end)
			}
			end = r.End
		}
		if end != int64(len(b)) {
			t.Errorf("the last revision ends at %d of %d", end, len(b))
		}
	})
}

func walk(t *testing.T, file *cos.File, v cos.View) {
	if _, err := v.Pages(); err != nil {
		return
	}
	for num := range v.Numbers() {
		s, ok := v.Slot(num)
		if !ok {
			t.Fatalf("object %d has no slot", num)
		}
		id := cos.Ref{Num: num, Gen: s.Gen}
		val, err := v.Get(id)
		if err != nil {
			continue
		}
		if _, _, err := v.Extent(num); err != nil && s.Kind == cos.Plain {
			t.Errorf("object %d was read and has no extent: %v", num, err)
		}
		if stream, ok := val.(cos.Stream); ok {
			if _, err := file.Decode(stream, 1<<20); err != nil {
				continue
			}
			if n, err := io.Copy(io.Discard, file.Raw(stream)); err != nil || n != stream.Length {
				t.Errorf("object %d: %d raw bytes, %v", num, n, err)
			}
		}
		if d, ok := val.(cos.Dict); ok && len(d) > 0 && s.Kind == cos.Plain {
			if start, end, err := v.Position(id, d[0].Key); err != nil || start < 0 || end <= start {
				t.Errorf("object %d: /%s from %d to %d, %v", num, d[0].Key, start, end, err)
			}
		}
	}
}
