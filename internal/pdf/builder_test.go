package pdf_test

import (
	"bytes"
	"errors"
	"maps"
	"math"
	"strings"
	"testing"

	"yinzheng/internal/pdf"
)

func TestSameCallsGiveSameBytes(t *testing.T) {
	a, b := bytesOf(t, face(t)), bytesOf(t, face(t))
	if !bytes.Equal(a, b) {
		t.Error("two builds differ")
	}
	builder := face(t)
	first := bytesOf(t, builder)
	if again := bytesOf(t, builder); !bytes.Equal(first, again) {
		t.Error("calling Bytes twice gives two files")
	}
}

func TestFileIDFollowsTheContent(t *testing.T) {
	id := func(text string) []byte {
		b := pdf.New(pdf.Info{})
		b.AddPage(100, 100)
		b.Text(10, 10, 10, text, pdf.TextStyle{})
		doc := bytesOf(t, b)
		at := bytes.LastIndex(doc, []byte("/ID ["))
		return doc[at : at+40]
	}
	if bytes.Equal(id("一"), id("二")) {
		t.Error("two documents with one /ID")
	}
}

func TestCharacterWithoutAGlyphIsNamedAndNothingIsDrawn(t *testing.T) {
	b := pdf.New(pdf.Info{})
	b.AddPage(100, 100)
	b.Text(10, 10, 10, "张\U00020BB7三", pdf.TextStyle{})
	_, err := b.Bytes()
	var missing *pdf.MissingGlyphError
	if !errors.As(err, &missing) || missing.Rune != 0x20BB7 || missing.Text != "张\U00020BB7三" || !errors.Is(err, pdf.ErrGlyph) {
		t.Errorf("%v", err)
	}
	if err != nil && !strings.Contains(err.Error(), "U+20BB7") {
		t.Errorf("the error does not name the character: %v", err)
	}
}

func TestMistakesAreReturnedByBytes(t *testing.T) {
	var tooMany [][]byte
	for range 101 {
		tooMany = append(tooMany, nil)
	}
	for what, c := range map[string]struct {
		do   func(b *pdf.Builder)
		want error
	}{
		"page of no size":       {func(b *pdf.Builder) { b.AddPage(0, 100) }, pdf.ErrPage},
		"page that is infinite": {func(b *pdf.Builder) { b.AddPage(math.Inf(1), 100) }, pdf.ErrPage},
		"place that is no number": {func(b *pdf.Builder) {
			b.Text(math.NaN(), 1, 10, "a", pdf.TextStyle{})
		}, pdf.ErrPage},
		"text of no size":            {func(b *pdf.Builder) { b.Text(1, 1, 0, "a", pdf.TextStyle{}) }, pdf.ErrPage},
		"line break in a line":       {func(b *pdf.Builder) { b.Text(1, 1, 9, "a\nb", pdf.TextStyle{}) }, pdf.ErrGlyph},
		"text that is not UTF-8":     {func(b *pdf.Builder) { b.Text(1, 1, 9, "a\xff", pdf.TextStyle{}) }, pdf.ErrGlyph},
		"shape that starts anywhere": {func(b *pdf.Builder) { var p pdf.Path; p.LineTo(1, 1); b.Path(&p, pdf.Style{Fill: &pdf.Color{}}) }, pdf.ErrPage},
		"picture that is none":       {func(b *pdf.Builder) { b.Image(1, 1, 1, 1, []byte("GIF89a")) }, pdf.ErrPicture},
		"attachment without a name":  {func(b *pdf.Builder) { b.Attach(pdf.Attachment{MIME: "a/b"}) }, pdf.ErrAttachment},
		"attachment with a path":     {func(b *pdf.Builder) { b.Attach(pdf.Attachment{Name: "../a", MIME: "a/b"}) }, pdf.ErrAttachment},
		"attachment without a type":  {func(b *pdf.Builder) { b.Attach(pdf.Attachment{Name: "a"}) }, pdf.ErrAttachment},
		"unknown relationship":       {func(b *pdf.Builder) { b.Attach(pdf.Attachment{Name: "a", MIME: "a/b", Relationship: "X"}) }, pdf.ErrAttachment},
		"attachment twice": {func(b *pdf.Builder) {
			b.Attach(pdf.Attachment{Name: "a", MIME: "a/b"})
			b.Attach(pdf.Attachment{Name: "a", MIME: "a/b"})
		}, pdf.ErrAttachment},
		"too many attachments": {func(b *pdf.Builder) {
			for i := range tooMany {
				b.Attach(pdf.Attachment{Name: strings.Repeat("a", i+1), MIME: "a/b"})
			}
		}, pdf.ErrAttachment},
	} {
		b := pdf.New(pdf.Info{})
		b.AddPage(100, 100)
		c.do(b)
		b.Text(10, 10, 10, "later", pdf.TextStyle{})
		if _, err := b.Bytes(); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", what, err, c.want)
		}
	}
	if _, err := pdf.New(pdf.Info{Title: "a\x00b"}).Bytes(); !errors.Is(err, pdf.ErrText) {
		t.Errorf("control character in the title: %v", err)
	}
	if _, err := pdf.New(pdf.Info{}).Bytes(); !errors.Is(err, pdf.ErrPage) {
		t.Errorf("no page: %v", err)
	}
	b := pdf.New(pdf.Info{})
	b.Text(1, 1, 1, "a", pdf.TextStyle{})
	if _, err := b.Bytes(); !errors.Is(err, pdf.ErrPage) {
		t.Errorf("drawing before the first page: %v", err)
	}
}

