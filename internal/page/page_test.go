package page_test

import (
	"bytes"
	"context"
	"errors"
	"image/color"
	"image/png"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"yinzheng/internal/page"
	"yinzheng/internal/pdf"
)

const mm = 72 / 25.4 // points

// readers are shared: compiling PDFium takes seconds.
var shared = sync.OnceValues(func() (*page.Reader, error) { return page.New(page.Config{Pixels: 2 << 20, Pages: 5}) })

func reader(t *testing.T) *page.Reader {
	t.Helper()
	r, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// face is a document of two A4 pages.
func face(t *testing.T) []byte {
	t.Helper()
	b := pdf.New(pdf.Info{Title: "示例"})
	b.AddPage(210, 297)
	b.Text(30, 50, 24, "食品经营许可证", pdf.TextStyle{})
	b.Text(30, 80, 12, "经营者名称:南宁示例食品有限公司", pdf.TextStyle{})
	b.Text(120, 200, 14, "发证机关(盖 章)", pdf.TextStyle{})
	b.Text(30, 220, 12, "Issued  by the Office", pdf.TextStyle{})
	b.Rect(20, 20, 170, 257, pdf.Style{Stroke: &pdf.Color{R: 200}})
	b.AddPage(210, 297)
	b.Text(40, 60, 12, "发证机关(盖章)", pdf.TextStyle{})
	out, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestKeywordIsFoundWhereItWasDrawn(t *testing.T) {
	font, err := pdf.Serif()
	if err != nil {
		t.Fatal(err)
	}
	hits, err := reader(t).Find(context.Background(), bytes.NewReader(face(t)), "示例食品", 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(hits) != 1 || hits[0].Page != 1 {
		t.Fatalf("hits %v, want one on page 1", hits)
	}
	left := 30*mm + font.Width(12, "经营者名称:南宁")
	right := left + font.Width(12, "示例食品")
	base := (297 - 80) * mm
	got := hits[0].Rect
	near := func(what string, got, want float64) {
		if got < want-1 || got > want+1 {
			t.Errorf("%s %.2f, want %.2f", what, got, want)
		}
	}
	near("left", got[0], left)
	near("right", got[2], right)
	if got[1] > base || got[1] < base-12 || got[3] < base+0.7*12 || got[3] > base+2*12 {
		t.Errorf("from %.2f to %.2f, want around the line at %.2f", got[1], got[3], base)
	}
}

func TestWhiteSpaceBesideChineseDoesNotCountAndElsewhereIsOneSpace(t *testing.T) {
	for _, c := range []struct {
		keyword string
		pages   []int
	}{
		{"发证机关(盖章)", []int{1, 2}},
		{"盖 章", []int{1, 2}},
		{"Issued by\nthe Office", []int{1}},
		{"Issuedby", nil},
		{"issued by", nil},
		{"没有的字", nil},
	} {
		hits, err := reader(t).Find(context.Background(), bytes.NewReader(face(t)), c.keyword, 0)
		if err != nil {
			t.Fatal(err)
		}
		var got []int
		for _, h := range hits {
			got = append(got, h.Page)
		}
		if len(got) != len(c.pages) {
			t.Errorf("%q found on pages %v, want %v", c.keyword, got, c.pages)
			continue
		}
		for i := range got {
			if got[i] != c.pages[i] {
				t.Errorf("%q found on pages %v, want %v", c.keyword, got, c.pages)
			}
		}
	}
}

func TestFindStopsAtTheNumberAskedFor(t *testing.T) {
	hits, err := reader(t).Find(context.Background(), bytes.NewReader(face(t)), "章", 1)
	if err != nil || len(hits) != 1 {
		t.Errorf("%d hits, %v; want 1", len(hits), err)
	}
}

func TestPictureHasThePageItsShapeAndAtMostThePixels(t *testing.T) {
	p, err := reader(t).Picture(context.Background(), bytes.NewReader(face(t)), 1, 500_000)
	if err != nil {
		t.Fatal(err)
	}
	w, h := p.Image.Bounds().Dx(), p.Image.Bounds().Dy()
	if w*h > 500_000 || w*h < 480_000 {
		t.Errorf("picture of %d x %d", w, h)
	}
	if ratio := float64(h) / float64(w); ratio < 1.40 || ratio > 1.43 {
		t.Errorf("picture of %d x %d is not the shape of A4", w, h)
	}
	if p.Rotate != 0 || p.Box[2] < 595 || p.Box[2] > 596 {
		t.Errorf("box %v turned by %d", p.Box, p.Rotate)
	}
	if got := p.Image.RGBAAt(1, 1); got != (color.RGBA{255, 255, 255, 255}) {
		t.Errorf("margin is %v, want white", got)
	}
}

func TestMarkFramesTheAreaAndLeavesThePictureAlone(t *testing.T) {
	r := reader(t)
	file := face(t)
	hits, err := r.Find(context.Background(), bytes.NewReader(file), "发证机关(盖章)", 1)
	if err != nil || len(hits) != 1 {
		t.Fatal(hits, err)
	}
	p, err := r.Picture(context.Background(), bytes.NewReader(file), 1, 500_000)
	if err != nil {
		t.Fatal(err)
	}
	before := bytes.Clone(p.Image.Pix)
	red := color.NRGBA{R: 200, A: 255}
	marked, err := p.Mark([]page.Area{
		{Rect: hits[0].Rect, Label: "印章 1:有效", Colour: red},
		{Rect: [4]float64{-1e9, -1e300, 1e9, 40}, Label: "outside", Colour: color.NRGBA{B: 255, A: 128}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(before, p.Image.Pix) {
		t.Error("the picture itself was marked")
	}
	scale := float64(p.Image.Bounds().Dx()) / (p.Box[2] - p.Box[0])
	x, y := int(hits[0].Rect[0]*scale)+1, int((p.Box[3]-hits[0].Rect[1])*scale)-1
	if got := marked.RGBAAt(x, y); got.R < 190 || got.G > 10 {
		t.Errorf("corner of the area is %v, want red", got)
	}
	if name := os.Getenv("PAGE_PICTURE"); name != "" { // for looking at
		f, err := os.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := png.Encode(f, marked); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.Mark([]page.Area{{Label: strings.Repeat("长", 61)}}); !errors.Is(err, page.ErrLimit) {
		t.Errorf("long label: %v, want ErrLimit", err)
	}
}

func TestBadQuestionsAreRefusedByName(t *testing.T) {
	r := reader(t)
	file := face(t)
	done, cancel := context.WithCancel(context.Background())
	cancel()
	many := pdf.New(pdf.Info{Title: "many"})
	for range 6 {
		many.AddPage(100, 100)
	}
	six, err := many.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	picture := func(ctx context.Context, b []byte, n int) error {
		_, err := r.Picture(ctx, bytes.NewReader(b), n, 1000)
		return err
	}
	find := func(b []byte, s string) error {
		_, err := r.Find(context.Background(), bytes.NewReader(b), s, 0)
		return err
	}
	for _, c := range []struct {
		what      string
		got, want error
	}{
		{"page 3 of 2", picture(context.Background(), file, 3), page.ErrPage},
		{"page 0", picture(context.Background(), file, 0), page.ErrPage},
		{"not a PDF", picture(context.Background(), []byte("no PDF at all"), 1), page.ErrDocument},
		{"empty", picture(context.Background(), nil, 1), page.ErrDocument},
		{"cancelled", picture(done, file, 1), context.Canceled},
		{"empty keyword", find(file, " \n"), page.ErrLimit},
		{"long keyword", find(file, strings.Repeat("字", 201)), page.ErrLimit},
		{"six pages of five", find(six, "a"), page.ErrLimit},
	} {
		if !errors.Is(c.got, c.want) {
			t.Errorf("%s: %v, want %v", c.what, c.got, c.want)
		}
	}
	if err := picture(context.Background(), file, 1); err != nil {
		t.Errorf("an honest question after the bad ones: %v", err)
	}
}

// hostile is a file whose content stream takes n nested pushes and paths.
func hostile(content string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n")
	b.WriteString("3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Rotate 90/CropBox[100 100 500 700]/Contents 4 0 R>>\nendobj\n4 0 obj\n<</Length ")
	b.WriteString(itoa(len(content)) + ">>\nstream\n" + content + "\nendstream\nendobj\ntrailer\n<</Root 1 0 R>>\n%%EOF\n")
	return b.Bytes()
}

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + string(rune('0'+n%10))
}

func TestTheSandboxesMemoryIsACeilingAndAFaultHarmsOnlyItsDocument(t *testing.T) {
	r, err := page.New(page.Config{Memory: 24 << 20, Parallel: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	greedy := hostile(strings.Repeat("0 0 m 1 1 l 2 2 l 3 3 l ", 1_000_000) + "S")
	if _, err := r.Picture(context.Background(), bytes.NewReader(greedy), 1, 1000); err == nil {
		t.Error("a page of 24 MB of lines was drawn in 24 MiB")
	}
	if _, err := r.Picture(context.Background(), bytes.NewReader(hostile("0 0 10 10 re f")), 1, 1000); err != nil {
		t.Errorf("an honest page afterwards: %v", err)
	}
}

func TestATurnedAndCroppedPageIsMarkedWhereItStands(t *testing.T) {
	file := hostile("0 0 1 rg 120 600 50 30 re f") // near the top left of the crop box, which is shown at the top right
	p, err := reader(t).Picture(context.Background(), bytes.NewReader(file), 1, 240_000)
	if err != nil {
		t.Fatal(err)
	}
	if p.Rotate != 90 || p.Box != [4]float64{100, 100, 500, 700} {
		t.Fatalf("box %v turned by %d", p.Box, p.Rotate)
	}
	marked, err := p.Mark([]page.Area{{Rect: [4]float64{120, 600, 170, 630}, Colour: color.NRGBA{R: 255, A: 255}}})
	if err != nil {
		t.Fatal(err)
	}
	inside, framed := 0, 0
	for y := range p.Image.Bounds().Dy() {
		for x := range p.Image.Bounds().Dx() {
			if c := p.Image.RGBAAt(x, y); c.B > 200 && c.R < 50 {
				inside++
				if marked.RGBAAt(x, y) == (color.RGBA{255, 0, 0, 255}) {
					framed++
				}
			}
		}
	}
	if inside < 1400 || framed < 100 {
		t.Errorf("%d blue pixels, %d of them framed", inside, framed)
	}
}

func TestQuestionsMayBeAskedAtOnce(t *testing.T) {
	r := reader(t)
	file := face(t)
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			hits, err := r.Find(context.Background(), bytes.NewReader(file), "许可证", 0)
			if err != nil || len(hits) != 1 {
				t.Errorf("%v, %v", hits, err)
			}
		})
	}
	wg.Wait()
}

func TestAClosedReaderSaysSo(t *testing.T) {
	r, err := page.New(page.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if _, err := r.Find(ctx, bytes.NewReader(face(t)), "证", 0); !errors.Is(err, page.ErrClosed) {
		t.Errorf("%v, want ErrClosed", err)
	}
}

func TestATimeLimitEndsALongPageAndOnlyThat(t *testing.T) {
	r := reader(t)
	slow := hostile(strings.Repeat("0 0 m 600 800 l 3 700 l 590 2 l f* ", 300_000))
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if _, err := r.Picture(ctx, bytes.NewReader(slow), 1, 2<<20); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, want the context's error", err)
	}
	if _, err := r.Picture(context.Background(), bytes.NewReader(face(t)), 1, 1000); err != nil {
		t.Errorf("an honest page afterwards: %v", err)
	}
}
