package cos_test

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"yinzheng/internal/pdf/cos"
)

// file puts objects, numbered from 1, a classic table and a trailer together; edit changes the bytes of the trailer.
func file(objects ...string) []byte {
	b := []byte("%PDF-1.7\n")
	var rows strings.Builder
	for i, o := range objects {
		fmt.Fprintf(&rows, "%010d 00000 n \n", len(b))
		b = fmt.Appendf(b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	xref := len(b)
	return fmt.Appendf(b, "xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n",
		len(objects)+1, rows.String(), len(objects)+1, xref)
}

const (
	catalog = "<< /Type /Catalog /Pages 2 0 R >>"
	tree    = "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
	page    = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] >>"
)

func replaced(t *testing.T, b []byte, old, with string) []byte {
	t.Helper()
	if bytes.Count(b, []byte(old)) != 1 {
		t.Fatalf("%q stands %d times", old, bytes.Count(b, []byte(old)))
	}
	return bytes.Replace(b, []byte(old), []byte(with), 1)
}

func TestWhatReadersRelyOnIsMalformedWhenItIsWrong(t *testing.T) {
	good := file(catalog, tree, page)
	open(t, good)
	for name, b := range map[string][]byte{
		"header not at the first byte": append([]byte("\n"), good...),
		"no version":                   replaced(t, good, "%PDF-1.7", "%PDF-x.7"),
		"no end":                       bytes.TrimSuffix(good, []byte("%%EOF\n")),
		"two ends of line":             append(bytes.Clone(good), '\n'),
		"bytes behind the end":         append(bytes.Clone(good), "x"...),
		"a body behind the end":        append(bytes.Clone(good), "9 0 obj\n<<>>\nendobj\n%%EOF\n"...),
		"startxref elsewhere":          replaced(t, good, "startxref\n", "startxref\n1"),
		"row of another form":          replaced(t, good, "0000000009 00000 n \n", "0000000009 00000 n\n\n"),
		"object at byte 0":             replaced(t, good, "0000000009 00000 n", "0000000000 00000 n"),
		"object behind the end":        replaced(t, good, "0000000009 00000 n", "0000090000 00000 n"),
		"trailer key twice":            replaced(t, good, "/Root 1 0 R", "/Root 1 0 R /Root 2 0 R"),
		"previous table is itself": func() []byte {
			at := bytes.Index(good, []byte("xref\n0"))
			return replaced(t, good, "/Root 1 0 R", fmt.Sprintf("/Root 1 0 R /Prev %d", at))
		}(),
		"previous table is nowhere": replaced(t, good, "/Root 1 0 R", "/Root 1 0 R /Prev 3"),
	} {
		if _, err := cos.OpenBytes(b, cos.Limits{}); !errors.Is(err, cos.ErrMalformed) && !errors.Is(err, cos.ErrNotPDF) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := cos.OpenBytes(replaced(t, good, "/Root 1 0 R", "/Root 1 0 R /Encrypt 3 0 R"), cos.Limits{}); !errors.Is(err, cos.ErrEncrypted) {
		t.Errorf("encrypted: %v", err)
	}
}

func codes(f *cos.File) string {
	var out []string
	for _, o := range f.Oddities() {
		out = append(out, o.Code)
	}
	return strings.Join(out, " ")
}

func TestWhatTwoReadersCouldTakeDifferentlyIsAnOddity(t *testing.T) {
	good := file(catalog, tree, page)
	if got := codes(open(t, good)); got != "" {
		t.Fatalf("an honest file: %s", got)
	}
	at := func(b []byte, what string) int { return bytes.Index(b, []byte(what)) }
	// swapped makes two rows of the table change places.
	swapped := replaced(t, good, fmt.Sprintf("%010d", at(good, "2 0 obj")), fmt.Sprintf("%010d", at(good, "3 0 obj")))
	for name, c := range map[string]struct {
		b    []byte
		want string
	}{
		"a key twice":          {file(catalog, tree, "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] /Rotate 0 /Rotate 90 >>"), cos.OddKey},
		"a key twice, escaped": {file(catalog, tree, "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] /Rotate 0 /Rot#61te 90 >>"), cos.OddKey},
		"another number":       {replaced(t, good, "\n2 0 obj", "\n7 0 obj"), cos.OddNumber},
		"another generation":   {replaced(t, good, "\n2 0 obj", "\n2 1 obj"), cos.OddNumber},
		"two lead to one":      {swapped, cos.OddNumber + " " + cos.OddShared + " " + cos.OddHidden},
		"a length too short":   {file(catalog, tree, page, "<< /Length 3 >>\nstream\nabcd\nendstream"), cos.OddObject + " " + cos.OddHidden},
		"an object not listed": {replaced(t, good, "xref\n0", "9 0 obj <<>> endobj xref\n0"), ""},
	} {
		f, err := cos.OpenBytes(c.b, cos.Limits{})
		if c.want == "" {
			if err == nil {
				t.Errorf("%s: it is read", name)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, want := range strings.Fields(c.want) {
			if !strings.Contains(codes(f), want) {
				t.Errorf("%s: %q lacks %s", name, codes(f), want)
			}
		}
	}
}

func TestATreeThatIsNoneIsRefusedWithinBounds(t *testing.T) {
	for name, b := range map[string][]byte{
		"a circle":     file(catalog, "<< /Type /Pages /Kids [2 0 R] /Count 1 >>"),
		"a kid twice":  file(catalog, "<< /Type /Pages /Kids [3 0 R 3 0 R] /Count 2 >>", page),
		"no kids":      file(catalog, "<< /Type /Pages /Count 1 >>"),
		"no page":      file(catalog, tree, "<< /Type /Font >>"),
		"no media box": file(catalog, tree, "<< /Type /Page /Parent 2 0 R >>"),
		"no tree":      file("<< /Type /Catalog >>"),
		"no catalogue": file("<< /Type /Font >>"),
	} {
		if _, err := open(t, b).Latest().Pages(); !errors.Is(err, cos.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func deflated(n int) string {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	zero := make([]byte, 1<<20)
	for ; n > 0; n -= len(zero) {
		if _, err := z.Write(zero[:min(n, len(zero))]); err != nil {
			panic(err)
		}
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.String()
}

func TestBombsEndWithinTheirLimits(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	bomb := deflated(64 << 20)
	f := open(t, file(catalog, tree, page, fmt.Sprintf("<< /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream", len(bomb), bomb)))
	v, err := f.Latest().Get(cos.Ref{Num: 4})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Decode(v.(cos.Stream), 1<<20); !errors.Is(err, cos.ErrLimit) {
		t.Errorf("decoding: %v", err)
	}
	nested := file(catalog, tree, page, strings.Repeat("[", 100_000))
	if _, err := open(t, nested).Latest().Get(cos.Ref{Num: 4}); !errors.Is(err, cos.ErrLimit) {
		t.Errorf("nesting: %v", err)
	}
	huge := replaced(t, file(catalog, tree, page), "xref\n0 4", "xref\n0 8000000")
	if _, err := cos.OpenBytes(huge, cos.Limits{}); !errors.Is(err, cos.ErrLimit) {
		t.Errorf("a huge table: %v", err)
	}
	runtime.ReadMemStats(&after)
	if grown := int64(after.TotalAlloc-before.TotalAlloc) >> 20; grown > 64 {
		t.Errorf("%d MB were allocated", grown)
	}
}

// counting counts what is read of a file that is mostly one stream.
type counting struct {
	*bytes.Reader
	read int64
}

func (c *counting) ReadAt(b []byte, at int64) (int, error) {
	n, err := c.Reader.ReadAt(b, at)
	c.read += int64(n)
	return n, err
}

func TestOnlyWhatIsAskedForIsRead(t *testing.T) {
	big := strings.Repeat("x", 32<<20)
	b := file(catalog, tree, page, fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(big), big))
	r := &counting{Reader: bytes.NewReader(b)}
	f, err := cos.Open(r, int64(len(b)), cos.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Latest().Pages(); err != nil {
		t.Fatal(err)
	}
	if got := f.Oddities(); len(got) != 0 {
		t.Errorf("oddities %v", got)
	}
	if r.read > 256<<10 {
		t.Errorf("%d bytes were read of %d", r.read, len(b))
	}
}
