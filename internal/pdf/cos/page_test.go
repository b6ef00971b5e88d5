package cos_test

import (
	"errors"
	"reflect"
	"testing"

	"yinzheng/internal/pdf/cos"
	"yinzheng/internal/pdf/pdftest"
)

func TestAPageFoundByItsNumberIsTheOneInTheList(t *testing.T) {
	for _, file := range pdftest.Files() {
		v := open(t, file.Bytes).Latest()
		pages, err := v.Pages()
		if err != nil {
			t.Fatal(err)
		}
		if n, err := v.PageCount(); err != nil || n != len(pages) {
			t.Errorf("%s: %d pages of %d, %v", file.Name, n, len(pages), err)
		}
		for i, want := range pages {
			if got, err := v.Page(i + 1); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s: page %d is %+v, %v; want %+v", file.Name, i+1, got, err, want)
			}
		}
		for _, n := range []int{-1, 0, len(pages) + 1} {
			if _, err := v.Page(n); !errors.Is(err, cos.ErrMalformed) {
				t.Errorf("%s: page %d: %v", file.Name, n, err)
			}
		}
	}
}

func TestATreeThatCountsWrongIsAnOddity(t *testing.T) {
	b := file(catalog, "<< /Type /Pages /Kids [3 0 R] /Count 2 >>", page)
	if got := codes(open(t, b)); got != cos.OddTree {
		t.Errorf("oddities %q", got)
	}
	circle := file(catalog, "<< /Type /Pages /Kids [3 0 R] /Count 5 >>", "<< /Type /Pages /Kids [2 0 R] /Count 5 >>")
	if _, err := open(t, circle).Latest().Page(3); !errors.Is(err, cos.ErrMalformed) {
		t.Errorf("a circle: %v", err)
	}
}
