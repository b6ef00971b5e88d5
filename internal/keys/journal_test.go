package keys_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"yinzheng/internal/keys"
)

func journalNames(t testing.TB, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "journal", "*.log"))
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range found {
		found[i] = filepath.Base(name)
	}
	return found
}

func readJournal(t testing.TB, path string) []keys.Line {
	t.Helper()
	lines, err := keys.ReadJournal(read(t, path))
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// closedFolder is a folder with a journal of several files, closed.
func closedFolder(t *testing.T) (c keys.FolderConfig, head keys.JournalReport) {
	t.Helper()
	c = config(t.TempDir())
	c.JournalSize = 1500
	f := open(t, c)
	create(t, f, "a")
	create(t, f, "b")
	for range 10 {
		sign(t, f, "a", 2)
		sign(t, f, "b", 1)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	head, err := keys.VerifyJournal(c.Dir)
	if err != nil || head.Uses != 30 || head.Files < 3 {
		t.Fatalf("%+v, %v", head, err)
	}
	return c, head
}

// TestTamperedJournalIsFoundAndTheReportSaysWhere changes one line of each file in every way.
func TestTamperedJournalIsFoundAndTheReportSaysWhere(t *testing.T) {
	c, _ := closedFolder(t)
	names := journalNames(t, c.Dir)
	for _, name := range names {
		path := filepath.Join(c.Dir, "journal", name)
		whole := read(t, path)
		lines := bytes.SplitAfter(whole, []byte("\n"))
		lines = lines[:len(lines)-1] // nothing follows the last line feed
		for n := 1; n < len(lines); n++ {
			with := func(change func([][]byte) [][]byte) []byte {
				return bytes.Join(change(bytes.SplitAfter(whole, []byte("\n"))), nil)
			}
			ways := map[string][]byte{
				"changed":  with(func(l [][]byte) [][]byte { l[n] = bytes.Replace(l[n], []byte(" log "), []byte(" tls "), 1); return l }),
				"doubled":  with(func(l [][]byte) [][]byte { l[n] = append(bytes.Clone(l[n]), l[n]...); return l }),
				"garbage":  with(func(l [][]byte) [][]byte { l[n] = []byte("something else\n"); return l }),
				"too long": with(func(l [][]byte) [][]byte { l[n] = append(bytes.Repeat([]byte("x"), 100_000), '\n'); return l }),
			}
			if n < len(lines)-1 {
				ways["removed"] = with(func(l [][]byte) [][]byte { return append(l[:n:n], l[n+1:]...) })
				ways["exchanged"] = with(func(l [][]byte) [][]byte { l[n], l[n+1] = l[n+1], l[n]; return l })
			}
			for way, b := range ways {
				write(t, path, b)
				_, err := keys.VerifyJournal(c.Dir)
				at := n
				if way == "doubled" {
					at++
				}
				where := fmt.Sprintf("line %d", at)
				if !errors.Is(err, keys.ErrJournal) || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), where) {
					t.Errorf("%s, line %d %s: %v", name, n, way, err)
				}
				if name == names[len(names)-1] {
					if _, err := keys.OpenFolder(c); !errors.Is(err, keys.ErrJournal) {
						t.Errorf("opened with line %d %s: %v", n, way, err)
					}
				}
			}
		}
		write(t, path, whole)
	}
}

