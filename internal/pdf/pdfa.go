package pdf

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"math"
	"time"
	"unicode/utf16"
)

// producer is the program named in every file.
const producer = "yinzheng"

func utf16Units(r rune) []uint16 { return utf16.Encode([]rune{r}) }

// writeIntent writes the output intent (ISO 19005-3, 6.2.3) with the profile of sRGB, which all our colours are in.
func (b *Builder) writeIntent(o *objects) (ref, error) {
	data, err := b.deflate.bytes(srgbProfile())
	if err != nil {
		return 0, err
	}
	profile := o.add(flate(dict{{"N", integer(3)}}, data))
	return o.add(object{dict: dict{{"Type", name("OutputIntent")}, {"S", name("GTS_PDFA1")},
		{"OutputConditionIdentifier", literal("sRGB")}, {"Info", literal("sRGB IEC61966-2.1")},
		{"DestOutputProfile", profile}}}), nil
}

// xmp is the metadata packet of PDF/A-3b (ISO 19005-3, 6.6).
func (b *Builder) xmp() []byte {
	var x bytes.Buffer
	x.WriteString("<?xpacket begin=\"\ufeff\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n" +
		`<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">` + "\n" +
		`<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" xmlns:dc="http://purl.org/dc/elements/1.1/"` +
		` xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/">` + "\n" +
		"<pdfaid:part>3</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>\n")
	tag := func(open, text, end string) {
		if text != "" {
			x.WriteString(open)
			_ = xml.EscapeText(&x, []byte(text)) // a buffer takes everything
			x.WriteString(end + "\n")
		}
	}
	tag(`<dc:title><rdf:Alt><rdf:li xml:lang="x-default">`, b.info.Title, "</rdf:li></rdf:Alt></dc:title>")
	tag("<dc:creator><rdf:Seq><rdf:li>", b.info.Author, "</rdf:li></rdf:Seq></dc:creator>")
	tag(`<dc:description><rdf:Alt><rdf:li xml:lang="x-default">`, b.info.Subject, "</rdf:li></rdf:Alt></dc:description>")
	tag("<xmp:CreatorTool>", b.info.Creator, "</xmp:CreatorTool>")
	tag("<pdf:Producer>", producer, "</pdf:Producer>")
	if t := b.info.Created; !t.IsZero() {
		tag("<xmp:CreateDate>", t.Format(time.RFC3339), "</xmp:CreateDate>")
		tag("<xmp:ModifyDate>", t.Format(time.RFC3339), "</xmp:ModifyDate>")
	}
	x.WriteString("</rdf:Description></rdf:RDF></x:xmpmeta>\n<?xpacket end=\"r\"?>")
	return x.Bytes()
}

// srgbProfile is a matrix profile of sRGB (IEC 61966-2-1) in ICC.1:2004 (version 4.2), the newest that ISO 32000-1 knows:
// primaries adapted to D50 by Bradford, and the exact transfer curve as a function of type 3.
func srgbProfile() []byte {
	xyz := func(x, y, z float64) []byte { return appendFixed([]byte("XYZ \x00\x00\x00\x00"), x, y, z) }
	curve := appendFixed([]byte("para\x00\x00\x00\x00\x00\x03\x00\x00"), 2.4, 1/1.055, 0.055/1.055, 1/12.92, 0.04045)
	adapt := appendFixed([]byte("sf32\x00\x00\x00\x00"),
		1.0478112, 0.0228866, -0.0501270, 0.0295424, 0.9904844, -0.0170491, -0.0092345, 0.0150436, 0.7521316)
	tags := []table{
		{"desc", localized("sRGB")}, {"cprt", localized("No copyright, use freely")}, {"wtpt", xyz(0.9642, 1, 0.8249)},
		{"chad", adapt}, {"rXYZ", xyz(0.4360747, 0.2225045, 0.0139322)}, {"gXYZ", xyz(0.3850649, 0.7168786, 0.0971045)},
		{"bXYZ", xyz(0.1430804, 0.0606169, 0.7141733)}, {"rTRC", curve}, {"gTRC", nil}, {"bTRC", nil},
	}
	head := make([]byte, 128)
	copy(head[8:], "\x04\x20\x00\x00mntrRGB XYZ ")
	copy(head[24:], "\x07\xe8\x00\x01\x00\x01") // 2024-01-01, so that a profile is always the same
	copy(head[36:], "acsp")
	copy(head[68:], appendFixed(nil, 0.9642, 1, 0.8249))
	out := binary.BigEndian.AppendUint32(head, uint32(len(tags)))
	at, body, last := 132+12*len(tags), []byte(nil), [2]int{}
	for _, t := range tags {
		if t.data != nil {
			last = [2]int{at + len(body), len(t.data)}
			body = append(body, t.data...)
			for len(body)%4 != 0 {
				body = append(body, 0)
			}
		}
		out = append(out, t.tag...) // a tag without data shares the one before
		out = binary.BigEndian.AppendUint32(out, uint32(last[0]))
		out = binary.BigEndian.AppendUint32(out, uint32(last[1]))
	}
	out = append(out, body...)
	binary.BigEndian.PutUint32(out, uint32(len(out)))
	return out
}

// appendFixed writes s15Fixed16 numbers.
func appendFixed(b []byte, vs ...float64) []byte {
	for _, v := range vs {
		b = binary.BigEndian.AppendUint32(b, uint32(int32(math.Round(v*65536))))
	}
	return b
}

// localized is a multiLocalizedUnicodeType of one ASCII text.
func localized(s string) []byte {
	b := []byte("mluc\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x0cenUS")
	b = binary.BigEndian.AppendUint32(b, uint32(2*len(s)))
	b = binary.BigEndian.AppendUint32(b, 28)
	for _, c := range []byte(s) {
		b = append(b, 0, c)
	}
	return b
}
