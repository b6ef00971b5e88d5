//go:build tools

package qr_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os/exec"
	"strings"
	"testing"

	"yinzheng/internal/qr"
)

// picture draws a code with its quiet zone, four pixels a module.
func picture(t *testing.T, c qr.Code) []byte {
	t.Helper()
	const scale, quiet = 4, 4
	side := (c.Size + 2*quiet) * scale
	img, m := image.NewGray(image.Rect(0, 0, side, side)), c.Modules()
	for i := range img.Pix {
		img.Pix[i] = 255
	}
	for y := range c.Size * scale {
		for x := range c.Size * scale {
			if m[y/scale][x/scale] {
				img.SetGray(x+quiet*scale, y+quiet*scale, color.Gray{})
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestAnotherReaderReadsEveryKindAndLevel(t *testing.T) {
	for _, text := range []string{
		"1", "HTTPS://EXAMPLE.INVALID", "https://example.invalid/v/" + strings.Repeat("aZ9-", 11),
		"电子证照:450000", strings.Repeat("0123456789", 70), strings.Repeat("a-b_c.d~", 60),
	} {
		for level := qr.L; level <= qr.H; level++ {
			t.Run(fmt.Sprintf("%.12s/%d", text, level), func(t *testing.T) {
				c, err := qr.Encode(text, level)
				if err != nil {
					t.Fatal(err)
				}
				cmd := exec.CommandContext(t.Context(), "zbarimg", "--quiet", "--raw", "--oneshot", "png:-")
				cmd.Stdin = bytes.NewReader(picture(t, c))
				out, err := cmd.Output()
				if err != nil {
					t.Fatalf("zbarimg on version %d, mask %d: %v", c.Version, c.Mask, err)
				}
				if got := strings.TrimSuffix(string(out), "\n"); got != text {
					t.Errorf("version %d, mask %d: read %q, want %q", c.Version, c.Mask, got, text)
				}
			})
		}
	}
}
