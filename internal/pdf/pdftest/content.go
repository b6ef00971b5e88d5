package pdftest

import (
	"bytes"
	"fmt"
	"strings"
)

// object is one object of a document before it is known how it is stored.
type object struct {
	num    int
	body   string // of a dictionary or another value
	stream bool   // body holds the entries, data the bytes
	data   []byte
}

// plan says what a document holds. The zero plan is one page with text.
type plan struct {
	pages     int
	inherit   bool   // MediaBox, Rotate and Resources stand in the page tree
	levels    bool   // two levels of page tree
	form      bool   // text fields and an empty signature field
	lengths   bool   // stream lengths are objects
	annots    bool   // /Annots of a page is an object
	direct    bool   // /AcroForm is in the catalog
	image     bool   // an image and a form XObject are drawn
	xmp       bool   // XML metadata
	outlines  bool   // bookmarks, names, page labels
	catalog   string // further entries of the catalog
	words     string // that the first page says, too
	escapes   bool   // strings and names in every spelling
	bareAnnot bool   // a link annotation
}

// Numbers of the objects of every document made here.
const (
	numCatalog = 1
	numPages   = 2
	numInfo    = 3
	numFont    = 4
	numForm    = 5  // AcroForm
	numName    = 6  // text field "holder"
	numNote    = 7  // text field "note"
	numEmpty   = 8  // empty signature field "Seal"
	numImage   = 9  // image XObject
	numXObject = 10 // form XObject
	numLook    = 11 // appearance of "holder"
	numMeta    = 12
	numOutline = 13
	numItem    = 14
	numLink    = 15
	numMiddle  = 16 // two nodes of the page tree
	numAnnots  = 18
	numPage    = 20 // page i is numPage+3i, its content +1, the content's length +2
)

// Text is what page n of the documents says.
func Text(page int) string { return fmt.Sprintf("Example licence, page %d: amount 100 yuan", page) }

func (p plan) objects() []object {
	p.pages = max(p.pages, 1)
	o := []object{
		{num: numCatalog, body: p.catalogBody()},
		{num: numInfo, body: "<< /Title (Example) /Producer (pdftest) /CreationDate (D:20260302090000+08'00') >>"},
		{num: numFont, body: "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"},
	}
	o = append(o, p.tree()...)
	for i := range p.pages {
		o = append(o, p.page(i)...)
	}
	return append(o, p.extras()...)
}

func (p plan) catalogBody() string {
	s := "<< /Type /Catalog /Pages 2 0 R"
	switch {
	case p.form && p.direct:
		s += " /AcroForm " + p.formBody()
	case p.form:
		s += " /AcroForm 5 0 R"
	}
	if p.xmp {
		s += " /Metadata 12 0 R"
	}
	if p.outlines {
		s += " /Outlines 13 0 R /PageMode /UseOutlines /PageLabels << /Nums [0 << /S /D >>] >> /ViewerPreferences << /DisplayDocTitle true >>"
	}
	return s + p.catalog + " >>"
}

func (p plan) formBody() string {
	return "<< /Fields [6 0 R 7 0 R 8 0 R] /DA (/F1 12 Tf 0 g) /DR << /Font << /F1 4 0 R >> >> >>"
}

func (p plan) shared() string {
	s := " /Resources << /Font << /F1 4 0 R >>"
	if p.image {
		s += " /XObject << /Im1 9 0 R /Fm1 10 0 R >>"
	}
	return s + " >>"
}

func (p plan) tree() []object {
	top := fmt.Sprintf("<< /Type /Pages /Count %d", p.pages)
	if p.inherit {
		top += " /MediaBox [0 0 595 842]" + p.shared() + " /Rotate 90"
	}
	kids := func(from, to int) string {
		var refs []string
		for i := from; i < to; i++ {
			refs = append(refs, fmt.Sprintf("%d 0 R", numPage+3*i))
		}
		return strings.Join(refs, " ")
	}
	if !p.levels {
		return []object{{num: numPages, body: top + " /Kids [" + kids(0, p.pages) + "] >>"}}
	}
	half := (p.pages + 1) / 2
	node := func(i, from, to int) object {
		return object{num: numMiddle + i, body: fmt.Sprintf("<< /Type /Pages /Parent 2 0 R /Count %d /Kids [%s] >>", to-from, kids(from, to))}
	}
	return []object{{num: numPages, body: top + " /Kids [16 0 R 17 0 R] >>"}, node(0, 0, half), node(1, half, p.pages)}
}

func (p plan) parent(i int) int {
	switch {
	case !p.levels:
		return numPages
	case i < (p.pages+1)/2:
		return numMiddle
	}
	return numMiddle + 1
}

