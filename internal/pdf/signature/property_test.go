package signature_test

import (
	"bytes"
	"slices"
	"testing"

	"yinzheng/internal/pdf/cos"
	"yinzheng/internal/pdf/pdftest"
	"yinzheng/internal/pdf/signature"
)

// noticed reports whether a file differs from an honest one in what Find and Digests say of its only signature.
func noticed(b []byte) bool {
	f, err := cos.OpenBytes(b, cos.Limits{})
	if err != nil {
		return true
	}
	set, err := signature.Find(f)
	if err != nil || len(set.Signatures) != 1 || len(codes(set)) > 0 {
		return true
	}
	return !set.Signatures[0].CoversFile || !genuine(f, set.Signatures[0])
}

func TestEveryChangedByteOfASignedFileIsNoticed(t *testing.T) {
	for name, file := range map[string][]byte{
		"classic":  sign(pdftest.Classic(), pdftest.Seal{Certify: 2, Rect: "[1 2 3 4]", Look: "f"}),
		"streamed": sign(pdftest.Files()[13].Bytes, pdftest.Seal{}),
	} {
		if noticed(file) {
			t.Fatalf("%s: the honest file is noticed", name)
		}
		at := reContents.FindSubmatchIndex(file)
		changed := bytes.Clone(file)
		for i := range file {
			if i > at[2] && i < at[3]-1 {
				continue
			}
			for _, with := range []byte{file[i] ^ 1, ' '} {
				if changed[i] = with; with != file[i] && !noticed(changed) {
					t.Errorf("%s: byte %d, %q for %q, is not noticed", name, i, with, file[i])
				}
			}
			changed[i] = file[i]
		}
	}
}

func TestBytesBeforeAndBehindASignedFileAreNoticed(t *testing.T) {
	file := sign(pdftest.Classic(), pdftest.Seal{})
	for _, b := range [][]byte{
		slices.Concat([]byte("\n"), file), slices.Concat(file, []byte("\n")), slices.Concat(file, []byte("%")), slices.Concat(file, file), file[:len(file)-1],
	} {
		if !noticed(b) {
			t.Errorf("%d bytes for %d are not noticed", len(b), len(file))
		}
	}
}

// FuzzFind holds Find to its word: it returns an error with a name or what is safe to use.
func FuzzFind(f *testing.F) {
	seeds := [][]byte{
		sign(pdftest.Classic(), pdftest.Seal{Certify: 1, Rect: "[1 2 3 4]", Look: "q 9 0 0 9 0 0 cm /I1 Do Q", LookDict: "/Resources << /XObject << /I1 9 0 R >> >>"}),
		sign(sign(pdftest.Files()[14].Bytes, pdftest.Seal{}), pdftest.Seal{Field: "Second", Across: true}),
		pdftest.WithEvidence(sign(pdftest.Classic(), pdftest.Seal{Entries: "/Reference [<< /TransformMethod /FieldMDP /TransformParams << /Action /All >> >>]"}),
			[][]byte{{0x30, 0}}, [][]byte{{0x30, 0}}),
		pdftest.DocTimestamp(pdftest.Classic(), digestDER)[:3000],
	}
	for _, s := range seeds {
		if len(s) < 1000 {
			f.Fatal("no seeds")
		}
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := cos.OpenBytes(b, cos.Limits{Objects: 5000, Revisions: 20, Decoded: 1 << 20})
		if err != nil {
			return
		}
		set, err := signature.Find(file)
		if err != nil {
			return
		}
		for _, s := range set.Signatures {
			if s.Revision < 0 || s.Revision >= len(file.Revisions()) {
				t.Fatalf("revision %d of %d", s.Revision, len(file.Revisions()))
			}
			if r := s.ByteRange; s.CoversRevision && (r[0] != 0 || b[r[1]] != '<' || b[r[2]-1] != '>' || r[2]+r[3] > int64(len(b)) || len(s.Contents) == 0 && len(s.Problems) == 0) {
				t.Fatalf("a good range %v of %d bytes", r, len(b))
			}
			if s.CoversFile && !s.CoversRevision {
				t.Fatal("the file without its last revision")
			}
			for _, field := range s.Fields {
				if p := field.Appearance.Part; field.Appearance.Picture.IsZero() != (p == [4]float64{}) || p[0] < 0 || p[2] > 1 || p[1] < 0 || p[3] > 1 {
					t.Fatalf("part %v", p)
				}
			}
			_ = genuine(file, s)
		}
	})
}
