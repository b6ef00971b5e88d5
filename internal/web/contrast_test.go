package web_test

import (
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var property = regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{6})`)

// schemes reads the colours of the light scheme and, laid over it, of the dark one.
func schemes(t *testing.T) map[string]map[string]string {
	t.Helper()
	css, err := os.ReadFile("static/app.css")
	if err != nil {
		t.Fatal(err)
	}
	light, rest, found := strings.Cut(string(css), "@media (prefers-color-scheme: dark)")
	if !found {
		t.Fatal("no dark scheme")
	}
	dark, _, _ := strings.Cut(rest, "* {")
	out := map[string]map[string]string{"light": {}, "dark": {}}
	for _, m := range property.FindAllStringSubmatch(light, -1) {
		out["light"][m[1]], out["dark"][m[1]] = m[2], m[2]
	}
	for _, m := range property.FindAllStringSubmatch(dark, -1) {
		out["dark"][m[1]] = m[2]
	}
	return out
}

// luminance is WCAG 2.1's relative luminance.
func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		v, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(v) / 255
		if c <= 0.03928 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

func TestEveryTextIsReadableOnItsGround(t *testing.T) {
	const least = 4.5 // WCAG 2.1, 1.4.3
	for scheme, colours := range schemes(t) {
		for _, pair := range [][2]string{
			{"ink", "ground"}, {"ink", "paper"}, {"soft", "ground"}, {"soft", "paper"}, {"red", "paper"}, {"red", "ground"},
			{"good", "good-ground"}, {"wait", "wait-ground"}, {"bad", "bad-ground"},
		} {
			a, b := luminance(t, colours[pair[0]]), luminance(t, colours[pair[1]])
			if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); ratio < least {
				t.Errorf("%s: %s on %s has %.2f:1, want %.1f:1", scheme, pair[0], pair[1], ratio, least)
			}
		}
	}
}
