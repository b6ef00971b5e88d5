//go:build tools

package house_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"testing"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/sealing"
	"yinzheng/verify"
)

// joinedFile is a file with something behind it.
type joinedFile struct {
	base io.ReaderAt
	size int64
	tail *bytes.Reader
}

func (j joinedFile) ReadAt(b []byte, at int64) (int, error) {
	if at >= j.size {
		return j.tail.ReadAt(b, at-j.size)
	}
	n, err := j.base.ReadAt(b[:min(int64(len(b)), j.size-at)], at)
	if err != nil && err != io.EOF || n == len(b) {
		return n, err
	}
	m, err := j.tail.ReadAt(b[n:], 0)
	return n + m, err
}

// watched looks at the memory in use a hundred times a second until the function it returns is called, which says by how many
// bytes it grew at most.
func watched(t *testing.T) (peak func() int64) {
	t.Helper()
	used := func() int64 {
		s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}, {Name: "/memory/classes/heap/free:bytes"}}
		metrics.Read(s)
		return int64(s[0].Value.Uint64()) - int64(s[1].Value.Uint64()) - int64(s[2].Value.Uint64())
	}
	runtime.GC()
	before, most := used(), int64(0)
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for tick := time.Tick(10 * time.Millisecond); ; {
			most = max(most, used()-before)
			select {
			case <-tick:
			case <-stop:
				return
			}
		}
	}()
	return func() int64 {
		close(stop)
		<-done
		return most
	}
}

func TestADocumentOf1GBIsSealedAndVerifiedInLittleMemory(t *testing.T) {
	w := openWorld(t, t.TempDir(), nil)
	const most = 64 << 20
	f, err := os.Create(filepath.Join(t.TempDir(), "large.pdf"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if err := writeLarge(f, 1<<30); err != nil {
		t.Fatal(err)
	}
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	seal := w.sealOf(t, officeCode)
	peak := watched(t)
	sealed, err := w.Sealer.Seal(t.Context(), sealing.Request{
		File: &sealing.File{Content: f, Size: info.Size()}, Seal: seal, Places: []sealing.Place{{Page: 1, X: 100, Y: 200}}, Matter: "m1", By: "test", Office: officeCode,
	})
	if err != nil {
		t.Fatal(err)
	}
	file, err := w.Trust(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	trust, err := verify.ParseTrust(file)
	if err != nil {
		t.Fatal(err)
	}
	whole := joinedFile{f, info.Size(), bytes.NewReader(sealed.Tail)}
	in := verify.Input{Reader: io.NewSectionReader(whole, 0, info.Size()+int64(len(sealed.Tail)))}
	policy := verify.DefaultPolicy()
	policy.Root = gm.Sum(w.Region.Root().Certificate)
	report := policy.Judge(verify.Read(in), trust, time.Now())
	grown := peak()
	wantValid(t, "1 GB", report, verify.SignatureSeal)
	if report.Document != sealed.Digest {
		t.Errorf("judged %s, sealed %s", report.Document, sealed.Digest)
	}
	t.Logf("memory grew by %d KiB", grown>>10)
	if grown > most {
		t.Errorf("memory grew by %d bytes, more than %d", grown, most)
	}
}