func TestCutOrMissingJournalFilesAreFound(t *testing.T) {
	c, head := closedFolder(t)
	names := journalNames(t, c.Dir)
	for i, name := range names {
		path := filepath.Join(c.Dir, "journal", name)
		whole := read(t, path)
		first := bytes.IndexByte(whole, '\n') + 1
		for what, b := range map[string][]byte{
			"without its header": whole[first:], "of a header alone": whole[:first], "half a line less": whole[:len(whole)-50],
			"a line less": whole[:bytes.LastIndexByte(whole[:len(whole)-1], '\n')+1], "empty": {},
		} {
			write(t, path, b)
			got, err := keys.VerifyJournal(c.Dir)
			if !errors.Is(err, keys.ErrJournal) {
				t.Errorf("%s %s: %+v, %v", name, what, got, err)
			}
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		_, err := keys.VerifyJournal(c.Dir)
		if !errors.Is(err, keys.ErrJournal) || i < len(names)-1 && !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
		write(t, path, whole)
	}
	if got, err := keys.VerifyJournal(c.Dir); err != nil || got.Head != head.Head {
		t.Errorf("as it was: %+v, %v", got, err)
	}
	if err := os.RemoveAll(filepath.Join(c.Dir, "journal")); err != nil {
		t.Fatal(err)
	}
	if _, err := keys.VerifyJournal(c.Dir); !errors.Is(err, keys.ErrJournal) {
		t.Errorf("without a journal: %v", err)
	}
	if _, err := keys.OpenFolder(c); !errors.Is(err, keys.ErrJournal) {
		t.Errorf("opened without a journal: %v", err)
	}
}

// TestRewrittenJournalDoesNotAgreeWithTheInventory is a journal that lost uses and was chained anew, as anybody can who writes
// into the folder.
func TestRewrittenJournalDoesNotAgreeWithTheInventory(t *testing.T) {
	c := config(t.TempDir())
	f := open(t, c)
	create(t, f, "a")
	sign(t, f, "a", 3)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(c.Dir, "journal", "000001.log")
	whole := read(t, path)
	number, chain, err := keys.HeaderChain(whole)
	if err != nil {
		t.Fatal(err)
	}
	lines := readJournal(t, path)
	if again := keys.WriteJournal(number, chain, lines); !bytes.Equal(again, whole) {
		t.Fatal("written again it is another")
	}
	skipped := append(lines[:2:2], lines[3:]...)
	for name, fake := range map[string][]keys.Line{"fewer uses": lines[:len(lines)-1], "a use left out": skipped, "no key made": lines[1:]} {
		write(t, path, keys.WriteJournal(number, chain, fake))
		if _, err := keys.VerifyJournal(c.Dir); !errors.Is(err, keys.ErrJournal) {
			t.Errorf("%s: %v", name, err)
		}
	}
	write(t, path, keys.WriteJournal(number, chain, lines[:len(lines)-1]))
	if _, err := keys.OpenFolder(c); !errors.Is(err, keys.ErrJournal) {
		t.Errorf("opened with fewer uses: %v", err)
	}
}

// TestTornEndIsCutOffAndKept is what a power failure leaves behind the last line that was on disk.
func TestTornEndIsCutOffAndKept(t *testing.T) {
	for name, c := range map[string]struct {
		end     []byte
		machine bool // failed; else the process alone
		opens   bool
	}{
		"a part of a line":                 {[]byte("2026-11-22T08:30:00.000000Z sign a lo"), false, true},
		"a part of a line, machine failed": {[]byte("2026-11-22T08:30:00.000000Z sign a lo"), true, true},
		"zeros":                            {make([]byte, 5000), true, true},
		"other bytes with line feeds":      {[]byte("some\nother\nthings\n"), true, true},
		"zeros while the machine was up":   {make([]byte, 5000), false, false},
		"line feeds while it was up":       {[]byte("some\nother\nthings\n"), false, false},
		"more than one writes":             {make([]byte, 9<<20), true, false},
	} {
		conf, head := closedFolder(t)
		names := journalNames(t, conf.Dir)
		path := filepath.Join(conf.Dir, "journal", names[len(names)-1])
		write(t, path, append(read(t, path), c.end...))
		if c.machine {
			if err := keys.StartMachineAnew(conf.Dir); err != nil {
				t.Fatal(err)
			}
		}
		f, err := keys.OpenFolder(conf)
		if !c.opens {
			if !errors.Is(err, keys.ErrJournal) {
				t.Errorf("%s: %v, want ErrJournal", name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, got := f.Head(); got != head.Head {
			t.Errorf("%s: goes on from another line", name)
		}
		sign(t, f, "a", 1)
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		report, err := keys.VerifyJournal(conf.Dir)
		if err != nil || report.Uses != head.Uses+1 || len(report.Torn) != 1 {
			t.Errorf("%s: %+v, %v", name, report, err)
			continue
		}
		if kept := read(t, filepath.Join(conf.Dir, "journal", report.Torn[0])); !bytes.Equal(kept, c.end) {
			t.Errorf("%s: kept %d bytes of %d", name, len(kept), len(c.end))
		}
	}
}

func TestJournalIsVerifiedWhileKeysSign(t *testing.T) {
	c := config(t.TempDir())
	c.JournalSize = 2000
	f := open(t, c)
	create(t, f, "a")
	done := make(chan error)
	stop := make(chan struct{})
	go func() {
		for {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			if err := signWith(t.Context(), f, "a"); err != nil {
				done <- err
				return
			}
		}
	}()
	last := int64(0)
	for range 20 {
		report, err := keys.VerifyJournal(c.Dir)
		if err != nil || report.Uses < last {
			t.Errorf("%d uses after %d, %v", report.Uses, last, err)
		}
		last = report.Uses
	}
	close(stop)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestLinesCutOffTheEndShowAgainstAKnownHead(t *testing.T) {
	c, head := closedFolder(t)
	if _, err := keys.VerifyJournal(c.Dir, head.Head); err != nil {
		t.Fatal(err)
	}
	names := journalNames(t, c.Dir)
	path := filepath.Join(c.Dir, "journal", names[len(names)-1])
	lines := bytes.SplitAfter(read(t, path), []byte("\n"))
	earlier, err := keys.VerifyJournal(c.Dir)
	if err != nil {
		t.Fatal(err)
	}
	f := open(t, c)
	sign(t, f, "a", 1)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := keys.VerifyJournal(c.Dir, earlier.Head); err != nil {
		t.Errorf("a head that others followed: %v", err)
	}
	write(t, path, bytes.Join(lines[:len(lines)-2], nil))
	if _, err := keys.VerifyJournal(c.Dir, earlier.Head); !errors.Is(err, keys.ErrJournal) {
		t.Errorf("cut off: %v", err)
	}
}
