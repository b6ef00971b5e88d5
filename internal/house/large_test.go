package house_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync/atomic"
	"testing"

	"yinzheng/internal/blob"
	"yinzheng/internal/gm"
	"yinzheng/sealing"
	"yinzheng/sealing/desk"
	"yinzheng/verify"
)

// writeLarge writes a PDF of one page beside which lies a stream of so many bytes, as a scan would.
func writeLarge(w io.Writer, stream int64) error {
	out := &counted{w: w}
	var at []int64
	object := func(body string) {
		at = append(at, out.n)
		fmt.Fprintf(out, "%d 0 obj\n%s\nendobj\n", len(at), body)
	}
	fmt.Fprint(out, "%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	object("<</Type/Catalog/Pages 2 0 R>>")
	object("<</Type/Pages/Kids[3 0 R]/Count 1>>")
	object("<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</XObject<</Scan 4 0 R>>>>/Contents 5 0 R>>")
	at = append(at, out.n)
	side := int64(1) // width times height must be the bytes of a grey picture
	fmt.Fprintf(out, "4 0 obj\n<</Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceGray/BitsPerComponent 8/Length %d>>stream\n", stream, side, stream)
	if _, err := io.CopyN(out, zeros{}, stream); err != nil {
		return err
	}
	fmt.Fprint(out, "\nendstream\nendobj\n")
	content := "q 595 0 0 842 0 0 cm /Scan Do Q"
	object(fmt.Sprintf("<</Length %d>>stream\n%s\nendstream", len(content), content))
	start := out.n
	fmt.Fprintf(out, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, n := range at {
		fmt.Fprintf(out, "%010d 00000 n \n", n)
	}
	fmt.Fprintf(out, "trailer\n<</Size %d/Root 1 0 R/ID[<00><00>]>>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, start)
	return out.err
}

// counted is a writer that knows how much was written, and its first error.
type counted struct {
	w   io.Writer
	n   int64
	err error
}

func (c *counted) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	if c.err == nil {
		c.err = err
	}
	return n, err
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// counting is the content store as the desk needs it; it counts what is read of documents.
type counting struct {
	blobs *blob.Dir
	read  *atomic.Int64
}

func (c counting) Put(ctx context.Context, r io.Reader) (gm.Digest, error) {
	d, _, err := c.blobs.Put(ctx, r)
	return d, err
}

func (c counting) OpenAt(ctx context.Context, digest gm.Digest) (desk.Stored, error) {
	s, err := c.blobs.OpenAt(ctx, digest)
	if err != nil {
		return nil, err
	}
	return countingStored{s, c.read}, nil
}

func (c counting) Grow(ctx context.Context, base gm.Digest, tail []byte) (gm.Digest, error) {
	d, _, err := c.blobs.Grow(ctx, base, tail)
	return d, err
}

type countingStored struct {
	*blob.Stored
	read *atomic.Int64
}

func (c countingStored) ReadAt(b []byte, at int64) (int, error) {
	n, err := c.Stored.ReadAt(b, at)
	c.read.Add(int64(n))
	return n, err
}

func TestAStoredDocumentOf20MBIsSealedWithoutReadingIt(t *testing.T) {
	w := openWorld(t, t.TempDir(), nil)
	var document bytes.Buffer
	if err := writeLarge(&document, 20<<20); err != nil {
		t.Fatal(err)
	}
	var read atomic.Int64
	d, err := desk.New(desk.Config{
		Sealer: w.Sealer, Documents: counting{w.Blobs, &read}, Papers: w.DB, Joints: w.DB, Intake: w.Intake, Now: config("").Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	stored, _, err := w.Blobs.Put(t.Context(), bytes.NewReader(document.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.DB.PutPaper(t.Context(), desk.Paper{Digest: stored, Caller: "test"}); err != nil {
		t.Fatal(err)
	}
	done, err := d.Seal(t.Context(), desk.Request{Stored: stored, Marks: []desk.Mark{{Place: sealing.Place{Page: 1, X: 100, Y: 200}}},
		Request: sealing.Request{Seal: w.sealOf(t, officeCode), Matter: "m1", By: "test", Office: officeCode}})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes of %d were read", read.Load(), document.Len())
	if read.Load() > 1<<20 {
		t.Errorf("%d bytes were read to seal a document of %d", read.Load(), document.Len())
	}
	sealed, err := blob.ReadAll(t.Context(), w.Blobs, done.Document, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(sealed, document.Bytes()) {
		t.Error("the document itself was changed")
	}
	wantValid(t, "20 MB", judgedBy(t, w.House, sealed), verify.SignatureSeal)
}
