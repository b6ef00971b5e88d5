package embedded_test

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"yinzheng/internal/ledger/embedded"
	"yinzheng/internal/ledger/ledgertest"
)

const origin = "yinzheng.test/450000"

func key(t testing.TB) string {
	t.Helper()
	signer, verifier, err := note.GenerateKey(nil, origin)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := embedded.VerifierKey(signer); err != nil || got != verifier {
		t.Fatalf("derived %q, %v; want %q", got, err, verifier)
	}
	return signer
}

func open(t testing.TB, dir, signer string, must bool) *embedded.Log {
	t.Helper()
	l, err := embedded.Open(t.Context(), embedded.Config{Dir: dir, Origin: origin, Key: embedded.SecretKey(signer), MustExist: must})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestOneProcessWritesTheLog(t *testing.T) {
	dir, signer := t.TempDir(), key(t)
	l := open(t, dir, signer, false)
	if _, err := embedded.Open(t.Context(), embedded.Config{Dir: dir, Origin: origin, Key: embedded.SecretKey(signer)}); !errors.Is(err, embedded.ErrLocked) {
		t.Errorf("a second writer: %v, want ErrLocked", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := open(t, dir, signer, false).Close(); err != nil {
		t.Fatal(err)
	}
}

func TestEmbeddedKeepsTheDriversContract(t *testing.T) {
	ledgertest.Driver(t, func(t *testing.T) ledgertest.OpenedDriver {
		l := open(t, t.TempDir(), key(t), false)
		t.Cleanup(func() {
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		})
		return ledgertest.OpenedDriver{Driver: l, Verifiers: []string{l.Verifier()}}
	})
}

func TestAClosedLogTakesNothing(t *testing.T) {
	l := open(t, t.TempDir(), key(t), false)
	for range 2 {
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Publish(t.Context(), []byte("record")); !errors.Is(err, embedded.ErrClosed) {
		t.Errorf("published, %v; want ErrClosed", err)
	}
}

func TestARecordTooLargeIsRefused(t *testing.T) {
	l := open(t, t.TempDir(), key(t), false)
	defer func() { _ = l.Close() }()
	for _, record := range [][]byte{nil, make([]byte, embedded.MaxRecord+1)} {
		if _, err := l.Publish(t.Context(), record); !errors.Is(err, embedded.ErrRecord) {
			t.Errorf("%d bytes: %v, want ErrRecord", len(record), err)
		}
	}
}

func TestAKeyThatDoesNotFitIsRefusedAndNotRepeated(t *testing.T) {
	signer := key(t)
	for name, c := range map[string]embedded.Config{
		"no key":         {Origin: origin},
		"half a key":     {Origin: origin, Key: embedded.SecretKey(signer[:len(signer)-9])},
		"another origin": {Origin: "yinzheng.test/440000", Key: embedded.SecretKey(signer)},
		"too often":      {Origin: origin, Key: embedded.SecretKey(signer), Interval: embedded.MinInterval / 2},
	} {
		c.Dir = t.TempDir()
		_, err := embedded.Open(t.Context(), c)
		if err == nil {
			t.Errorf("%s: opened", name)
		} else if strings.Contains(err.Error(), signer[len(signer)-20:len(signer)-10]) {
			t.Errorf("%s: the error repeats the key", name)
		}
	}
}