func TestEveryKindOfDocumentIsRead(t *testing.T) {
	for what, do := range map[string]func(b *pdf.Builder){
		"empty page":     func(b *pdf.Builder) {},
		"many pages":     func(b *pdf.Builder) { b.AddPage(297, 210); b.AddPage(85.6, 53.98) },
		"text":           func(b *pdf.Builder) { b.Text(1, 10, 10, "文 text", pdf.TextStyle{Spacing: 1, Bold: true}) },
		"ink picture":    func(b *pdf.Builder) { b.Image(10, 10, 30, 30, sealPNG(t, 50, true)) },
		"colour picture": func(b *pdf.Builder) { b.Image(10, 10, 30, 30, sealPNG(t, 50, false)) },
		"two pictures": func(b *pdf.Builder) {
			b.Image(10, 10, 30, 30, sealPNG(t, 50, true))
			b.Image(10, 50, 30, 30, sealPNG(t, 50, true))
			b.Image(50, 50, 30, 30, sealPNG(t, 60, true))
		},
		"chinese names of files": func(b *pdf.Builder) {
			for _, name := range []string{"申请表.pdf", "licence.json", "身份证.png", "a.txt", "(1) \U00020BB7.txt"} {
				b.Attach(pdf.Attachment{Name: name, MIME: "application/octet-stream", Description: "说明", Data: []byte(name), Modified: made})
			}
		},
		"empty attachment": func(b *pdf.Builder) { b.Attach(pdf.Attachment{Name: "a", MIME: "text/plain; charset=utf-8"}) },
	} {
		b := pdf.New(pdf.Info{Title: "题", Subject: "(s) \\ <&>"})
		b.AddPage(210, 297)
		do(b)
		doc := bytesOf(t, b)
		before := attachments(t, doc)
		for name, got := range before {
			if what != "empty attachment" && got != name {
				t.Errorf("%s: attachment %q is %q", what, name, got)
			}
		}
		if what == "chinese names of files" && len(before) != 5 {
			t.Errorf("attachments %q", before)
		}
		if after := attachments(t, sealed(t, doc, "Seal1", 100, 100, sealPNG(t, 30, true))); !maps.Equal(after, before) {
			t.Errorf("%s: attachments after sealing %q", what, after)
		}
	}
}

func TestSamePictureIsStoredOnce(t *testing.T) {
	size := func(n int) int {
		b := pdf.New(pdf.Info{})
		b.AddPage(210, 297)
		for i := range n {
			b.Image(float64(10*i), 10, 30, 30, sealPNG(t, 300, false))
		}
		return len(bytesOf(t, b))
	}
	if one, five := size(1), size(5); five > one+400 {
		t.Errorf("a picture takes %d bytes, five times the same %d", one, five)
	}
}
