package pdf

import "encoding/binary"

// SerifTTF is the embedded font file.
func SerifTTF() []byte { return serifTTF }

// SubsetFor is the font file that a document with this text would carry.
func (f *Font) SubsetFor(text string) ([]byte, error) {
	s := newSubset(f)
	for _, r := range text {
		s.cid(r)
	}
	return s.file()
}

// WithCmap gives a subset the tables that PDF does without and other font parsers want.
func WithCmap(ttf []byte) []byte {
	tables, err := fontTablesLoose(ttf)
	if err != nil {
		return ttf
	}
	cmap := []byte{0, 0, 0, 1, 0, 3, 0, 10, 0, 0, 0, 12, 0, 12, 0, 0, 0, 0, 0, 28, 0, 0, 0, 0, 0, 0, 0, 1,
		0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1}
	name := []byte{0, 0, 0, 0, 0, 6}
	post := binary.BigEndian.AppendUint32(nil, 0x00030000)
	post = append(post, make([]byte, 28)...)
	return assemble([]table{{"OS/2", make([]byte, 96)}, {"cmap", cmap}, {"glyf", tables["glyf"]}, {"head", tables["head"]}, {"hhea", tables["hhea"]},
		{"hmtx", tables["hmtx"]}, {"loca", tables["loca"]}, {"maxp", tables["maxp"]}, {"name", name}, {"post", post}})
}

// fontTablesLoose reads the directory of a font we wrote.
func fontTablesLoose(ttf []byte) (map[string][]byte, error) {
	tables := make(map[string][]byte)
	for i := range u16(ttf, 4) {
		rec := ttf[12+16*i:]
		tables[string(rec[:4])] = ttf[u32(rec, 8) : u32(rec, 8)+u32(rec, 12)]
	}
	return tables, nil
}
