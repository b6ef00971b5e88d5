package tsa_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"yinzheng/ca/tsa"
	"yinzheng/internal/clock"
)

func TestSerialsRiseAcrossRestarts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tsa.serial")
	var last int64
	for i := range 3 { // a restart without any closing is a crash
		s, err := tsa.OpenSerials(path)
		if err != nil {
			t.Fatal(err)
		}
		for range 1500 {
			n, err := s.Next(context.Background(), start.Add(time.Duration(i)*time.Second))
			if err != nil {
				t.Fatal(err)
			}
			if n.Int64() <= last {
				t.Fatalf("%v after %d", n, last)
			}
			last = n.Int64()
		}
	}
}

func TestTimesAreRememberedAcrossRestarts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tsa.serial")
	s, err := tsa.OpenSerials(path)
	if err != nil {
		t.Fatal(err)
	}
	if !s.Latest().IsZero() {
		t.Errorf("latest %v of nothing", s.Latest())
	}
	if _, err := s.Next(context.Background(), start); err != nil {
		t.Fatal(err)
	}
	if s, err = tsa.OpenSerials(path); err != nil {
		t.Fatal(err)
	}
	if !s.Latest().Equal(start) {
		t.Errorf("latest %v, want %v", s.Latest(), start)
	}
	if _, err := s.Next(context.Background(), start.Add(-time.Second)); !errors.Is(err, clock.ErrBackwards) {
		t.Errorf("got %v, want ErrBackwards", err)
	}
	for _, at := range []time.Time{{}, time.Unix(0, 0), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)} {
		if _, err := s.Next(context.Background(), at); err == nil {
			t.Errorf("a number for %v", at)
		}
	}
}

func TestSerialsAreUniqueUnderConcurrency(t *testing.T) {
	s, err := tsa.OpenSerials(filepath.Join(t.TempDir(), "tsa.serial"))
	if err != nil {
		t.Fatal(err)
	}
	var (
		mu   sync.Mutex
		seen = map[int64]bool{}
		wg   sync.WaitGroup
	)
	for range 8 {
		wg.Go(func() {
			for range 400 {
				n, err := s.Next(context.Background(), start)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				if seen[n.Int64()] {
					t.Errorf("%v twice", n)
				}
				seen[n.Int64()] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

func TestFilesFromBeforeTimesWereKeptStillOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tsa.serial")
	if err := os.WriteFile(path, []byte("1001\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int64{1001, 2001} { // the rest of a block is skipped
		s, err := tsa.OpenSerials(path)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := s.Next(context.Background(), start); err != nil || n.Int64() != want {
			t.Errorf("got %v, %v, want %d", n, err, want)
		}
	}
}

func TestDamagedSerialsAreRefused(t *testing.T) {
	for _, text := range []string{
		"", "0\n", "12", "+12\n", "012\n", "-1\n", "12\n13\n", "99999999999999999999\n", strings.Repeat("1", 1<<20),
		"12 \n", "12 0\n", "12 -1\n", "12 013\n", "12 13", "12  13\n", "12 13 14\n", " 12\n", "12 253402300800\n", "12 13\n\n",
	} {
		path := filepath.Join(t.TempDir(), "tsa.serial")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := tsa.OpenSerials(path); !errors.Is(err, tsa.ErrSerials) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

// killPath names the file of serial numbers to the child process, which takes numbers until it is killed.
const killPath = "YINZHENG_TSA_TEST_SERIALS"

func TestMain(m *testing.M) {
	if path := os.Getenv(killPath); path != "" {
		takeUntilKilled(path)
	}
	os.Exit(m.Run())
}

// takeUntilKilled prints every number with its second, a second after each number: so each costs a write.
func takeUntilKilled(path string) {
	s, err := tsa.OpenSerials(path)
	if err != nil {
		os.Stderr.WriteString(err.Error())
		os.Exit(2)
	}
	at := s.Latest()
	if at.IsZero() {
		at = start
	}
	for {
		at = at.Add(time.Second)
		n, err := s.Next(context.Background(), at)
		if err != nil {
			os.Stderr.WriteString(err.Error())
			os.Exit(2)
		}
		os.Stdout.WriteString(n.String() + " " + strconv.FormatInt(at.Unix(), 10) + "\n")
	}
}

// TestKilledWhileWritingNoNumberAndNoTimeIsGivenTwice kills a process again and again amid its writes.
func TestKilledWhileWritingNoNumberAndNoTimeIsGivenTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tsa.serial")
	var lastNumber, lastTime int64
	for round := range 8 {
		child := exec.Command(os.Args[0], "-test.run=^$")
		child.Env = append(os.Environ(), killPath+"="+path)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		buffer := make([]byte, 1<<16)
		var text strings.Builder
		for lines := 0; lines < 3+round; { // then, at whatever it is doing
			n, err := out.Read(buffer)
			if err != nil {
				t.Fatal(err)
			}
			text.Write(buffer[:n])
			lines += strings.Count(string(buffer[:n]), "\n")
		}
		if err := child.Process.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		for n := 1; n > 0; {
			n, _ = out.Read(buffer)
			text.Write(buffer[:n])
		}
		_ = child.Wait()
		for line := range strings.Lines(text.String()) {
			if !strings.HasSuffix(line, "\n") {
				break // cut off
			}
			first, second, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
			number, err1 := strconv.ParseInt(first, 10, 64)
			at, err2 := strconv.ParseInt(second, 10, 64)
			if err1 != nil || err2 != nil || number <= lastNumber || at <= lastTime {
				t.Fatalf("%q after %d and %d", line, lastNumber, lastTime)
			}
			lastNumber, lastTime = number, at
		}
	}
	s, err := tsa.OpenSerials(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Next(context.Background(), time.Unix(lastTime-1, 0)); !errors.Is(err, clock.ErrBackwards) {
		t.Errorf("got %v, want ErrBackwards", err)
	}
}

func TestWhatCannotBeWrittenIsNotGivenOut(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "region")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	s, err := tsa.OpenSerials(filepath.Join(dir, "tsa.serial"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Next(context.Background(), start); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(dir, dir+"-away"); err != nil { // as good as a full disk
		t.Fatal(err)
	}
	if n, err := s.Next(context.Background(), start.Add(time.Second)); err == nil {
		t.Errorf("gave out %v", n)
	}
	if !s.Latest().Equal(start) {
		t.Errorf("latest %v, want %v", s.Latest(), start)
	}
	if err := os.Rename(dir+"-away", dir); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Next(context.Background(), start.Add(time.Second)); err != nil || n.Int64() != 2 {
		t.Errorf("got %v, %v", n, err)
	}
}
