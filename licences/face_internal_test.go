package licences

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"yinzheng/internal/pdf"
)

// serif is a ruler of the face's font.
func serif(t testing.TB) *ruler {
	t.Helper()
	font, err := pdf.Serif()
	if err != nil {
		t.Fatal(err)
	}
	return newRuler(font)
}

// squeeze drops spaces.
func squeeze(s string) string { return strings.ReplaceAll(s, " ", "") }

func TestWrapKeepsEveryCharacterAndStaysInside(t *testing.T) {
	m := serif(t)
	const text = "根据《中华人民共和国建筑法》第八条规定，经审查（编号450103202611220101），本工程符合条件。ABC-DEF of words，2026年11月22日。"
	for width := 8.0; width < 160; width += 3.7 {
		for _, size := range []float64{8, 13, 16} {
			lines := m.wrap(text, size, width, 0)
			if got := squeeze(strings.Join(lines, "")); got != squeeze(text) {
				t.Fatalf("width %g, size %g: got %s", width, size, got)
			}
			for _, line := range lines {
				if w := m.width(size, line); w > width+0.001 && utf8.RuneCountInString(line) > 1 {
					t.Errorf("width %g, size %g: a line of %g mm", width, size, w)
				}
			}
		}
	}
}

func TestWrapFollowsTheRulesOfPunctuation(t *testing.T) {
	m := serif(t)
	lines := func(s string, ems float64) []string { return m.wrap(s, 10, ems*10*mmPerPoint, 0) }
	for name, c := range map[string]struct {
		text string
		ems  float64
		want []string
	}{
		"no comma first":       {"甲乙丙丁，戊", 4, []string{"甲乙丙", "丁，戊"}},
		"no bracket last":      {"甲乙丙（丁戊）", 4, []string{"甲乙丙", "（丁戊）"}},
		"number stays whole":   {"甲乙丙12345678", 5, []string{"甲乙丙", "12345678"}},
		"number with its unit": {"甲乙丙丁22日", 5.2, []string{"甲乙丙丁", "22日"}},
		"too long to be whole": {"123456789012345678901234567890", 5, nil},
		"one character a line": {"甲乙", 0.5, []string{"甲", "乙"}},
		"nothing":              {"", 5, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := lines(c.text, c.ems)
			if c.want != nil && strings.Join(got, "|") != strings.Join(c.want, "|") {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if strings.Join(got, "") != c.text {
				t.Errorf("got %q", got)
			}
		})
	}
}

func FuzzWrap(f *testing.F) {
	seeds := []string{"甲乙丙（丁戊）", "a b c  ", "，，，，", "1234567890"}
	if len(seeds) == 0 {
		f.Fatal("the seed corpus is empty")
	}
	for _, s := range seeds {
		f.Add(s, 5.0)
	}
	m := serif(f)
	f.Fuzz(func(t *testing.T, s string, ems float64) {
		if len(s) > 2000 || !utf8.ValidString(s) || math.IsNaN(ems) {
			return
		}
		got := m.wrap(s, 10, math.Mod(math.Abs(ems), 100)*10*mmPerPoint, 0)
		if squeeze(strings.Join(got, "")) != squeeze(s) {
			t.Errorf("%q became %q", s, got)
		}
	})
}

// box is a rectangle on a page.
type box struct {
	x1, y1, x2, y2 float64
	what           string
}

func (a box) meets(b box) bool {
	const slack = 0.05
	return a.x1 < b.x2-slack && b.x1 < a.x2-slack && a.y1 < b.y2-slack && b.y1 < a.y2-slack
}

// boxes are the inked rectangles of the texts on a page.
func (l *layout) boxes() []box {
	out := make([]box, 0, len(l.texts))
	for _, m := range l.texts {
		em := m.size * mmPerPoint
		w := l.m.width(m.size, m.s) + m.spacing*float64(utf8.RuneCountInString(m.s)-1)
		out = append(out, box{m.x, m.y - 0.8*em, m.x + w, m.y + 0.15*em, m.s})
	}
	return out
}

