package main

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"

	"yinzheng/internal/gm"
	"yinzheng/internal/receipt"
	"yinzheng/verify"
)

// subject is one thing to judge: a licence or an outcome with its receipt if there is one, or a receipt alone.
type subject struct {
	names []string // files it is made of
	input verify.Input
}

// result is a judged subject.
type result struct {
	names  []string
	report verify.Report
}

// load reads every file and puts receipts to the files they are for.
func load(o options) (all []subject, trust, own []byte, err error) {
	if o.trust != "" {
		if trust, err = read(o.trust, verify.MaxTrust); err != nil {
			return nil, nil, nil, err
		}
	}
	if o.own != "" {
		if own, err = read(o.own, verify.MaxTrust); err != nil {
			return nil, nil, nil, err
		}
	}
	var subjects, receipts []subject
	for _, name := range o.files {
		b, err := read(name, verify.MaxDocument)
		if err != nil {
			return nil, nil, nil, err
		}
		switch kindOf(b) {
		case isReceipt:
			receipts = append(receipts, subject{[]string{name}, verify.Input{Receipt: b}})
		case isOutcome:
			subjects = append(subjects, subject{[]string{name}, verify.Input{Outcome: b}})
		case isTrust:
			return nil, nil, nil, &problem{"reading " + name, "it is a trust file, not something to judge", "give it as --trust " + name}
		default:
			subjects = append(subjects, subject{[]string{name}, verify.Input{Document: b}})
		}
	}
	return pair(subjects, receipts), trust, own, nil
}

// pair puts each receipt to the file whose digest it states. A receipt that fits none goes to a file that has none yet, so
// that the judgement says that it does not fit; what is left over is judged alone.
func pair(subjects, receipts []subject) []subject {
	var strangers []subject
	for _, r := range receipts {
		if i := find(subjects, r.input.Receipt); i >= 0 {
			subjects[i].give(r)
			continue
		}
		strangers = append(strangers, r)
	}
	for i := range subjects {
		if len(strangers) > 0 && subjects[i].input.Receipt == nil {
			subjects[i].give(strangers[0])
			strangers = strangers[1:]
		}
	}
	return append(subjects, strangers...)
}

func (s *subject) give(r subject) {
	s.input.Receipt = r.input.Receipt
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
		content := s.input.Document
		if content == nil {
			content = s.input.Outcome
		}
		if s.input.Receipt == nil && gm.Sum(content) == r.Entry.Digest {
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

// read reads a file of at most limit bytes, and one more, so that the judge sees that it is too big.
func read(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		p := &problem{what: "opening " + name, why: reason(err)}
		if errors.Is(err, fs.ErrNotExist) {
			p.hint = "check the path; nothing is fetched from the network"
		}
		return nil, p
	}
	b, err := readAll(f, limit)
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, &problem{what: "reading " + name, why: reason(err)}
	}
	return b, nil
}

func readAll(f *os.File, limit int64) ([]byte, error) {
	if info, err := f.Stat(); err != nil || info.IsDir() {
		return nil, errors.Join(err, errors.New("it is a folder, not a file"))
	}
	return io.ReadAll(io.LimitReader(f, limit+1))
}

// reason is the cause without the path, which is already said.
func reason(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}
