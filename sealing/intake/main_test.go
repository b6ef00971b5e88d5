package intake_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"yinzheng/sealing/intake"
)

// TestMain is the worker's program too, and workers that misbehave.
func TestMain(m *testing.M) {
	if len(os.Args) < 2 {
		os.Exit(m.Run())
	}
	switch os.Args[1] {
	case intake.WorkerVerb:
		os.Exit(intake.RunWorker(os.Stdin, os.Stdout))
	case "worker-recursing":
		debug.SetMaxStack(1 << 20)
		os.Exit(recurse(len(os.Args)))
	case "worker-sleeping":
		time.Sleep(time.Hour)
	case "worker-babbling":
		for {
			fmt.Println(strings.Repeat("x", 1<<16))
		}
	case "worker-silent":
		os.Exit(0)
	case "worker-lying":
		fmt.Print(`{"Version":1,"Pages":1}`)
		os.Exit(0)
	case "worker-of-another-version":
		fmt.Print(`{"Version":2}`)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func recurse(n int) int {
	if n == 0 {
		return 0
	}
	return recurse(n+1) + 1
}

func newIntake(t testing.TB, c intake.Config) *intake.Intake {
	t.Helper()
	c.Folder = t.TempDir()
	i, err := intake.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		left, err := os.ReadDir(c.Folder)
		if err != nil || len(left) != 0 {
			t.Errorf("temporary files left: %v, %v", left, err)
		}
	})
	return i
}

// small are limits that keep hostile tests quick.
func small() intake.Limits {
	return intake.Limits{FileBytes: 8 << 20, Objects: 2000, Pages: 50, Stream: 4 << 20, Inflated: 16 << 20, Pixels: 4 << 20, Memory: 256 << 20, CPU: 20, Time: 40 * time.Second}
}

// file numbers the objects from 1, the catalog being the first, and writes them as one revision.
func file(objects ...string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	return finish(&b, 1, "", objects)
}

// finish writes objects from number first on, their cross-reference table and a trailer.
func finish(b *bytes.Buffer, first int, trailer string, objects []string) []byte {
	var at []int
	for n, o := range objects {
		at = append(at, b.Len())
		fmt.Fprintf(b, "%d 0 obj\n%s\nendobj\n", first+n, o)
	}
	start := b.Len()
	if first == 1 {
		fmt.Fprintf(b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	} else {
		fmt.Fprintf(b, "xref\n%d %d\n", first, len(objects))
	}
	for _, a := range at {
		fmt.Fprintf(b, "%010d 00000 n \n", a)
	}
	fmt.Fprintf(b, "trailer\n<< /Size %d /Root 1 0 R %s>>\nstartxref\n%d\n%%%%EOF\n", first+len(objects), trailer, start)
	return b.Bytes()
}

func stream(dict, data string) string {
	return fmt.Sprintf("<< /Length %d %s>>\nstream\n%s\nendstream", len(data), dict, data)
}

func deflate(data []byte) string {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	z.Write(data)
	z.Close()
	return b.String()
}

const words = "BT /F1 24 Tf 72 700 Td (Example licence) Tj ET"

// document has one page with words on it; what is given goes into its catalog, its page and behind its five objects.
func document(catalog, page string, more ...string) []byte {
	return file(append([]string{
		"<< /Type /Catalog /Pages 2 0 R " + catalog + ">>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> " + page + ">>",
		stream("", words),
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
	}, more...)...)
}

func normalise(t *testing.T, i *intake.Intake, b []byte) ([]byte, intake.Report, error) {
	t.Helper()
	r, err := i.Normalise(context.Background(), bytes.NewReader(b), intake.Options{})
	if err != nil {
		return nil, intake.Report{}, err
	}
	return all(t, r), r.Report, nil
}

func all(t *testing.T, r *intake.Result) []byte {
	t.Helper()
	defer r.Close()
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(out)) != r.Report.Bytes {
		t.Errorf("%d bytes, the report says %d", len(out), r.Report.Bytes)
	}
	return out
}

// codes lists the findings, each once.
func codes(list []intake.Finding) string {
	var s []string
	seen := map[string]bool{}
	for _, f := range list {
		if !seen[f.Code] {
			seen[f.Code] = true
			s = append(s, f.Code)
		}
	}
	return strings.Join(s, " ")
}

func wantRefusal(t *testing.T, what string, err, kind error, code string) {
	t.Helper()
	var r *intake.Refusal
	if !errors.Is(err, kind) || !errors.As(err, &r) {
		t.Errorf("%s: %v, want a refusal that is %v", what, err, kind)
		return
	}
	if code != "" && r.Code != code {
		t.Errorf("%s: code %q, want %q (%v)", what, r.Code, code, err)
	}
}
