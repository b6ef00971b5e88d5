package pdf_test

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/pdf"
)

func TestSealIsReadBackAsItWasApplied(t *testing.T) {
	base := bytesOf(t, face(t))
	f := fieldFor(t, "Seal1", sealPNG(t, 300, true))
	f.Location = "示例市"
	p, err := pdf.Prepare(base, f)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := p.Complete(der(300))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(doc, base) {
		t.Fatal("sealing changed the bytes before it")
	}
	file := read(t, doc)
	if file.Revisions() != 2 || len(file.Signatures()) != 1 || file.Pages() != 1 {
		t.Fatalf("%d revisions, %d signatures, %d pages", file.Revisions(), len(file.Signatures()), file.Pages())
	}
	s := file.Signatures()[0]
	if s.Field != f.Name || s.Filter != f.Filter || s.SubFilter != f.SubFilter || s.SignerName != f.SignerName ||
		s.Reason != f.Reason || s.Location != f.Location || s.Page != 1 || s.Permission != 1 || !s.CoversFile {
		t.Errorf("read %+v", s)
	}
	for i, want := range []float64{f.X, f.Y, f.W, f.H} {
		if math.Abs(s.Rect[i]-want) > 0.002 {
			t.Errorf("rectangle %v, want %v %v %v %v", s.Rect, f.X, f.Y, f.W, f.H)
		}
	}
	if !bytes.Equal(s.Contents, der(300)) {
		t.Errorf("contents of %d bytes, want 300", len(s.Contents))
	}
	r := s.ByteRange
	if r[0] != 0 || r[2]-r[1] != int64(2+2*f.Reserve) || r[2]+r[3] != int64(len(doc)) {
		t.Errorf("byte range %v of a file of %d bytes", r, len(doc))
	}
	want := gm.Sum(doc[:r[1]], doc[r[2]:])
	if s.Digest != want || p.Digest() != want {
		t.Errorf("digests %s read, %s prepared, %s of the range", s.Digest, p.Digest(), want)
	}
}

func TestFirstSealCertifiesAgainstAnyFurtherOne(t *testing.T) {
	doc := sealed(t, small(t), fieldFor(t, "Seal1", sealPNG(t, 40, true)))
	if _, err := pdf.Prepare(doc, fieldFor(t, "Seal2", sealPNG(t, 40, true))); !errors.Is(err, pdf.ErrCertified) {
		t.Errorf("second seal: %v, want ErrCertified", err)
	}
}

func TestLaterSealsLeaveEarlierDigestsAlone(t *testing.T) {
	doc, picture := small(t), sealPNG(t, 40, false)
	var digests []gm.Digest
	for i := range 4 {
		f := fieldFor(t, "Seal"+string(rune('1'+i)), picture)
		f.MoreSeals, f.X = true, float64(10*i)
		doc = sealed(t, doc, f)
		file := read(t, doc)
		if file.Revisions() != i+2 || len(file.Signatures()) != i+1 {
			t.Fatalf("%d seals: %d revisions, %d signatures", i+1, file.Revisions(), len(file.Signatures()))
		}
		for j, s := range file.Signatures() {
			if s.CoversFile != (j == i) {
				t.Errorf("seal %d of %d covers the file: %v", j+1, i+1, s.CoversFile)
			}
			if want := []int{2, 0, 0, 0}[j]; s.Permission != want {
				t.Errorf("seal %d has permission %d, want %d", j+1, s.Permission, want)
			}
			if j < len(digests) && s.Digest != digests[j] {
				t.Errorf("seal %d of %d has another digest than before", j+1, i+1)
			}
		}
		last := file.Signatures()[i]
		if want := gm.Sum(doc[:last.ByteRange[1]], doc[last.ByteRange[2]:]); last.Digest != want {
			t.Errorf("seal %d: digest %s, want %s", i+1, last.Digest, want)
		}
		digests = append(digests, last.Digest)
	}
}

func TestPictureOfASealIsComparedByItsDigest(t *testing.T) {
	for _, ink := range []bool{true, false} {
		picture := sealPNG(t, 60, ink)
		file := read(t, sealed(t, small(t), fieldFor(t, "Seal1", picture)))
		got, err := file.Picture(file.Signatures()[0])
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			png  []byte
			same bool
		}{{picture, true}, {sealPNG(t, 61, ink), false}, {sealPNG(t, 60, !ink), false}} {
			want, err := pdf.PictureDigest(c.png)
			if err != nil {
				t.Fatal(err)
			}
			if (got == want) != c.same {
				t.Errorf("ink %v: same picture is %v, want %v", ink, got == want, c.same)
			}
		}
	}
}

func TestCompleteWorksOnceAndOnlyWithADERSequenceThatFits(t *testing.T) {
	p, err := pdf.Prepare(small(t), fieldFor(t, "Seal1", sealPNG(t, 40, true)))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		contents []byte
		want     error
	}{
		{nil, pdf.ErrContents}, {[]byte{0x31, 0}, pdf.ErrContents}, {[]byte{0x30, 0x80, 0, 0}, pdf.ErrContents},
		{[]byte{0x30, 0x81, 1, 0}, pdf.ErrContents}, {append(der(300), 0), pdf.ErrContents}, {der(300)[:299], pdf.ErrContents},
		{der(401), pdf.ErrReserve}, {der(400), nil}, {der(400), pdf.ErrCompleted},
	} {
		if _, err := p.Complete(c.contents); !errors.Is(err, c.want) {
			t.Errorf("%d bytes %.4x: %v, want %v", len(c.contents), c.contents, err, c.want)
		}
	}
}

