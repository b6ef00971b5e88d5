package signature

import (
	"bytes"
	"fmt"

	"yinzheng/internal/pdf/cos"
)

// examiner fills in one signature.
type examiner struct {
	*finder
	s           *Signature
	places      []*place
	view        cos.View // the revision that the signature ends
	dict        cos.Dict
	gap, gapEnd int64 // what is left out; -1: not known
}

// examine reads a signature from the value that fields show.
func (e *examiner) examine(x cos.Value) error {
	s := e.s
	for _, p := range e.places {
		s.Fields = append(s.Fields, p.Field)
		if what := e.misplaced(p); what != "" {
			s.problem(0, CodeField, "object %d: %s", p.Ref.Num, what)
		}
	}
	s.Revision = len(e.revisions) - 1
	e.view = e.latest
	d, ok := x.(cos.Dict)
	if !ok {
		s.problem(0, CodeDictionary, "the value of the field is %T, not a dictionary", x)
		return nil
	}
	e.dict = d
	if s.Ref.Num == 0 {
		s.problem(0, CodeDictionary, "the signature is not an object of its own")
	} else if at := writer(e.revisions, e.latest, s.Ref.Num); at >= 0 {
		s.Revision = at
	}
	for _, step := range []func() error{e.names, e.byteRange, e.coverage, e.token, e.transforms, e.aliases} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// names reads what is written in plain (ISO 32000-2, table 255).
func (e *examiner) names() error {
	s, d := e.s, e.dict
	kind, isName := d.Get("Type").(cos.Name)
	if d.Get("Type") != nil && !isName || isName && kind != "Sig" && kind != "DocTimeStamp" {
		s.problem(0, CodeDictionary, "/Type is not /Sig or /DocTimeStamp")
	}
	for _, f := range []struct {
		key cos.Name
		out *string
	}{{"Filter", &s.Filter}, {"SubFilter", &s.SubFilter}} {
		n, ok := d.Get(f.key).(cos.Name)
		if !ok || n == "" {
			s.problem(0, CodeDictionary, "/%s is not a name", f.key)
		}
		*f.out = string(n)
	}
	s.Timestamp = kind == "DocTimeStamp" || s.SubFilter == "ETSI.RFC3161"
	if s.Timestamp && (kind == "Sig" || s.SubFilter != "ETSI.RFC3161") {
		s.problem(0, CodeDictionary, "/Type and /SubFilter disagree whether it is a timestamp")
	}
	for _, f := range []struct {
		key cos.Name
		out *string
	}{{"Name", &s.SignerName}, {"Reason", &s.Reason}, {"Location", &s.Location}, {"M", &s.Date}} {
		x, err := e.latest.Resolve(d.Get(f.key))
		if err != nil {
			return err
		}
		if _, null := x.(cos.Null); x == nil || null {
			continue
		}
		text, ok := cos.Text(x)
		if !ok {
			s.problem(0, CodeDictionary, "/%s is not a text string", f.key)
		}
		*f.out = text
	}
	return nil
}

// byteRange wants four direct integers [0 a b c], 0 < a < b, b+c within the file (ISO 32000-1, 12.8.1).
func (e *examiner) byteRange() error {
	numbers, ok := e.dict.Get("ByteRange").(cos.Array)
	if !ok || len(numbers) != 4 {
		e.s.problem(0, CodeByteRange, "/ByteRange is not a direct array of four")
		return nil
	}
	var r [4]int64
	for i, x := range numbers {
		n, ok := x.(cos.Integer)
		if !ok || n < 0 {
			e.s.problem(0, CodeByteRange, "number %d of /ByteRange is not a direct non-negative integer", i+1)
			return nil
		}
		r[i] = int64(n)
	}
	e.s.ByteRange = r
	if size := e.f.Size(); r[0] != 0 || r[1] <= 0 || r[2] < r[1]+2 || r[3] <= 0 || r[2] > size || r[3] > size-r[2] {
		e.s.problem(0, CodeByteRange, "/ByteRange %v does not fit a file of %d bytes", r, size)
		return nil
	}
	e.gap, e.gapEnd = r[1], r[2]
	return e.rangeSpelling()
}

// maxBeside bounds what is searched for /ByteRange before and behind /Contents; a signature dictionary has a few hundred bytes.
const maxBeside = 8192

// rangeSpelling wants the dictionary to say /ByteRange once, followed by digits and white space in brackets: a verifier that
// looks for it with a pattern, as many do, then reads the same numbers.
func (e *examiner) rangeSpelling() error {
	slot, ok := e.latest.Slot(e.s.Ref.Num)
	if e.s.Ref.Num == 0 || !ok || slot.Kind != cos.Plain || slot.Offset >= e.gap {
		return nil // coverage says so
	}
	beside, err := e.read(max(slot.Offset, e.gap-maxBeside), e.gap)
	if err != nil {
		return err
	}
	after, err := e.read(e.gapEnd, min(e.gapEnd+maxBeside, e.f.Size()))
	if err != nil {
		return err
	}
	if i := bytes.Index(after, []byte("endobj")); i >= 0 {
		after = after[:i]
	}
	beside = append(beside, after...)
	_, token, found := bytes.Cut(beside, []byte("/ByteRange"))
	token = bytes.TrimLeft(token, " \t\r\n")
	spelled, _, closed := bytes.Cut(token, []byte("]"))
	if !found || !closed || len(spelled) == 0 || spelled[0] != '[' || bytes.Contains(token, []byte("/ByteRange")) ||
		len(bytes.Trim(spelled[1:], "0123456789 \t\r\n")) > 0 {
		e.s.problem(slot.Offset, CodeByteRange, "/ByteRange is not spelled once and with digits")
	}
	return nil
}

// read takes bytes of the file.
func (e *examiner) read(start, end int64) ([]byte, error) {
	b := make([]byte, end-start)
	if n, err := e.f.ReaderAt().ReadAt(b, start); n < len(b) {
		return nil, fmt.Errorf("reading a signature: %w", err)
	}
	return b, nil
}

// coverage looks for the revision that the second range ends, and whether the dictionary is of that revision.
func (e *examiner) coverage() error {
	s := e.s
	if e.gap < 0 || s.Ref.Num == 0 {
		return nil
	}
	end := s.ByteRange[2] + s.ByteRange[3]
	at := -1
	for i, r := range e.revisions {
		if r.End == end || r.End > end && r.End-end <= 2 && end > r.Start && e.isEOL(end, r.End) {
			at = i
		}
	}
	slot, ok := e.latest.Slot(s.Ref.Num)
	if !ok || slot.Kind != cos.Plain {
		s.problem(0, CodeDictionary, "the dictionary is in an object stream")
		return nil
	}
	if at < 0 {
		s.problem(end, CodeCoverage, "/ByteRange ends at %d, where no revision ends", end)
		return nil
	}
	r := e.revisions[at]
	then, ok := e.f.View(at).Slot(s.Ref.Num)
	switch {
	case !ok || then != slot:
		s.problem(slot.Offset, CodeCoverage, "the dictionary was written again after revision %d, which it signs", at)
	case slot.Offset < r.Start || slot.Offset >= e.gap: // that its /Contents is the gap, token makes sure
		s.problem(slot.Offset, CodeCoverage, "the dictionary lies outside of revision %d, which it signs", at)
	default:
		s.Revision, e.view = at, e.f.View(at)
		s.CoversRevision, s.CoversFile = true, end == e.f.Size()
	}
	return nil
}

// isEOL reports whether the bytes between are one end of line.
func (e *examiner) isEOL(start, end int64) bool {
	b, err := e.read(start, end)
	if err != nil {
		return false
	}
	return string(b) == "\n" || string(b) == "\r" || string(b) == "\r\n"
}

// token wants what is left out to be the /Contents of this very dictionary, and in it one DER SEQUENCE and zeros.
func (e *examiner) token() error {
	s := e.s
	text, ok := e.dict.Get("Contents").(cos.String)
	switch {
	case !ok:
		s.problem(0, CodeContents, "/Contents is not a direct string")
	case !text.Hex:
		s.problem(0, CodeContents, "/Contents is not hexadecimal")
	case len(text.Bytes) == 0:
		s.problem(0, CodeContents, "/Contents is empty")
	case len(text.Bytes) > maxContents:
		s.problem(0, CodeContents, "/Contents has %d bytes, at most %d", len(text.Bytes), maxContents)
		return nil
	}
	if !ok {
		s.CoversRevision, s.CoversFile = false, false
		return nil
	}
	n, ber := length(text.Bytes)
	switch {
	case n == 0 && len(text.Bytes) > 0:
		s.problem(0, CodeContents, "/Contents does not begin with a DER SEQUENCE")
	case len(bytes.TrimLeft(text.Bytes[n:], "\x00")) > 0:
		s.problem(0, CodeContents, "/Contents has more than zeros behind the signature")
	case ber:
		s.problem(0, CodeBER, "/Contents has an indefinite length")
	}
	s.Contents = bytes.Clone(text.Bytes[:n])
	if slot, ok := e.latest.Slot(s.Ref.Num); s.Ref.Num == 0 || !ok || slot.Kind != cos.Plain {
		s.CoversRevision, s.CoversFile = false, false
		return nil
	}
	start, end, err := e.latest.Position(s.Ref, "Contents")
	if err != nil {
		return err
	}
	if e.gap < 0 {
		return nil
	}
	if start != e.gap || end != e.gapEnd {
		s.problem(start, CodeGap, "/Contents is [%d,%d), left out is [%d,%d)", start, end, e.gap, e.gapEnd)
		s.CoversRevision, s.CoversFile = false, false
		return nil
	}
	return e.spelling(start, end, len(text.Bytes))
}

// spelling wants the token to have one reading: two digits for each byte, of one case, and nothing between them.
func (e *examiner) spelling(start, end int64, n int) error {
	if end-start != int64(2*n+2) {
		e.s.problem(start, CodeContents, "/Contents has other characters than pairs of digits")
		return nil
	}
	b, err := e.read(start, end)
	if err != nil {
		return err
	}
	lower, upper := bytes.ContainsAny(b, "abcdef"), bytes.ContainsAny(b, "ABCDEF")
	if b[0] != '<' || b[len(b)-1] != '>' || lower && upper {
		e.s.problem(start, CodeContents, "/Contents is not hexadecimal of one case")
	}
	return nil
}

// aliases looks for fields that took the signature after it was made.
func (e *examiner) aliases() error {
	s := e.s
	if len(e.places) == 0 {
		s.problem(0, CodeField, "no field refers to the signature")
	}
	if !s.CoversRevision {
		return nil
	}
	for _, p := range e.places {
		if p.Ref.Num == 0 {
			continue
		}
		same, err := e.shows(p.Ref)
		if err != nil {
			return err
		}
		if !same {
			s.problem(0, CodeAliased, "field %q took the signature after revision %d", p.Name, s.Revision)
		}
	}
	return nil
}

// shows reports whether a widget had this signature already in the revision that it signs.
func (e *examiner) shows(widget cos.Ref) (bool, error) {
	var x cos.Value = widget
	for range maxFieldDepth {
		d, ok, err := e.view.Dict(x)
		if err != nil || !ok {
			return false, err
		}
		if v := d.Get("V"); v != nil {
			return v == e.s.Ref, nil
		}
		if x = d.Get("Parent"); x == nil {
			return false, nil
		}
	}
	return false, nil
}
