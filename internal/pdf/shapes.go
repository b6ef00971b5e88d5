package pdf

import (
	"fmt"
	"math"
)

// shapeOf is the grammar of what Builder writes: the fields of each kind of object, and whether it is a stream.
func shapeOf(r role) (fields []field, stream bool) {
	switch r {
	case catalogRole, pagesRole, pageRole, infoRole:
		return documentShape(r), false
	case fontRole, cidFontRole, descriptorRole:
		return fontShape(r), false
	case contentRole, toUnicodeRole:
		return []field{deflated()}, true
	case fontFileRole:
		return []field{{"Length1", true, number(1, math.MaxInt32)}, deflated()}, true
	case imageRole, maskRole:
		return imageShape(r), true
	case metadataRole:
		return []field{{"Type", true, is(name("Metadata"))}, {"Subtype", true, is(name("XML"))}}, true
	case intentRole:
		return []field{{"Type", true, is(name("OutputIntent"))}, {"S", true, is(name("GTS_PDFA1"))},
			{"OutputConditionIdentifier", true, text}, {"Info", true, text}, {"DestOutputProfile", true, to(profileRole)}}, false
	case profileRole:
		return []field{{"N", true, is(integer(3))}, deflated()}, true
	case filespecRole:
		return filespecShape(), false
	case embeddedRole:
		return []field{{"Type", true, is(name("EmbeddedFile"))}, {"Subtype", true, anyName},
			{"Params", true, shape(field{"Size", true, number(0, math.MaxInt64)}, field{"ModDate", false, text})},
			{"Filter", false, is(name("FlateDecode"))}}, true
	case noRole:
	}
	return nil, false
}

func deflated() field { return field{"Filter", true, is(name("FlateDecode"))} }

func documentShape(r role) []field {
	switch r {
	case catalogRole:
		return []field{
			{"Type", true, is(name("Catalog"))}, {"Pages", true, to(pagesRole)}, {"Lang", true, is(literal("zh-CN"))},
			{"MarkInfo", true, is(dict{{"Marked", boolean(false)}})},
			{"ViewerPreferences", true, is(dict{{"DisplayDocTitle", boolean(true)}})},
			{"Metadata", true, to(metadataRole)}, {"OutputIntents", true, list(to(intentRole))},
			{"Names", false, shape(field{"EmbeddedFiles", true, shape(field{"Names", true, list(text, to(filespecRole))})})},
			{"AF", false, list(to(filespecRole))},
		}
	case pagesRole:
		return []field{{"Type", true, is(name("Pages"))}, {"Kids", true, list(to(pageRole))}, {"Count", true, number(1, maxPages)}}
	case pageRole:
		resources := shape(field{"Font", false, shape(field{"F1", true, to(fontRole)})}, field{"XObject", false, numbered('I', to(imageRole))})
		return []field{{"Type", true, is(name("Page"))}, {"Parent", true, is(ref(2))}, {"MediaBox", true, box},
			{"Resources", true, resources}, {"Contents", true, to(contentRole)}}
	default: // infoRole
	}
	return []field{{"Title", false, text}, {"Author", false, text}, {"Subject", false, text}, {"Creator", false, text},
		{"Producer", true, is(literal(producer))}, {"CreationDate", false, text}, {"ModDate", false, text}}
}

func fontShape(r role) []field {
	switch r {
	case fontRole:
		return []field{{"Type", true, is(name("Font"))}, {"Subtype", true, is(name("Type0"))}, {"BaseFont", true, anyName},
			{"Encoding", true, is(name("Identity-H"))}, {"DescendantFonts", true, list(to(cidFontRole))}, {"ToUnicode", true, to(toUnicodeRole)}}
	case cidFontRole:
		return []field{{"Type", true, is(name("Font"))}, {"Subtype", true, is(name("CIDFontType2"))}, {"BaseFont", true, anyName},
			{"CIDSystemInfo", true, is(dict{{"Registry", literal("Adobe")}, {"Ordering", literal("Identity")}, {"Supplement", integer(0)}})},
			{"FontDescriptor", true, to(descriptorRole)}, {"DW", true, is(integer(1000))},
			{"W", false, list(number(1, maxSubset), list(number(0, 1<<16)))}, {"CIDToGIDMap", true, is(name("Identity"))}}
	default: // descriptorRole
	}
	size := number(-1<<20, 1<<20)
	return []field{{"Type", true, is(name("FontDescriptor"))}, {"FontName", true, anyName}, {"Flags", true, is(integer(4))},
		{"FontBBox", true, list(size, size, size, size)}, {"ItalicAngle", true, is(integer(0))}, {"Ascent", true, size},
		{"Descent", true, size}, {"CapHeight", true, size}, {"StemV", true, size}, {"FontFile2", true, to(fontFileRole)}}
}

// imageShape is an image XObject as picture.go writes it.
func imageShape(r role) []field {
	side := number(1, maxPictureSide)
	fields := []field{{"Type", true, is(name("XObject"))}, {"Subtype", true, is(name("Image"))},
		{"Width", true, side}, {"Height", true, side}}
	if r == maskRole {
		return append(fields, field{"ColorSpace", true, is(name("DeviceGray"))}, field{"BitsPerComponent", true, number(1, 8)},
			deflated(), field{"DecodeParms", false, shape(field{"Predictor", true, is(integer(15))},
				field{"Colors", true, is(integer(1))}, field{"BitsPerComponent", true, number(1, 8)}, field{"Columns", true, side})})
	}
	return append(fields, field{"ColorSpace", true, colorSpace}, field{"BitsPerComponent", true, number(1, 8)},
		deflated(), field{"SMask", false, to(maskRole)})
}

// colorSpace is RGB, or an indexed space of two colours.
func colorSpace(_ *walker, v value) error {
	if v == name("DeviceRGB") {
		return nil
	}
	if a, ok := v.(array); ok && len(a) == 4 && a[0] == name("Indexed") && a[1] == name("DeviceRGB") && a[2] == integer(1) {
		if palette, ok := a[3].(hexText); ok && len(palette) == 6 {
			return nil
		}
	}
	return fmt.Errorf("unknown colour space")
}

func filespecShape() []field {
	var kinds []value
	for _, r := range relationships() {
		kinds = append(kinds, name(r))
	}
	return []field{{"Type", true, is(name("Filespec"))}, {"F", true, text}, {"UF", true, text}, {"Desc", false, text},
		{"AFRelationship", true, is(kinds...)},
		{"EF", true, shape(field{"F", true, to(embeddedRole)}, field{"UF", true, to(embeddedRole)})}}
}
