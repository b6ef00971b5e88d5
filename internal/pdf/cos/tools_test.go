//go:build tools

package cos_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"yinzheng/internal/pdf"
	"yinzheng/internal/pdf/cos"
	"yinzheng/internal/pdf/pdftest"
)

// qpdf runs qpdf in a folder; it fails the test when it is missing or complains.
func qpdf(t *testing.T, dir string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "qpdf", args...)
	cmd.Dir = dir
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("qpdf %v: %v\n%s", args, err, said.String())
	}
	return out
}

// face is a page of this service with text, lines and an attachment.
func face(t *testing.T) []byte {
	t.Helper()
	b := pdf.New(pdf.Info{Title: "示例许可证", Author: "示例市行政审批局", Creator: "test", Created: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)})
	b.AddPage(210, 297)
	b.Text(105, 45, 30, "示例经营许可证", pdf.TextStyle{Align: pdf.Center, Bold: true})
	b.Line(25, 64, 185, 64, 0.3, pdf.Color{R: 180})
	b.Attach(pdf.Attachment{Name: "licence.json", MIME: "application/json", Description: "data", Data: []byte(`{"version":1}`)})
	out, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// forms are the ways in which qpdf writes a file.
func forms() map[string][]string {
	return map[string][]string{
		"as it is":                   nil,
		"linearised":                 {"--linearize", "--object-streams=disable"},
		"linearised, object streams": {"--linearize", "--object-streams=generate"},
		"object streams":             {"--object-streams=generate"},
		"no object streams":          {"--object-streams=disable"},
		"not compressed":             {"--object-streams=disable", "--stream-data=uncompress"},
	}
}

func TestEveryObjectIsWhatQPDFReads(t *testing.T) {
	files := pdftest.Files()
	files = append(files, pdftest.File{Name: "face", Bytes: face(t)},
		pdftest.File{Name: "word", Bytes: word([]int{5}, catalog, tree, page, box("", []int{5}, "(five)"))})
	for _, file := range files {
		for form, args := range forms() {
			t.Run(file.Name+"/"+form, func(t *testing.T) {
				dir := t.TempDir()
				if err := os.WriteFile(filepath.Join(dir, "in.pdf"), file.Bytes, 0o600); err != nil {
					t.Fatal(err)
				}
				name := "in.pdf"
				if args != nil {
					name = "out.pdf"
					qpdf(t, dir, append(append([]string{"--deterministic-id"}, args...), "in.pdf", name)...)
				}
				b, err := os.ReadFile(filepath.Join(dir, name))
				if err != nil {
					t.Fatal(err)
				}
				f := open(t, b)
				if odd := codes(f); args != nil && odd != "" {
					t.Errorf("oddities %s", odd)
				}
				if args != nil && len(f.Revisions()) != 1 {
					t.Errorf("%d revisions", len(f.Revisions()))
				}
				if want := strings.HasPrefix(form, "linearised"); args != nil && f.Revisions()[0].Linearised != want {
					t.Errorf("linearised: %v", !want)
				}
				compare(t, f, qpdf(t, dir, "--json=2", "--json-key=qpdf", "--json-stream-data=none", name, "-"))
				if pages, err := f.Latest().Pages(); err != nil || fmt.Sprint(len(pages)) != strings.TrimSpace(string(qpdf(t, dir, "--show-npages", name))) {
					t.Errorf("%d pages, %v", len(pages), err)
				}
			})
		}
	}
}

// plus and point are what JSON does not have in a number: a sign before it and a point behind it.
var (
	plus  = regexp.MustCompile(`(?m)^(\s*(?:"[^"]*": )?)\+`)
	point = regexp.MustCompile(`(?m)(\d)\.(,?)$`)
)

