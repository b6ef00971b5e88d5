package pdftest

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Seal says how Sign adds a signature; the zero Seal is an invisible PAdES signature without contents.
type Seal struct {
	Field     string                      // name of an empty field or of a new one; "" for "Seal"
	Page      int                         // object number of the page; 0 for the first
	Rect      string                      // of a new field, "" for one of no area
	Look      string                      // content stream of the appearance; "" for none
	LookDict  string                      // further entries of the appearance's dictionary
	Widget    string                      // further entries of the field
	SubFilter string                      // "" for ETSI.CAdES.detached
	Filter    string                      // "" for Adobe.PPKLite
	Type      string                      // "" for Sig
	Entries   string                      // further entries of the signature dictionary
	Catalog   string                      // further entries of the catalog
	Certify   int                         // P of DocMDP
	Reserve   int                         // bytes for the contents; 0 for 16000
	Sign      func(covered []byte) []byte // makes the contents
	Extra     func(s *Scanned, w *Writer) // writes further objects into the same increment
	Across    bool                        // a field on every page, all with this value

	// For attacks: how /ByteRange and /Contents are spelled, and what is covered.
	Range   func(r [4]int64) string
	Covered func(file []byte, r [4]int64) []byte
	Hex     func(hex string, room int) string // with its brackets, at most room+2 characters
}

// rangeWidth is the room that a /ByteRange has.
const rangeWidth = 80

// Sign adds a signature in an increment.
func Sign(file []byte, s Seal) []byte {
	out, r, room := prepareSign(file, s)
	spelled := fmt.Sprintf("[%d %d %d %d]", r[0], r[1], r[2], r[3])
	if s.Range != nil {
		spelled = s.Range(r)
	}
	at := bytes.LastIndex(out, []byte(rangeMark))
	copy(out[at:at+rangeWidth], []byte(fmt.Sprintf("%-*s", rangeWidth, spelled)))
	covered := slices.Concat(out[r[0]:r[0]+r[1]], out[r[2]:r[2]+r[3]])
	if s.Covered != nil {
		covered = s.Covered(out, r)
	}
	digits := ""
	if s.Sign != nil {
		digits = hex.EncodeToString(s.Sign(covered))
	}
	if len(digits) > room {
		panic(fmt.Sprintf("pdftest: %d digits do not fit into %d", len(digits), room))
	}
	token := "<" + digits + strings.Repeat("0", room-len(digits)) + ">"
	if s.Hex != nil {
		token = fmt.Sprintf("%-*s", room+2, s.Hex(digits, room))
	}
	copy(out[r[1]:r[2]], token)
	return out
}

var rangeMark = "[RANGE" + strings.Repeat(" ", rangeWidth-6)

// prepareSign writes the increment with an empty /Contents, and returns it with its byte range and the digits' room.
func prepareSign(file []byte, s Seal) (out []byte, r [4]int64, room int) {
	scan := Scan(file)
	w := scan.Continue()
	room = 2 * s.Reserve
	if room == 0 {
		room = 32000
	}
	value, look := w.size, w.size+1
	field := w.size + 2
	page := s.Page
	if page == 0 {
		page = scan.FirstPage()
	}
	kind := or(s.Type, "Sig")
	if kind == "Sig" && !strings.Contains(s.Entries, "/M (") {
		s.Entries += " /M (D:20260302090000+08'00')"
	}
	dict := fmt.Sprintf("<< /Type /%s /Filter /%s /SubFilter /%s /ByteRange %s /Contents <%s> %s%s >>", kind, or(s.Filter, "Adobe.PPKLite"),
		or(s.SubFilter, "ETSI.CAdES.detached"), rangeMark, strings.Repeat("0", room), s.Entries, reference(s.Certify))
	w.Obj(value, dict)
	ap := ""
	if s.Look != "" {
		w.Stream(look, "/Type /XObject /Subtype /Form /BBox [0 0 100 100] "+s.LookDict, []byte(s.Look))
		ap = fmt.Sprintf(" /AP << /N %d 0 R >>", look)
	} else {
		field = look
	}
	if empty := scan.empty(or(s.Field, "Seal")); empty != 0 {
		scan.Set(empty, Put(scan.Bodies[empty], fmt.Sprintf("/V %d 0 R%s%s", value, ap, s.Widget)))
		scan.register(0, 0)
	} else {
		w.Obj(field, fmt.Sprintf("<< /Type /Annot /Subtype /Widget /FT /Sig /T (%s) /V %d 0 R /Rect %s /F 132 /P %d 0 R%s%s >>",
			or(s.Field, "Signature"), value, or(s.Rect, "[0 0 0 0]"), page, ap, s.Widget))
		scan.register(field, page)
	}
	scan.certify(s.Certify, value, s.Catalog)
	if s.Across {
		scan.across(w, or(s.Field, "Seal"), value, ap, page)
	}
	if s.Extra != nil {
		s.Extra(scan, w)
	}
	out = scan.Finish(w)
	a := int64(bytes.LastIndex(out, []byte("/Contents <"+strings.Repeat("0", 64)))) + int64(len("/Contents "))
	b := a + int64(room) + 2
	return out, [4]int64{0, a, b, int64(len(out)) - b}, room
}

