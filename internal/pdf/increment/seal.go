package increment

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"yinzheng/internal/midstate"
	"yinzheng/internal/pdf/cos"
	"yinzheng/internal/pdf/signature"
)

const (
	maxReserve = 1 << 20 // of a signature: a seal with its picture, certificates and a timestamp has some 15 KB
	maxPlaces  = 256     // of one seal
	maxHandler = 127     // of a handler's name
	copyBytes  = 256 << 10
)

// Seal is a signature to be.
type Seal struct {
	Places     []Place   // at least one; several are fields that share one signature
	Picture    *Picture  // nil: nothing is shown
	Filter     string    // name of the signature handler, e.g. GM.PKILite
	SubFilter  string    // what /Contents holds, e.g. GM.sm2seal
	Time       time.Time // /M, in its own zone; zero for none
	SignerName string    // /Name; like Time, Reason and Location no evidence; "" for none
	Reason     string
	Location   string
	Reserve    int  // bytes of the longest signature that Complete may be given
	Certify    int  // the first signature of a file may certify it: 1, nothing may follow, or 2, seals may; 0 for no certification
	Timestamp  bool // a document timestamp
}

// Prepared is a revision with an empty signature: what is left is to sign its digest and to call Complete. It is for one
// goroutine.
type Prepared struct {
	file      *cos.File
	tail      []byte
	gap       [2]int
	base      int64
	reserve   int
	completed bool
}

// Prepare makes the revision that a seal adds to a file. Errors: ErrCertified, ErrField, ErrForm.
func Prepare(file *cos.File, s Seal) (*Prepared, error) {
	p, err := prepare(file, s)
	if err != nil {
		return nil, fmt.Errorf("preparing a seal: %w", err)
	}
	return p, nil
}

func prepare(file *cos.File, s Seal) (*Prepared, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	f, err := newForm(file)
	if err != nil {
		return nil, err
	}
	if f.fields.Certified == 1 && !s.Timestamp {
		return nil, fmt.Errorf("%w: nothing may change (P = 1)", ErrCertified)
	}
	if s.Certify != 0 && len(f.fields.Signed) > 0 {
		return nil, fmt.Errorf("%w: only the first signature certifies", ErrCertified)
	}
	sig := f.reserve()
	lock, err := f.place(s, sig)
	if err != nil {
		return nil, err
	}
	references, err := s.references(f, lock)
	if err != nil {
		return nil, err
	}
	return f.finish(s, sig, references), nil
}

// check refuses a seal that cannot be written.
func (s *Seal) check() error {
	if len(s.Places) < 1 || len(s.Places) > maxPlaces {
		return fmt.Errorf("%w: %d places, 1 to %d", ErrField, len(s.Places), maxPlaces)
	}
	if s.Reserve < 1 || s.Reserve > maxReserve {
		return fmt.Errorf("%w: a reserve of %d bytes, 1 to %d", ErrField, s.Reserve, maxReserve)
	}
	if s.Certify < 0 || s.Certify > 2 || s.Timestamp && s.Certify != 0 {
		return fmt.Errorf("%w: a certification with P = %d", ErrField, s.Certify)
	}
	for _, n := range []string{s.Filter, s.SubFilter} {
		if n == "" || len(n) > maxHandler || strings.IndexFunc(n, func(r rune) bool { return r <= ' ' || r > '~' }) >= 0 {
			return fmt.Errorf("%w: handler %.40q", ErrField, n)
		}
	}
	for i, p := range s.Places {
		if slices.ContainsFunc(s.Places[:i], func(o Place) bool { return o.Field == p.Field }) {
			return fmt.Errorf("%w: name %q stands twice", ErrField, p.Field)
		}
		if part := p.Part; part != ([4]float64{}) && (part[0] < 0 || part[1] < 0 || part[2] > 1 || part[3] > 1 || part[0] >= part[2] || part[1] >= part[3]) {
			return fmt.Errorf("%w: part %v of a picture", ErrField, part)
		}
	}
	return nil
}

// place writes fields and pictures for all places, and returns the /Lock of a field that was filled.
func (f *form) place(s Seal, sig cos.Ref) (lock cos.Value, err error) {
	var image cos.Ref
	var fields []cos.Value
	widgets := map[int][]cos.Value{}
	for _, p := range s.Places {
		at, d, field, there, err := f.waiting(p.Field)
		if err != nil {
			return nil, err
		}
		if there {
			p.Page, p.Rect = field.Page, field.Rect
			lock = d.Get("Lock")
		} else {
			if err := f.check(p); err != nil {
				return nil, err
			}
			d, at = f.widget(p), f.reserve()
			fields, widgets[p.Page] = append(fields, at), append(widgets[p.Page], at)
		}
		d = d.With("V", sig)
		if s.Picture != nil && p.visible() {
			if image == (cos.Ref{}) {
				image = s.Picture.enter(f.update)
			}
			d = d.With("AP", cos.Dict{{Key: "N", Value: f.shown(image, p, f.pages[p.Page].Rotate)}})
		}
		f.set(at, d)
	}
	var perms cos.Value
	if s.Certify != 0 {
		perms = cos.Dict{{Key: "DocMDP", Value: sig}}
	}
	return lock, f.enter(fields, widgets, perms)
}

