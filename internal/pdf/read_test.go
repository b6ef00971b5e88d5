package pdf_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"yinzheng/internal/gm"
	"yinzheng/internal/pdf"
)

// reading is all that a judge would take from a file.
func reading(b []byte) (string, error) {
	f, err := pdf.Read(b, pdf.Limits{})
	if err != nil {
		return "", err
	}
	out := fmt.Sprintf("%d revisions;", f.Revisions())
	for _, s := range f.Signatures() {
		out += fmt.Sprintf("%s %x;", s.Digest, s.Contents)
	}
	return out, nil
}

func TestNoByteOfASealedFileIsFree(t *testing.T) {
	f := fieldFor(t, "Seal1", sealPNG(t, 12, true))
	f.W, f.H, f.Reserve = 10, 10, 320
	once := sealed(t, small(t), f)
	f.MoreSeals = true
	g := fieldFor(t, "Seal2", sealPNG(t, 12, false))
	g.Reserve, g.SubFilter = 320, "other/form"
	for name, c := range map[string]struct {
		doc []byte
		xor []byte
	}{
		"one seal":  {once, []byte{0x01, 0x08, 0x20, 0x80}},
		"two seals": {sealed(t, sealed(t, small(t), f), g), []byte{0x01, 0x20, 0x80}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			flipEveryByte(t, c.doc, c.xor)
		})
	}
}

func flipEveryByte(t *testing.T, doc, xor []byte) {
	want, err := reading(doc)
	if err != nil {
		t.Fatal(err)
	}
	b, refused := slices.Clone(doc), 0
	for i := range b {
		for _, x := range xor {
			b[i] = doc[i] ^ x
			got, err := reading(b)
			if err == nil && got == want {
				t.Errorf("byte %d (%q) xor %02x reads the same", i, doc[i], x)
			}
			if err != nil {
				refused++
				if !errors.Is(err, pdf.ErrMalformed) && !errors.Is(err, pdf.ErrUnsupported) {
					t.Fatalf("byte %d xor %02x: unknown error %v", i, x, err)
				}
			}
		}
		b[i] = doc[i]
	}
	if refused == 0 {
		t.Error("nothing was refused")
	}
	t.Logf("%d bytes, %d changes each: %d %% are refused outright, all others change digest or contents",
		len(doc), len(xor), 100*refused/(len(xor)*len(doc)))
}

func TestEveryCutAndEveryInsertedByteIsSeen(t *testing.T) {
	t.Parallel()
	doc := sealed(t, small(t), fieldFor(t, "Seal1", sealPNG(t, 12, true)))
	base := len(small(t))
	want, err := reading(doc)
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc {
		got, err := reading(doc[:n])
		if n == base && err == nil {
			continue // the file before it was sealed: no signature
		}
		if err == nil {
			t.Errorf("cut to %d bytes reads %.60s", n, got)
		}
		for _, c := range []byte{' ', '\n', '0', 0, '%'} {
			if got, err := reading(slices.Insert(slices.Clone(doc), n, c)); err == nil && got == want {
				t.Errorf("%q inserted at %d reads the same", c, n)
			}
		}
		if got, err := reading(slices.Delete(slices.Clone(doc), n, n+1)); err == nil && got == want {
			t.Errorf("without byte %d reads the same", n)
		}
	}
}

func TestAppendedBytesAreRefused(t *testing.T) {
	doc := sealed(t, small(t), fieldFor(t, "Seal1", sealPNG(t, 12, true)))
	for _, tail := range []string{"\n", " ", "\x00", "%%EOF\n", "xref\n0 0\ntrailer\n<< >>\nstartxref\n0\n%%EOF\n", string(small(t)), string(doc)} {
		if _, err := pdf.Read(append(slices.Clone(doc), tail...), pdf.Limits{}); !errors.Is(err, pdf.ErrMalformed) {
			t.Errorf("with %.20q: %v, want ErrMalformed", tail, err)
		}
	}
}

func TestUnsealedFileHasNoSignature(t *testing.T) {
	file := read(t, small(t))
	if file.Revisions() != 1 || len(file.Signatures()) != 0 {
		t.Errorf("%d revisions, %d signatures", file.Revisions(), len(file.Signatures()))
	}
	if got := file.Attachments(); !slices.Equal(got, []string{"a.txt"}) {
		t.Errorf("attachments %q", got)
	}
	if _, err := file.Attachment("b.txt"); !errors.Is(err, pdf.ErrNoAttachment) {
		t.Errorf("an attachment that is not there: %v", err)
	}
}

