package ceremony

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"time"

	"yinzheng/internal/der"
	"yinzheng/internal/gm"
)

// Transcript is one act as it was recorded.
type Transcript struct {
	Entries []Entry
	Closed  bool // it ends with a signature, which ParseTranscript has not checked
}

// Begin is the first line's part.
func (t *Transcript) Begin() Begin { return *t.Entries[0].Begin }

// Made are the things that the act made, in order.
func (t *Transcript) Made() []Made {
	var out []Made
	for _, e := range t.Entries {
		if e.Made != nil {
			out = append(out, *e.Made)
		}
	}
	return out
}

// VerifyTranscript reads a closed transcript and checks its chain, its order, and the signature of the SM2 root whose
// certificate (DER) is given: a transcript of the act root must have made that certificate, a later one must name it.
// Errors: ErrTranscript, ErrUnclosed.
func VerifyTranscript(file, rootDER []byte) (*Transcript, error) {
	t, err := ParseTranscript(file)
	if err != nil {
		return nil, err
	}
	if !t.Closed {
		return nil, fmt.Errorf("%w: it has %d lines and no signature", ErrUnclosed, len(t.Entries))
	}
	root, err := parseCertificate(rootDER)
	if err != nil {
		return nil, fmt.Errorf("%w: reading the root: %w", ErrTranscript, err)
	}
	pub, err := gm.PublicKey(root)
	if err != nil {
		return nil, fmt.Errorf("%w: reading the root: %w", ErrTranscript, err)
	}
	last := t.Entries[len(t.Entries)-1]
	msg, err := last.signed()
	if err != nil {
		return nil, err
	}
	if err := gm.Verify(pub, msg, last.Signature); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTranscript, err)
	}
	if got := t.root(); got != gm.Sum(rootDER) {
		return nil, fmt.Errorf("%w: it is about the root with the SM3 %s", ErrTranscript, got)
	}
	return t, nil
}

// root is the SM3 of the root that the transcript made or names; zero if neither.
func (t *Transcript) root() gm.Digest {
	if b := t.Begin(); b.Act != ActRoot && b.Root != nil {
		return *b.Root
	}
	for _, m := range t.Made() {
		if m.Name == SM2Root && m.Serial != "" {
			return m.SM3
		}
	}
	return gm.Digest{}
}

// ParseTranscript reads a transcript, closed or not: every line as it was written, chained to the one before, in an order
// that an act can have. All errors are ErrTranscript.
func ParseTranscript(file []byte) (*Transcript, error) {
	if len(file) > MaxTranscript {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTranscript, MaxTranscript)
	}
	text, whole := bytes.CutSuffix(file, []byte("\n"))
	if !whole || len(text) == 0 {
		return nil, fmt.Errorf("%w: empty, or its last line is not whole", ErrTranscript)
	}
	lines := bytes.SplitN(text, []byte("\n"), maxEntries+1)
	if len(lines) > maxEntries {
		return nil, fmt.Errorf("%w: more than %d lines", ErrTranscript, maxEntries)
	}
	t := new(Transcript)
	var previous gm.Digest
	for i, line := range lines {
		e, err := parseEntry(line)
		switch {
		case err != nil:
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		case e.N != i:
			return nil, fmt.Errorf("line %d: %w: it says that it is number %d", i+1, ErrTranscript, e.N)
		case i > 0 && e.Previous != previous:
			return nil, fmt.Errorf("line %d: %w: the line before it is another", i+1, ErrTranscript)
		}
		previous = gm.Sum(line)
		t.Entries = append(t.Entries, *e)
	}
	return t, t.order()
}

func parseEntry(line []byte) (*Entry, error) {
	e := new(Entry)
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(e); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTranscript, err)
	}
	again, err := e.line()
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(again, line) {
		return nil, fmt.Errorf("%w: not as a ceremony writes it", ErrTranscript)
	}
	parts := map[Event]bool{
		EventBegin: e.Begin != nil, EventOpened: e.Opened != nil, EventShared: e.Shared != nil, EventAside: e.Aside != nil,
		EventShare: e.Share != nil, EventKey: e.Key != nil, EventIntent: e.Intent != nil, EventList: e.List != nil,
		EventMade: e.Made != nil, EventEnd: false, EventSignature: e.Signature != nil,
	}
	if _, known := parts[e.Event]; !known {
		return nil, fmt.Errorf("%w: event %q is not known", ErrTranscript, e.Event)
	}
	for event, there := range parts {
		if there != (event == e.Event && event != EventEnd) {
			return nil, fmt.Errorf("%w: an event %q with the part %q", ErrTranscript, e.Event, event)
		}
	}
	if at, err := time.Parse(time.RFC3339, e.At); err != nil || at.UTC().Format(time.RFC3339) != e.At {
		return nil, fmt.Errorf("%w: time %q", ErrTranscript, e.At)
	}
	return e, nil
}