func TestFieldsThatCannotBePlacedAreRefused(t *testing.T) {
	base, picture := small(t), sealPNG(t, 40, true)
	for name, change := range map[string]func(*pdf.Field){
		"no name":             func(f *pdf.Field) { f.Name = "" },
		"full stop":           func(f *pdf.Field) { f.Name = "a.b" },
		"page 0":              func(f *pdf.Field) { f.Page = 0 },
		"page 2 of 1":         func(f *pdf.Field) { f.Page = 2 },
		"left of the page":    func(f *pdf.Field) { f.X = -1 },
		"below the page":      func(f *pdf.Field) { f.Y = 90 },
		"no width":            func(f *pdf.Field) { f.W = 0 },
		"negative height":     func(f *pdf.Field) { f.H = -5 },
		"not a number":        func(f *pdf.Field) { f.X = math.NaN() },
		"infinite":            func(f *pdf.Field) { f.W = math.Inf(1) },
		"no filter":           func(f *pdf.Field) { f.Filter = "" },
		"no subfilter":        func(f *pdf.Field) { f.SubFilter = "" },
		"no time":             func(f *pdf.Field) { f.Time = time.Time{} },
		"no reserve":          func(f *pdf.Field) { f.Reserve = 0 },
		"reserve of 2 MB":     func(f *pdf.Field) { f.Reserve = 2 << 20 },
		"control in the name": func(f *pdf.Field) { f.SignerName = "a\nb" },
	} {
		f := fieldFor(t, "Seal1", picture)
		change(&f)
		if _, err := pdf.Prepare(base, f); !errors.Is(err, pdf.ErrField) {
			t.Errorf("%s: %v, want ErrField", name, err)
		}
	}
	f := fieldFor(t, "Seal1", picture)
	f.MoreSeals = true
	if _, err := pdf.Prepare(sealed(t, base, f), f); !errors.Is(err, pdf.ErrField) {
		t.Errorf("a name that is taken: %v, want ErrField", err)
	}
}

func TestDamagedPicturesAreRefused(t *testing.T) {
	for _, ink := range []bool{true, false} {
		whole := sealPNG(t, 40, ink)
		for i := range whole {
			b := slices.Clone(whole)
			b[i] ^= 0x41
			f := fieldFor(t, "Seal1", b)
			p, err := pdf.Prepare(small(t), f)
			if err != nil {
				if !errors.Is(err, pdf.ErrPicture) {
					t.Fatalf("byte %d: %v, want ErrPicture", i, err)
				}
				continue
			}
			if _, err := p.Complete(der(300)); err != nil { // what is accepted must be readable
				t.Fatalf("byte %d: %v", i, err)
			}
		}
		for n := range whole {
			if _, err := pdf.PictureDigest(whole[:n]); !errors.Is(err, pdf.ErrPicture) {
				t.Fatalf("%d of %d bytes: %v, want ErrPicture", n, len(whole), err)
			}
		}
	}
}

func TestOnlyOurFilesAreSealed(t *testing.T) {
	f := fieldFor(t, "Seal1", sealPNG(t, 40, true))
	if _, err := pdf.Prepare([]byte("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n"), f); !errors.Is(err, pdf.ErrUnsupported) {
		t.Errorf("foreign file: %v, want ErrUnsupported", err)
	}
	if _, err := pdf.Prepare(append(small(t), '\n'), f); !errors.Is(err, pdf.ErrMalformed) {
		t.Errorf("one byte too many: %v, want ErrMalformed", err)
	}
}

func TestLargeAttachmentIsSealedAndReadBack(t *testing.T) {
	noise := make([]byte, 20<<20)
	random := rand.NewChaCha8([32]byte{1})
	if _, err := random.Read(noise); err != nil {
		t.Fatal(err)
	}
	b := pdf.New(pdf.Info{Title: "large"})
	b.AddPage(100, 100)
	b.Attach(pdf.Attachment{Name: "scan.bin", MIME: "application/octet-stream", Relationship: pdf.RelationSource, Data: noise})
	base := bytesOf(t, b)
	if len(base) > len(noise)+10_000 {
		t.Errorf("%d bytes for an attachment of %d", len(base), len(noise))
	}
	f := fieldFor(t, "Seal1", sealPNG(t, 40, true))
	prepared := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			p, err := pdf.Prepare(base, f)
			if err != nil {
				b.Fatal(err)
			}
			p.Digest()
		}
	})
	if got := prepared.AllocedBytesPerOp(); got > 4<<20 {
		t.Errorf("preparing and hashing a file of 20 MB allocates %d bytes: it was copied", got)
	}
	file := read(t, sealed(t, base, f))
	got, err := file.Attachment("scan.bin")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, noise) {
		t.Error("the attachment came back changed")
	}
}