// references are the transforms of a signature (ISO 32000-1, 12.8.2).
func (s *Seal) references(f *form, lock cos.Value) (cos.Array, error) {
	var out cos.Array
	reference := func(method string, params cos.Dict) {
		out = append(out, cos.Dict{{Key: "Type", Value: cos.Name("SigRef")}, {Key: "TransformMethod", Value: cos.Name(method)},
			{Key: "TransformParams", Value: params}})
	}
	head := cos.Dict{{Key: "Type", Value: cos.Name("TransformParams")}}
	if s.Certify != 0 {
		reference("DocMDP", append(slices.Clone(head), cos.Entry{Key: "P", Value: cos.Integer(s.Certify)}, cos.Entry{Key: "V", Value: cos.Name("1.2")}))
	}
	if lock != nil && !s.Timestamp {
		d, ok, err := f.v.Dict(lock)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, fmt.Errorf("%w: /Lock is not a dictionary", ErrField)
		}
		params := append(slices.Clone(head), cos.Entry{Key: "Action", Value: d.Get("Action")}, cos.Entry{Key: "V", Value: cos.Name("1.2")})
		if names := d.Get("Fields"); names != nil {
			params = append(params, cos.Entry{Key: "Fields", Value: names})
		}
		if d.Get("Action") == nil {
			return nil, fmt.Errorf("%w: /Lock without /Action", ErrField)
		}
		reference("FieldMDP", params)
	}
	return out, nil
}

// finish writes the revision. The numbers of /ByteRange change the length of what they measure; with a good guess the first round
// has numbers of the right length. It ends, for a round that does not can only make them longer or, once, shorter.
func (f *form) finish(s Seal, sig cos.Ref, references cos.Array) *Prepared {
	guess := f.start + int64(f.weight())
	ranges := [4]int64{0, guess, guess + 2*int64(s.Reserve) + 2, 1000} // most likely of the right length
	var gap [2]int
	f.size = f.weight() + 2*s.Reserve + 4096
	seed := sha256.Sum256(fmt.Appendf(nil, "%v %v", s.Time, sig))
	f.objects = append(f.objects, placed{ref: sig, raw: func(b []byte) []byte {
		b, gap = s.append(b, ranges, references)
		return b
	}})
	for {
		tail := f.bytes(seed[:])
		measured := [4]int64{0, f.start + int64(gap[0]), f.start + int64(gap[1]), int64(len(tail) - gap[1])}
		was, is := rangeText(nil, ranges), rangeText(nil, measured)
		if len(was) == len(is) { // numbers of the same length: they move nothing
			at := bytes.LastIndex(tail[:gap[0]], was)
			copy(tail[at:], is)
			return &Prepared{file: f.v.File(), tail: tail, gap: gap, base: f.start, reserve: s.Reserve}
		}
		ranges = measured
	}
}

// append writes the signature dictionary (ISO 32000-1, table 252) and says where its /Contents token is.
func (s *Seal) append(b []byte, ranges [4]int64, references cos.Array) (out []byte, gap [2]int) {
	kind := "Sig"
	if s.Timestamp {
		kind = "DocTimeStamp"
	}
	b = append(b, "<< /Type /"...)
	b = append(b, kind...)
	for _, e := range []cos.Entry{{Key: "Filter", Value: cos.Name(s.Filter)}, {Key: "SubFilter", Value: cos.Name(s.SubFilter)}} {
		b = cos.Append(append(b, " /"+string(e.Key)+" "...), e.Value)
	}
	b = append(rangeText(append(b, ' '), ranges), " /Contents "...)
	gap[0] = len(b)
	b = append(b, '<')
	for left := 2 * s.Reserve; left > 0; {
		n := min(left, len(zeros))
		b = append(b, zeros[:n]...)
		left -= n
	}
	b = append(b, '>')
	gap[1] = len(b)
	if !s.Time.IsZero() {
		b = cos.Append(append(b, " /M "...), date(s.Time))
	}
	for _, t := range []struct{ key, text string }{{"Name", s.SignerName}, {"Reason", s.Reason}, {"Location", s.Location}} {
		if t.text != "" {
			b = cos.Append(append(b, " /"+t.key+" "...), cos.TextString(t.text))
		}
	}
	if len(references) > 0 {
		b = cos.Append(append(b, " /Reference "...), references)
	}
	return append(b, " >>"...), gap
}

