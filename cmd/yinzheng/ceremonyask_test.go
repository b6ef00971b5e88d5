//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// pseudo opens a pseudo-terminal: what is typed goes in at desk, and what is echoed comes out there.
func pseudo(t *testing.T) (desk, terminal *os.File) {
	t.Helper()
	desk, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fd := int(desk.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(terminal.Close(), desk.Close()); err != nil {
			t.Error(err)
		}
	})
	return desk, terminal
}

// typist types a line each time it is asked.
type typist struct {
	desk  io.Writer
	lines []string
	asked bytes.Buffer
	other func() // instead of a line, when there is none left
}

func (w *typist) Write(b []byte) (int, error) {
	if strings.HasSuffix(string(b), ": ") {
		if len(w.lines) == 0 {
			w.other()
			return w.asked.Write(b)
		}
		if _, err := io.WriteString(w.desk, w.lines[0]+"\n"); err != nil {
			return 0, err
		}
		w.lines = w.lines[1:]
	}
	return w.asked.Write(b)
}

// echoOf reports whether a terminal shows what is typed.
func echoOf(t *testing.T, f *os.File) bool {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	if err != nil {
		t.Error(err)
		return false
	}
	return state.Lflag&unix.ECHO != 0
}

func TestPassphrasesAreAskedForTwiceAndNotSaid(t *testing.T) {
	desk, terminal := pseudo(t)
	w := &typist{desk: desk, lines: []string{"short", "a first good passphrase", "a mistaken passphrase", "a good passphrase in the end", "a good passphrase in the end", "of the share"}}
	a := &asker{terminal, w}
	secret, err := a.choose(t.Context(), "notary")
	if err != nil || string(secret) != "a good passphrase in the end" {
		t.Errorf("%q, %v", secret, err)
	}
	if secret, err = a.forShare(t.Context(), "registrar"); err != nil || string(secret) != "of the share" {
		t.Errorf("%q, %v", secret, err)
	}
	if said := w.asked.String(); strings.Contains(said, "good") || !strings.Contains(said, "too short") || !strings.Contains(said, "they differ") || !strings.Contains(said, "registrar") {
		t.Errorf("said %q", said)
	}
	if !echoOf(t, terminal) {
		t.Error("the terminal does not echo any more")
	}
}

func TestAskingEndsWithTheRunAndLeavesTheTerminalAsItWas(t *testing.T) {
	desk, terminal := pseudo(t)
	ctx, stop := context.WithCancel(t.Context())
	w := &typist{desk: desk, other: func() {
		go func() { // somebody interrupts while the terminal waits
			for echoOf(t, terminal) {
				runtime.Gosched()
			}
			stop()
		}()
	}}
	if _, err := (&asker{terminal, w}).forShare(ctx, "notary"); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if !echoOf(t, terminal) {
		t.Error("the terminal does not echo any more")
	}
	if _, err := io.WriteString(desk, "late\n"); err != nil { // lets the reader go
		t.Fatal(err)
	}
}
