package archive_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"yinzheng/archive"
	"yinzheng/internal/gm"
)

// memory is Blobs and Index in memory.
type memory struct {
	mu       sync.Mutex
	blobs    map[gm.Digest][]byte
	packages map[string]archive.Package
}

func newMemory() *memory {
	return &memory{blobs: map[gm.Digest][]byte{}, packages: map[string]archive.Package{}}
}

func (m *memory) Put(_ context.Context, r io.Reader) (gm.Digest, int64, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return gm.Digest{}, 0, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.blobs[gm.Sum(b)] = b
	return gm.Sum(b), int64(len(b)), nil
}

func (m *memory) Open(_ context.Context, d gm.Digest) (io.ReadCloser, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, ok := m.blobs[d]
	if !ok {
		return nil, archive.ErrNoBlob
	}
	return io.NopCloser(bytes.NewReader(b)), nil
}

func (m *memory) PutPackage(_ context.Context, p archive.Package) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if old, ok := m.packages[p.ID]; ok && old.Content != p.Content {
		return archive.ErrConflict
	}
	m.packages[p.ID] = p
	return nil
}

func (m *memory) Package(_ context.Context, id string) (archive.Package, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, ok := m.packages[id]
	if !ok {
		return archive.Package{}, archive.ErrNoPackage
	}
	return p, nil
}

func (m *memory) Packages(_ context.Context, after string, n int) ([]archive.Package, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var page []archive.Package
	for _, p := range m.packages {
		if p.ID > after {
			page = append(page, p)
		}
	}
	slices.SortFunc(page, func(a, b archive.Package) int { return strings.Compare(a.ID, b.ID) })
	return page[:min(n, len(page))], nil
}

var finished = time.Date(2026, 7, 1, 9, 30, 15, 0, time.UTC)

func example() archive.Deposit {
	return archive.Deposit{
		ID: "L01J8Z0000000000000000000A", Kind: "licence", Subject: "01J8Z0000000000000000000A", Title: "食品经营许可证 <示例> & 测试",
		Metadata: archive.Metadata{
			Region: "450000", Office: "11450000000000000X", OfficeName: "示例行政审批局", Category: "WS", Retention: "D30",
			Matter: "示例事项", Case: "2026-0001", Finished: finished,
			Process: []archive.Step{{At: finished, Name: "制证", By: "示例系统"}, {At: finished, Name: "签章", By: "示例系统", Note: "一次"}},
		},
		Files: []archive.File{
			{Folder: archive.FolderResults, Name: "电子证照.pdf", Title: "食品经营许可证", MIME: "application/pdf", Created: finished, Data: []byte("%PDF-1.7 not really one")},
			{Folder: archive.FolderResults, Name: "licence.json", Title: "证照数据", MIME: "application/json", Created: finished, Data: []byte(`{"version":1}` + strings.Repeat(" ", 500))},
			{Folder: archive.FolderProofs, Name: "receipt.json", Title: "存证回执", MIME: "application/json", Created: finished, Data: []byte("{}\n")},
			{Folder: archive.FolderMaterials, Name: "空文件.txt", Title: "空", MIME: "text/plain", Created: finished},
		},
	}
}

func newArchive(m *memory, at time.Time) *archive.Archive {
	return archive.New(archive.Config{Blobs: m, Index: m, Now: func() time.Time { return at }})
}

