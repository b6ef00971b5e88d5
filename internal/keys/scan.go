package keys

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"yinzheng/internal/gm"
)

// scanned is what is read of one journal file.
type scanned struct {
	header header
	chain  gm.Digest // after the last good line
	size   int64     // of header and good lines, in bytes
	lines  int64     // good ones, without the header
	bad    error     // why the bytes behind size are no line; nil: there are none
	whole  bool      // the bad bytes are no part of one line: they were not left by an interrupted write
}

// scan reads a journal file: its header, and each line in turn until one is bad. A bad header is the error.
func scan(r io.Reader, each func(Line) error) (s scanned, err error) {
	in := bufio.NewReaderSize(r, 64<<10)
	first, err := readLine(in)
	if err != nil {
		return s, fmt.Errorf("%w: no header", ErrJournal)
	}
	if s.header, err = parseHeader(first); err != nil {
		return s, err
	}
	s.size, s.chain = int64(len(first))+1, s.header.Chain
	for {
		b, err := readLine(in)
		if errors.Is(err, io.EOF) && len(b) == 0 {
			return s, nil
		}
		if errors.Is(err, errCut) || errors.Is(err, io.EOF) {
			s.bad = fmt.Errorf("%w: line %d is cut off or too long", ErrJournal, s.lines+1)
			s.whole = len(b) > maxLine || errors.Is(err, errCut)
			return s, nil
		}
		if err != nil {
			return s, err
		}
		l, err := parseLine(b, s.chain)
		if err == nil {
			err = each(l)
		}
		if err != nil {
			s.bad, s.whole = fmt.Errorf("line %d: %w", s.lines+1, err), true
			return s, nil
		}
		s.size, s.chain = s.size+int64(len(b))+1, l.Chain
		s.lines++
	}
}

var errCut = errors.New("keys: a line too long")

// readLine returns a line without its line feed; io.EOF with what there is when there is none.
func readLine(in *bufio.Reader) ([]byte, error) {
	b, err := in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return nil, errCut
	}
	return bytes.TrimSuffix(b, []byte("\n")), err
}

// journalFiles returns the numbers of the journal files in order, which must be 1, 2, 3, …
func journalFiles(dir string) ([]int64, error) {
	names, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the journal: %w", err)
	}
	var numbers []int64
	for _, d := range names {
		if n, ok := numberOf(d.Name()); ok {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	for i, n := range numbers {
		if n != int64(i)+1 {
			return nil, fmt.Errorf("%w: %s is missing", ErrJournal, journalName(int64(i)+1))
		}
	}
	return numbers, nil
}

// JournalReport is what VerifyJournal found.
type JournalReport struct {
	Files int
	Lines int64     // of all files, with those that carry counts over
	Uses  int64     // signatures and envelopes recorded
	Head  gm.Digest // chain of the last line: kept elsewhere, it proves later that nothing was cut off
	Torn  []string  // names of files with what an opening after a power failure cut off the end
}

// VerifyJournal reads the whole journal of a folder and its inventory, which another process may have open, and checks that
// every line follows the one before it, that each key's count goes up by one with each use, and that the inventory agrees:
// ErrJournal with the file and the line, ErrEntry. A line without its end is one being written, or one that the next opening
// cuts off. Lines cut off the end since the inventory was last written show only against known: heads kept elsewhere, each of
// which must be the chain of some line.
func VerifyJournal(dir string, known ...gm.Digest) (JournalReport, error) {
	v := &verifying{counts: map[string]int64{}, known: map[gm.Digest]bool{}}
	for _, head := range known {
		v.known[head] = true
	}
	err := v.folder(dir)
	if err == nil && len(v.known) > 0 {
		err = fmt.Errorf("%w: %d lines that were known are not there any more", ErrJournal, len(v.known))
	}
	if err != nil {
		return v.report, fmt.Errorf("verifying the journal: %w", err)
	}
	return v.report, nil
}

// folder reads the inventory before the journal, which has at least what the inventory had then.
func (v *verifying) folder(dir string) error {
	entries, err := readEntries(dir)
	if err != nil {
		return err
	}
	if err := v.files(filepath.Join(dir, journalDir)); err != nil {
		return err
	}
	for _, e := range entries {
		count, seen := v.counts[e.ID]
		switch {
		case !seen:
			return fmt.Errorf("%w: it does not know the key %s", ErrJournal, e.ID)
		case count < e.Used:
			return fmt.Errorf("%w: it counts %d uses of %s, the inventory %d", ErrJournal, count, e.ID, e.Used)
		}
	}
	return nil
}

type verifying struct {
	report JournalReport
	counts map[string]int64
	known  map[gm.Digest]bool // heads that were not found yet
}

func (v *verifying) files(dir string) error {
	numbers, err := journalFiles(dir)
	if err != nil {
		return err
	}
	for i, n := range numbers {
		s, err := v.file(filepath.Join(dir, journalName(n)))
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", journalName(n), err)
		case s.header.Number != n:
			return fmt.Errorf("%w: %s says it is number %d", ErrJournal, journalName(n), s.header.Number)
		case i > 0 && s.header.Chain != v.report.Head:
			return fmt.Errorf("%w: %s does not follow the file before it", ErrJournal, journalName(n))
		case s.bad != nil && (s.whole || i < len(numbers)-1):
			return fmt.Errorf("%s: %w", journalName(n), s.bad)
		}
		delete(v.known, s.header.Chain)
		v.report.Files++
		v.report.Lines += s.lines
		v.report.Head = s.chain
	}
	v.report.Torn, err = filepath.Glob(filepath.Join(dir, tornPrefix+"*"))
	for i, name := range v.report.Torn {
		v.report.Torn[i] = filepath.Base(name)
	}
	return err
}

func (v *verifying) file(path string) (scanned, error) {
	f, err := os.Open(path)
	if err != nil {
		return scanned{}, err
	}
	defer func() { _ = f.Close() }() // only read
	return scan(f, v.line)
}

// line checks a count: it starts at nought or where a back-up left it, and goes up by one with each use.
func (v *verifying) line(l Line) error {
	before, seen := v.counts[l.ID]
	ok := seen && l.Count == before
	switch l.Op {
	case OpMake:
		ok = before == 0 && l.Count == 0 // twice, when a failure came before the first was in the inventory
	case OpRestore:
		ok = !seen
	case OpSign, OpEnvelop:
		ok = seen && l.Count == before+1
		v.report.Uses++
	default: // no use: the count stays
	}
	if !ok {
		return fmt.Errorf("%w: %s of %s has count %d after %d", ErrJournal, l.Op, l.ID, l.Count, before)
	}
	v.counts[l.ID] = l.Count
	delete(v.known, l.Chain)
	return nil
}
