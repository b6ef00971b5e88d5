package keys

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"yinzheng/internal/gm"
)

// ErrJournal means that the journal of uses is not the one that was written: changed, cut, or with a line put in or taken out.
var ErrJournal = errors.New("keys: the journal of uses is broken")

// Op is what a line of the journal records.
type Op string

// The ops. Sign and envelop are uses: they add one to the key's count.
const (
	OpSign     Op = "sign"     // detail: SM3 e of SM2, the digest of ECDSA, the SM3 of the message of Ed25519
	OpEnvelop  Op = "envelop"  // detail: SM3 of the recipient's SubjectPublicKeyInfo
	OpMake     Op = "make"     // detail: SM3 of the key's SubjectPublicKeyInfo
	OpBackup   Op = "backup"   // into a back-up; detail: -
	OpRestore  Op = "restore"  // from a back-up; detail as of make
	OpActivate Op = "activate" // detail: -
	OpRetire   Op = "retire"   // detail: -
	OpDestroy  Op = "destroy"  // detail: -
	OpQuota    Op = "quota"    // detail: the new quota
	OpReseal   Op = "reseal"   // the private part is encrypted anew; detail: -
	OpCarry    Op = "carry"    // the count at the start of a file; the time is that of the key's last use; detail: -
)

const (
	// maxLine bounds a line of the journal, in bytes: two words of MaxID, a SHA-512 in hex, the chain and the numbers.
	maxLine = 512
	// maxDetail bounds the detail: a SHA-512 in hexadecimal digits.
	maxDetail  = 128
	timeLayout = "2006-01-02T15:04:05.000000Z"
	noDetail   = "-"
	headerWord = "yinzheng key journal 1 "
)

// Line is one line of the journal.
type Line struct {
	At     time.Time // UTC, microseconds
	Op     Op
	ID     string
	Use    Use
	Count  int64 // uses of the key, with this one
	Detail string
	Chain  gm.Digest // SM3(chain of the line before ‖ this line up to its chain)
}

// appendLine writes the line after chain and returns it with its own.
func appendLine(b []byte, chain gm.Digest, l Line) ([]byte, gm.Digest) {
	start := len(b)
	b = l.At.UTC().AppendFormat(b, timeLayout)
	b = append(b, ' ')
	b = append(b, l.Op...)
	b = append(b, ' ')
	b = append(b, l.ID...)
	b = append(b, ' ')
	b = append(b, l.Use...)
	b = append(b, ' ')
	b = strconv.AppendInt(b, l.Count, 10)
	b = append(b, ' ')
	b = append(b, l.Detail...)
	b = append(b, ' ')
	chain = gm.Sum(chain[:], b[start:])
	b = appendHex(b, chain[:])
	return append(b, '\n'), chain
}

func appendHex(b, v []byte) []byte {
	const digits = "0123456789abcdef"
	for _, c := range v {
		b = append(b, digits[c>>4], digits[c&15])
	}
	return b
}

// parseLine reads a line (without its line feed) that follows chain: ErrJournal.
func parseLine(b []byte, chain gm.Digest) (l Line, err error) {
	if len(b) > maxLine {
		return l, fmt.Errorf("%w: a line of more than %d bytes", ErrJournal, maxLine)
	}
	f := strings.Split(string(b), " ")
	if len(f) != 7 {
		return l, fmt.Errorf("%w: a line of %d words", ErrJournal, len(f))
	}
	at, err := time.Parse(timeLayout, f[0])
	if err != nil {
		return l, fmt.Errorf("%w: a time: %w", ErrJournal, err)
	}
	count, err := strconv.ParseInt(f[4], 10, 64)
	if err != nil || count < 0 {
		return l, fmt.Errorf("%w: a count %q", ErrJournal, clip(f[4]))
	}
	l = Line{At: at, Op: Op(f[1]), ID: f[2], Use: Use(f[3]), Count: count, Detail: f[5]}
	switch {
	case !l.Op.valid():
		return l, fmt.Errorf("%w: op %q", ErrJournal, clip(f[1]))
	case !ValidID(l.ID) || !word(f[3], "-"):
		return l, fmt.Errorf("%w: the key %q, %q", ErrJournal, clip(f[2]), clip(f[3]))
	case !validDetail(l.Detail):
		return l, fmt.Errorf("%w: the detail %q", ErrJournal, clip(l.Detail))
	}
	again, next := appendLine(make([]byte, 0, maxLine), chain, l)
	if !bytes.Equal(again[:len(again)-1], b) {
		return l, fmt.Errorf("%w: a line does not follow the one before it, or is not in canonical form", ErrJournal)
	}
	l.Chain = next
	return l, nil
}

func (o Op) valid() bool {
	switch o {
	case OpSign, OpEnvelop, OpMake, OpBackup, OpRestore, OpActivate, OpRetire, OpDestroy, OpQuota, OpReseal, OpCarry:
		return true
	}
	return false
}

func validDetail(s string) bool {
	if s == "" || len(s) > maxDetail {
		return false
	}
	return s == noDetail || strings.Trim(s, "0123456789abcdef") == ""
}

// header is the first line of a journal file: its number, counted from 1, and the chain at the end of the file before.
type header struct {
	Number int64
	Chain  gm.Digest
}

func (h header) encode() []byte {
	b := strconv.AppendInt([]byte(headerWord), h.Number, 10)
	b = append(b, ' ')
	return append(appendHex(b, h.Chain[:]), '\n')
}

// parseHeader reads a header without its line feed: ErrJournal.
func parseHeader(b []byte) (h header, err error) {
	bad := fmt.Errorf("%w: not the head of a journal file", ErrJournal)
	rest, ok := strings.CutPrefix(string(b), headerWord)
	if !ok || len(b) > maxLine {
		return h, bad
	}
	number, chain, ok := strings.Cut(rest, " ")
	if !ok {
		return h, bad
	}
	if h.Number, err = strconv.ParseInt(number, 10, 64); err != nil || h.Number < 1 {
		return h, bad
	}
	if h.Chain, err = gm.ParseDigest(chain); err != nil || !bytes.Equal(h.encode(), append(bytes.Clone(b), '\n')) {
		return h, bad
	}
	return h, nil
}
