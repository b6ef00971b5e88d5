package increment_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"yinzheng/internal/pdf/cos"
	"yinzheng/internal/pdf/increment"
	"yinzheng/internal/pdf/pdftest"
	"yinzheng/internal/pdf/signature"
)

// FuzzPrepare wants of every file that is read and accepted that it has one revision more, which is read strictly and has no
// oddity of a kind that the file had not.
func FuzzPrepare(f *testing.F) {
	files := pdftest.Files()
	for i, file := range files {
		f.Add(file.Bytes, byte(i), byte(i))
		f.Add(appended(f, file.Bytes, spec(f, at("Seal1"))), byte(3*i), byte(i))
	}
	if len(files) == 0 {
		f.Fatal("no seeds")
	}
	look := picture(f)
	f.Fuzz(func(t *testing.T, base []byte, kind, page byte) {
		file, err := cos.OpenBytes(base, cos.Limits{Objects: 5000, Decoded: 1 << 20})
		if err != nil {
			return
		}
		odd := map[string]bool{}
		for _, o := range file.Oddities() {
			odd[o.Code] = true
		}
		s := increment.Seal{Filter: "F", SubFilter: "ETSI.CAdES.detached", Reserve: 8, Certify: int(kind >> 6 & 1), Timestamp: kind>>5&3 == 1}
		s.Places = []increment.Place{{Field: "Seal", Page: int(page), Rect: [4]float64{1, 2, 30, 40}}}
		if kind&1 != 0 {
			s.Picture = look
		}
		if kind&2 != 0 {
			s.Places = append(s.Places, increment.Place{Field: "More", Page: 1}, increment.Place{Field: "Most", Page: 2, Part: [4]float64{0, 0, .5, 1}})
		}
		p, err := increment.Prepare(file, s)
		if err == nil {
			tail, err := p.Complete(der())
			if err != nil {
				t.Fatal(err)
			}
			extended(t, base, tail, odd)
		} else if !known(err) {
			t.Errorf("an error of no kind: %v", err)
		}
		tail, err := increment.WithEvidence(file, signature.DSS{Certs: [][]byte{der()}, CRLs: [][]byte{base[:1]}})
		if err == nil && len(tail) > 0 {
			extended(t, base, tail, odd)
		} else if err != nil && !known(err) {
			t.Errorf("an error of no kind: %v", err)
		}
	})
}

func known(err error) bool {
	for _, k := range []error{increment.ErrCertified, increment.ErrField, increment.ErrForm, increment.ErrLocked} {
		if errors.Is(err, k) {
			return true
		}
	}
	return false
}

// extended reads a file with a revision behind it.
func extended(t *testing.T, base, tail []byte, odd map[string]bool) {
	t.Helper()
	before, err := cos.OpenBytes(base, cos.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	after, err := cos.OpenBytes(append(bytes.Clone(base), tail...), cos.Limits{})
	if err != nil {
		t.Fatalf("not read again: %v\n%s", err, tail)
	}
	n := len(before.Revisions())
	if len(after.Revisions()) != n+1 {
		t.Fatalf("%d revisions, had %d", len(after.Revisions()), n)
	}
	for _, slot := range after.Revisions()[n].Slots {
		if _, err := after.Latest().Get(cos.Ref{Num: slot.Num, Gen: slot.Gen}); err != nil {
			t.Errorf("object %d: %v", slot.Num, err)
		}
	}
	for _, o := range after.Oddities() {
		if o.Revision == n && !odd[o.Code] {
			t.Errorf("%s: %s\n%s", o.Code, fmt.Sprint(o.Object, o.What), tail)
		}
	}
}

// FuzzUnmarshal wants of every accepted revision that it is written as it was read, and can be completed.
func FuzzUnmarshal(f *testing.F) {
	files := pdftest.Files()
	for _, file := range files {
		b, err := prepared(f, file.Bytes).MarshalBinary()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	if len(files) == 0 {
		f.Fatal("no seeds")
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var p increment.Prepared
		if err := p.UnmarshalBinary(b); err != nil {
			if !errors.Is(err, increment.ErrPrepared) {
				t.Error(err)
			}
			return
		}
		if again, err := p.MarshalBinary(); err != nil || !bytes.Equal(again, b) {
			t.Errorf("written otherwise: %v", err)
		}
		if r := p.ByteRange(); r[0] != 0 || r[1] <= 0 || r[2] <= r[1] || r[3] < 0 {
			t.Errorf("range %v", r)
		}
		if _, err := p.Complete(der()); err != nil && !errors.Is(err, increment.ErrReserve) {
			t.Error(err)
		}
	})
}
