package pdf

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Attachment is a file inside the document (ISO 19005-3, 6.8).
type Attachment struct {
	Name         string // e.g. licence.json; no slashes, no control characters
	MIME         string // e.g. application/json
	Description  string
	Relationship Relationship
	Data         []byte
	Modified     time.Time // zero: Info.Created
}

// Relationship says what an attachment is to the document (ISO 32000-2, 7.11.3: /AFRelationship).
type Relationship string

// Relationships.
const (
	RelationData        Relationship = "Data" // the zero value means this one
	RelationSource      Relationship = "Source"
	RelationSupplement  Relationship = "Supplement"
	RelationUnspecified Relationship = "Unspecified"
)

// relationships lists them.
func relationships() []Relationship {
	return []Relationship{RelationData, RelationSource, RelationSupplement, RelationUnspecified}
}

// Limits of an attachment's texts.
const (
	maxAttachmentName = 255
	sampleSize        = 64 << 10 // bytes that are compressed on trial
)

type attached struct {
	Attachment
	key string // of the name tree
}

// Attach adds a file. It fails with ErrAttachment.
func (b *Builder) Attach(a Attachment) {
	if b.err != nil {
		return
	}
	if a.Relationship == "" {
		a.Relationship = RelationData
	}
	if a.Modified.IsZero() {
		a.Modified = b.info.Created
	}
	if a.Name == "" || len(a.Name) > maxAttachmentName || strings.ContainsAny(a.Name, `/\`) || !writable(a.Name) ||
		!printable(a.MIME) || strings.Count(a.MIME, "/") != 1 || len(a.MIME) > maxAttachmentName ||
		!writable(a.Description) || !slices.Contains(relationships(), a.Relationship) || len(b.attached) == maxAttachments {
		b.fail(fmt.Errorf("%w: %q of type %q", ErrAttachment, a.Name, a.MIME))
		return
	}
	key := nameKey(a.Name)
	for _, other := range b.attached {
		if other.key == key {
			b.fail(fmt.Errorf("%w: %q is there already", ErrAttachment, a.Name))
			return
		}
	}
	b.attached = append(b.attached, attached{a, key})
}

// nameKey is what name trees are sorted by: the bytes of the string (ISO 32000-1, 7.9.6).
func nameKey(s string) string {
	switch v := textString(s).(type) {
	case literal:
		return string(v)
	case hexText:
		return string(v)
	}
	return s
}

// Bytes returns the file, or the first mistake.
func (b *Builder) Bytes() ([]byte, error) {
	if b.err == nil && len(b.pages) == 0 {
		b.fail(fmt.Errorf("%w: a document without pages", ErrPage))
	}
	if b.err != nil {
		return nil, fmt.Errorf("building a PDF: %w", b.err)
	}
	var o objects
	root, tree := o.reserve(), o.reserve()
	if err := b.writePages(&o, tree); err != nil {
		return nil, fmt.Errorf("building a PDF: %w", err)
	}
	catalog := dict{{"Type", name("Catalog")}, {"Pages", tree}, {"Lang", literal("zh-CN")},
		{"MarkInfo", dict{{"Marked", boolean(false)}}}, {"ViewerPreferences", dict{{"DisplayDocTitle", boolean(true)}}}}
	xmp := o.add(object{dict: dict{{"Type", name("Metadata")}, {"Subtype", name("XML")}}, stream: b.xmp(), hasStream: true})
	intent, err := b.writeIntent(&o)
	if err != nil {
		return nil, fmt.Errorf("building a PDF: %w", err)
	}
	catalog = append(catalog, entry{"Metadata", xmp}, entry{"OutputIntents", array{intent}})
	if len(b.attached) > 0 {
		names, specs, err := b.writeAttachments(&o)
		if err != nil {
			return nil, fmt.Errorf("building a PDF: %w", err)
		}
		catalog = append(catalog, entry{"Names", dict{{"EmbeddedFiles", dict{{"Names", names}}}}}, entry{"AF", specs})
	}
	o.set(root, object{dict: catalog})
	return o.file(root, o.add(object{dict: b.infoDict()})), nil
}

// writePages writes the page tree with contents, pictures and the font.
func (b *Builder) writePages(o *objects, tree ref) error {
	var kids array
	places := make([]ref, len(b.pages))
	for i := range b.pages {
		places[i] = o.reserve()
		kids = append(kids, places[i])
	}
	o.set(tree, object{dict: dict{{"Type", name("Pages")}, {"Kids", kids}, {"Count", integer(len(kids))}}})
	var font ref
	if len(b.font.chars) > 0 {
		var err error
		if font, err = b.writeFont(o); err != nil {
			return err
		}
	}
	pictures := make([]ref, len(b.pictures))
	for i, p := range b.pictures {
		color, mask := p.color, p.mask
		if mask != nil {
			color.dict = append(clip(color.dict), entry{"SMask", o.add(*mask)})
		}
		pictures[i] = o.add(color)
	}
	drawings := make([]ref, len(b.drawings))
	for i, d := range b.drawings {
		drawings[i] = o.add(d.object())
	}
	for i, p := range b.pages {
		data, err := b.deflate.bytes(p.content)
		if err != nil {
			return err
		}
		contents := o.add(flate(nil, data))
		var resources dict
		if p.text {
			resources = append(resources, entry{"Font", dict{{"F1", font}}})
		}
		var shown dict
		for _, index := range p.pictures {
			shown = append(shown, entry{fmt.Sprintf("I%d", index+1), pictures[index]})
		}
		for i, index := range p.drawings {
			if !slices.Contains(p.drawings[:i], index) {
				shown = append(shown, entry{fmt.Sprintf("X%d", index+1), drawings[index]})
			}
		}
		if shown != nil {
			resources = append(resources, entry{"XObject", shown})
		}
		o.set(places[i], object{dict: dict{{"Type", name("Page")}, {"Parent", tree},
			{"MediaBox", array{integer(0), integer(0), points(p.w), points(p.h)}},
			{"Resources", resources}, {"Contents", contents}}})
	}
	return nil
}

// flate is a stream compressed by a deflater.
func flate(d dict, data []byte) object {
	return object{dict: append(clip(d), entry{"Filter", name("FlateDecode")}), stream: data, hasStream: true}
}

// clip makes the next append copy.
func clip(d dict) dict { return d[:len(d):len(d)] }

// writeAttachments writes embedded files and their specifications (ISO 32000-1, 7.11.4), by ascending name.
func (b *Builder) writeAttachments(o *objects) (names, specs array, err error) {
	slices.SortFunc(b.attached, func(x, y attached) int { return cmp.Compare(x.key, y.key) })
	for _, a := range b.attached {
		params := dict{{"Size", integer(len(a.Data))}}
		if !a.Modified.IsZero() {
			params = append(params, entry{"ModDate", dateString(a.Modified)})
		}
		obj := object{dict: dict{{"Type", name("EmbeddedFile")}, {"Subtype", name(a.MIME)}, {"Params", params}},
			stream: a.Data, hasStream: true}
		if obj, err = b.shrink(obj); err != nil {
			return nil, nil, err
		}
		file := o.add(obj)
		title := textString(a.Name)
		spec := dict{{"Type", name("Filespec")}, {"F", title}, {"UF", title}}
		if a.Description != "" {
			spec = append(spec, entry{"Desc", textString(a.Description)})
		}
		spec = append(spec, entry{"AFRelationship", name(a.Relationship)}, entry{"EF", dict{{"F", file}, {"UF", file}}})
		at := o.add(object{dict: spec})
		names, specs = append(names, title, at), append(specs, at)
	}
	return names, specs, nil
}

// shrink compresses a stream unless a sample shows that it is compressed already.
func (b *Builder) shrink(o object) (object, error) {
	sample := o.stream[:min(len(o.stream), sampleSize)]
	data, err := b.deflate.bytes(sample)
	if err != nil || len(data) > len(sample)*9/10 {
		return o, err
	}
	if len(sample) < len(o.stream) {
		if data, err = b.deflate.bytes(o.stream); err != nil {
			return o, err
		}
	}
	return flate(o.dict, data), nil
}

// infoDict is the information dictionary; it says the same as the XMP packet (ISO 19005-3, 6.6.3).
func (b *Builder) infoDict() dict {
	var d dict
	for _, e := range []struct{ key, val string }{{"Title", b.info.Title}, {"Author", b.info.Author},
		{"Subject", b.info.Subject}, {"Creator", b.info.Creator}, {"Producer", producer}} {
		if e.val != "" {
			d = append(d, entry{e.key, textString(e.val)})
		}
	}
	if !b.info.Created.IsZero() {
		d = append(d, entry{"CreationDate", dateString(b.info.Created)}, entry{"ModDate", dateString(b.info.Created)})
	}
	return d
}

// writeFont writes the composite font (ISO 32000-1, 9.7).
func (b *Builder) writeFont(o *objects) (ref, error) {
	s, f := b.font, b.font.font
	file, err := s.file()
	if err != nil {
		return 0, err
	}
	data, err := b.deflate.bytes(file)
	if err != nil {
		return 0, err
	}
	fontFile := o.add(flate(dict{{"Length1", integer(len(file))}}, data))
	if data, err = b.deflate.bytes(s.toUnicode()); err != nil {
		return 0, err
	}
	unicode := o.add(flate(nil, data))
	base := name(s.name())
	box := array{}
	for _, v := range f.box {
		box = append(box, integer(f.milli(v)))
	}
	descriptor := o.add(object{dict: dict{{"Type", name("FontDescriptor")}, {"FontName", base}, {"Flags", integer(4)},
		{"FontBBox", box}, {"ItalicAngle", integer(0)}, {"Ascent", integer(f.milli(f.ascent))},
		{"Descent", integer(f.milli(f.descent))}, {"CapHeight", integer(f.milli(f.capHeight))}, {"StemV", integer(stemV)},
		{"FontFile2", fontFile}}})
	descendant := dict{{"Type", name("Font")}, {"Subtype", name("CIDFontType2")}, {"BaseFont", base},
		{"CIDSystemInfo", dict{{"Registry", literal("Adobe")}, {"Ordering", literal("Identity")}, {"Supplement", integer(0)}}},
		{"FontDescriptor", descriptor}, {"DW", integer(1000)}}
	if w := s.widths(); w != nil {
		descendant = append(descendant, entry{"W", w})
	}
	cid := o.add(object{dict: append(descendant, entry{"CIDToGIDMap", name("Identity")})})
	return o.add(object{dict: dict{{"Type", name("Font")}, {"Subtype", name("Type0")}, {"BaseFont", base},
		{"Encoding", name("Identity-H")}, {"DescendantFonts", array{cid}}, {"ToUnicode", unicode}}}), nil
}

// stemV is the width of vertical stems in thousandths of an em; viewers use it only when they must replace a font.
const stemV = 80

// toUnicode maps every CID back to its character (ISO 32000-1, 9.10.3), in blocks of at most 100 lines.
func (s *subset) toUnicode() []byte {
	var b bytes.Buffer
	b.WriteString("/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n" +
		"/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n/CMapName /Adobe-Identity-UCS def\n" +
		"/CMapType 2 def\n1 begincodespacerange\n<0000> <ffff>\nendcodespacerange\n")
	for from := 0; from < len(s.chars); from += 100 {
		block := s.chars[from:min(from+100, len(s.chars))]
		fmt.Fprintf(&b, "%d beginbfchar\n", len(block))
		for i, r := range block {
			fmt.Fprintf(&b, "<%04x> <", from+i+1)
			for _, u := range utf16Units(r) {
				fmt.Fprintf(&b, "%04x", u)
			}
			b.WriteString(">\n")
		}
		b.WriteString("endbfchar\n")
	}
	b.WriteString("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n")
	return b.Bytes()
}
