package pdftest

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Want is what a judge must say.
type Want string

// The answers.
const (
	Invalid  Want = "invalid"   // nothing less will do
	NotValid Want = "not valid" // invalid or indeterminate
	Valid    Want = "valid"     // the honest counterpart
)

// Attack makes a file that deceives, or the honest file that looks most like it.
type Attack struct {
	Class int // of the nineteen, see Class
	Name  string
	Want  Want
	Make  func(t *Target) []byte // nil when the target has nothing to attack this way
}

// Target is an honest signed file and those who can sign.
type Target struct {
	Name  string
	Own   bool   // a document of the house: its rules are the strictest
	Base  []byte // unsigned; a document of one revision
	File  []byte // Base with one signature of the trusted signer, or the same document made by the house
	PKI   *PKI
	Trust func(base []byte, s Seal) []byte                 // the trusted signer signs in the target's way
	Seal  func(covered []byte, wrong SealWrong) []byte     // makes an SES_Signature; nil for targets without seals
	By    func(i Identity, base []byte, s Seal) []byte     // somebody of the PKI signs; nil for targets of SM2
	Cert  func(change Options) func(covered []byte) []byte // the trusted signer's CMS; nil for seals
}

// SealWrong says what is wrong with an SES_Signature.
type SealWrong string

// Wrong seals.
const (
	SealRight      SealWrong = ""
	SealOtherHash  SealWrong = "of other data"
	SealNotListed  SealWrong = "signer not listed in the seal"
	SealByStranger SealWrong = "seal made by a stranger"
	SealExpired    SealWrong = "seal ended before it was used"
	SealNoSignor   SealWrong = "signed by a stranger"
	SealPicture    SealWrong = "picture exchanged after it was made"
)

// Classes are the names of the nineteen classes, from 1.
func Classes() []string {
	return []string{"", "universal forgery", "incremental saving", "signature wrapping", "shadow: hide", "shadow: replace", "shadow: hide and replace",
		"evil annotation", "sneaky signature", "certification rules", "code injection", "byte range", "signed data", "timestamp and evidence",
		"two readers", "bombs", "encryption", "claims taken for evidence", "seal transplant", "aliases"}
}

// Attacks are all of them, by class.
func Attacks() []Attack {
	return slices.Concat(forgeries(), savings(), wrappings(), hidings(), replacings(), swappings(), annotations(), sneaky(), certifications(),
		injections(), ranges(), signedData(), stamped(), differing(), bombs(), encrypted(), claims(), transplants(), aliases())
}

// made builds the attacks of a class.
type made struct {
	class int
	list  []Attack
}

func (m *made) add(want Want, name string, f func(t *Target) []byte) {
	m.list = append(m.list, Attack{m.class, name, want, f})
}

// after adds an attack that is an increment behind the signed file.
func (m *made) after(want Want, name string, f func(s *Scanned, w *Writer)) {
	m.add(want, name, func(t *Target) []byte { return increment(t.File, f) })
}

// increment continues a file.
func increment(file []byte, f func(s *Scanned, w *Writer)) []byte {
	s := Scan(file)
	w := s.Continue()
	f(s, w)
	return s.Finish(w)
}

// page is the first page, and its content stream.
func (s *Scanned) page() (page, content int) {
	page = s.FirstPage()
	return page, int(atoi(regexp.MustCompile(`/Contents (\d+) 0 R`).FindStringSubmatch(s.Bodies[page])))
}

// forged is the content that an attacker wants to be seen.
func forged(s *Scanned) string {
	return "BT /F1 14 Tf 72 760 Td (Example licence: amount 999999 yuan) Tj ET"
}

// signature is where the last signature of a file stands.
type signature struct {
	num               int    // object
	body              string // of the object
	rangeAt, rangeEnd int
	at, end           int // of the contents with brackets
	r                 [4]int64
}

var (
	reRange    = regexp.MustCompile(`/ByteRange ?(\[[^\]]*\])`)
	reContents = regexp.MustCompile(`/Contents ?(<[0-9a-fA-F]*>)`)
	reNumbers  = regexp.MustCompile(`\d+`)
)

// signature finds it.
func (s *Scanned) signature() signature {
	var sig signature
	for num, span := range s.Spans {
		if strings.Contains(s.Bodies[num], "/ByteRange") && (sig.num == 0 || span[0] > s.Spans[sig.num][0]) {
			sig.num, sig.body = num, s.Bodies[num]
		}
	}
	from, to := s.Spans[sig.num][0], s.Spans[sig.num][1]
	if m := reRange.FindSubmatchIndex(s.File[from:to]); m != nil {
		sig.rangeAt, sig.rangeEnd = from+m[2], from+m[3]
		for i, n := range reNumbers.FindAllString(string(s.File[sig.rangeAt:sig.rangeEnd]), 4) {
			sig.r[i] = atoi([]string{"", n})
		}
	}
	if m := reContents.FindSubmatchIndex(s.File[from:to]); m != nil {
		sig.at, sig.end = from+m[2], from+m[3]
	}
	return sig
}

// overwrite puts bytes into a file at a place, padded with spaces to its width.
func overwrite(file []byte, at, end int, s string) []byte {
	if len(s) > end-at {
		return nil
	}
	out := bytes.Clone(file)
	copy(out[at:end], fmt.Sprintf("%-*s", end-at, s))
	return out
}

// digits is the signature's value in hexadecimal without its padding.
func (g signature) digits(file []byte) string {
	return strings.TrimRight(string(file[g.at+1:g.end-1]), "0")
}
