package verify_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/verify"
	"yinzheng/verify/verifytest"
)

// rewrite makes the files of testdata/first anew. Do that only before anything was issued with this format: afterwards a
// failure here means that licences already in people's hands no longer verify.
var rewrite = flag.Bool("rewrite", false, "make testdata/first anew")

// firstDay is the time of the files in testdata/first.
func firstDay() time.Time { return time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC) }

// first reads one file of a licence that was made when this format was first written.
func first(tb testing.TB, name string) []byte {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "first", name))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func TestLicenceOfTheFirstDayIsStillValid(t *testing.T) {
	if *rewrite {
		w := verifytest.New(t)
		document := w.Document()
		for name, b := range map[string][]byte{
			"licence.pdf": document, "receipt.json": w.Receipt(verify.KindLicence, gm.Sum(document)), "trust.json": w.TrustFile(),
			"licence.json": w.Data().Encode(),
		} {
			if err := os.WriteFile(filepath.Join("testdata", "first", name), b, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	in := verify.Input{Document: first(t, "licence.pdf"), Receipt: first(t, "receipt.json")}
	r := verify.Judge(in, first(t, "trust.json"), firstDay())
	if r.Verdict != verify.Valid {
		t.Fatalf("%s:%s", r.Verdict, describe(r))
	}
	if !bytes.Equal(r.Subject.Data, first(t, "licence.json")) {
		t.Error("the data inside is not the data that was put in")
	}
}
