package sealing_test

import (
	"bytes"
	"errors"
	"image/png"
	"strings"
	"testing"

	"yinzheng/sealing"
)

func TestDrawnSealIsRedOnNothing(t *testing.T) {
	b, err := sealing.DrawSeal(officeName, lineText)
	if err != nil {
		t.Fatal(err)
	}
	m, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Bounds().Size(); got.X != 500 || got.Y != 500 {
		t.Fatalf("%v pixels", got)
	}
	for name, c := range map[string]struct {
		x, y  int
		inked bool
	}{
		"star": {250, 250, true}, "ring above": {250, 9, true}, "ring left": {9, 250, true}, "ring right": {490, 250, true},
		"corner": {0, 0, false}, "between star and name": {250, 150, false}, "between ring and name": {250, 24, false},
		"below the line": {250, 450, false},
	} {
		r, g, bl, a := m.At(c.x, c.y).RGBA()
		switch {
		case c.inked && (a != 0xffff || r>>8 != 0xC8 || g>>8 != 0x10 || bl>>8 != 0x2E):
			t.Errorf("%s is %x %x %x %x", name, r>>8, g>>8, bl>>8, a>>8)
		case !c.inked && a != 0:
			t.Errorf("%s has ink", name)
		}
	}
}

func TestDrawingIsDeterministic(t *testing.T) {
	one, err := sealing.DrawSeal(officeName, lineText)
	if err != nil {
		t.Fatal(err)
	}
	two, err := sealing.DrawSeal(officeName, lineText)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(one, two) {
		t.Error("two drawings differ")
	}
	other, err := sealing.DrawSeal(officeName, "")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(one, other) {
		t.Error("another text gives the same picture")
	}
}

func TestLongNamesStayOnTheSeal(t *testing.T) {
	for _, n := range []int{2, 3, 14, 15, 22, 23, 30} {
		b, err := sealing.DrawSeal(strings.Repeat("国", n), strings.Repeat("章", 12))
		if err != nil {
			t.Fatal(err)
		}
		m, err := png.Decode(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		for _, y := range []int{0, 499} { // 0.2 mm of air outside the ring
			for x := range 500 {
				if _, _, _, a := m.At(x, y).RGBA(); a != 0 {
					t.Fatalf("%d characters: ink at %d, %d", n, x, y)
				}
			}
		}
		if len(b) > 40<<10 {
			t.Errorf("%d characters: %d bytes", n, len(b))
		}
	}
}

func TestTextThatCannotBeDrawnIsRefusedByName(t *testing.T) {
	for name, c := range map[string]struct{ office, line, says string }{
		"character the font lacks": {"示例市\U0001F600局", "", "U+1F600"},
		"lacking in the line":      {"示例市局", "章\U0001F600", "U+1F600"},
		"empty":                    {"", "", "0 characters"},
		"one character":            {"局", "", "1 characters"},
		"too long":                 {strings.Repeat("局", 31), "", "31 characters"},
		"line too long":            {"示例市局", strings.Repeat("章", 13), "13 characters"},
		"space":                    {"示例 市局", "", "U+0020"},
		"control":                  {"示例\u202e市局", "", "U+202E"},
		"not UTF-8":                {"示例\xff市局", "", "U+FFFD"},
	} {
		_, err := sealing.DrawSeal(c.office, c.line)
		if !errors.Is(err, sealing.ErrText) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
