package cos_test

import (
	"testing"

	"yinzheng/internal/pdf/cos"
	"yinzheng/internal/pdf/pdftest"
)

// open reads a file that is to be read.
func open(t testing.TB, b []byte) *cos.File {
	t.Helper()
	f, err := cos.OpenBytes(b, cos.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestHonestFilesOfEveryFormAreReadWhole(t *testing.T) {
	for _, file := range pdftest.Files() {
		t.Run(file.Name, func(t *testing.T) {
			f := open(t, file.Bytes)
			for i, r := range f.Revisions() {
				v := f.View(i)
				pages, err := v.Pages()
				if err != nil || len(pages) == 0 {
					t.Errorf("revision %d: %d pages, %v", i, len(pages), err)
				}
				for num := range v.Numbers() {
					s, _ := v.Slot(num)
					if _, err := v.Get(cos.Ref{Num: num, Gen: s.Gen}); err != nil {
						t.Errorf("revision %d, object %d: %v", i, num, err)
					}
				}
				if r.End <= r.Start || r.XRef >= r.End {
					t.Errorf("revision %d: bytes %d to %d, cross-reference at %d", i, r.Start, r.End, r.XRef)
				}
			}
			for _, o := range f.Oddities() {
				if o.Code != cos.OddHybrid {
					t.Errorf("oddity %+v", o)
				}
			}
		})
	}
}
