//go:build tools

package increment_test

import (
	"bytes"
	"fmt"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"yinzheng/internal/cms"
	"yinzheng/internal/midstate"
	"yinzheng/internal/pdf"
	"yinzheng/internal/pdf/cos"
	"yinzheng/internal/pdf/increment"
	"yinzheng/internal/pdf/pdftest"
	"yinzheng/internal/pdf/signature"
)

// tool runs a program; one that is missing or fails fails the test.
func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

func put(t *testing.T, b []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "doc.pdf")
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// pages is a document of three pages by internal/pdf.
func pages(t *testing.T) []byte {
	t.Helper()
	doc := pdf.New(pdf.Info{Title: "Example", Created: spec(t).Time})
	for i := range 3 {
		doc.AddPage(210, 297)
		doc.Text(20, 40, 14, fmt.Sprintf("示例许可证 %d", i+1), pdf.TextStyle{})
	}
	b, err := doc.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// bases are hand-made files, and what qpdf makes of ours.
func bases(t *testing.T) []pdftest.File {
	t.Helper()
	files := append(pdftest.Files(), pdftest.File{Name: "ours", Bytes: pages(t)})
	in := put(t, pages(t))
	for name, args := range map[string][]string{
		"qpdf plain":               {"--object-streams=disable"},
		"qpdf object streams":      {"--object-streams=generate"},
		"qpdf linearised":          {"--linearize", "--object-streams=disable"},
		"qpdf linearised, streams": {"--linearize", "--object-streams=generate"},
		"qpdf 1.4":                 {"--force-version=1.4", "--object-streams=disable"},
		"qpdf qdf":                 {"--qdf"},
	} {
		out := filepath.Join(t.TempDir(), "out.pdf")
		tool(t, "qpdf", append(args, in, out)...)
		b, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, pdftest.File{Name: name, Bytes: b})
	}
	return files
}

// signer signs with a certificate of P-256.
type signer struct{ pki *pdftest.PKI }

// seal appends a real signature; a document timestamp is a token over the same digest.
func (s signer) seal(t *testing.T, base []byte, what increment.Seal) []byte {
	t.Helper()
	what.Filter, what.SubFilter, what.Reserve, what.Time = "Adobe.PPKLite", "ETSI.CAdES.detached", 4000, time.Time{}
	if what.Timestamp {
		what.SubFilter = "ETSI.RFC3161"
	}
	p, err := increment.Prepare(open(t, base), what)
	if err != nil {
		t.Fatal(err)
	}
	digest, err := p.Digest(signature.SHA256, stateOf(t, base))
	if err != nil {
		t.Fatal(err)
	}
	var contents []byte
	if r := p.ByteRange(); what.Timestamp {
		whole := append(bytes.Clone(base), p.Tail()...)
		contents = s.pki.P256.Token(append(bytes.Clone(whole[:r[1]]), whole[r[2]:]...), s.pki.Now, nil)
	} else if contents, err = cms.SignDetached(digest, s.pki.P256.Cert, s.pki.P256.Key, cms.Options{Chain: [][]byte{s.pki.Root.Cert}}); err != nil {
		t.Fatal(err)
	}
	tail, err := p.Complete(contents)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := p.Digest(signature.SHA256, midstate.State{}); err != nil || !bytes.Equal(again, digest) {
		t.Fatalf("another digest without a state: %v", err)
	}
	return append(bytes.Clone(base), tail...)
}

// judged asks qpdf, pdfsig and mutool. Fields are how many bear a signature, documents timestamps not counted.
func judged(t *testing.T, name string, b []byte, fields int, stamps int) {
	t.Helper()
	file := put(t, b)
	if out := tool(t, "qpdf", "--check", file); strings.Contains(out, "WARNING") || !strings.Contains(out, "No syntax or stream encoding errors") {
		t.Errorf("%s: qpdf: %s", name, out)
	}
	out := tool(t, "pdfsig", "-nocert", file)
	if valid := strings.Count(out, "Signature is Valid."); valid != fields {
		t.Errorf("%s: pdfsig: %d of %d are valid:\n%s", name, valid, fields, out)
	}
	if all := strings.Count(out, "- Signature Validation: "); all != fields+stamps {
		t.Errorf("%s: pdfsig: %d signatures, want %d and %d timestamps:\n%s", name, all, fields, stamps, out)
	}
	out = tool(t, "mutool", "sign", "-v", file)
	if good := strings.Count(out, "unchanged since signing") + strings.Count(out, "valid but there have been edits since signing"); good < fields {
		t.Errorf("%s: mutool:\n%s", name, out)
	}
}

