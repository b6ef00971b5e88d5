package intake_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"yinzheng/sealing/intake"
)

// streamed is a document whose cross-reference stream inflates to size zeros besides its entries.
func streamed(size int) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	objects := []string{"<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>", "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>"}
	rows := []byte{0, 0, 0, 0, 0, 255}
	row := func(at int) {
		rows = append(rows, 1)
		rows = binary.BigEndian.AppendUint32(rows, uint32(at))
		rows = append(rows, 0)
	}
	for n, o := range objects {
		row(b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", n+1, o)
	}
	start := b.Len()
	row(start)
	rows = append(rows, make([]byte, size)...)
	fmt.Fprintf(&b, "4 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n",
		stream(fmt.Sprintf("/Type /XRef /Size %d /W [1 4 1] /Root 1 0 R /Filter /FlateDecode ", len(rows)/6), deflate(rows)), start)
	return b.Bytes()
}

func nested(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }

func TestHostileFilesAreRefusedWithinTheLimits(t *testing.T) {
	i := newIntake(t, intake.Config{Limits: small()})
	bomb := stream("/Filter /FlateDecode ", deflate(make([]byte, 64<<20)))
	doubled := stream("/Filter [/FlateDecode /FlateDecode] ", deflate([]byte(deflate(make([]byte, 64<<20)))))
	many := make([]string, 2100)
	for n := range many {
		many[n] = "<< >>"
	}
	var shares []string
	for range 5 {
		shares = append(shares, stream("/Filter /FlateDecode ", deflate(make([]byte, 4_000_000))))
	}
	for _, c := range []struct {
		what string
		in   []byte
		kind error
	}{
		{"no PDF", []byte("GIF89a"), intake.ErrMalformed},
		{"nothing", nil, intake.ErrMalformed},
		{"cut off", document("", "")[:400], intake.ErrMalformed},
		{"something behind the end", append(document("", ""), "2 0 obj << >> endobj"...), intake.ErrMalformed},
		{"something before the beginning", append([]byte("GIF89a\n"), document("", "")...), intake.ErrMalformed},
		{"a cross-reference stream of 64 MB", streamed(64 << 20), intake.ErrLimit},
		{"a stream of 64 MB", document("", "", bomb), intake.ErrLimit},
		{"a stream packed twice", document("", "", doubled), intake.ErrLimit},
		{"streams of 20 MB together", document("", "", shares...), intake.ErrLimit},
		{"a deep array", document("/Deep "+nested(5000)+" ", ""), intake.ErrLimit},
		{"too many objects", document("", "", many...), intake.ErrLimit},
		{"an image of a million million pixels", document("", "", stream("/Type /XObject /Subtype /Image /Width 1000000 /Height 1000000 /BitsPerComponent 8 /ColorSpace /DeviceGray ", "")), intake.ErrLimit},
		{"a page tree that bites its tail", file("<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [2 0 R] /Count 1 >>"), intake.ErrMalformed},
		{"a page that hangs there twice", file("<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R 3 0 R] /Count 2 >>", "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>"), intake.ErrMalformed},
		{"a count of pages that is not so", file("<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1000000000 >>", "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>"), intake.ErrMalformed},
		{"a key twice", document("/Lang (zh) /Lang (en) ", ""), intake.ErrMalformed},
		{"another object where one should stand", bytes.Replace(document("", "", "<< >>"), []byte("6 0 obj"), []byte("9 0 obj"), 1), intake.ErrMalformed},
	} {
		_, _, err := normalise(t, i, c.in)
		if !errors.Is(err, c.kind) {
			t.Errorf("%s: %v, want %v", c.what, err, c.kind)
		}
	}
	if _, _, err := normalise(t, i, document("", "")); err != nil {
		t.Errorf("an honest file afterwards: %v", err)
	}
}

func TestAFileLargerThanTheLimitIsNotRead(t *testing.T) {
	l := small()
	l.FileBytes = 1000
	i := newIntake(t, intake.Config{Limits: l})
	_, err := i.Normalise(context.Background(), endless{}, intake.Options{})
	wantRefusal(t, "endless file", err, intake.ErrLimit, "")
	_, _, err = normalise(t, i, document("", ""))
	if err != nil && !errors.Is(err, intake.ErrLimit) {
		t.Error(err)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestAWorkerThatMisbehavesHarmsNobody(t *testing.T) {
	for _, c := range []struct {
		verb string
		kind error
	}{
		{"worker-recursing", intake.ErrUnsafe},
		{"worker-sleeping", intake.ErrLimit},
		{"worker-silent", intake.ErrUnsafe},
		{"worker-lying", intake.ErrMalformed},
		{"worker-of-another-version", intake.ErrUnsafe},
	} {
		l := small()
		l.Time = 3 * time.Second
		i := newIntake(t, intake.Config{Program: os.Args[0], Args: []string{c.verb}, Limits: l})
		_, _, err := normalise(t, i, document("", ""))
		wantRefusal(t, c.verb, err, c.kind, "")
	}
	patient := newIntake(t, intake.Config{Program: os.Args[0], Args: []string{"worker-babbling"}, Limits: small()})
	_, _, err := normalise(t, patient, document("", ""))
	wantRefusal(t, "worker-babbling", err, intake.ErrLimit, "")
	if err != nil && !strings.Contains(err.Error(), "an answer of more than") {
		t.Errorf("the worker that babbles was stopped for another reason: %v", err)
	}
	i := newIntake(t, intake.Config{Program: "/nonexistent/program"})
	if _, _, err := normalise(t, i, document("", "")); err == nil {
		t.Error("a program that is not there answered")
	}
}

func TestTheCageHoldsMemoryAndOutput(t *testing.T) {
	heavy := document("", "/Group 6 0 R ", stream("", strings.Repeat("noise that is kept ", 2_000_000)))
	l := small()
	l.Stream, l.Memory, l.FileBytes = 64<<20, 6<<20, 64<<20
	i := newIntake(t, intake.Config{Limits: l})
	_, _, err := normalise(t, i, heavy)
	wantRefusal(t, "too little memory", err, intake.ErrLimit, "")
}

func TestACancelledCallEndsItsWorker(t *testing.T) {
	i := newIntake(t, intake.Config{Program: os.Args[0], Args: []string{"worker-sleeping"}, Limits: small()})
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	_, err := i.Normalise(ctx, bytes.NewReader(document("", "")), intake.Options{})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, want the context's error", err)
	}
}

func TestNoMoreWorkersThanAllowedRunAtOnce(t *testing.T) {
	i := newIntake(t, intake.Config{Program: os.Args[0], Args: []string{"worker-sleeping"}, Limits: small(), Parallel: 1})
	busy, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		_, err := i.Normalise(busy, bytes.NewReader(document("", "")), intake.Options{})
		done <- err
	}()
	waiting, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	_, err := i.Normalise(waiting, bytes.NewReader(document("", "")), intake.Options{})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the one in waiting: %v", err)
	}
	stop()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("the one at work: %v", err)
	}
}
