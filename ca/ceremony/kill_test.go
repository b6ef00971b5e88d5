package ceremony_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"yinzheng/ca/ceremony"
)

// killed is what the step hook ends a run with: nothing of the run goes on after it.
type killed struct{ step string }

// until performs act and stops it at step n, counted from 1; it returns the step's name, "" if the act came to its end.
func (b *bench) until(n int, act func() error) (step string, err error) {
	defer func() {
		b.step = nil
		if k, is := recover().(killed); is {
			step = k.step
		}
	}()
	b.step = func(name string) {
		if n--; n == 0 {
			panic(killed{name})
		}
	}
	return "", act()
}

// stride is how many steps lie between two kills.
func stride() int {
	if testing.Short() {
		return 11
	}
	return 1
}

var serialLine = regexp.MustCompile(`"intent":\{[^}]*"serial":"([0-9a-f]+)"`)

// checkWhole checks what must hold in any folder whose last act came to its end: no serial number is intended twice, every
// certificate has one that was intended, and nothing is half written.
func (b *bench) checkWhole(when string) {
	b.t.Helper()
	files, err := snapshot(b.dir)
	if err != nil {
		b.t.Fatal(err)
	}
	seen := map[string]bool{}
	for name, content := range files {
		if strings.Contains(name, ".tmp-") {
			b.t.Errorf("%s: %s is left", when, name)
		}
		if !strings.HasPrefix(name, "transcript-") {
			continue
		}
		for _, m := range serialLine.FindAllStringSubmatch(content, -1) {
			if seen[m[1]] {
				b.t.Errorf("%s: serial number %s was intended twice", when, m[1])
			}
			seen[m[1]] = true
		}
	}
	for _, name := range []string{"root.pem", "tls-root.pem", "out/authority.pem", "out/tls.pem"} {
		if files[name] != "" && !seen[b.certificate(name).SerialNumber.Text(16)] {
			b.t.Errorf("%s: %s was never intended", when, name)
		}
	}
	last := 0
	for name := range files {
		var n int
		if _, err := fmt.Sscanf(name, "transcript-%d.json", &n); err == nil {
			last = max(last, n)
		}
	}
	t, err := ceremony.VerifyTranscript(b.transcript(last), b.der("root.pem"))
	if err != nil {
		b.t.Errorf("%s: %v", when, err)
	} else if got := len(t.Begin().Unfinished); last > 1 && t.Begin().Act == ceremony.ActRoot && got != last-1 {
		b.t.Errorf("%s: %d unfinished runs were recorded, %d there were", when, got, last-1)
	}
}

// TestMakingRootsKilledAtEachStepIsMadeAgainWhole kills run after run in one folder, each a step further than the one
// before, until one comes to its end.
func TestMakingRootsKilledAtEachStepIsMadeAgainWhole(t *testing.T) {
	t.Parallel()
	b := empty(t)
	before := map[string]string{}
	for n := 1; ; n += stride() {
		step, err := b.until(n, func() error {
			_, err := ceremony.Perform(context.Background(), b.rootInput())
			return err
		})
		b.checkKept(before, fmt.Sprintf("run %d, killed after %s", n, step))
		if step == "signature" || step == "" && err == nil { // then it is complete
			if _, err := ceremony.Perform(context.Background(), b.rootInput()); !errors.Is(err, ceremony.ErrExists) || n < 20 {
				t.Errorf("%d steps, after the end: %v", n, err)
			}
			break
		}
		if step == "" {
			t.Fatalf("run %d was not killed: %v", n, err)
		}
		if before, err = snapshot(b.dir); err != nil {
			t.Fatal(err)
		}
	}
	b.checkWhole("at the end")
	b.must(b.issuePlan(both(t)...))
}

// checkKept checks that every key, share and certificate of a killed run is still somewhere: nothing is destroyed.
func (b *bench) checkKept(before map[string]string, when string) {
	b.t.Helper()
	after, err := snapshot(b.dir)
	if err != nil {
		b.t.Fatal(err)
	}
	all := slices.Collect(maps.Values(after))
	for name, content := range before {
		if !strings.HasPrefix(name, "plan-") && !slices.Contains(all, content) {
			b.t.Errorf("%s: %s is gone", when, name)
		}
	}
}

func TestIssuingKilledAtEachStepIsCompletedWithoutASecondCertificate(t *testing.T) {
	t.Parallel()
	asks := both(t)
	for n := 1; ; n += stride() {
		b := made(t)
		plan := b.issuePlan(asks...)
		step, err := b.until(n, func() error {
			_, err := b.perform(plan)
			return err
		})
		if step == "" {
			if n < 10 || err != nil {
				t.Errorf("%d steps: %v", n, err)
			}
			return
		}
		before, err := snapshot(b.dir)
		if err != nil {
			t.Fatal(err)
		}
		if out := b.must(plan); len(out.Files)+len(out.Kept) != 2 {
			t.Errorf("killed after %s: %+v", step, out)
		}
		b.checkWhole("killed after " + step)
		b.checkKept(before, "killed after "+step) // so each certificate that was there is the one that is there
	}
}

func TestListsKilledAtEachStepNeverHaveANumberTwice(t *testing.T) {
	t.Parallel()
	b := made(t)
	before := map[string]string{}
	for n := 1; ; n += stride() {
		step, err := b.until(n, func() error {
			_, err := b.perform(listPlan())
			return err
		})
		b.checkKept(before, "killed after "+step)
		if step == "" {
			if n < 10 || err != nil {
				t.Errorf("%d steps: %v", n, err)
			}
			break
		}
		if before, err = snapshot(b.dir); err != nil {
			t.Fatal(err)
		}
		delete(before, "out/root.crl") // the current ones are replaced
		delete(before, "out/tls-root.crl")
	}
	b.checkWhole("at the end")
}

func TestLineThatACrashCutIsTakenAsNotWritten(t *testing.T) {
	b := made(t)
	plan := b.issuePlan(both(t)...)
	if step, err := b.until(5, func() error { _, err := b.perform(plan); return err }); step != "intent authority" {
		t.Fatalf("%q: %v", step, err)
	}
	path := filepath.Join(b.dir, "transcript-2.json")
	file := b.transcript(2)
	for _, cut := range []int{len(file) - 1, len(file) - 40, 10, 0} {
		if err := os.WriteFile(path, file[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		other := &bench{t: t, dir: filepath.Join(t.TempDir(), "c"), desk: b.desk, now: b.now}
		files, err := snapshot(b.dir)
		if err != nil {
			t.Fatal(err)
		}
		restore(t, other.dir, files)
		out := other.must(plan)
		if len(out.Unfinished) != 1 || out.Unfinished[0] != 2 {
			t.Errorf("cut at %d: %+v", cut, out)
		}
	}
}
