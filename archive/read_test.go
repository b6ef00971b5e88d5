package archive_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"hash/crc32"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yinzheng/archive"
)

func build(t testing.TB) []byte {
	t.Helper()
	b, err := archive.Build(example())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A deflated stream has a few bits that mean nothing (RFC 1951: the padding before a stored block), and only the digest of
// the whole package pins those.
func TestEveryChangedByteOfAPackageIsSeenOrChangesNothing(t *testing.T) {
	b := build(t)
	want, err := archive.ReadPackage(b)
	if err != nil {
		t.Fatal(err)
	}
	free := 0
	for i := range b {
		for _, flip := range []byte{0x01, 0x80, 0xff} {
			b[i] ^= flip
			got, err := archive.ReadPackage(b)
			b[i] ^= flip
			switch {
			case errors.Is(err, archive.ErrPackage):
			case err != nil || cmp.Diff(want, got) != "":
				t.Fatalf("byte %d xor %#x: %v", i, flip, err)
			default:
				free++
			}
		}
	}
	if deflated := 4; free > 2*deflated {
		t.Errorf("%d changes went unseen", free)
	}
}

func TestEveryTruncationAndAppendixIsSeen(t *testing.T) {
	b := build(t)
	for n := range b {
		if _, err := archive.ReadPackage(b[:n]); !errors.Is(err, archive.ErrPackage) {
			t.Fatalf("%d bytes: %v", n, err)
		}
	}
	for name, c := range map[string][]byte{"after": append(bytes.Clone(b), 0), "before": append([]byte{0}, b...), "twice": append(bytes.Clone(b), b...)} {
		if _, err := archive.ReadPackage(c); !errors.Is(err, archive.ErrPackage) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// entry is one file of a hand-made container.
type entry struct {
	name     string
	data     string
	header   zip.FileHeader
	streamed bool // with a data descriptor behind the content
}

// hostile writes a container with the standard library's writer: what a stranger would hand in.
func hostile(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, e := range entries {
		h := e.header
		h.Name = e.name
		create := w.CreateHeader
		if h.Method == zip.Store && !e.streamed {
			h.CRC32 = crc32.ChecksumIEEE([]byte(e.data))
			h.UncompressedSize64, h.CompressedSize64 = uint64(len(e.data)), uint64(len(e.data))
			create = w.CreateRaw
		}
		f, err := create(&h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, e.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestHostileContainersAreRefusedByName(t *testing.T) {
	bomb := entry{name: "A/bagit.txt", data: strings.Repeat("0", 8<<20), header: zip.FileHeader{Method: zip.Deflate}}
	many := make([]entry, 3000)
	for i := range many {
		many[i] = entry{name: "A/bagit.txt"}
	}
	for name, c := range map[string]struct {
		code string
		b    []byte
	}{
		"nothing":         {archive.NotZip, nil},
		"text":            {archive.NotZip, []byte("PK but not really")},
		"empty":           {archive.Missing, nil},
		"up":              {archive.BadName, hostile(t, entry{name: "A/data/../../etc/passwd"})},
		"absolute":        {archive.BadName, hostile(t, entry{name: "/etc/passwd"})},
		"drive":           {archive.BadName, hostile(t, entry{name: `A/data/办理结果/C:\x`})},
		"not UTF-8":       {archive.BadName, hostile(t, entry{name: "A/data/办理结果/\xc3\x28", header: zip.FileHeader{NonUTF8: true}})},
		"directory":       {archive.BadName, hostile(t, entry{name: "A/data/"})},
		"two bases":       {archive.BadName, hostile(t, entry{name: "A/bagit.txt", data: "x"}, entry{name: "B/bagit.txt"})},
		"outside":         {archive.BadName, hostile(t, entry{name: "A/readme.txt"})},
		"no base":         {archive.BadName, hostile(t, entry{name: "bagit.txt"})},
		"bomb":            {archive.BadMethod, hostile(t, bomb)},
		"many":            {archive.TooLarge, hostile(t, many...)},
		"data descriptor": {archive.BadMethod, hostile(t, entry{name: "A/bagit.txt", data: "x", streamed: true})},
	} {
		if name == "empty" {
			c.b = hostile(t)
		}
		_, err := archive.ReadPackage(c.b)
		var refused *archive.PackageError
		if !errors.As(err, &refused) || refused.Code != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
}

func FuzzReadPackage(f *testing.F) {
	seeds := [][]byte{build(f), hostile(f), hostile(f, entry{name: "A/bagit.txt", data: "x"}), hostile(f, entry{name: "A/data/../x"}), {}}
	if len(seeds) == 0 || len(seeds[0]) == 0 {
		f.Fatal("no seeds")
	}
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := archive.ReadPackage(b)
		if err != nil {
			if !errors.Is(err, archive.ErrPackage) {
				t.Fatalf("refused with %v", err)
			}
			return
		}
		for _, file := range c.Files {
			if strings.ContainsAny(file.Name+file.Folder, `/\`) || file.Name == ".." || file.Folder == ".." {
				t.Fatalf("name %q in %q", file.Name, file.Folder)
			}
		}
	})
}
