package ceremony

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"time"

	"yinzheng/internal/gm"
)

// issued is a certificate that a root has signed, or was about to sign.
type issued struct {
	Intent
	act, line int   // number of the transcript and of the line that intends it
	made      *Made // nil: nobody knows whether it was signed; its serial number is used all the same
}

// state is what the transcripts of a folder say. Nothing else is believed: there is no second record that could differ.
type state struct {
	count      int         // transcripts
	previous   gm.Digest   // SM3 of the last one's file
	digests    []gm.Digest // of all their files
	last       time.Time   // of the last line
	unfinished []Unfinished
	attempts   map[string]bool   // ceremonies whose act root ended early
	holders    holders           // of the roots' secret, once they are made
	made       int               // number of the transcript of the act root
	keyFiles   map[string]string // of the roots' keys as they are sealed now, by root
	superseded []string          // files of the same keys under an earlier secret
	acts       []*Transcript
	region     string
	name       string
	roots      map[string][]byte // SM2Root, TLSRoot: certificate, DER; empty until the act root was closed
	parsed     map[string]*gm.Certificate
	serials    map[string]*issued
	keys       map[gm.Digest]*issued // of what was made
	numbers    map[string]int64      // greatest number of a list, by root
	revoked    map[string][]Revocation
}

func (s *state) established() bool { return len(s.roots) > 0 }

// load reads every transcript and the roots, and checks that they belong together.
func (f *folder) load() (*state, error) {
	s := &state{
		attempts: map[string]bool{}, keyFiles: map[string]string{}, roots: map[string][]byte{}, parsed: map[string]*gm.Certificate{},
		serials: map[string]*issued{}, keys: map[gm.Digest]*issued{}, numbers: map[string]int64{}, revoked: map[string][]Revocation{},
	}
	var err error
	if s.count, err = f.transcripts(); err != nil {
		return nil, err
	}
	for n := 1; n <= s.count; n++ {
		file, err := f.read(MaxTranscript, transcriptName(n))
		if err != nil {
			return nil, fmt.Errorf("reading a transcript: %w", err)
		}
		if err := s.take(f, n, file); err != nil {
			return nil, fmt.Errorf("%s: %w", transcriptName(n), err)
		}
		s.previous = gm.Sum(file)
		s.digests = append(s.digests, s.previous)
	}
	return s, nil
}

// take adds what one transcript says.
func (s *state) take(f *folder, n int, file []byte) error {
	t, err := parseUnclosed(file)
	if err != nil {
		return err
	}
	if t == nil { // ended before its first line was whole
		s.unfinished = append(s.unfinished, Unfinished{n, gm.Sum(file)})
		return nil
	}
	b := t.Begin()
	switch {
	case t.Entries[0].Previous != s.previous:
		return fmt.Errorf("%w: the transcript before it is another", ErrTranscript)
	case b.Number != n:
		return fmt.Errorf("%w: it says that it is number %d", ErrTranscript, b.Number)
	case (b.Act == ActRoot) == s.established():
		return fmt.Errorf("%w: the act %s, where the roots are there or are not", ErrTranscript, b.Act)
	case s.established() && b.Ceremony != s.holders.ceremony:
		return fmt.Errorf("%w: it is of another ceremony", ErrTranscript)
	case !slices.Equal(b.Unfinished, s.unfinished):
		return fmt.Errorf("%w: the runs before it that ended early are not those that it names", ErrTranscript)
	case !b.Act.shares() && (!slices.Equal(b.Officers, s.holders.officers) || b.Threshold != s.holders.threshold):
		return fmt.Errorf("%w: the officers are others", ErrTranscript)
	}
	s.acts = append(s.acts, t)
	if at, err := time.Parse(time.RFC3339, t.Entries[len(t.Entries)-1].At); err == nil && at.After(s.last) {
		s.last = at
	}
	if !t.Closed {
		s.unfinished = append(s.unfinished, Unfinished{n, gm.Sum(file)})
		if b.Act == ActRoot {
			s.attempts[b.Ceremony] = true
		}
		if b.Act == ActReshare { // shares of it may have been given out: what they would open goes
			s.superseded = append(s.superseded, keyFile(SM2Root, s.made, n), keyFile(TLSRoot, s.made, n))
		}
		return s.record(t, b.Act != ActRoot)
	}
	s.unfinished = nil
	if b.Act == ActRoot {
		if err := s.openRoots(f, t); err != nil {
			return err
		}
	}
	if _, err := VerifyTranscript(file, s.roots[SM2Root]); err != nil {
		return err
	}
	if b.Act.shares() {
		if err := s.hold(n, t); err != nil {
			return err
		}
	}
	return s.record(t, true)
}