func (p plan) page(i int) []object {
	num := numPage + 3*i
	s := fmt.Sprintf("<< /Type /Page /Parent %d 0 R /Contents %d 0 R", p.parent(i), num+1)
	if !p.inherit {
		s += " /MediaBox [0 0 595 842]" + p.shared()
	}
	var annots string
	if p.form && i == 0 {
		annots = "6 0 R 7 0 R 8 0 R"
	}
	if p.bareAnnot && i == 0 {
		annots += " 15 0 R"
	}
	var objects []object
	switch {
	case annots != "" && p.annots:
		s += " /Annots 18 0 R"
		objects = append(objects, object{num: numAnnots, body: "[" + annots + "]"})
	case annots != "":
		s += " /Annots [" + annots + "]"
	}
	content := []byte(fmt.Sprintf("BT /F1 14 Tf 72 760 Td (%s) Tj ET\n", Text(i+1)))
	if i == 0 && p.words != "" {
		content = append(content, "BT /F1 10 Tf 72 700 Td ("+p.words+") Tj ET\n"...)
	}
	if p.image {
		content = append(content, "q 100 0 0 100 72 600 cm /Im1 Do Q q 1 0 0 1 300 600 cm /Fm1 Do Q\n"...)
	}
	if i > 0 {
		content = deflate(content)
	}
	entries := ""
	if i > 0 {
		entries = "/Filter /FlateDecode "
	}
	if p.lengths {
		entries += fmt.Sprintf("/Length %d 0 R", num+2)
		objects = append(objects, object{num: num + 2, body: fmt.Sprint(len(content))})
	} else {
		entries += fmt.Sprintf("/Length %d", len(content))
	}
	return append([]object{{num: num, body: s + " >>"}, {num: num + 1, body: entries, stream: true, data: content}}, objects...)
}

func (p plan) extras() []object {
	var o []object
	if p.form {
		if !p.direct {
			o = append(o, object{num: numForm, body: p.formBody()})
		}
		look := []byte("/Tx BMC BT /F1 12 Tf 2 6 Td (A. Example) Tj ET EMC")
		o = append(o,
			object{num: numName, body: "<< /Type /Annot /Subtype /Widget /FT /Tx /T (holder) /V (A. Example) /Rect [72 700 300 720] /F 4 /P 20 0 R /DA (/F1 12 Tf 0 g) /AP << /N 11 0 R >> >>"},
			object{num: numNote, body: "<< /Type /Annot /Subtype /Widget /FT /Tx /T (note) /Rect [72 660 300 680] /F 4 /P 20 0 R /DA (/F1 12 Tf 0 g) >>"},
			object{num: numEmpty, body: "<< /Type /Annot /Subtype /Widget /FT /Sig /T (Seal) /Rect [400 100 500 200] /F 132 /P 20 0 R >>"},
			object{num: numLook, stream: true, data: look, body: fmt.Sprintf("/Type /XObject /Subtype /Form /BBox [0 0 228 20] /Resources << /Font << /F1 4 0 R >> >> /Length %d", len(look))})
	}
	if p.image {
		pixels := deflate(bytes.Repeat([]byte{0xd0, 0x10, 0x10}, 64))
		inner := []byte("0.9 0.1 0.1 RG 2 w 1 1 98 98 re S")
		o = append(o,
			object{num: numImage, stream: true, data: pixels, body: fmt.Sprintf("/Type /XObject /Subtype /Image /Width 8 /Height 8 /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /FlateDecode /Length %d", len(pixels))},
			object{num: numXObject, stream: true, data: inner, body: fmt.Sprintf("/Type /XObject /Subtype /Form /BBox [0 0 100 100] /Length %d", len(inner))})
	}
	if p.xmp {
		data := []byte("<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta xmlns:x='adobe:ns:meta/'/><?xpacket end='w'?>")
		o = append(o, object{num: numMeta, stream: true, data: data, body: fmt.Sprintf("/Type /Metadata /Subtype /XML /Length %d", len(data))})
	}
	if p.outlines {
		o = append(o,
			object{num: numOutline, body: "<< /Type /Outlines /First 14 0 R /Last 14 0 R /Count 1 >>"},
			object{num: numItem, body: "<< /Title (Page one) /Parent 13 0 R /Dest [20 0 R /Fit] >>"})
	}
	if p.bareAnnot {
		body := "<< /Type /Annot /Subtype /Link /Rect [10 10 50 50] /Border [0 0 0] /Dest [20 0 R /Fit] >>"
		if p.escapes {
			body = `<< /Type /Annot /Subtype /L#69nk /Rect [+10. -.5 50.00 50] /Border [0 0 0] /Contents (a \(b\) (c) \\ \101 \n\
d) /NM <414243 4> /Dest [20 0 R /Fit]>>`
		}
		o = append(o, object{num: numLink, body: body})
	}
	return o
}