func TestDepositedPackageReadsBackWhole(t *testing.T) {
	m := newMemory()
	a := newArchive(m, finished.Add(time.Hour))
	d := example()
	p, err := a.Deposit(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	c, again, err := a.Read(t.Context(), d.ID)
	if err != nil {
		t.Fatal(err)
	}
	if again != p || c.ID != d.ID || c.Kind != d.Kind || c.Subject != d.Subject || c.Title != d.Title || len(c.Files) != len(d.Files) {
		t.Fatalf("read %+v, record %+v, deposited %+v", c, again, p)
	}
	for _, want := range d.Files {
		got := c.File(want.Name)
		if got == nil || got.Folder != want.Folder || got.Title != want.Title || got.MIME != want.MIME || !bytes.Equal(got.Data, want.Data) || got.SM3 != gm.Sum(want.Data) {
			t.Errorf("%s: got %+v", want.Name, got)
		}
	}
}

func TestSameDepositIsSameBytesAndAnotherConflicts(t *testing.T) {
	m := newMemory()
	d := example()
	p, err := newArchive(m, finished).Deposit(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	later := newArchive(m, finished.Add(48*time.Hour))
	if again, err := later.Deposit(t.Context(), d); err != nil || again != p {
		t.Errorf("again: %+v, %v", again, err)
	}
	d.Files[0].Data = []byte("other")
	if _, err := later.Deposit(t.Context(), d); !errors.Is(err, archive.ErrConflict) {
		t.Errorf("other content: %v", err)
	}
	if len(m.blobs) != 1 {
		t.Errorf("%d blobs", len(m.blobs))
	}
}

func TestDepositWithoutTimesIsIdempotentToo(t *testing.T) {
	m := newMemory()
	d := example()
	d.Metadata.Finished = time.Time{}
	for i := range d.Files {
		d.Files[i].Created = time.Time{}
	}
	p, err := newArchive(m, finished).Deposit(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := newArchive(m, finished.Add(time.Hour)).Deposit(t.Context(), d); err != nil || again != p {
		t.Errorf("again: %+v, %v", again, err)
	}
}

func TestWhatCannotBePackedIsRefused(t *testing.T) {
	for name, spoil := range map[string]func(*archive.Deposit){
		"no ID":             func(d *archive.Deposit) { d.ID = "" },
		"ID with slash":     func(d *archive.Deposit) { d.ID = "a/b" },
		"no files":          func(d *archive.Deposit) { d.Files = nil },
		"name with path":    func(d *archive.Deposit) { d.Files[0].Name = "../x.pdf" },
		"dots":              func(d *archive.Deposit) { d.Files[0].Name = ".." },
		"folder with slash": func(d *archive.Deposit) { d.Files[0].Folder = "a/b" },
		"not UTF-8":         func(d *archive.Deposit) { d.Files[0].Name = "\xff.pdf" },
		"control":           func(d *archive.Deposit) { d.Files[0].Name = "a\nb" },
		"percent":           func(d *archive.Deposit) { d.Files[0].Name = "a%0A" },
		"direction mark":    func(d *archive.Deposit) { d.Files[0].Name = "a\u202efdp.exe" },
		"long":              func(d *archive.Deposit) { d.Files[0].Name = strings.Repeat("长", 80) },
		"twice":             func(d *archive.Deposit) { d.Files[1].Name = "电子证照.PDF" },
		"title lines":       func(d *archive.Deposit) { d.Title = "a\nPayload-Oxum: 1.1" },
		"note control":      func(d *archive.Deposit) { d.Metadata.Process[0].Note = "\x00" },
		"year":              func(d *archive.Deposit) { d.Metadata.Finished = time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC) },
	} {
		m := newMemory()
		d := example()
		spoil(&d)
		if _, err := newArchive(m, finished).Deposit(t.Context(), d); !errors.Is(err, archive.ErrDeposit) {
			t.Errorf("%s: %v", name, err)
		}
		if len(m.blobs)+len(m.packages) != 0 {
			t.Errorf("%s: something was stored", name)
		}
	}
}

func TestAuditFindsEveryKindOfDamage(t *testing.T) {
	m := newMemory()
	a := newArchive(m, finished)
	ids := []string{"A1", "A2", "A3", "A4", "A5"}
	for _, id := range ids {
		d := example()
		d.ID = id
		if _, err := a.Deposit(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	if n, bad, err := a.Audit(t.Context(), nil); n != 5 || bad != 0 || err != nil {
		t.Fatalf("sound: %d, %d, %v", n, bad, err)
	}
	delete(m.blobs, m.packages["A1"].Content)       // content gone
	m.blobs[m.packages["A2"].Content][100] ^= 1     // content changed
	m.packages["A3"] = with(m.packages["A4"], "A3") // the record points to another package
	p := m.packages["A4"]
	p.Files++ // the record says more than there is
	m.packages["A4"] = p
	faults := map[string]error{}
	n, bad, err := a.Audit(t.Context(), func(p archive.Package, fault error) { faults[p.ID] = fault })
	if n != 5 || bad != 4 || err != nil {
		t.Fatalf("damaged: %d, %d, %v", n, bad, err)
	}
	for id, want := range map[string]error{"A1": archive.ErrNoBlob, "A2": archive.ErrDamaged, "A3": archive.ErrPackage, "A4": archive.ErrPackage, "A5": nil} {
		if !errors.Is(faults[id], want) {
			t.Errorf("%s: %v, want %v", id, faults[id], want)
		}
	}
}

func with(p archive.Package, id string) archive.Package {
	p.ID = id
	return p
}