// order checks that the events are in an order that an act can have: begun first, nothing made that was not intended
// right before, no serial number twice, nothing after the end but the signature.
func (t *Transcript) order() error {
	if t.Entries[0].Event != EventBegin {
		return fmt.Errorf("line 1: %w: it does not begin", ErrTranscript)
	}
	if err := t.Entries[0].Begin.check(); err != nil {
		return fmt.Errorf("line 1: %w", err)
	}
	serials := map[string]bool{}
	ended := false
	for i, e := range t.Entries {
		var before Entry
		if i > 0 {
			before = t.Entries[i-1]
		}
		wrong := ""
		switch {
		case t.Closed:
			wrong = "it comes after the signature"
		case e.At < before.At:
			wrong = "its time is before that of the line before"
		case ended != (e.Event == EventSignature):
			wrong = "the signature comes right after the end, and nothing else does"
		case i > 0 && e.Event == EventBegin:
			wrong = "it begins again"
		case e.Intent != nil && (serials[e.Intent.Serial] || !serialText.MatchString(e.Intent.Serial)):
			wrong = "its serial number was used before, or is none"
		case e.List != nil && e.List.Number < 1:
			wrong = "its number is none"
		case e.Made != nil && !e.Made.follows(before):
			wrong = "it was not what was intended"
		}
		if wrong != "" {
			return fmt.Errorf("line %d: %w: %s", i+1, ErrTranscript, wrong)
		}
		if e.Intent != nil {
			serials[e.Intent.Serial] = true
		}
		ended = e.Event == EventEnd
		t.Closed = e.Event == EventSignature
	}
	return nil
}

// follows reports whether a thing made is the one intended in the line before; one that was found was intended in an
// earlier transcript.
func (m Made) follows(before Entry) bool {
	switch {
	case m.Found:
		return m.Serial != "" && m.Number == 0
	case before.Intent != nil:
		return m.Name == before.Intent.Name && m.Serial == before.Intent.Serial && m.Number == 0
	case before.List != nil:
		return m.Name == before.List.Name && m.Number == before.List.Number && m.Serial == ""
	}
	return false
}

func (b Begin) check() error {
	n := len(b.Officers)
	switch {
	case b.Format != transcriptFormat:
		return fmt.Errorf("%w: format %q is not known", ErrTranscript, b.Format)
	case !isID(b.Ceremony) || b.Number < 1 || b.Tool == "":
		return fmt.Errorf("%w: it names no ceremony, no number or no program", ErrTranscript)
	case !slices.Contains([]Act{ActRoot, ActIssue, ActCross, ActCRL, ActReshare}, b.Act):
		return fmt.Errorf("%w: act %q is not known", ErrTranscript, b.Act)
	case (b.Act == ActRoot) != (b.Root == nil):
		return fmt.Errorf("%w: the act %s has a root, or none", ErrTranscript, b.Act)
	case n < MinOfficers || n > MaxOfficers || b.Threshold < MinOfficers || b.Threshold > n:
		return fmt.Errorf("%w: %d of %d officers", ErrTranscript, b.Threshold, n)
	}
	return nil
}

// maxCertificate bounds a certificate, in bytes: ours have under 1 KiB, another region's root may have long names.
const maxCertificate = 16 << 10

// maxDepth bounds the nesting of certificates and requests: directory names in extensions reach about 12.
const maxDepth = 20

// parseCertificate reads DER from outside.
func parseCertificate(b []byte) (*gm.Certificate, error) {
	if err := der.Check(b, der.Limits{MaxBytes: maxCertificate, MaxDepth: maxDepth}); err != nil {
		return nil, err
	}
	return gm.ParseCertificate(b)
}

// decodePEM takes DER as it is, or exactly one PEM block of a type.
func decodePEM(b []byte, types ...string) ([]byte, error) {
	if len(b) > 0 && b[0] == 0x30 {
		return b, nil
	}
	block, rest := pem.Decode(b)
	if block == nil || len(bytes.TrimSpace(rest)) != 0 {
		return nil, errors.New("not DER and not one PEM block")
	}
	for _, t := range types {
		if block.Type == t {
			return block.Bytes, nil
		}
	}
	return nil, fmt.Errorf("a PEM block %q, wanted %q", block.Type, types[0])
}