func reference(p int) string {
	if p == 0 {
		return ""
	}
	return fmt.Sprintf(" /Reference [<< /Type /SigRef /TransformMethod /DocMDP /TransformParams << /Type /TransformParams /P %d /V /1.2 >> >>]", p)
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// Put puts entries before the end of a dictionary.
func Put(body, entries string) string {
	i := strings.LastIndex(body, ">>")
	if i < 0 {
		return "<< " + entries + " >>" // an attack has taken the dictionary away
	}
	return body[:i] + entries + " " + body[i:]
}

// Drop takes an entry with a simple value away.
func Drop(body, key string) string {
	return regexp.MustCompile(key+` (\[[^\]]*\]|<<[^<>]*>>|\([^)]*\)|/\w+|\d+ \d+ R|[-+.\d]+|true|false)`).ReplaceAllString(body, "")
}

// FirstPage is the number of the first page.
func (s *Scanned) FirstPage() int {
	kids := regexp.MustCompile(`/Kids ?\[\s*(\d+) 0 R`)
	num := int(atoi(regexp.MustCompile(`/Pages (\d+) 0 R`).FindStringSubmatch(s.Bodies[s.Root])))
	for range 16 {
		m := kids.FindStringSubmatch(s.Bodies[num])
		if m == nil && strings.Contains(s.Bodies[num], "/Type /Page") {
			return num
		}
		num = int(atoi(m))
	}
	return s.Find(`/Type /Page\b`)
}

func atoi(match []string) (n int64) {
	if match != nil {
		_, _ = fmt.Sscan(match[1], &n) // digits, by the expression
	}
	return n
}

// register lists a field on its page and in the form (nothing but /SigFlags when field is 0).
func (s *Scanned) register(field, page int) {
	catalog := s.Bodies[s.Root]
	flags := "/SigFlags 3"
	if field != 0 {
		s.list(page, "Annots", field)
	}
	direct := direct(catalog, "/AcroForm")
	ref := regexp.MustCompile(`/AcroForm (\d+) 0 R`)
	switch {
	case ref.MatchString(catalog):
		num := int(atoi(ref.FindStringSubmatch(catalog)))
		body := s.Bodies[num]
		if field != 0 {
			body = append1(body, "Fields", field)
		}
		if !strings.Contains(body, "/SigFlags") {
			body = Put(body, flags)
		}
		s.Set(num, body)
	case direct != "":
		body := direct
		if field != 0 {
			body = append1(body, "Fields", field)
		}
		if !strings.Contains(body, "/SigFlags") {
			body = Put(body, flags)
		}
		s.Set(s.Root, strings.Replace(catalog, direct, body, 1))
	default:
		s.Set(s.Root, Put(catalog, fmt.Sprintf("/AcroForm << /Fields [%d 0 R] %s >>", field, flags)))
	}
}

// empty is the number of the empty signature field of a name, 0 for none.
func (s *Scanned) empty(name string) int {
	num := s.Find(`/FT /Sig /T \(` + name + `\)`)
	if strings.Contains(s.Bodies[num], "/V ") {
		return 0
	}
	return num
}

// WithField appends an empty signature field on the first page.
func WithField(file []byte, name, rect string) []byte {
	return increment(file, func(s *Scanned, w *Writer) {
		page, num := s.FirstPage(), w.size
		w.Obj(num, fmt.Sprintf("<< /Type /Annot /Subtype /Widget /FT /Sig /T (%s) /Rect %s /F 132 /P %d 0 R >>", name, rect, page))
		s.register(num, page)
	})
}

// across puts fields with one value on all pages but one.
func (s *Scanned) across(w *Writer, name string, value int, ap string, but int) {
	for n, page := range s.Pages() {
		if page == but {
			continue
		}
		num := w.size
		w.Obj(num, fmt.Sprintf("<< /Type /Annot /Subtype /Widget /FT /Sig /T (%s-%d) /V %d 0 R /Rect [575 300 595 400] /F 132 /P %d 0 R%s >>", name, n+1, value, page, ap))
		s.register(num, page)
	}
}

// Pages are the numbers of the pages' objects, in ascending order.
func (s *Scanned) Pages() []int {
	var pages []int
	for num, body := range s.Bodies {
		if rePage.MatchString(body) {
			pages = append(pages, num)
		}
	}
	slices.Sort(pages)
	return pages
}

var rePage = regexp.MustCompile(`^<< /Type /Page\b`)

// list appends a reference to an array of an object: direct, indirect or absent.
func (s *Scanned) list(num int, key string, ref int) {
	body := s.Bodies[num]
	indirect := regexp.MustCompile(`/` + key + ` (\d+) 0 R`)
	if m := indirect.FindStringSubmatch(body); m != nil {
		array := int(atoi(m))
		text := s.Bodies[array]
		i := strings.LastIndex(text, "]")
		s.Set(array, fmt.Sprintf("%s %d 0 R%s", text[:i], ref, text[i:]))
		return
	}
	s.Set(num, append1(body, key, ref))
}

func append1(body, key string, ref int) string {
	array := regexp.MustCompile(`/` + key + ` ?\[([^\]]*)\]`)
	if m := array.FindStringSubmatchIndex(body); m != nil {
		return fmt.Sprintf("%s %d 0 R%s", body[:m[3]], ref, body[m[3]:])
	}
	return Put(body, fmt.Sprintf("/%s [%d 0 R]", key, ref))
}

// direct is an entry of a dictionary whose value is a dictionary, "" when there is none.
func direct(body, key string) string {
	i := strings.Index(body, key)
	if i < 0 || !strings.HasPrefix(strings.TrimLeft(body[i+len(key):], " "), "<<") {
		return ""
	}
	depth := 0
	for j := i + len(key); j+1 < len(body); j++ {
		switch body[j : j+2] {
		case "<<":
			depth++
			j++
		case ">>":
			depth--
			j++
		}
		if depth == 0 && body[j] == '>' {
			return body[i : j+1]
		}
	}
	return ""
}

// Set changes an object; Finish writes it, once.
func (s *Scanned) Set(num int, body string) {
	s.Bodies[num] = body
	s.staged[num] = true
}

// certify puts /Perms and further entries into the catalog.
func (s *Scanned) certify(p, value int, entries string) {
	if p != 0 {
		entries += fmt.Sprintf(" /Perms << /DocMDP %d 0 R >>", value)
	}
	if entries != "" {
		if d := direct(s.Bodies[s.Root], "/Perms"); d != "" && p != 0 {
			s.Bodies[s.Root] = strings.Replace(s.Bodies[s.Root], d, "", 1)
		}
		s.Set(s.Root, Put(s.Bodies[s.Root], entries))
	}
}

// Contents is the value of the file's last signature, with the zeros behind it.
func Contents(file []byte) []byte {
	g := Scan(file).signature()
	b, err := hex.DecodeString(even(string(file[g.at+1 : g.end-1])))
	if err != nil {
		panic(err) // a file of the tests
	}
	return b
}
