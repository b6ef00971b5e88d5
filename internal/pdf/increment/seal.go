package increment

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"yinzheng/internal/pdf/cos"
)

const (
	maxReserve = 1 << 20 // of a signature: a seal with its picture, certificates and a timestamp has some 15 KB
	maxPlaces  = 256     // of one seal
	maxHandler = 127     // of a handler's name
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
	Timestamp  bool // a document timestamp, which a certification never forbids; Certify is then 0
}

// Prepare makes the revision that a seal adds to a file. Errors: ErrCertified, ErrField, ErrLocked, ErrForm.
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
	f, err := readForm(file)
	if err != nil {
		return nil, err
	}
	if f.certified() == 1 && !s.Timestamp {
		return nil, fmt.Errorf("%w: nothing may change (P = 1)", ErrCertified)
	}
	if s.Certify != 0 && len(f.signed) > 0 {
		return nil, fmt.Errorf("%w: only the first signature certifies", ErrCertified)
	}
	sig := f.u.Reserve()
	lock, err := f.place(s, sig)
	if err != nil {
		return nil, err
	}
	if s.Certify != 0 {
		if err := f.certify(sig); err != nil {
			return nil, err
		}
	}
	if s.Timestamp || s.SubFilter == padesSubFilter {
		f.extend()
	}
	references, err := f.references(s, lock)
	if err != nil {
		return nil, err
	}
	return f.finish(s, sig, references)
}