// parseUnclosed is ParseTranscript for a file whose last line a crash may have cut; nil if no line of it is whole.
func parseUnclosed(file []byte) (*Transcript, error) {
	if !bytes.HasSuffix(file, []byte("\n")) {
		file = file[:bytes.LastIndexByte(file, '\n')+1]
	}
	if len(file) == 0 {
		return nil, nil //nolint:nilnil // nothing was recorded
	}
	return ParseTranscript(file)
}

// record takes over serial numbers, keys and lists. Of an attempt to make roots that ended early only the serial numbers
// count.
func (s *state) record(t *Transcript, counts bool) error {
	for i, e := range t.Entries {
		switch {
		case e.Intent != nil:
			if _, used := s.serials[e.Intent.Serial]; used {
				return fmt.Errorf("line %d: %w: serial number %s is there twice", i+1, ErrTranscript, e.Intent.Serial)
			}
			s.serials[e.Intent.Serial] = &issued{Intent: *e.Intent, act: t.Begin().Number, line: i}
		case e.List != nil:
			if e.List.Number <= s.numbers[e.List.Name] {
				return fmt.Errorf("line %d: %w: list %d of %s is there twice", i+1, ErrTranscript, e.List.Number, e.List.Name)
			}
			s.numbers[e.List.Name] = e.List.Number
		case e.Made != nil && e.Made.Number > 0:
			s.revoked[e.Made.Name] = t.Entries[i-1].List.Revoked
		case e.Made != nil && counts:
			c, known := s.serials[e.Made.Serial]
			if !known {
				return fmt.Errorf("line %d: %w: nobody intended to sign %s", i+1, ErrTranscript, e.Made.Serial)
			}
			c.made = e.Made
			s.keys[c.Key] = c
		}
	}
	return nil
}

// openRoots reads both root certificates and checks that they are those of the transcript of the act root.
func (s *state) openRoots(f *folder, t *Transcript) error {
	b := t.Begin()
	s.region, s.name = b.Region, b.Name
	for _, m := range t.Made() {
		der, err := f.certificate(m.File)
		if err != nil {
			return fmt.Errorf("%w: %s: %w", ErrTranscript, m.File, err)
		}
		if gm.Sum(der) != m.SM3 {
			return fmt.Errorf("%w: %s is another certificate", ErrTranscript, m.File)
		}
		s.roots[m.Name] = der
		if s.parsed[m.Name], err = parseCertificate(der); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrTranscript, m.File, err)
		}
	}
	if len(s.roots) != 2 || s.roots[SM2Root] == nil || s.roots[TLSRoot] == nil {
		return fmt.Errorf("%w: it made %d roots", ErrTranscript, len(s.roots))
	}
	return nil
}

// hold takes over who holds the shares of the roots' secret, and which files it opens.
func (s *state) hold(n int, t *Transcript) error {
	b := t.Begin()
	if b.Act == ActRoot {
		s.made = n
	}
	h := holders{ceremony: b.Ceremony, officers: b.Officers, threshold: b.Threshold, sharing: n}
	files := map[string]string{}
	shares := 0
	for _, e := range t.Entries {
		switch {
		case e.Shared != nil && h.commitments != nil:
			return fmt.Errorf("%w: it shares two secrets", ErrTranscript)
		case e.Shared != nil:
			h.commitments = e.Shared
		case e.Share != nil:
			shares++
		case e.Key != nil:
			files[e.Key.Name] = keyFile(e.Key.Name, s.made, n)
		}
	}
	if shares != len(h.officers) || len(files) != 2 || files[SM2Root] == "" || files[TLSRoot] == "" {
		return fmt.Errorf("%w: it has %d shares and %d root keys", ErrTranscript, shares, len(files))
	}
	if _, err := h.commitment(); err != nil {
		return err
	}
	for _, old := range s.keyFiles {
		s.superseded = append(s.superseded, old)
	}
	s.holders, s.keyFiles = h, files
	return nil
}

// keyFile names the file of a root's key as the act with a transcript's number sealed it.
func keyFile(root string, made, number int) string {
	if number == made {
		return root + keySuffix
	}
	return root + "-" + strconv.Itoa(number) + keySuffix
}

// certificate reads a certificate of the folder; its name has slashes and no way out.
func (f *folder) certificate(name string) ([]byte, error) {
	if !fs.ValidPath(name) {
		return nil, errors.New("not a file of the folder")
	}
	text, err := f.read(2*maxCertificate, name)
	if err != nil {
		return nil, err
	}
	return decodePEM(text, "CERTIFICATE")
}
