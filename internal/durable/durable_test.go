package durable_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"yinzheng/internal/durable"
)

func TestWriteFileReplacesAndLeavesNothingElse(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "f")
	for _, content := range []string{"one", "two"} {
		if err := durable.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(name)
		if err != nil || string(got) != content {
			t.Fatalf("read %q, %v; want %q", got, err, content)
		}
	}
	info, err := os.Stat(name)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("%d files left, %v; want 1", len(left), err)
	}
}

func TestCreateFileKeepsWhatIsThere(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f")
	if err := durable.CreateFile(name, []byte("first"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := durable.CreateFile(name, []byte("second"), 0o600); !errors.Is(err, fs.ErrExist) {
		t.Errorf("second create: %v, want fs.ErrExist", err)
	}
	if got, _ := os.ReadFile(name); string(got) != "first" {
		t.Errorf("content is %q", got)
	}
}

func TestWriteFileIntoNoFolderFails(t *testing.T) {
	if err := durable.WriteFile(filepath.Join(t.TempDir(), "no", "f"), nil, 0o600); err == nil {
		t.Error("wrote into a folder that is not there")
	}
}
