// Package verify judges licences and their proofs: bytes in, report out. It has no clock, no network and no database;
// the same code decides inside the service and on a stranger's machine.
//
// Read turns bytes into Evidence (facts, no opinion); Policy.Judge weighs the evidence with a Trust file at a time. Each
// row of Checks becomes one finding, and only a judgement in which every row passed (or warned) is Valid: a row that
// could not run is Unknown, never left out.
//
// A document may bear several signatures. The rows about a signature run once for each, and each has a verdict of its own:
// over the bytes up to its end, and over what came after it, of which every change must be explained (SIG_CHANGES). The
// document's verdict is the worst of all, because a later signature is also content: its picture stands on the page, put
// there by whoever signed. One by somebody who is not believed leaves the document Indeterminate however sound the others
// are, and SIG_OVERLAP says how much of the page it covers; the reports on the others still say what they sealed. A document
// timestamp counts like any other signature, and proves the time of those before it when it is believed.
//
// Time: what a signature is judged at is its own timestamp, else the time that its signer declared when a document timestamp
// or the ledger's receipt proves that it was there soon after, else the time of that proof. Certificates and revocation are
// judged at that time, so that a judgement stays what it is when certificates run out.
package verify

import (
	"fmt"
	"io"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/midstate"
)

// Limits of what is read. Beyond them the answer is a finding, not an effort.
const (
	MaxDocument = 64 << 20 // bytes of a PDF in memory: a licence has one page; bigger documents come through Input.Reader
	MaxFile     = 4 << 30  // bytes of a PDF that is read from where it is: whole case files with scans
	MaxReceipt  = 1 << 20  // bytes of a receipt: a path of 63 levels twice, a note and two signatures are below 32 KiB
	MaxTrust    = 16 << 20 // bytes of a trust file: about 100,000 licences out of force
	MaxData     = 1 << 20  // bytes of licence.json
	MaxOutcome  = 1 << 20  // bytes of a signed case outcome
)

// Verdict is the answer. The zero value claims nothing.
type Verdict int

// The verdicts.
const (
	Indeterminate Verdict = iota // not provable with what is at hand
	Valid
	Invalid
)

// String returns "indeterminate", "valid" or "invalid"; any other number is indeterminate.
func (v Verdict) String() string {
	switch v {
	case Valid:
		return "valid"
	case Invalid:
		return "invalid"
	case Indeterminate:
	}
	return "indeterminate"
}

// MarshalText implements encoding.TextMarshaler.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler: the three words of String and nothing else.
func (v *Verdict) UnmarshalText(text []byte) error {
	for _, known := range []Verdict{Indeterminate, Valid, Invalid} {
		if string(text) == known.String() {
			*v = known
			return nil
		}
	}
	return fmt.Errorf("verify: no verdict is called %.20q", text)
}

// Outcome is how one check ended.
type Outcome string

// The outcomes of a check.
const (
	Pass    Outcome = "pass"
	Warn    Outcome = "warn"    // noted, does not change the verdict
	Unknown Outcome = "unknown" // could not be decided: the verdict is at most Indeterminate
	Fail    Outcome = "fail"    // the verdict is Invalid
)

// Finding is one step of the judgement. Texts for people are looked up by Code, Outcome and Params["why"] in
// internal/web/text.
type Finding struct {
	Code      string            `json:"code"`                // stable, upper case, e.g. "CONTENT_HASH"
	Clause    string            `json:"clause,omitempty"`    // where the rule stands
	Signature string            `json:"signature,omitempty"` // the one it is about: SignatureReport.Name; "" when about the whole
	Outcome   Outcome           `json:"outcome"`
	Params    map[string]string `json:"params,omitempty"` // data for the text: names, times, digests; "why" tells endings apart
}

// Standing reports whether the finding is about the licence's present standing, its period and its status: that may change,
// and says nothing against what was sealed.
func (f Finding) Standing() bool { return f.Code == codePeriod || f.Code == codeStatus }

// Kinds of what is judged.
const (
	KindLicence  = "licence"  // a sealed licence: a PDF with licence.json. It is a kind of receipt (receipt.Entry.Kind) too
	KindOutcome  = "outcome"  // a signed case outcome; a kind of receipt too
	KindDocument = "document" // any other PDF; a kind of receipt too. It is nobody's licence, however valid
	KindReceipt  = "receipt"  // a receipt alone
)

// Report is the judgement of one document, or of one receipt or one case outcome alone. Who needs a licence looks at Kind,
// and at Subject, which nothing but a licence has.
type Report struct {
	Verdict    Verdict           `json:"verdict"`
	Kind       string            `json:"kind,omitempty"` // one of the Kind constants; "" when nothing was given
	At         time.Time         `json:"at"`             // the time judged at
	Document   gm.Digest         `json:"document"`       // SM3 of the bytes judged; of what the receipt is for when judged alone
	Subject    *Subject          `json:"subject,omitempty"`
	Signatures []SignatureReport `json:"signatures,omitempty"` // oldest first
	Findings   []Finding         `json:"findings"`
}

// Subject is what the document says it is; meaningful only when the verdict is Valid.
type Subject struct {
	Identifier string    `json:"identifier"` // 电子证照标识, GB/T 36904
	Kind       string    `json:"kind"`       // 证照类型代码
	Name       string    `json:"name"`       // 证照名称
	Number     string    `json:"number"`     // 证照编号
	Holder     string    `json:"holder"`
	HolderCode string    `json:"holder_code"`
	Issuer     string    `json:"issuer"`
	IssuerCode string    `json:"issuer_code"`
	ValidFrom  string    `json:"valid_from"` // YYYY-MM-DD
	ValidTo    string    `json:"valid_to"`   // YYYY-MM-DD, or "" for 长期
	SealedAt   time.Time `json:"sealed_at"`
	SealName   string    `json:"seal_name"`
	Data       []byte    `json:"-"` // licence.json as attached
}

// Input is what is judged.
type Input struct {
	Document []byte            // a PDF; nil to judge the receipt alone
	Reader   *io.SectionReader // the same for a PDF that is too large for memory: read in place, and only when Document is nil
	Receipt  []byte            // a receipt's JSON; nil when there is none
	Outcome  []byte            // a signed case outcome instead of a document; nil for a licence

	// State is the state of the hashes over the document's beginning, known from elsewhere: then that part is not hashed
	// again. It must be trusted, as one from our own store is; a stranger's file has none.
	State midstate.State
}

// verdict weighs findings: one Fail makes it Invalid, else one Unknown (or nothing at all) leaves it Indeterminate.
func verdict(findings []Finding) Verdict {
	v := Valid
	if len(findings) == 0 {
		v = Indeterminate
	}
	for _, f := range findings {
		switch f.Outcome {
		case Fail:
			return Invalid
		case Pass, Warn:
		default:
			v = Indeterminate
		}
	}
	return v
}
