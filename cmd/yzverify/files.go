package main

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"

	"yinzheng/internal/receipt"
	"yinzheng/verify"
)

// subject is one thing to judge: a document or an outcome with its receipt if there is one, or a receipt alone.
type subject struct {
	names    []string // files it is made of
	evidence verify.Evidence
	receipt  []byte // the bytes of evidence.Receipt
}

// result is a judged subject.
type result struct {
	names  []string
	report verify.Report
}

// lists are the files that say who is to be believed.
type lists struct {
	trust, own []byte
	anchors    *verify.Anchors
}

// load reads every file and puts receipts to the files they are for.
func load(o options) (all []subject, l lists, err error) {
	for _, f := range []struct {
		name string
		to   *[]byte
	}{{o.trust, &l.trust}, {o.own, &l.own}} {
		if f.name == "" {
			continue
		}
		if *f.to, err = read(f.name, verify.MaxTrust); err != nil {
			return nil, l, err
		}
	}
	if o.roots != "" {
		if l.anchors, err = readAnchors(o.roots); err != nil {
			return nil, l, err
		}
	}
	var subjects, receipts []subject
	for _, name := range o.files {
		s, kind, err := open(name)
		switch {
		case err != nil:
			return nil, l, err
		case kind == isTrust:
			return nil, l, &problem{"reading " + name, "it is a trust file, not something to judge", "give it as --trust " + name}
		case kind == isReceipt:
			receipts = append(receipts, s)
		default:
			subjects = append(subjects, s)
		}
	}
	return pair(subjects, receipts), l, nil
}

func readAnchors(name string) (*verify.Anchors, error) {
	b, err := read(name, verify.MaxAnchorsFile)
	if err != nil {
		return nil, err
	}
	anchors, err := verify.ParseAnchors(b)
	if err != nil {
		return nil, &problem{"reading --roots " + name, err.Error(), "give root certificates as PEM"}
	}
	return anchors, nil
}

// open reads one file. A document is read in place: it may be larger than memory.
func open(name string) (s subject, k kind, err error) {
	s.names = []string{name}
	err = withFile(name, func(f *os.File, size int64) error {
		head := make([]byte, min(size, headOf))
		if _, err := io.ReadFull(f, head); err != nil {
			return err
		}
		if k = kindOf(head); k == isDocument {
			s.evidence = verify.Read(verify.Input{Reader: io.NewSectionReader(f, 0, size)})
			return nil
		}
		b, err := io.ReadAll(io.LimitReader(io.NewSectionReader(f, 0, size), verify.MaxDocument+1))
		if err != nil {
			return err
		}
		switch k {
		case isReceipt:
			s.evidence, s.receipt = verify.Read(verify.Input{Receipt: b}), b
		case isOutcome:
			s.evidence = verify.Read(verify.Input{Outcome: b})
		case isTrust, isDocument:
		}
		return nil
	})
	return s, k, err
}

// pair puts each receipt to the file whose digest it states. A receipt that fits none goes to a file that has none yet, so
// that the judgement says that it does not fit; what is left over is judged alone.
func pair(subjects, receipts []subject) []subject {
	var strangers []subject
	for _, r := range receipts {
		if i := find(subjects, r.receipt); i >= 0 {
			subjects[i].give(r)
			continue
		}
		strangers = append(strangers, r)
	}
	for i := range subjects {
		if len(strangers) > 0 && subjects[i].evidence.Receipt == nil {
			subjects[i].give(strangers[0])
			strangers = strangers[1:]
		}
	}
	return append(subjects, strangers...)
}

func (s *subject) give(r subject) {
	s.evidence.Receipt = r.evidence.Receipt
	s.names = append(s.names, r.names...)
}

// find returns the place of the file without a receipt whose digest the receipt states, or -1.
func find(subjects []subject, b []byte) int {
	if len(b) > verify.MaxReceipt {
		return -1
	}
	r, err := receipt.Parse(b)
	if err != nil {
		return -1
	}
	for i, s := range subjects {
		if s.evidence.Receipt == nil && s.evidence.Digest() == r.Entry.Digest {
			return i
		}
	}
	return -1
}

// kind of a file, by how it begins: a damaged file must still be judged as what it was.
type kind int

const (
	isDocument kind = iota
	isReceipt
	isOutcome
	isTrust
)

// headOf bounds how far into a JSON file its kind is looked for.
const headOf = 4 << 10

func kindOf(b []byte) kind {
	head := bytes.TrimLeft(b[:min(len(b), headOf)], " \t\r\n")
	switch {
	case !bytes.HasPrefix(head, []byte("{")):
		return isDocument
	case !bytes.Contains(head, []byte(`"payload"`)):
		return isReceipt
	case bytes.Contains(head, []byte(`"roots"`)) && bytes.Contains(head, []byte(`"sequence"`)):
		return isTrust
	}
	return isOutcome
}

// read reads a file of at most limit bytes, and one more, so that its reader sees that it is too big.
func read(name string, limit int64) (b []byte, err error) {
	err = withFile(name, func(f *os.File, _ int64) error {
		b, err = io.ReadAll(io.LimitReader(f, limit+1))
		return err
	})
	return b, err
}

// withFile opens a file for as long as use takes. Errors are for the user.
func withFile(name string, use func(f *os.File, size int64) error) error {
	f, err := os.Open(name)
	if err != nil {
		p := &problem{what: "opening " + name, why: reason(err)}
		if errors.Is(err, fs.ErrNotExist) {
			p.hint = "check the path; nothing is fetched from the network"
		}
		return p
	}
	info, err := f.Stat()
	switch {
	case err != nil:
	case info.IsDir():
		err = errors.New("it is a folder, not a file")
	default:
		err = use(f, info.Size())
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return &problem{what: "reading " + name, why: reason(err)}
	}
	return nil
}

// reason is the cause without the path, which is already said.
func reason(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}