// TestOtherReadersFindEverySealValid seals each form of file with everything there is, one after another.
func TestOtherReadersFindEverySealValid(t *testing.T) {
	s := signer{pdftest.NewPKI(t)}
	for _, file := range bases(t) {
		t.Run(file.Name, func(t *testing.T) {
			base, fields := file.Bytes, 0
			form, err := increment.ReadFields(open(t, base))
			if err != nil {
				t.Fatal(err)
			}
			step := func(what increment.Seal) {
				base, fields = s.seal(t, base, what), fields+len(what.Places)
			}
			step(increment.Seal{Places: []increment.Place{at("First")}, Picture: picture(t), Certify: 2})
			if slices.Contains(form.Empty, "Seal") {
				step(increment.Seal{Places: []increment.Place{{Field: "Seal"}}, Picture: picture(t), SignerName: "示例单位"})
			}
			step(increment.Seal{Places: []increment.Place{{Field: "Unseen", Page: 1}}, Reason: "办结"})
			judged(t, file.Name, base, fields, 0)
			if n, err := open(t, base).Latest().PageCount(); err == nil && n >= 3 {
				var places []increment.Place
				for i := range 3 {
					places = append(places, increment.Place{Field: fmt.Sprint("Edge", i), Page: i + 1, Rect: [4]float64{570, 200, 590, 260},
						Part: [4]float64{float64(i) / 3, 0, float64(i+1) / 3, 1}})
				}
				step(increment.Seal{Places: places, Picture: pictureOf(t, 3)})
			}
			base = evidenced(t, base, signature.DSS{Certs: [][]byte{s.pki.Root.Cert, s.pki.P256.Cert}, CRLs: [][]byte{s.pki.List}})
			base = s.seal(t, base, increment.Seal{Places: []increment.Place{{Field: "Stamp", Page: 1}}, Timestamp: true})
			judged(t, file.Name, base, fields, 1)
			if !bytes.HasPrefix(base, file.Bytes) {
				t.Error("the file itself changed")
			}
			if set := find(t, base); len(set.Problems) != 0 {
				t.Error(set.Problems)
			}
		})
	}
}

func TestTwentySealsAreValidToOthers(t *testing.T) {
	s := signer{pdftest.NewPKI(t)}
	for _, name := range []string{"classic-1.7", "object-streams"} {
		base := fileNamed(t, name)
		for i := range 20 {
			base = s.seal(t, base, increment.Seal{Places: []increment.Place{at(fmt.Sprint("Seal", i))}, Picture: picture(t)})
		}
		judged(t, name, base, 20, 0)
	}
}

func TestACertificationThatForbidsAllIsValidToOthers(t *testing.T) {
	s := signer{pdftest.NewPKI(t)}
	base := s.seal(t, pages(t), increment.Seal{Places: []increment.Place{at("Only")}, Picture: picture(t), Certify: 1})
	judged(t, "P=1", base, 1, 0)
	base = s.seal(t, evidenced(t, base, signature.DSS{Certs: [][]byte{s.pki.Root.Cert}}), increment.Seal{Places: []increment.Place{{Field: "Stamp", Page: 1}}, Timestamp: true})
	judged(t, "P=1 with evidence", base, 1, 1)
}

