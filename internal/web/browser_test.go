//go:build tools

package web_test

import (
	"fmt"
	"image/png"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"yinzheng/licences"
)

// screenshot opens a page in a real browser; that there is none is a failure, never a skip.
func screenshot(t *testing.T, url string, width, height int) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "page.png")
	out, err := exec.CommandContext(t.Context(), "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--user-data-dir="+t.TempDir(),
		fmt.Sprintf("--window-size=%d,%d", width, height), "--screenshot="+name, url).CombinedOutput()
	if err != nil {
		t.Fatalf("chromium: %v\n%s", err, out)
	}
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
