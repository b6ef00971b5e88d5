package cos_test

import (
	"io"
	"reflect"
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
	for _, b := range circles() {
		f.Add(b)
	}
	f.Add(word([]int{5}, catalog, tree, page, box("", []int{5}, "(five)")))
	f.Add(streamed(map[int]row{5: {2, 4, 0}}, catalog, tree, page, box("", []int{5, 6}, "1", "2")))
	f.Add(appended(file(catalog, tree, page, "<< /Filter [/ASCIIHexDecode /RunLengthDecode] /Length 5 0 R >>\nstream\n80>\nendstream", "3"), 5, "3", 6, ""))
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
		again, err := cos.OpenBytes(b, limits)
		if err != nil {
			t.Fatal(err)
		}
		for i := range file.Revisions() { // the other way round, and before anything is known
			alike(t, again.View(len(file.Revisions())-1-i), file.View(len(file.Revisions())-1-i))
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

// alike wants the same objects of two readings of a file, whatever was asked before.
func alike(t *testing.T, a, b cos.View) {
	for num := range a.Numbers() {
		s, _ := a.Slot(num)
		id := cos.Ref{Num: num, Gen: s.Gen}
		x, err := a.Get(id)
		y, err2 := b.Get(id)
		if (err == nil) != (err2 == nil) || !reflect.DeepEqual(x, y) {
			t.Errorf("object %d of revision %d: %v, %v; in another order %v, %v", num, a.Revision(), x, err, y, err2)
		}
	}
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