// TestAHiddenObjectOfAHybridFileIsReplacedForAllReaders changes what only the stream of a hybrid file lists.
func TestAHiddenObjectOfAHybridFileIsReplacedForAllReaders(t *testing.T) {
	base := fileNamed(t, "hybrid")
	f := open(t, base)
	var hidden cos.Ref
	for n := range f.Latest().Numbers() {
		if slot, _ := f.Latest().Slot(n); slot.Kind == cos.Packed {
			hidden = cos.Ref{Num: n}
		}
	}
	x, err := f.Latest().Get(hidden)
	if err != nil {
		t.Fatal(err)
	}
	u, err := increment.New(f)
	if err != nil {
		t.Fatal(err)
	}
	u.Set(hidden, x.(cos.Dict).With("Title", cos.TextString("changed")))
	tail, err := u.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	file := put(t, append(bytes.Clone(base), tail...))
	for _, out := range []string{
		tool(t, "qpdf", fmt.Sprintf("--show-object=%d", hidden.Num), file),
		tool(t, "mutool", "show", file, fmt.Sprint(hidden.Num)),
		tool(t, "mutool", "show", file, "outline"),
	} {
		if !strings.Contains(out, "changed") {
			t.Error(out)
		}
	}
	if out := tool(t, "qpdf", "--check", file); strings.Contains(out, "WARNING") {
		t.Error(out)
	}
}

// TestASealStandsUprightWhereItWasPut draws a picture whose left half is red on pages that are turned.
func TestASealStandsUprightWhereItWasPut(t *testing.T) {
	half, err := increment.NewPicture(halves(t))
	if err != nil {
		t.Fatal(err)
	}
	plain := fileNamed(t, "twelve-pages")
	for _, turn := range []int{0, 90, 180, 270} {
		base := plain
		if turn != 0 {
			s := pdftest.Scan(plain)
			w := s.Continue()
			w.Obj(2, strings.Replace(s.Bodies[2], "/Type /Pages", fmt.Sprintf("/Type /Pages /Rotate %d", turn), 1))
			w.Table("/Root 1 0 R /Info 3 0 R")
			base = w.Bytes()
		}
		place := func(page int, part [4]float64) increment.Place {
			return increment.Place{Field: fmt.Sprint("S", page), Page: page, Rect: [4]float64{200, 400, 300, 500}, Part: part}
		}
		waiting, err := increment.WithFields(open(t, base), []increment.Place{place(1, [4]float64{})})
		if err != nil {
			t.Fatal(err)
		}
		out := sealed(t, append(bytes.Clone(base), waiting...), increment.Seal{Filter: "A", SubFilter: "B", Reserve: 10, Picture: half, Places: []increment.Place{
			{Field: "S1"}, place(2, [4]float64{0, 0, .5, 1}), place(3, [4]float64{.5, 0, 1, 1})}})
		// Which colour the quarters of the place have as it is shown: top left, top right, bottom left, bottom right.
		for page, want := range []string{"RBRB", "RRRR", "BBBB"} {
			if got := quarters(t, put(t, out), page+1, turn); got != want {
				t.Errorf("turned by %d, page %d: %s, want %s", turn, page+1, got, want)
			}
		}
	}
}

// quarters draws a page and says which colours the place at [200 400 300 500] has there.
func quarters(t *testing.T, file string, page, turn int) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "page")
	n := fmt.Sprint(page)
	tool(t, "pdftoppm", "-png", "-r", "72", "-f", n, "-l", n, "-singlefile", file, out)
	f, err := os.Open(out + ".png")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	var left, top int
	switch turn { // a page of 595 by 842 points
	case 0:
		left, top = 200, 842-500
	case 90:
		left, top = 400, 200
	case 180:
		left, top = 595-300, 400
	case 270:
		left, top = 842-500, 595-300
	}
	var s strings.Builder
	for _, at := range [][2]int{{25, 25}, {75, 25}, {25, 75}, {75, 75}} {
		switch r, _, b, _ := img.At(left+at[0], top+at[1]).RGBA(); {
		case r > 0xc000 && b < 0x4000:
			s.WriteByte('R')
		case b > 0xc000 && r < 0x4000:
			s.WriteByte('B')
		default:
			s.WriteByte('-')
		}
	}
	return s.String()
}

var stampLine = regexp.MustCompile(`Signature Type: (.*)`)

func TestATimestampIsOneToOthers(t *testing.T) {
	s := signer{pdftest.NewPKI(t)}
	out := tool(t, "pdfsig", "-nocert", put(t, s.seal(t, pages(t), increment.Seal{Places: []increment.Place{{Field: "Stamp", Page: 1}}, Timestamp: true})))
	if m := stampLine.FindStringSubmatch(out); m == nil || !strings.Contains(out, "total document signed") && !strings.Contains(out, "Total document signed") {
		t.Error(out)
	}
}
