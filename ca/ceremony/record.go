package ceremony

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"

	"yinzheng/internal/gm"
)

// Record is what the transcripts of a folder say, proven: every closed one is signed by the root, all are chained without a
// gap, and every file that they name and that is there is what they say.
type Record struct {
	Ceremony     string // 32 hexadecimal digits
	Region, Name string
	URL          string // in the newest plan that names one; "" if none does
	Officers     []string
	Threshold    int
	Sharing      int           // number of the transcript that gave out the shares that count
	Root         []byte        // certificate of the SM2 root, DER
	TLSRoot      []byte        // certificate of the ECDSA root, DER
	Acts         []*Transcript // in order; those of runs that ended early are not Closed
	Digests      []gm.Digest   // of the transcripts' files, in order; each names the one before, the last stands for all
	Certificates []Certified   // everything that the roots signed, or were about to, by transcript
	Lists        map[string]Listed
	Missing      []string // files that the transcripts name and that are not there, with slashes
}

// Certified is a certificate in the record.
type Certified struct {
	Intent
	File    string      // "" if nobody knows whether it was signed: its serial number is used all the same
	Revoked *Revocation // in its root's newest list
}

// Listed is what the newest revocation list of a root says.
type Listed struct {
	Number     int64
	NextUpdate string
	Revoked    []Revocation
}

// ReadRecord reads and proves the record of a ceremony folder, or of a copy of one without its keys; it writes nothing.
// A run that ended early is proven by the next transcript that was closed only. Errors: ErrFolder, ErrTranscript.
func ReadRecord(dir string) (*Record, error) {
	f, s, err := readState(dir)
	if err != nil {
		return nil, err
	}
	r := &Record{
		Ceremony: s.holders.ceremony, Region: s.region, Name: s.name, Officers: s.holders.officers, Threshold: s.holders.threshold,
		Sharing: s.holders.sharing, Root: s.roots[SM2Root], TLSRoot: s.roots[TLSRoot], Acts: s.acts, Digests: s.digests, Lists: map[string]Listed{},
	}
	for _, t := range s.acts {
		if err := r.take(f, t); err != nil {
			return nil, fmt.Errorf("%s: %w", transcriptName(t.Begin().Number), err)
		}
	}
	r.Certificates = s.certified()
	slices.Sort(r.Missing)
	return r, nil
}

// readState reads an established folder without locking it.
func readState(dir string) (*folder, *state, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrFolder, err)
	}
	f := &folder{dir: abs}
	s, err := f.load()
	if err != nil {
		return nil, nil, err
	}
	if !s.established() {
		return nil, nil, fmt.Errorf("%w: %s has no roots", ErrFolder, abs)
	}
	return f, s, nil
}

// take checks the files of one transcript, and takes what its plan and its lists say.
func (r *Record) take(f *folder, t *Transcript) error {
	b := t.Begin()
	name := fmt.Sprintf("%s%d%s", planPrefix, b.Number, planSuffix)
	text, err := f.read(MaxPlan, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.Missing = append(r.Missing, name)
	case err != nil:
		return fmt.Errorf("%w: %s: %w", ErrTranscript, name, err)
	case gm.Sum(text) != b.Plan:
		return fmt.Errorf("%w: %s is not the plan that was reviewed", ErrTranscript, name)
	default:
		if p, err := ParsePlan(text); err == nil && p.URL != "" {
			r.URL = p.URL
		}
	}
	for i, e := range t.Entries {
		if e.Made == nil {
			continue
		}
		if l := t.Entries[i-1].List; l != nil && e.Made.Number > 0 {
			r.Lists[l.Name] = Listed{Number: l.Number, NextUpdate: l.NextUpdate, Revoked: l.Revoked}
		}
		if b.Act == ActRoot && !t.Closed {
			continue // put aside since
		}
		if err := r.check(f, *e.Made); err != nil {
			return err
		}
	}
	return nil
}

// check compares a file with what the transcript says of it.
func (r *Record) check(f *folder, m Made) error {
	if !fs.ValidPath(m.File) {
		return fmt.Errorf("%w: %q is not a file of the folder", ErrTranscript, m.File)
	}
	b, err := f.read(MaxTranscript, filepath.FromSlash(m.File))
	if errors.Is(err, fs.ErrNotExist) {
		if !slices.Contains(r.Missing, m.File) {
			r.Missing = append(r.Missing, m.File)
		}
		return nil
	}
	if err == nil && m.Number == 0 {
		b, err = decodePEM(b, "CERTIFICATE")
	}
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrTranscript, m.File, err)
	}
	if gm.Sum(b) != m.SM3 {
		return fmt.Errorf("%w: %s is not what was signed", ErrTranscript, m.File)
	}
	return nil
}

// certified lists what the roots signed, oldest first.
func (s *state) certified() []Certified {
	var out []Certified
	for _, c := range slices.SortedFunc(maps.Values(s.serials), func(a, b *issued) int {
		return cmp.Or(cmp.Compare(a.act, b.act), cmp.Compare(a.line, b.line))
	}) {
		one := Certified{Intent: c.Intent}
		if c.made != nil {
			one.File = c.made.File
		}
		for _, r := range s.revoked[c.Issuer] {
			if r.Serial == c.Serial {
				one.Revoked = &r
			}
		}
		out = append(out, one)
	}
	return out
}
