package increment_test

import (
	"fmt"
	"strings"
	"testing"

	"yinzheng/internal/pdf/increment"
	"yinzheng/internal/pdf/pdftest"
)

// TestNumbersOfEveryLengthFitTheirRange moves the places of what is signed over powers of ten.
func TestNumbersOfEveryLengthFitTheirRange(t *testing.T) {
	base := pdftest.Classic()
	for pad := 1; pad < 9000; pad += 7 {
		s := increment.Seal{Places: []increment.Place{{Field: "A", Page: 1}}, Filter: "F", SubFilter: "S", Reserve: 1 + pad/2, Reason: strings.Repeat("x", pad%1500)}
		p, err := increment.Prepare(open(t, base), s)
		if err != nil {
			t.Fatal(err)
		}
		r, tail := p.ByteRange(), string(p.Tail())
		if want := fmt.Sprintf("/ByteRange [%d %d %d %d] /Contents <00", r[0], r[1], r[2], r[3]); strings.Count(tail, want) != 1 {
			t.Fatalf("no %s in %.300q", want, tail)
		}
		if at := r[1] - int64(len(base)); tail[at] != '<' || tail[r[2]-int64(len(base))-1] != '>' || r[2]+r[3] != int64(len(base)+len(tail)) {
			t.Fatalf("range %v", r)
		}
	}
}
