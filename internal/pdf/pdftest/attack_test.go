package pdftest_test

import (
	"bytes"
	"fmt"
	"testing"

	"yinzheng/internal/pdf/pdftest"
)

func TestEveryClassHasSixAttacksAndAnHonestCounterpart(t *testing.T) {
	target := pdftest.NewPKI(t).Target()
	attacks, honest := map[int]int{}, map[int]int{}
	seen := map[string]bool{}
	for _, a := range pdftest.Attacks() {
		id := fmt.Sprintf("%d %s", a.Class, a.Name)
		if seen[id] {
			t.Errorf("two attacks are called %s", id)
		}
		seen[id] = true
		file := a.Make(target)
		if file == nil {
			continue
		}
		if a.Want == pdftest.Valid {
			honest[a.Class]++
			continue
		}
		attacks[a.Class]++
		if bytes.Equal(file, target.File) || bytes.Equal(file, target.Base) {
			t.Errorf("%s changes nothing", id)
		}
	}
	for class := 1; class < len(pdftest.Classes()); class++ {
		if attacks[class] < 6 || honest[class] < 1 {
			t.Errorf("class %d, %s: %d attacks, %d honest files", class, pdftest.Classes()[class], attacks[class], honest[class])
		}
	}
}