func rangeText(b []byte, r [4]int64) []byte {
	return fmt.Appendf(b, "/ByteRange [%d %d %d %d]", r[0], r[1], r[2], r[3])
}

// date is a date (ISO 32000-1, 7.9.4) with the offset of t's own zone.
func date(t time.Time) cos.String {
	s := t.Format("D:20060102150405")
	if _, seconds := t.Zone(); seconds == 0 {
		return cos.String{Bytes: []byte(s + "Z")}
	}
	return cos.String{Bytes: []byte(s + strings.Replace(t.Format("-07:00"), ":", "'", 1) + "'")}
}

// Tail is the revision with its empty signature.
func (p *Prepared) Tail() []byte { return p.tail }

// Gap is where the /Contents token stands in Tail.
func (p *Prepared) Gap() [2]int { return p.gap }

// ByteRange is what is signed (ISO 32000-1, table 252).
func (p *Prepared) ByteRange() [4]int64 {
	return [4]int64{0, p.base + int64(p.gap[0]), p.base + int64(p.gap[1]), int64(len(p.tail) - p.gap[1])}
}

// Digest is the hash of what is signed. With the trusted state at the end of the file it costs the revision alone; otherwise the
// file is read once. Errors: midstate.ErrState, and those of reading.
func (p *Prepared) Digest(hash signature.Hash, known midstate.State) ([]byte, error) {
	running, sum, from, err := resume(hash, known, p.base)
	if err != nil {
		return nil, fmt.Errorf("hashing a document: %w", err)
	}
	if from < p.base {
		if _, err := io.CopyBuffer(running, io.NewSectionReader(p.file.ReaderAt(), from, p.base-from), make([]byte, copyBytes)); err != nil {
			return nil, fmt.Errorf("hashing a document: %w", err)
		}
	}
	for _, b := range [][]byte{p.tail[:p.gap[0]], p.tail[p.gap[1]:]} {
		if _, err := running.Write(b); err != nil {
			return nil, fmt.Errorf("hashing a document: %w", err)
		}
	}
	return sum(), nil
}

// resume goes on from a state if it is one of this hash and not beyond the end of the file, else begins at byte 0.
func resume(hash signature.Hash, known midstate.State, size int64) (running io.Writer, sum func() []byte, from int64, err error) {
	usable := !known.IsZero() && known.Length <= size && (hash == signature.SM3 || hash == signature.SHA256 && known.SHA256 != nil)
	if !usable {
		h := hash.New()
		if h == nil {
			return nil, nil, 0, fmt.Errorf("%w: %s", signature.ErrSpan, hash)
		}
		return h, func() []byte { return h.Sum(nil) }, 0, nil
	}
	h, err := midstate.Resume(known)
	if err != nil {
		return nil, nil, 0, err
	}
	return h, func() []byte {
		if hash == signature.SM3 {
			d := h.SM3()
			return d[:]
		}
		d, _ := h.SHA256()
		return d[:]
	}, known.Length, nil
}

// Complete puts the signature, one DER SEQUENCE of at most Seal.Reserve bytes, in its place and returns the revision. It works
// once. Errors: ErrCompleted, ErrContents, ErrReserve.
func (p *Prepared) Complete(contents []byte) ([]byte, error) {
	switch {
	case p.completed:
		return nil, ErrCompleted
	case !oneSequence(contents):
		return nil, ErrContents
	case len(contents) > p.reserve:
		return nil, fmt.Errorf("%w: %d bytes, %d reserved", ErrReserve, len(contents), p.reserve)
	}
	out := bytes.Clone(p.tail)
	hex.Encode(out[p.gap[0]+1:], contents)
	p.completed = true
	return out, nil
}

// oneSequence reports whether b is one DER SEQUENCE: its length definite and in the shortest form.
func oneSequence(b []byte) bool {
	if len(b) < 2 || b[0] != 0x30 {
		return false
	}
	n, head := int(b[1]), 2
	if n > 0x84 || n == 0x80 {
		return false
	}
	if n > 0x80 {
		digits := n & 0x7f
		head += digits
		if len(b) < head || b[2] == 0 {
			return false
		}
		n = 0
		for _, c := range b[2:head] {
			n = n<<8 | int(c)
		}
		if n < 0x80 {
			return false
		}
	}
	return n == len(b)-head
}