// check refuses a seal that cannot be written.
func (s *Seal) check() error {
	if err := checkPlaces(s.Places); err != nil {
		return err
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
	return nil
}

// place writes fields and pictures for all places, and returns the /Lock of a field that was filled.
func (f *form) place(s Seal, sig cos.Ref) (lock cos.Value, err error) {
	var image cos.Ref
	spots := make([]spot, len(s.Places))
	for i, p := range s.Places {
		if spots[i], err = f.locate(p); err != nil {
			return nil, err
		}
		at := spots[i]
		if at.lock != nil {
			if lock != nil && !bytes.Equal(cos.Append(nil, lock), cos.Append(nil, at.lock)) {
				return nil, fmt.Errorf("%w: two fields with a /Lock each", ErrField)
			}
			lock = at.lock
		}
		d := at.dict.With("V", sig)
		if s.Picture != nil && at.visible() {
			if image == (cos.Ref{}) {
				image = f.image(s.Picture)
			}
			d = d.With("AP", cos.Dict{{Key: "N", Value: f.u.shown(image, at.Place, at.rotate)}})
		}
		f.u.Set(at.ref, d)
	}
	return lock, f.enter(spots, signatureFields|appendOnly)
}

// certify names the signature in /Perms (ISO 32000-1, 12.8.4), beside what is there.
func (f *form) certify(sig cos.Ref) error {
	perms, ok := f.resolved(f.root.Get("Perms")).(cos.Dict)
	if f.root.Get("Perms") != nil && !ok || perms.Get("DocMDP") != nil {
		return fmt.Errorf("%w: the catalogue has a certification", ErrCertified)
	}
	perms = perms.With("DocMDP", sig)
	if at, indirect := f.root.Get("Perms").(cos.Ref); indirect {
		f.u.Set(at, perms)
	} else {
		f.setRoot("Perms", perms)
	}
	return nil
}

// references are the transforms of a signature (ISO 32000-1, 12.8.2).
func (f *form) references(s Seal, lock cos.Value) (cos.Array, error) {
	var out cos.Array
	reference := func(method string, more []cos.Entry, params cos.Dict) {
		params = append(cos.Dict{{Key: "Type", Value: cos.Name("TransformParams")}}, params...)
		out = append(out, append(cos.Dict{{Key: "Type", Value: cos.Name("SigRef")}, {Key: "TransformMethod", Value: cos.Name(method)},
			{Key: "TransformParams", Value: append(params, cos.Entry{Key: "V", Value: cos.Name("1.2")})}}, more...))
	}
	if s.Certify != 0 {
		reference("DocMDP", nil, cos.Dict{{Key: "P", Value: cos.Integer(s.Certify)}})
	}
	if lock != nil && !s.Timestamp {
		d, ok := f.resolved(lock).(cos.Dict)
		action, named := f.resolved(d.Get("Action")).(cos.Name)
		if !ok || !named || !slices.Contains([]cos.Name{"All", "Include", "Exclude"}, action) {
			return nil, fmt.Errorf("%w: /Lock is not one", ErrField)
		}
		params := cos.Dict{{Key: "Action", Value: action}}
		if names := d.Get("Fields"); names != nil {
			params = append(params, cos.Entry{Key: "Fields", Value: names})
		}
		// /Data is required with FieldMDP alone (ISO 32000-1, table 253).
		reference("FieldMDP", []cos.Entry{{Key: "Data", Value: f.rootRef}}, params)
	}
	return out, nil
}

// finish writes the revision. The numbers of /ByteRange change the length of what they measure: a round whose numbers have the
// length of the ones measured is the last. A good guess makes it the first; after a bad one the shortest numbers begin, and from
// round to round they only grow. The signature stands behind all other objects, so that a round writes little.
func (f *form) finish(s Seal, sig cos.Ref, references cos.Array) (*Prepared, error) {
	p := &Prepared{file: f.u.v.File(), base: f.u.start}
	var ranges [4]int64
	f.u.tail = &placed{ref: sig, raw: func(b []byte) []byte {
		b, p.gap = s.append(b, ranges, references)
		return b
	}}
	if err := f.u.check(); err != nil {
		return nil, err
	}
	body, rows := f.u.body(2*s.Reserve + objectRoom)
	guess := f.u.start + int64(len(body)) + 100
	ranges = [4]int64{0, guess, guess + 2*int64(s.Reserve) + 2, 500}
	for round := 0; ; round++ {
		p.tail = f.u.end(body, rows)
		was, is := appendRange(nil, ranges), appendRange(nil, p.ByteRange())
		if len(was) == len(is) {
			copy(p.tail[p.gap[0]-1-len(is):], is)
			return p, nil
		}
		if ranges = p.ByteRange(); round == 0 {
			ranges = [4]int64{0, 1, 1, 1}
		}
	}
}

// append writes the signature dictionary (ISO 32000-1, table 252) and says where its /Contents token is.
func (s *Seal) append(b []byte, ranges [4]int64, references cos.Array) (out []byte, gap [2]int) {
	kind := cos.Name("Sig")
	if s.Timestamp {
		kind = "DocTimeStamp"
	}
	b = append(b, "<<"...)
	entry := func(key string, v cos.Value) {
		b = cos.Append(append(append(append(b, " /"...), key...), ' '), v)
	}
	entry("Type", kind)
	entry("Filter", cos.Name(s.Filter))
	entry("SubFilter", cos.Name(s.SubFilter))
	b = append(appendRange(b, ranges), ' ')
	gap[0] = len(b)
	b = append(b, '<')
	for n := 2 * s.Reserve; n > 0; n -= len(zeros) {
		b = append(b, zeros[:min(n, len(zeros))]...)
	}
	b = append(b, '>')
	gap[1] = len(b)
	if !s.Time.IsZero() {
		entry("M", date(s.Time))
	}
	for _, t := range []struct{ key, text string }{{"Name", s.SignerName}, {"Reason", s.Reason}, {"Location", s.Location}} {
		if t.text != "" {
			entry(t.key, cos.TextString(t.text))
		}
	}
	if len(references) > 0 {
		entry("Reference", references)
	}
	return append(b, " >>"...), gap
}

const zeros = "0000000000000000000000000000000000000000000000000000000000000000"

// appendRange writes what stands before the /Contents token; see also Prepared.UnmarshalBinary.
func appendRange(b []byte, r [4]int64) []byte {
	return fmt.Appendf(b, " /ByteRange [%d %d %d %d] /Contents", r[0], r[1], r[2], r[3])
}

// date is a date (ISO 32000-1, 7.9.4) with the offset of t's own zone.
func date(t time.Time) cos.String {
	s := t.Format("D:20060102150405")
	if _, seconds := t.Zone(); seconds == 0 {
		return cos.String{Bytes: []byte(s + "Z")}
	}
	return cos.String{Bytes: []byte(s + strings.Replace(t.Format("-07:00"), ":", "'", 1) + "'")}
}
