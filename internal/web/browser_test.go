//go:build tools

package web_test

import (
	"bytes"
	"fmt"
	"image/color"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"yinzheng/internal/verdict"
	"yinzheng/internal/verdict/verdicttest"
	"yinzheng/licences"
	"yinzheng/verify"
)

// browse runs a real browser; that there is none is a failure, never a skip.
func browse(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "chromium", append([]string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--user-data-dir=" + t.TempDir(),
	}, args...)...)
	var log bytes.Buffer
	cmd.Stderr = &log
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("chromium: %v\n%s", err, log.Bytes())
	}
	return out
}

func screenshot(t *testing.T, url string, width, height int) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "page.png")
	browse(t, fmt.Sprintf("--window-size=%d,%d", width, height), "--screenshot="+name, url)
	return name
}

func TestPagesShowInABrowserAndTheirQRIsRead(t *testing.T) {
	server := httptest.NewServer(pages(t, &shelf{holder: "示例公司", status: licences.InForce}))
	defer server.Close()
	for _, path := range []string{"/?lang=zh", "/c/good?lang=zh", "/c/good?lang=en", "/wallet?lang=zh"} {
		for _, width := range []int{500, 1280} {
			name := screenshot(t, server.URL+path, width, 900)
			f, err := os.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			img, err := png.Decode(f)
			_ = f.Close()
			if err != nil || img.Bounds().Dx() != width {
				t.Fatalf("%s: %v", path, err)
			}
			colours := map[[3]uint32]bool{}
			for y := 0; y < img.Bounds().Dy(); y += 3 {
				for x := 0; x < width; x += 3 {
					r, g, b, _ := img.At(x, y).RGBA()
					colours[[3]uint32{r, g, b}] = true
				}
			}
			if len(colours) < 20 {
				t.Errorf("%s at %d shows %d colours: it is empty or without its style sheet", path, width, len(colours))
			}
			if !strings.HasPrefix(path, "/wallet") {
				continue
			}
			read, err := exec.CommandContext(t.Context(), "zbarimg", "--quiet", "--raw", name).Output()
			if err != nil || !strings.HasPrefix(string(read), "http://127.0.0.1/v/aZ9_") {
				t.Errorf("zbarimg read %q, %v", read, err)
			}
		}
	}
}

// phone is a page that holds each path in a frame as wide as a phone and says how far its content sticks out. The pages forbid
// frames, so they are served here without their policy.
func phone(h http.Handler, report string, paths []string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/report", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, report) })
	mux.HandleFunc("/phone", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `<!doctype html><ul></ul><script>const say=(f)=>{const d=f.contentDocument;d.querySelectorAll("details").forEach(e=>e.open=true);
const li=document.createElement("li");li.textContent=f.getAttribute("src")+" wide "+d.documentElement.scrollWidth+" styled "+(d.styleSheets.length);document.querySelector("ul").append(li)}</script>`)
		for _, path := range paths {
			fmt.Fprintf(w, `<iframe width="390" height="844" frameborder="0" src="%s" onload="say(this)"></iframe>`, path)
		}
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		page := httptest.NewRecorder()
		h.ServeHTTP(page, r)
		w.Header().Set("Content-Type", page.Header().Get("Content-Type"))
		w.WriteHeader(page.Code)
		_, _ = w.Write(page.Body.Bytes())
	})
	return mux
}

func TestNoPageIsWiderThanAPhone(t *testing.T) {
	h := pages(t, &shelf{holder: strings.Repeat("示例公司", 12), status: licences.InForce})
	paths := []string{"/?lang=zh", "/?lang=en", "/v/good?lang=zh", "/c/good?lang=en", "/wallet?lang=en", "/nowhere?lang=en", "/report"}
	server := httptest.NewServer(phone(h, post(t, h, map[string]string{"document": "%PDF-1.7 not a licence"}).Body.String(), paths))
	defer server.Close()
	seen := string(browse(t, "--virtual-time-budget=5000", "--window-size=1280,900", "--dump-dom", server.URL+"/phone"))
	for _, path := range paths {
		if want := "<li>" + path + " wide 390 styled 1</li>"; !strings.Contains(seen, want) {
			t.Errorf("%s is not as wide as a phone: want %s in %s", path, want, seen)
		}
	}
}

func TestReportShowsInABrowserOnADeskAndOnAPhone(t *testing.T) {
	h, p := reports(t, reader(t))
	content := document(t)
	alone, err := p.Standalone(t.Context(), verdicttest.Report(now, int64(len(content))), bytes.NewReader(content), int64(len(content)), "en")
	if err != nil {
		t.Fatal(err)
	}
	page := post(t, h, map[string]string{"document": string(content)}).Body.String()
	mux := http.NewServeMux()
	mux.Handle("/", phone(h, page, []string{"/report", "/alone"}))
	mux.HandleFunc("/alone", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(alone) })
	server := httptest.NewServer(mux)
	defer server.Close()
	seen := string(browse(t, "--virtual-time-budget=5000", "--window-size=1280,900", "--dump-dom", server.URL+"/phone"))
	for _, path := range []string{"/report", "/alone"} {
		if want := "<li>" + path + " wide 390 styled 1</li>"; !strings.Contains(seen, want) {
			t.Errorf("%s is not as wide as a phone: want %s in %s", path, want, seen)
		}
		f, err := os.Open(screenshot(t, server.URL+path, 1280, 2600))
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(f)
		_ = f.Close()
		if err != nil {
			t.Fatal(err)
		}
		marks := map[color.NRGBA]int{verdict.Colour(verify.Valid): 0, verdict.Colour(verify.Invalid): 0, verdict.Colour(verify.Indeterminate): 0}
		for y := range img.Bounds().Dy() {
			for x := range img.Bounds().Dx() {
				c := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA) //nolint:forcetypeassert // it is the model's
				if _, is := marks[c]; is {
					marks[c]++
				}
			}
		}
		for c, n := range marks {
			if n < 1000 {
				t.Errorf("%s has %d pixels of %v: bars, badges or marked places are missing", path, n, c)
			}
		}
	}
}
