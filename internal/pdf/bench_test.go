package pdf_test

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"testing"

	"yinzheng/internal/pdf"
	"yinzheng/internal/qr"
)

// BenchmarkPage writes an A4 page with 400 distinct characters, border, QR and attachment.
func BenchmarkPage(b *testing.B) {
	serif(b)
	size := 0
	b.ReportAllocs()
	for b.Loop() {
		size = len(bytesOf(b, face(b)))
	}
	b.ReportMetric(float64(size), "bytes/page")
}

// BenchmarkPage200 writes an A4 page with 200 distinct characters.
func BenchmarkPage200(b *testing.B) {
	text := []rune(prose)[:200]
	serif(b)
	b.ReportAllocs()
	for b.Loop() {
		doc := pdf.New(pdf.Info{Title: "bench", Created: made})
		doc.AddPage(210, 297)
		for i := 0; i < len(text); i += 20 {
			doc.Text(20, 40+float64(i), 14, string(text[i:i+20]), pdf.TextStyle{})
		}
		bytesOf(b, doc)
	}
}

func BenchmarkParseFont(b *testing.B) {
	for b.Loop() {
		if _, err := pdf.ParseFont(pdf.SerifTTF()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkQR(b *testing.B) {
	for b.Loop() {
		if _, err := qr.Encode("https://example.invalid/v/0123456789abcdef", qr.M); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDeflate is why streams are compressed at level 1: it compresses the font of a page with 400 characters.
func BenchmarkDeflate(b *testing.B) {
	data, err := serif(b).SubsetFor(prose)
	if err != nil {
		b.Fatal(err)
	}
	for _, level := range []int{1, 6, 9} {
		b.Run(fmt.Sprint(level), func(b *testing.B) {
			var out bytes.Buffer
			z, err := zlib.NewWriterLevel(&out, level)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				out.Reset()
				z.Reset(&out)
				if _, err := z.Write(data); err != nil {
					b.Fatal(err)
				}
				if err := z.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(out.Len()), "bytes")
			b.ReportMetric(float64(len(data)), "before")
		})
	}
}