func TestPreparedFileWithoutASignatureIsMalformed(t *testing.T) {
	doc := sealed(t, small(t), fieldFor(t, "Seal1", sealPNG(t, 12, true)))
	r := read(t, doc).Signatures()[0].ByteRange
	for i := r[1] + 1; i < r[2]-1; i++ {
		doc[i] = '0'
	}
	if _, err := pdf.Read(doc, pdf.Limits{}); !errors.Is(err, pdf.ErrMalformed) {
		t.Errorf("%v, want ErrMalformed", err)
	}
}

func TestForeignInputIsUnsupportedOrMalformedAndSaysWhere(t *testing.T) {
	for _, c := range []struct {
		in   string
		want error
	}{
		{"", pdf.ErrMalformed}, {"hello", pdf.ErrMalformed}, {"\xef\xbb\xbf%PDF-1.7\n", pdf.ErrMalformed},
		{"PK\x03\x04", pdf.ErrMalformed}, {"%PDF-1.7\n", pdf.ErrMalformed},
		{"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< >>\nendobj\n", pdf.ErrUnsupported},
		{"%PDF-2.0\r\n1 0 obj<</Type/Catalog>>endobj", pdf.ErrUnsupported},
	} {
		if _, err := pdf.Read([]byte(c.in), pdf.Limits{}); !errors.Is(err, c.want) {
			t.Errorf("%.20q: %v, want %v", c.in, err, c.want)
		}
	}
	doc := small(t)
	at := bytes.Index(doc, []byte("/Type /Pages"))
	doc[at] = 'x'
	_, err := pdf.Read(doc, pdf.Limits{})
	var m *pdf.MalformedError
	if !errors.As(err, &m) || m.Offset != int64(at) {
		t.Errorf("damage at %d: %v", at, err)
	}
}

func TestLimitsOfReadingAreKept(t *testing.T) {
	doc := sealed(t, small(t), fieldFor(t, "Seal1", sealPNG(t, 12, true)))
	for name, l := range map[string]pdf.Limits{
		"bytes": {FileBytes: int64(len(doc) - 1)}, "objects": {Objects: 10}, "revisions": {Revisions: 1},
	} {
		if _, err := pdf.Read(doc, l); !errors.Is(err, pdf.ErrLimit) {
			t.Errorf("%s: %v, want ErrLimit", name, err)
		}
	}
}

func TestDeflateBombInAnAttachmentIsRefusedInBoundedMemory(t *testing.T) {
	b := pdf.New(pdf.Info{})
	b.AddPage(100, 100)
	b.Attach(pdf.Attachment{Name: "zeros", MIME: "text/plain", Data: make([]byte, 80<<20)})
	doc := bytesOf(t, b)
	if len(doc) > 1<<20 {
		t.Fatalf("80 MB of zeros take %d bytes", len(doc))
	}
	file := read(t, doc)
	if _, err := file.Attachment("zeros"); !errors.Is(err, pdf.ErrLimit) {
		t.Errorf("80 MB under the default limit: %v, want ErrLimit", err)
	}
	low, err := pdf.Read(doc, pdf.Limits{Inflated: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	cost := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := low.Attachment("zeros"); !errors.Is(err, pdf.ErrLimit) {
				b.Fatal(err)
			}
		}
	})
	if got := cost.AllocedBytesPerOp(); got > 16<<20 { // buffers double on their way to the limit; a race build needs more
		t.Errorf("a limit of 1 MB lets %d bytes be allocated", got)
	}
}

func TestSignatureDigestIsOfTheRange(t *testing.T) {
	doc := sealed(t, small(t), fieldFor(t, "Seal1", sealPNG(t, 12, true)))
	before := read(t, doc).Signatures()[0]
	at := bytes.Index(doc, []byte("<< /N 3 /Filter")) // inside a compressed stream a little later every byte is data
	at += bytes.Index(doc[at:], []byte("stream\n")) + 40
	doc[at] ^= 0xFF
	after := read(t, doc).Signatures()[0]
	if after.Digest == before.Digest || !bytes.Equal(after.Contents, before.Contents) {
		t.Error("a changed stream leaves the digest alone")
	}
	if want := gm.Sum(doc[:after.ByteRange[1]], doc[after.ByteRange[2]:]); after.Digest != want {
		t.Errorf("digest %s, want %s", after.Digest, want)
	}
}
