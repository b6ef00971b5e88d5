package cos_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"yinzheng/internal/pdf/cos"
)

// pictured is a file of one page with a picture of so many bytes, and forty objects.
func pictured(size int) []byte {
	objects := []string{catalog, tree, page, fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", size, strings.Repeat("x", size))}
	for range 36 {
		objects = append(objects, "<< /Type /Annot /Rect [0 0 10 10] /P 3 0 R >>")
	}
	return file(objects...)
}

// BenchmarkOpen opens a file and lists its pages, through blocks as from a disk: it should not depend on the size.
func BenchmarkOpen(b *testing.B) {
	for _, size := range []int{100 << 10, 20 << 20} {
		doc := pictured(size)
		b.Run(fmt.Sprintf("%dKB", size>>10), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f, err := cos.Open(bytes.NewReader(doc), int64(len(doc)), cos.Limits{})
				if err != nil {
					b.Fatal(err)
				}
				if pages, err := f.Latest().Pages(); err != nil || len(pages) != 1 {
					b.Fatal(len(pages), err)
				}
			}
		})
	}
}

// BenchmarkOddities is the strict pass over every object of a small file and of one with ten thousand objects.
func BenchmarkOddities(b *testing.B) {
	many := []string{catalog, tree, page}
	for range 10_000 {
		many = append(many, "<< /Type /Annot /Rect [0 0 10 10] /P 3 0 R /Contents (text) >>")
	}
	for name, doc := range map[string][]byte{"40": pictured(100 << 10), "10000": file(many...)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f, err := cos.OpenBytes(doc, cos.Limits{})
				if err != nil {
					b.Fatal(err)
				}
				if odd := f.Oddities(); len(odd) != 0 {
					b.Fatal(odd)
				}
			}
		})
	}
}
