package keys_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"yinzheng/internal/keys"
)

// addSeeds fails a fuzz target that has none.
func addSeeds(f *testing.F, seeds ...[]byte) {
	f.Helper()
	if len(seeds) == 0 {
		f.Fatal("no seeds")
	}
	for _, s := range seeds {
		if len(s) == 0 {
			f.Fatal("an empty seed")
		}
		f.Add(s)
		f.Add(s[:len(s)/2])
		f.Add(append(bytes.Clone(s), s...))
	}
}

// FuzzJournal reads journal files: what is accepted is exactly what is written of it, and never more than the file.
func FuzzJournal(f *testing.F) {
	folder, dir, _ := backedUp(f)
	whole := read(f, filepath.Join(dir, "journal", "000001.log"))
	if err := folder.Close(); err != nil {
		f.Fatal(err)
	}
	head, _, _ := bytes.Cut(whole, []byte("\n"))
	addSeeds(f, whole, head, bytes.ReplaceAll(whole, []byte(" "), []byte("  ")), append(bytes.Clone(whole), make([]byte, 600)...),
		bytes.Repeat([]byte("yinzheng key journal 1 "), 5000))
	f.Fuzz(func(t *testing.T, b []byte) {
		lines, err := keys.ReadJournal(b)
		if err != nil {
			if !errors.Is(err, keys.ErrJournal) {
				t.Fatalf("another error: %v", err)
			}
			return
		}
		number, chain, err := keys.HeaderChain(b)
		if err != nil {
			t.Fatal(err)
		}
		if again := keys.WriteJournal(number, chain, lines); !bytes.Equal(again, b) {
			t.Fatalf("accepted %q, which is written %q", b, again)
		}
	})
}

func FuzzEntry(f *testing.F) {
	_, dir, _ := backedUp(f)
	var seeds [][]byte
	for _, id := range []string{"a", "b", "c", "d"} {
		seeds = append(seeds, read(f, filepath.Join(dir, id+".json")))
	}
	addSeeds(f, seeds...)
	f.Fuzz(func(t *testing.T, b []byte) {
		again, err := keys.EntryAgain(b)
		if err != nil {
			if !errors.Is(err, keys.ErrEntry) {
				t.Fatalf("another error: %v", err)
			}
			return
		}
		if !bytes.Equal(again, b) {
			t.Fatalf("accepted %q, which is written %q", b, again)
		}
	})
}

func FuzzBackup(f *testing.F) {
	_, _, backup := backedUp(f)
	sparse := bytes.Clone(backup) // a tar header that promises more than there is
	copy(sparse[124:], "77777777777")
	addSeeds(f, backup, sparse)
	f.Fuzz(func(t *testing.T, b []byte) {
		again, err := keys.BackupAgain(b)
		if err != nil {
			if !errors.Is(err, keys.ErrBackup) {
				t.Fatalf("another error: %v", err)
			}
			return
		}
		if !bytes.Equal(again, b) {
			t.Fatal("accepted what would be written otherwise")
		}
	})
}

// FuzzOpenFolder opens folders whose files are anything: refused with a reason or opened, without a panic.
func FuzzOpenFolder(f *testing.F) {
	folder, dir, _ := backedUp(f)
	if err := folder.Close(); err != nil {
		f.Fatal(err)
	}
	entry, key := read(f, filepath.Join(dir, "a.json")), read(f, filepath.Join(dir, "a.key"))
	journal := read(f, filepath.Join(dir, "journal", "000001.log"))
	if len(entry) == 0 || len(key) == 0 || len(journal) == 0 {
		f.Fatal("no seeds")
	}
	f.Add(entry, key, journal, []byte("two"))
	f.Add(entry, key[1:], journal, []byte{})
	f.Add(entry[1:], key, journal[:len(journal)-7], []byte("\x00"))
	f.Fuzz(func(t *testing.T, entry, key, journal, marker []byte) {
		c := config(t.TempDir())
		if err := os.Mkdir(filepath.Join(c.Dir, "journal"), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(c.Dir, "a.json"), entry)
		write(t, filepath.Join(c.Dir, "a.key"), key)
		write(t, filepath.Join(c.Dir, "a.next"), key)
		write(t, filepath.Join(c.Dir, "journal", "000001.log"), journal)
		if len(marker) > 0 {
			write(t, filepath.Join(c.Dir, ".reseal"), marker)
		}
		folder, err := keys.OpenFolder(c)
		if err != nil {
			if !errors.Is(err, keys.ErrEntry) && !errors.Is(err, keys.ErrJournal) {
				t.Fatalf("another error: %v", err)
			}
			return
		}
		defer func() {
			if err := folder.Close(); err != nil {
				t.Error(err)
			}
		}()
		_ = signWith(t.Context(), folder, "a") // any answer
	})
}
