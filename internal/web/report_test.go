package web_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"yinzheng/internal/page"
	"yinzheng/internal/verdict/verdicttest"
	"yinzheng/internal/web"
	"yinzheng/licences"
	"yinzheng/verify"
)

// reports are pages that judge paper so, with a painter.
func reports(t testing.TB, painter interface {
	Picture(ctx context.Context, file io.ReadSeeker, n, maxPixels int) (*page.Picture, error)
}) (http.Handler, *web.Pages) {
	t.Helper()
	mux := http.NewServeMux()
	p, err := web.New(mux, web.Config{
		Licences: &shelf{status: licences.InForce}, Region: "广西壮族自治区", Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler), Painter: painter,
		Judge: func(_ context.Context, in verify.Input, _ time.Time) (verify.Report, error) {
			return verdicttest.Report(now, int64(len(in.Document))), nil
		},
		Numbers: func(context.Context) (web.Numbers, error) { return web.Numbers{}, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return web.Secure(mux), p
}

// shared has drawn a page before: compiling PDFium takes longer under the race detector than anybody waits for a picture.
var shared = sync.OnceValues(func() (*page.Reader, error) {
	r, err := page.New(page.Config{})
	if err != nil {
		return nil, err
	}
	b, err := verdicttest.Document()
	if err != nil {
		return nil, err
	}
	_, err = r.Picture(context.Background(), bytes.NewReader(b), 1, 10_000)
	return r, err
})

func reader(t testing.TB) *page.Reader {
	t.Helper()
	r, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func document(t testing.TB) []byte {
	t.Helper()
	b, err := verdicttest.Document()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestEverySignatureHasACardAndEverySignedPageAPicture(t *testing.T) {
	h, _ := reports(t, reader(t))
	body := post(t, h, map[string]string{"document": string(document(t))}).Body.String()
	for what, want := range map[string]int{
		`class="card signature good"`: 1, `class="card signature wait"`: 1, `class="card signature bad"`: 1, "<figure>": 2,
		`src="data:image/`: 2, "只是签署人自述，没有任何证明。": 1, "有时间戳证明": 1, "7 0 R /Contents replaced": 1, "在第 1 页与 Seal1 部分重叠。": 1, "raw-rs": 1,
		`<svg class="bytes"`: 4, "第 1 页的画面": 1, "CONTENT_HASH": 3,
	} {
		if got := strings.Count(body, what); got < want || (want == 1 && got != 1) {
			t.Errorf("%q stands there %d times, want %d", what, got, want)
		}
	}
	for _, wrong := range []string{"<b>示例局", "ZgotmplZ", "{a}", "card.", "basis.", " style=", "<style", "<no value>"} {
		if strings.Contains(body, wrong) {
			t.Errorf("the page has %q", wrong)
		}
	}
}

// blind draws nothing.
type blind struct{}

func (blind) Picture(context.Context, io.ReadSeeker, int, int) (*page.Picture, error) {
	return nil, errors.New("no")
}

func TestPageThatCannotBeDrawnIsSaidSoAndChangesNoVerdict(t *testing.T) {
	h, _ := reports(t, blind{})
	w := post(t, h, map[string]string{"document": string(document(t))})
	if body := w.Body.String(); w.Code != http.StatusOK || strings.Count(body, "此页无法绘制。") != 2 || !strings.Contains(body, `class="verdict bad"`) || strings.Contains(body, "<img src=\"data:") {
		t.Errorf("%d %.400s", w.Code, body)
	}
}

func TestStandaloneReportNeedsNothingBesideIt(t *testing.T) {
	_, p := reports(t, reader(t))
	b := document(t)
	for lang, mark := range map[string]string{"zh": `<html lang="zh-CN">`, "en": `<html lang="en">`} {
		file, err := p.Standalone(t.Context(), verdicttest.Report(now, int64(len(b))), bytes.NewReader(b), int64(len(b)), lang)
		if err != nil {
			t.Fatal(err)
		}
		s := string(file)
		for _, want := range []string{mark, "<style>", "Content-Security-Policy", `src="data:image/`, "</html>"} {
			if !strings.Contains(s, want) {
				t.Errorf("%s: no %q", lang, want)
			}
		}
		for _, wrong := range []string{`href="`, `src="/`, "<script", "http://", "https://", "ZgotmplZ"} {
			if i := strings.Index(strings.ReplaceAll(s, "#main", ""), wrong); i >= 0 {
				t.Errorf("%s: it asks for something: %.80s", lang, s[i:])
			}
		}
	}
}
