package archive

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of one package. A case file holds tens of files; one scanned attachment may have tens of megabytes.
const (
	maxEntries = 2048      // entries of the container
	maxUnpack  = 256 << 20 // bytes of all content together
	maxPacked  = 260 << 20 // bytes of the container
	maxMeta    = 4 << 20   // bytes of one metadata or tag file: some hundred bytes a file
	maxRatio   = 1000      // deflate reaches 1032:1 on constant bytes; documents stay far below
	ratioFloor = 64 << 10  // below this many bytes a ratio says nothing
)

// Deposit is what becomes one package.
type Deposit struct {
	ID       string // 电子文件号: 1 to 64 of 0-9, A-Z, a-z, "-"; time-ordered, chosen by the depositor, the same for the same thing
	Kind     string // "licence" or "case"
	Subject  string // licence ID or case ID
	Title    string // 题名
	Metadata Metadata
	Files    []File // in the order of the file numbers
}

// Build makes the bytes of a package: a BagIt bag (RFC 8493) in a zip whose payload has the shape of GB/T 42727-2023.
// The same deposit makes the same bytes. It returns ErrDeposit for what cannot be packed.
func Build(d Deposit) ([]byte, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	files, order, err := d.payload()
	if err != nil {
		return nil, err
	}
	var size int64
	for _, n := range order {
		size += int64(len(files[n]))
	}
	if size > maxUnpack-4*maxMeta {
		return nil, fmt.Errorf("%w: %d bytes, more than %d", ErrDeposit, size, int64(maxUnpack-4*maxMeta))
	}
	files[bagitName] = []byte(bagitText)
	files[bagInfoName] = bagInfo(d, size, len(order))
	for _, a := range algorithms {
		files[manifestName(a)] = manifest(a, files, order)
	}
	for _, a := range algorithms {
		files[tagManifestName(a)] = manifest(a, files, tagFiles())
	}
	names := []string{bagitName, bagInfoName}
	names = append(names, order...)
	names = append(names, manifestName("sha512"), manifestName("sm3"), tagManifestName("sha512"), tagManifestName("sm3"))
	p, err := newPacker(d.Metadata.Finished)
	if err != nil {
		return nil, err
	}
	entries := make([]packed, 0, len(names))
	for _, n := range names {
		e, err := p.pack(d.ID+"/"+n, files[n])
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return container(entries)
}

// check judges a deposit before anything is made of it.
func (d Deposit) check() error {
	if !checkID(d.ID) {
		return fmt.Errorf("%w: ID %q", ErrDeposit, d.ID)
	}
	if y := d.Metadata.Finished.UTC().Year(); y < 1980 || y > 2099 { // what a zip can say: MS-DOS dates and 32-bit seconds
		return fmt.Errorf("%w: finished in year %d", ErrDeposit, y)
	}
	if len(d.Files) == 0 || len(d.Files) > maxEntries-8 {
		return fmt.Errorf("%w: %d files", ErrDeposit, len(d.Files))
	}
	m := d.Metadata
	texts := []string{d.Kind, d.Subject, d.Title, m.Region, m.Office, m.OfficeName, m.Fonds, m.Category, m.Retention,
		m.Matter, m.Case, m.Identifier}
	for _, s := range m.Process {
		texts = append(texts, s.Name, s.By, s.Note)
	}
	seen := map[string]bool{strings.ToLower(baseInfoName): true, strings.ToLower(processInfoName): true}
	for i, f := range d.Files {
		if !checkName(f.Folder) || !checkName(f.Name) || !checkName(f.Folder+f.Name) {
			return fmt.Errorf("%w: file %d has the name %q in %q", ErrDeposit, i+1, f.Name, f.Folder)
		}
		key := strings.ToLower(f.Folder + "/" + f.Name)
		if seen[key] {
			return fmt.Errorf("%w: file %d repeats the name %q", ErrDeposit, i+1, f.Name)
		}
		seen[key] = true
		texts = append(texts, f.Title, f.MIME)
	}
	for _, s := range texts {
		if !checkText(s) {
			return fmt.Errorf("%w: text %.40q", ErrDeposit, s)
		}
	}
	return nil
}

// payload returns the files below data/ by path, and their order.
func (d Deposit) payload() (files map[string][]byte, order []string, err error) {
	base, err := encodeXML(describe(d))
	if err != nil {
		return nil, nil, err
	}
	process, err := encodeXML(describeProcess(d))
	if err != nil {
		return nil, nil, err
	}
	if len(base) > maxMeta || len(process) > maxMeta {
		return nil, nil, fmt.Errorf("%w: metadata of %d and %d bytes", ErrDeposit, len(base), len(process))
	}
	files = map[string][]byte{payloadPrefix + baseInfoName: base, payloadPrefix + processInfoName: process}
	order = []string{payloadPrefix + baseInfoName, payloadPrefix + processInfoName}
	for _, f := range d.Files {
		p := payloadPrefix + f.Folder + "/" + f.Name
		files[p] = f.Data
		order = append(order, p)
	}
	return files, order, nil
}

// packed is one entry as it lies in the container.
type packed struct {
	name     string
	method   uint16
	modified time.Time
	crc      uint32
	size     uint64 // unpacked
	raw      []byte
}

// packer makes entries. Its one compressor serves the whole package: making one takes most of a megabyte.
type packer struct {
	at       time.Time
	compress *flate.Writer
}

func newPacker(at time.Time) (*packer, error) {
	w, err := flate.NewWriter(nil, flate.DefaultCompression)
	if err != nil {
		return nil, fmt.Errorf("packing: %w", err)
	}
	return &packer{at: at.UTC().Truncate(time.Second), compress: w}, nil
}

// pack deflates texts and stores the rest: a document must be readable in the container as it is.
func (p *packer) pack(name string, b []byte) (packed, error) {
	e := packed{name: name, method: zip.Store, modified: p.at, crc: crc32.ChecksumIEEE(b), size: uint64(len(b)), raw: b}
	if !strings.HasSuffix(name, ".xml") && !strings.HasSuffix(name, ".json") {
		return e, nil
	}
	var out bytes.Buffer
	p.compress.Reset(&out)
	if _, err := p.compress.Write(b); err != nil {
		return e, fmt.Errorf("packing %s: %w", name, err)
	}
	if err := p.compress.Close(); err != nil {
		return e, fmt.Errorf("packing %s: %w", name, err)
	}
	if uint64(out.Len())*maxRatio < e.size { // never make what we would not read
		return e, nil
	}
	e.method, e.raw = zip.Deflate, out.Bytes()
	return e, nil
}

// container writes the one form of a zip of these entries: sizes in the local headers, UTF-8 names flagged, no comment.
func container(entries []packed) ([]byte, error) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, e := range entries {
		f, err := w.CreateRaw(e.header())
		if err != nil {
			return nil, fmt.Errorf("packing %s: %w", e.name, err)
		}
		if _, err := f.Write(e.raw); err != nil {
			return nil, fmt.Errorf("packing %s: %w", e.name, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("packing: %w", err)
	}
	return out.Bytes(), nil
}

const (
	flagUTF8   = 0x800    // general purpose bit 11: the name is UTF-8 (APPNOTE 4.4.4)
	zipVersion = 20       // deflate (APPNOTE 4.4.3)
	hostUnix   = 3 << 8   // so that the mode below counts (APPNOTE 4.4.2)
	fileMode   = 0o100644 // a plain file, read by everybody
	timeExtra  = 0x5455   // "UT", the extended timestamp of Info-ZIP: exact seconds
	timeFlags  = 1        // modification time only
	timeBytes  = 1 + 4    // flags and seconds
	dosEpoch   = 1980     // first year of an MS-DOS date
	modeShift  = 16       // the Unix mode is in the upper half of the external attributes
)

// header writes the one form of an entry's header.
func (e packed) header() *zip.FileHeader {
	h := &zip.FileHeader{
		Name: e.name, Method: e.method, CRC32: e.crc, UncompressedSize64: e.size, CompressedSize64: uint64(len(e.raw)),
		CreatorVersion: hostUnix | zipVersion, ReaderVersion: zipVersion, ExternalAttrs: fileMode << modeShift,
	}
	if strings.ContainsFunc(e.name, func(r rune) bool { return r >= utf8.RuneSelf }) {
		h.Flags = flagUTF8
	}
	t := e.modified.UTC()
	h.ModifiedDate = uint16(t.Day() | int(t.Month())<<5 | (t.Year()-dosEpoch)<<9) //nolint:staticcheck // CreateRaw writes these two and does not look at Modified
	h.ModifiedTime = uint16(t.Second()/2 | t.Minute()<<5 | t.Hour()<<11)          //nolint:staticcheck // as above
	h.Extra = binary.LittleEndian.AppendUint16(h.Extra, timeExtra)
	h.Extra = binary.LittleEndian.AppendUint16(h.Extra, timeBytes)
	h.Extra = append(h.Extra, timeFlags)
	h.Extra = binary.LittleEndian.AppendUint32(h.Extra, uint32(t.Unix()))
	return h
}
