package intake_test

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"strings"
	"testing"
	"time"

	"golang.org/x/image/tiff"
	"yinzheng/internal/pdf/cos"
	"yinzheng/sealing/intake"
)

func scan(t *testing.T, w, h int, form string) io.Reader {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, w, h))
	for i := range m.Pix {
		m.Pix[i] = uint8(i)
	}
	m.SetGray(0, 0, color.Gray{})
	var b bytes.Buffer
	var err error
	switch form {
	case "png":
		err = png.Encode(&b, m)
	case "jpeg":
		err = jpeg.Encode(&b, m, nil)
	case "tiff":
		err = tiff.Encode(&b, m, &tiff.Options{Compression: tiff.Deflate})
	}
	if err != nil {
		t.Fatal(err)
	}
	return &b
}

func pagesOf(t *testing.T, b []byte) []cos.Page {
	t.Helper()
	f, err := cos.OpenBytes(b, cos.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := f.Latest().Pages()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestImagesBecomePagesOfTheirShape(t *testing.T) {
	i := newIntake(t, intake.Config{Limits: small()})
	r, err := i.FromImages(context.Background(), []io.Reader{scan(t, 200, 300, "png"), scan(t, 300, 200, "jpeg"), scan(t, 200, 300, "tiff")})
	if err != nil {
		t.Fatal(err)
	}
	pages := pagesOf(t, all(t, r))
	if len(pages) != 3 || r.Report.Pages != 3 {
		t.Fatalf("%d pages, the report says %d", len(pages), r.Report.Pages)
	}
	for n, across := range []bool{false, true, false} {
		if box := pages[n].MediaBox; (box[2] > box[3]) != across {
			t.Errorf("page %d is %v", n+1, box)
		}
	}
	_, err = i.FromImages(context.Background(), []io.Reader{strings.NewReader("GIF89a no image that is read")})
	wantRefusal(t, "another form", err, intake.ErrUnsupported, "")
	_, err = i.FromImages(context.Background(), []io.Reader{scan(t, 4000, 2000, "png")})
	wantRefusal(t, "too many pixels", err, intake.ErrLimit, "")
	_, err = i.FromImages(context.Background(), nil)
	wantRefusal(t, "no image", err, intake.ErrRequest, "")
}

func TestMergeKeepsOrderAndRefusesOneBadPart(t *testing.T) {
	i := newIntake(t, intake.Config{})
	r, err := i.Merge(context.Background(), []io.Reader{bytes.NewReader(face(t, 2)), bytes.NewReader(document("/OpenAction "+js+" ", "/Rotate 90 ")), bytes.NewReader(face(t, 1))}, intake.Options{DropAttachments: true})
	if err != nil {
		t.Fatal(err)
	}
	pages := pagesOf(t, all(t, r))
	if len(pages) != 4 {
		t.Fatalf("%d pages", len(pages))
	}
	if pages[2].Rotate != 90 || pages[1].Rotate != 0 {
		t.Error("pages stand in another order")
	}
	if got := codes(r.Report.Findings); got != "attachment_removed open_action" {
		t.Errorf("findings %q", got)
	}
	_, err = i.Merge(context.Background(), []io.Reader{bytes.NewReader(face(t, 1)), strings.NewReader("no PDF")}, intake.Options{})
	wantRefusal(t, "second part is no PDF", err, intake.ErrMalformed, "")
}

func TestACopyIsMarkedForGood(t *testing.T) {
	i := newIntake(t, intake.Config{Limits: small()})
	r, err := i.Copy(context.Background(), bytes.NewReader(face(t, 2)), intake.Watermark{Text: "副本\n仅供办理示例事项使用"}, intake.Options{})
	if err != nil {
		t.Fatal(err)
	}
	out := all(t, r)
	if n := len(pagesOf(t, out)); n != 2 {
		t.Errorf("%d pages", n)
	}
	if bytes.Contains(out, []byte("/OCProperties")) || bytes.Contains(out, []byte("/OCG")) {
		t.Error("the mark is a layer that a reader may switch off")
	}
	if bytes.Contains(out, []byte("/OC ")) || bytes.Contains(out, []byte("/OC/")) {
		t.Error("the mark still names a layer")
	}
	for _, w := range []intake.Watermark{{}, {Text: " "}, {Text: "副本", Opacity: 2}, {Text: "副本", Scale: -1}, {Text: strings.Repeat("长", 81)}, {Text: strings.Repeat("\n副", 11)}} {
		_, err := i.Copy(context.Background(), bytes.NewReader(document("", "")), w, intake.Options{})
		wantRefusal(t, w.Text, err, intake.ErrRequest, "")
	}
	_, err = i.Copy(context.Background(), bytes.NewReader(document("", "")), intake.Watermark{Text: "\U0010fffd"}, intake.Options{})
	wantRefusal(t, "a character without a shape", err, intake.ErrUnsupported, "")
}

func TestAttachmentsGoInAndComeOutAsTheyWere(t *testing.T) {
	i := newIntake(t, intake.Config{Limits: small()})
	ctx := context.Background()
	when := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	r, err := i.Attach(ctx, bytes.NewReader(document("", "")), []intake.Attachment{
		{Name: "材料清单.xml", Description: "示例材料", Modified: when, Data: strings.NewReader("<材料/>")},
		{Name: "plan.dwg", Modified: when, Data: strings.NewReader("\x00\x01\x02")},
	}, intake.Options{})
	if err != nil {
		t.Fatal(err)
	}
	out := all(t, r)
	list, err := i.Attachments(ctx, bytes.NewReader(out), intake.Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]intake.Attachment{}
	for _, a := range list {
		got[a.Name] = a
	}
	if a := got["材料清单.xml"]; len(list) != 2 || a.Description != "示例材料" || !a.Modified.Equal(when) {
		t.Errorf("list %+v", list)
	}
	for name, want := range map[string]string{"材料清单.xml": "<材料/>", "plan.dwg": "\x00\x01\x02"} {
		r, err := i.Extract(ctx, bytes.NewReader(out), name, intake.Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if b := all(t, r); string(b) != want {
			t.Errorf("%s is %q", name, b)
		}
	}
	_, err = i.Extract(ctx, bytes.NewReader(out), "another", intake.Options{})
	wantRefusal(t, "no such attachment", err, intake.ErrNoAttachment, "")
	for _, name := range []string{"", "../a", "a\x00", ".."} {
		_, err := i.Attach(ctx, bytes.NewReader(document("", "")), []intake.Attachment{{Name: name, Modified: when, Data: strings.NewReader("x")}}, intake.Options{})
		wantRefusal(t, "name "+name, err, intake.ErrRequest, "")
	}
}