// compare compares every object with what qpdf says.
func compare(t *testing.T, f *cos.File, said []byte) {
	t.Helper()
	var all struct {
		QPDF []map[string]json.RawMessage `json:"qpdf"`
	}
	said = point.ReplaceAll(plus.ReplaceAll(said, []byte("$1")), []byte("$1$2")) // qpdf writes numbers as they stand in the file
	if err := json.Unmarshal(said, &all); err != nil || len(all.QPDF) != 2 {
		t.Fatalf("what qpdf says: %v", err)
	}
	compared := map[int]bool{}
	for name, raw := range all.QPDF[1] {
		var ref cos.Ref
		if _, err := fmt.Sscanf(name, "obj:%d %d R", &ref.Num, &ref.Gen); err != nil {
			continue // the trailer
		}
		if s, ok := f.Latest().Slot(ref.Num); ok && (s.Kind == cos.Free || s.Gen != ref.Gen) {
			continue // qpdf goes on reading a generation that was freed; ISO 32000-1, 7.3.10 makes it null
		}
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		var o struct {
			Value  any
			Stream *struct{ Dict map[string]any }
		}
		if err := d.Decode(&o); err != nil {
			t.Fatal(err)
		}
		got, err := f.Latest().Get(ref)
		if err != nil {
			t.Errorf("object %d: %v", ref.Num, err)
			continue
		}
		want := o.Value
		if s, ok := got.(cos.Stream); ok != (o.Stream != nil) {
			t.Errorf("object %d: stream is %v", ref.Num, ok)
			continue
		} else if ok {
			got, want = s.Dict, any(o.Stream.Dict)
		}
		if why := differs(got, want); why != "" {
			t.Errorf("object %d: %s", ref.Num, why)
		}
		compared[ref.Num] = true
	}
	for num := range f.Latest().Numbers() {
		if compared[num] {
			continue
		}
		s, _ := f.Latest().Slot(num)
		v, err := f.Latest().Get(cos.Ref{Num: num, Gen: s.Gen})
		if stream, ok := v.(cos.Stream); err != nil || !ok || stream.Dict.Get("Type") != cos.Name("XRef") && stream.Dict.Get("Type") != cos.Name("ObjStm") {
			t.Errorf("object %d, %v, is nothing that qpdf reads", num, v)
		}
	}
	if len(compared) < 3 {
		t.Errorf("%d objects were compared", len(compared))
	}
}

// differs says how a value differs from what qpdf says, or nothing.
func differs(got cos.Value, want any) string {
	bad := func() string { return fmt.Sprintf("it is %.80v, and qpdf says %.80v", got, want) }
	switch g := got.(type) {
	case cos.Dict:
		w, ok := want.(map[string]any)
		if !ok {
			return bad()
		}
		n := 0
		for _, e := range g {
			if _, null := e.Value.(cos.Null); null { // an entry that is null is none
				continue
			}
			n++
			if why := differs(e.Value, w["/"+string(e.Key)]); why != "" {
				return "/" + string(e.Key) + ": " + why
			}
		}
		if n != len(w) {
			return bad()
		}
	case cos.Array:
		w, ok := want.([]any)
		if !ok || len(w) != len(g) {
			return bad()
		}
		for i := range g {
			if why := differs(g[i], w[i]); why != "" {
				return fmt.Sprintf("[%d]: %s", i, why)
			}
		}
	default:
		if !same(got, want) {
			return bad()
		}
	}
	return ""
}

// same compares what holds no other values.
func same(got cos.Value, want any) bool {
	switch g := got.(type) {
	case nil, cos.Null:
		return want == nil
	case cos.Bool:
		return want == bool(g)
	case cos.Integer, cos.Real:
		n, ok := want.(json.Number)
		if !ok {
			return false
		}
		w, err := strconv.ParseFloat(n.String(), 64)
		v, isNumber := cos.Float(g)
		return err == nil && isNumber && w == v
	case cos.Name:
		return want == "/"+string(g)
	case cos.Ref:
		return want == fmt.Sprintf("%d %d R", g.Num, g.Gen)
	case cos.String:
		w, ok := want.(string)
		if text, isText := cos.Text(g); ok && strings.HasPrefix(w, "u:") {
			return isText && text == w[2:]
		}
		return w == "b:"+hex.EncodeToString(g.Bytes)
	}
	return false
}

func TestALinearisedFileThatGrowsKeepsItsOneFirstRevision(t *testing.T) {
	for _, streams := range []string{"disable", "generate"} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "in.pdf"), face(t), 0o600); err != nil {
			t.Fatal(err)
		}
		qpdf(t, dir, "--linearize", "--object-streams="+streams, "--deterministic-id", "in.pdf", "out.pdf")
		b, err := os.ReadFile(filepath.Join(dir, "out.pdf"))
		if err != nil {
			t.Fatal(err)
		}
		first := open(t, b)
		root := fmt.Sprintf("/Root %s ", cos.Append(nil, first.Latest().Trailer().Get("Root")))
		size, ok := first.Latest().Trailer().Get("Size").(cos.Integer)
		if !ok {
			t.Fatal("no /Size")
		}
		grown := bytes.Replace(appended(b, int(size), "(new)", int(size)+1, ""), []byte("/Root 1 0 R "), []byte(root), 1)
		f := open(t, grown)
		r := f.Revisions()
		if len(r) != 2 || !r[0].Linearised || r[1].Linearised || r[0].End != int64(len(b)) {
			t.Errorf("%s: %d revisions, the first up to byte %d of %d", streams, len(r), r[0].End, len(b))
		}
		if got := codes(f); got != "" {
			t.Errorf("%s: oddities %s", streams, got)
		}
	}
}