// checkPage fails when texts leave the frame, meet each other, or meet the QR.
func checkPage(t *testing.T, l *layout) {
	t.Helper()
	boxes := l.boxes()
	qr := box{l.g.qrX, l.g.qrY, l.g.qrX + qrSize, l.g.qrY + qrSize, "QR"}
	for i, a := range boxes {
		const edge = ruleInner + 1
		if a.x1 < edge || a.y1 < edge || a.x2 > l.g.w-edge || a.y2 > l.g.h-edge {
			t.Errorf("%s leaves the frame", a.what)
		}
		if a.meets(qr) {
			t.Errorf("%s meets the QR", a.what)
		}
		for _, b := range boxes[:i] {
			if a.meets(b) {
				t.Errorf("%s meets %s", a.what, b.what)
			}
		}
	}
}

// lay lays a licence out.
func lay(t testing.TB, k *Kind, l Licence) (*layout, error) {
	t.Helper()
	v, err := k.admit(l)
	if err != nil {
		t.Fatal(err)
	}
	font, err := pdf.Serif()
	if err != nil {
		t.Fatal(err)
	}
	return k.face(v, font)
}

func TestTextsOfEveryExampleStandApart(t *testing.T) {
	c, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range c.All() {
		for _, e := range k.Examples {
			l, err := e.Licence(k)
			if err != nil {
				t.Fatal(err)
			}
			page, err := lay(t, k, l)
			if err != nil {
				t.Fatalf("%s: %v", k.Name, err)
			}
			checkPage(t, page)
		}
	}
}

// stretch makes every text of the example that may vary n characters long, as far as its limit goes.
func stretch(t testing.TB, k *Kind, l Licence, n int) Licence {
	t.Helper()
	var schema struct {
		Properties map[string]struct {
			Type      string `json:"type"`
			MaxLength int    `json:"maxLength"`
			MinLength int    `json:"minLength"`
			Pattern   string `json:"pattern"`
		} `json:"properties"`
	}
	var fields map[string]any
	if err := errors.Join(json.Unmarshal(k.Schema, &schema), json.Unmarshal(l.Fields, &fields)); err != nil {
		t.Fatal(err)
	}
	const filling = "示例文字，（含ABC及12345678）"
	long := strings.Repeat(filling, 2+n/utf8.RuneCountInString(filling))
	for name, p := range schema.Properties {
		if p.Type == "string" && p.MaxLength > 0 && p.Pattern == "" {
			fields[name] = string([]rune(long)[:max(p.MinLength, min(n, p.MaxLength))])
		}
	}
	b, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	l.Fields = b
	l.Holder.Name = string([]rune(long)[:min(n, maxHolderName)])
	l.Issuer = string([]rune(long)[:min(n, maxOfficeName)])
	return l
}

func TestLongValuesShrinkOrAreRefusedButNeverOverflow(t *testing.T) {
	c, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range c.All() {
		fitted, refused := 0, 0
		for _, n := range []int{2, 5, 12, 20, 28, 36, 44, 52, 60, 80, 100, 120, 160, 300, 1000} {
			l, err := k.Examples[0].Licence(k)
			if err != nil {
				t.Fatal(err)
			}
			t.Run(fmt.Sprintf("%s/%d", k.NameEN, n), func(t *testing.T) {
				page, err := lay(t, k, stretch(t, k, l, n))
				var found Refusals
				switch {
				case err == nil:
					fitted++
					checkPage(t, page)
				case errors.As(err, &found):
					refused++
					for _, r := range found {
						if r.Code != TooLongForFace || r.Pointer == "" || r.Pointer == "/" {
							t.Errorf("got %+v", r)
						}
					}
				default:
					t.Error(err)
				}
			})
		}
		if fitted < 3 || refused == 0 {
			t.Errorf("%s: %d fitted, %d were refused", k.Name, fitted, refused)
		}
	}
}

func TestSealStandsInsideTheFrameAndOffTheQR(t *testing.T) {
	for _, orientation := range []string{"portrait", "landscape"} {
		g := pageOf(orientation)
		seal := box{g.sealX - sealSize/2, g.sealY - sealSize/2, g.sealX + sealSize/2, g.sealY + sealSize/2, "seal"}
		qr := box{g.qrX, g.qrY, g.qrX + qrSize, g.qrY + qrSize, "QR"}
		if seal.meets(qr) || seal.y1 < g.bodyBottom || seal.x2 > g.w-ruleInner || seal.y2 > g.h-ruleInner {
			t.Errorf("%s: the seal stands at %v", orientation, seal)
		}
		if g.issuerY < seal.y1 || g.dateY > seal.y2 {
			t.Errorf("%s: the seal does not stand on office and date", orientation)
		}
	}
}
