package keys_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/keys"
	"yinzheng/internal/keys/keystest"
)

var secret = []byte("a passphrase of the tests")

// config is of a folder sealed quickly.
func config(dir string) keys.FolderConfig {
	return keys.FolderConfig{Dir: dir, Sealing: quick("one"), Now: time.Now}
}

func open(t testing.TB, c keys.FolderConfig) *keys.Folder {
	t.Helper()
	f, err := keys.OpenFolder(c)
	if err != nil {
		t.Fatal(err)
	}
	closing(t, f)
	return f
}

func closing(t testing.TB, f *keys.Folder) {
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
}

func create(t testing.TB, f *keys.Folder, id string) keys.Info {
	t.Helper()
	info, err := f.Create(t.Context(), keys.Spec{ID: id, Algorithm: keys.Ed25519, Use: "log"})
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func sign(t testing.TB, f *keys.Folder, id string, times int) {
	t.Helper()
	for range times {
		if err := signWith(t.Context(), f, id); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFolderKeepsTheContract(t *testing.T) {
	keystest.Run(t, func(t *testing.T) (keystest.Holder, string) {
		dir := t.TempDir()
		t.Cleanup(func() {
			if _, err := keys.VerifyJournal(dir); err != nil { // after the folder is closed
				t.Error(err)
			}
		})
		c := config(dir)
		c.Sealing = keys.Passphrase(secret)
		return open(t, c), dir
	})
}

func TestFolderNeedsASealingAndAClock(t *testing.T) {
	for _, c := range []keys.FolderConfig{{Dir: t.TempDir(), Now: time.Now}, {Dir: t.TempDir(), Sealing: quick("one")}} {
		if _, err := keys.OpenFolder(c); err == nil {
			t.Errorf("%+v opened", c)
		}
	}
}

func TestFolderIsOpenedByOneAtATimeAndByNobodyElse(t *testing.T) {
	c := config(filepath.Join(t.TempDir(), "keys"))
	f := open(t, c)
	create(t, f, "log")
	if _, err := keys.OpenFolder(c); !errors.Is(err, keys.ErrLocked) {
		t.Errorf("opened twice: %v", err)
	}
	err := filepath.WalkDir(c.Dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestClosedFolderDoesNothing(t *testing.T) {
	f := open(t, config(t.TempDir()))
	create(t, f, "log")
	s, err := f.Signer(t.Context(), "log")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Close(), f.Close()); err != nil {
		t.Error(err)
	}
	_, createErr := f.Create(t.Context(), keys.Spec{ID: "b", Algorithm: keys.Ed25519, Use: "log"})
	_, listErr := f.List(t.Context())
	_, infoErr := f.Info(t.Context(), "log")
	_, changeErr := f.Change(t.Context(), "log", keys.Change{})
	_, envelopErr := f.Envelop(t.Context(), "log", recipient)
	for name, err := range map[string]error{
		"signing": signOnce(s), "creating": createErr, "listing": listErr, "finding": infoErr, "changing": changeErr, "enveloping": envelopErr,
		"backing up": f.Backup(t.Context(), nil, backupSecret), "encrypting anew": f.Reseal(t.Context(), quick("two")),
	} {
		if !errors.Is(err, keys.ErrClosed) {
			t.Errorf("%s: %v, want ErrClosed", name, err)
		}
	}
}

func TestCountsAndTimesSurviveOpeningAgain(t *testing.T) {
	c := config(t.TempDir())
	c.JournalSize = 700 // a new file every few uses: counts are carried over
	f := open(t, c)
	create(t, f, "log")
	create(t, f, "rare")
	sign(t, f, "rare", 1)
	sign(t, f, "log", 40)
	before, err := f.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := f.AbandonForTest(); err != nil { // as if killed: nothing is written at the end
		t.Fatal(err)
	}
	after, err := open(t, c).List(t.Context())
	if err != nil || len(after) != 2 {
		t.Fatalf("%+v, %v", after, err)
	}
	for i, k := range after {
		if k.Used != before[i].Used || !k.LastUsed.Equal(before[i].LastUsed) || k.LastUsed.IsZero() {
			t.Errorf("%+v, was %+v", k, before[i])
		}
	}
	if files := journalNames(t, c.Dir); len(files) < 10 {
		t.Errorf("%d journal files", len(files))
	}
}

func TestClockPutBackChangesNoCountAndNoTimeOfTheInventory(t *testing.T) {
	now := time.Date(2026, 11, 22, 8, 30, 0, 0, time.UTC)
	c := config(t.TempDir())
	c.Now = func() time.Time { return now }
	f := open(t, c)
	create(t, f, "log")
	sign(t, f, "log", 2)
	before := now
	now = now.Add(-24 * time.Hour)
	sign(t, f, "log", 2)
	k, err := f.Change(t.Context(), "log", keys.Change{Quota: ptr(int64(9))})
	if err != nil || k.Used != 4 || !k.LastUsed.Equal(before) || !k.Changed.Equal(before) {
		t.Errorf("%+v, %v", k, err)
	}
	if err := f.AbandonForTest(); err != nil {
		t.Fatal(err)
	}
	again := open(t, c)
	if k, err = again.Info(t.Context(), "log"); err != nil || k.Used != 4 || !k.LastUsed.Equal(before) {
		t.Errorf("opened again: %+v, %v", k, err)
	}
	lines := readJournal(t, filepath.Join(c.Dir, "journal", "000001.log"))
	if last := lines[len(lines)-1]; !last.At.Equal(now) {
		t.Errorf("the journal says %v, the clock said %v", last.At, now)
	}
	if _, err := keys.VerifyJournal(c.Dir); err != nil {
		t.Error(err)
	}
}

func TestKeysSealedOtherwiseOrExchangedDoNotOpen(t *testing.T) {
	c := config(t.TempDir())
	c.Sealing = keys.Passphrase(secret)
	f := open(t, c)
	create(t, f, "a")
	create(t, f, "b")
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	a, b := filepath.Join(c.Dir, "a.key"), filepath.Join(c.Dir, "b.key")
	whole, err := os.ReadFile(a)
	if err != nil {
		t.Fatal(err)
	}
	damaged := slices.Clone(whole)
	damaged[len(damaged)/2] ^= 1
	for name, file := range map[string][]byte{"damaged": damaged, "empty": nil, "long": make([]byte, keys.MaxSealed+1), "another's": read(t, b)} {
		write(t, a, file)
		if err := signWith(t.Context(), open2(t, c), "a"); !errors.Is(err, keys.ErrKeyFile) {
			t.Errorf("%s: %v, want ErrKeyFile", name, err)
		}
	}
	write(t, a, whole)
	wrong := c
	wrong.Sealing = keys.Passphrase([]byte("another passphrase of the tests"))
	if err := signWith(t.Context(), open2(t, wrong), "a"); !errors.Is(err, keys.ErrKeyFile) || !errors.Is(err, gm.ErrPassphrase) {
		t.Errorf("another passphrase: %v", err)
	}
	if err := os.Remove(a); err != nil {
		t.Fatal(err)
	}
	if err := signWith(t.Context(), open2(t, c), "a"); !errors.Is(err, keys.ErrKeyFile) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("removed: %v", err)
	}
}

// open2 opens a folder for one look.
func open2(t *testing.T, c keys.FolderConfig) *keys.Folder {
	t.Helper()
	f, err := keys.OpenFolder(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	f.ReleaseLockForTest()
	return f
}

func TestDamagedInventoryDoesNotOpen(t *testing.T) {
	c := config(t.TempDir())
	f := open(t, c)
	create(t, f, "a")
	create(t, f, "b")
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(c.Dir, "a.json")
	whole := read(t, path)
	for name, file := range map[string][]byte{
		"empty": nil, "cut": whole[:len(whole)-1], "another's": read(t, filepath.Join(c.Dir, "b.json")), "twice": append(slices.Clone(whole), whole...),
		"long": append(slices.Clone(whole), make([]byte, keys.MaxEntry)...),
	} {
		write(t, path, file)
		if _, err := keys.OpenFolder(c); !errors.Is(err, keys.ErrEntry) {
			t.Errorf("%s: %v, want ErrEntry", name, err)
		}
		if _, err := keys.VerifyJournal(c.Dir); !errors.Is(err, keys.ErrEntry) {
			t.Errorf("%s: verified: %v, want ErrEntry", name, err)
		}
	}
}

func TestKeyFileThatNothingExplainsIsLeftAloneAndNeverOverwritten(t *testing.T) {
	c := config(t.TempDir())
	write(t, filepath.Join(c.Dir, "a.key"), []byte("somebody's"))
	f := open(t, c)
	if _, err := f.Create(t.Context(), keys.Spec{ID: "a", Algorithm: keys.Ed25519, Use: "log"}); !errors.Is(err, keys.ErrExists) {
		t.Errorf("made over it: %v", err)
	}
	if got := read(t, filepath.Join(c.Dir, "a.key")); string(got) != "somebody's" {
		t.Errorf("it holds %q", got)
	}
}

func TestFullFolderTakesNoKey(t *testing.T) {
	f := open(t, config(t.TempDir()))
	f.FillUp()
	if _, err := f.Create(t.Context(), keys.Spec{ID: "a", Algorithm: keys.Ed25519, Use: "log"}); !errors.Is(err, keys.ErrFull) {
		t.Errorf("got %v", err)
	}
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func write(t testing.TB, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}
