package archive

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"hash/crc32"
	"io"
	"strings"

	"yinzheng/internal/gm"
)

// Content is what a sound package holds.
type Content struct {
	ID      string // 电子文件号
	Kind    string // 归档对象类型
	Subject string // 归档对象编号
	Title   string // 题名
	Files   []ContentFile
}

// ContentFile is one archived file: the metadata files and the tag files are not among them.
type ContentFile struct {
	Folder string
	Name   string
	Title  string
	MIME   string
	SM3    gm.Digest
	Data   []byte
}

// File returns the first archived file of that name, or nil.
func (c *Content) File(name string) *ContentFile {
	for i := range c.Files {
		if c.Files[i].Name == name {
			return &c.Files[i]
		}
	}
	return nil
}

// ReadPackage reads a package and believes nothing: names, sizes and ratios are bounded, every byte of the container is
// accounted for, both manifests and both tag manifests list exactly the files with their digests, and the metadata names
// exactly the files that are there. Every refusal is a *PackageError. It takes memory in proportion to its input times
// the ratio that is allowed, at most maxUnpack.
func ReadPackage(b []byte) (*Content, error) {
	files, order, id, err := unpack(b)
	if err != nil {
		return nil, err
	}
	var payload []string
	var size int64
	for _, n := range order {
		if strings.HasPrefix(n, payloadPrefix) {
			payload = append(payload, n)
			size += int64(len(files[n]))
		}
	}
	if err := checkBag(files, id, size, len(payload)); err != nil {
		return nil, err
	}
	for _, a := range algorithms {
		if err := checkManifest(tagManifestName(a), a, files, tagFiles()); err != nil {
			return nil, err
		}
	}
	for _, a := range algorithms {
		if err := checkManifest(manifestName(a), a, files, payload); err != nil {
			return nil, err
		}
	}
	return readMetadata(files, payload, id)
}

// unpack reads the container: content by path below the base directory, the paths in order, and the base directory.
func unpack(b []byte) (files map[string][]byte, order []string, id string, err error) {
	if len(b) > maxPacked {
		return nil, nil, "", &PackageError{TooLarge, ""}
	}
	r, zipErr := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if r == nil || zipErr != nil && len(r.File) == 0 {
		return nil, nil, "", &PackageError{NotZip, ""}
	}
	if len(r.File) > maxEntries {
		return nil, nil, "", &PackageError{TooLarge, ""}
	}
	files = make(map[string][]byte, len(r.File))
	folded := map[string]bool{}
	entries := make([]packed, 0, len(r.File))
	var total uint64
	for _, f := range r.File {
		base, name, ok := strings.Cut(f.Name, "/")
		if !ok || !checkID(base) || id != "" && base != id || !checkPath(name) {
			return nil, nil, "", &PackageError{BadName, shorten(f.Name)}
		}
		id = base
		if key := strings.ToLower(name); folded[key] {
			return nil, nil, "", &PackageError{DuplicateName, shorten(f.Name)}
		} else {
			folded[key] = true
		}
		if total += f.UncompressedSize64; f.UncompressedSize64 > maxUnpack || total > maxUnpack {
			return nil, nil, "", &PackageError{TooLarge, shorten(f.Name)}
		}
		e, content, err := readEntry(f)
		if err != nil {
			return nil, nil, "", err
		}
		files[name] = content
		order = append(order, name)
		entries = append(entries, e)
	}
	again, err := container(entries)
	if err != nil || !bytes.Equal(again, b) {
		return nil, nil, "", &PackageError{NotCanonical, ""}
	}
	return files, order, id, nil
}

// readEntry unpacks one entry within its stated size.
func readEntry(f *zip.File) (packed, []byte, error) {
	refuse := func(code string) (packed, []byte, error) {
		return packed{}, nil, &PackageError{code, shorten(f.Name)}
	}
	if f.Method != zip.Store && f.Method != zip.Deflate || f.Flags&^flagUTF8 != 0 {
		return refuse(BadMethod)
	}
	if f.UncompressedSize64 > ratioFloor && f.UncompressedSize64/maxRatio > f.CompressedSize64 {
		return refuse(BadRatio)
	}
	section, err := f.OpenRaw()
	if err != nil {
		return refuse(BadContent)
	}
	raw, err := io.ReadAll(io.LimitReader(section, maxPacked))
	if err != nil || uint64(len(raw)) != f.CompressedSize64 {
		return refuse(BadContent)
	}
	content := raw
	if f.Method == zip.Deflate {
		if content, err = inflate(raw, f.UncompressedSize64); err != nil {
			return refuse(BadContent)
		}
	}
	if uint64(len(content)) != f.UncompressedSize64 || crc32.ChecksumIEEE(content) != f.CRC32 {
		return refuse(BadContent)
	}
	e := packed{name: f.Name, method: f.Method, modified: f.Modified, crc: f.CRC32, size: f.UncompressedSize64, raw: raw}
	return e, content, nil
}

// inflate unpacks exactly size bytes from exactly all of raw.
func inflate(raw []byte, size uint64) ([]byte, error) {
	in := bytes.NewReader(raw)
	r := flate.NewReader(in)
	content, err := io.ReadAll(io.LimitReader(r, int64(size)+1))
	if err != nil {
		return nil, err
	}
	if in.Len() != 0 {
		return nil, io.ErrUnexpectedEOF
	}
	return content, nil
}

// checkPath judges a path below the base directory: a tag file, a metadata file, or data/<folder>/<file>.
func checkPath(p string) bool {
	parts := strings.Split(p, "/")
	for _, s := range parts {
		if !checkName(s) {
			return false
		}
	}
	switch len(parts) {
	case 1:
		return p == bagitName || p == bagInfoName ||
			p == manifestName("sha512") || p == manifestName("sm3") || p == tagManifestName("sha512") || p == tagManifestName("sm3")
	case 2:
		return p == payloadPrefix+baseInfoName || p == payloadPrefix+processInfoName
	case 3:
		return parts[0]+"/" == payloadPrefix
	}
	return false
}

// shorten keeps a hostile name short and printable in an error.
func shorten(name string) string {
	clean := strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || isInvisible(r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(name, "?"))
	if runes := []rune(clean); len(runes) > 80 {
		return string(runes[:80]) + "…"
	}
	return clean
}
