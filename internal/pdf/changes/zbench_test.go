package changes_test

import (
	"fmt"
	"testing"

	"yinzheng/internal/pdf/changes"
	"yinzheng/internal/pdf/cos"
	"yinzheng/internal/pdf/pdftest"
	"yinzheng/internal/pdf/signature"
)

func BenchmarkJudge(b *testing.B) {
	for _, n := range []int{1, 2, 20} {
		file := pdftest.Classic()
		for i := range n {
			file = pdftest.Sign(file, pdftest.Seal{Field: fmt.Sprint("S", i), Sign: func([]byte) []byte { return []byte{0x30, 0} }})
		}
		b.Run(fmt.Sprint("open", n), func(b *testing.B) {
			for b.Loop() {
				cos.OpenBytes(file, cos.Limits{})
			}
		})
		b.Run(fmt.Sprint("find", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f, _ := cos.OpenBytes(file, cos.Limits{})
				signature.Find(f)
			}
		})
		b.Run(fmt.Sprint("steps", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f, _ := cos.OpenBytes(file, cos.Limits{})
				s, _ := signature.Find(f)
				changes.Steps(f, s)
			}
		})
	}
}
