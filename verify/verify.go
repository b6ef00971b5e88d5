// Package verify judges licences and their proofs: bytes in, report out. It has no clock, no network and no database;
// the same code decides inside the service and on a stranger's machine.
package verify

import (
	"time"

	"yinzheng/internal/gm"
)

// Verdict is the answer. The zero value claims nothing.
type Verdict int

// The verdicts.
const (
	Indeterminate Verdict = iota // not provable with what is at hand
	Valid
	Invalid
)

// Outcome is how one check ended.
type Outcome string

// The outcomes of a check.
const (
	Pass    Outcome = "pass"
	Warn    Outcome = "warn"    // noted, does not change the verdict
	Unknown Outcome = "unknown" // could not be decided: the verdict is at most Indeterminate
	Fail    Outcome = "fail"    // the verdict is Invalid
)

// Finding is one step of the judgement. Texts for people are looked up by Code in internal/web/text.
type Finding struct {
	Code    string            `json:"code"`             // stable, upper case, e.g. "CONTENT_HASH"
	Clause  string            `json:"clause,omitempty"` // where the rule stands
	Outcome Outcome           `json:"outcome"`
	Params  map[string]string `json:"params,omitempty"` // data for the text: names, times, digests
}

// Report is the judgement of one licence (or one receipt alone).
type Report struct {
	Verdict  Verdict   `json:"verdict"`
	At       time.Time `json:"at"`       // the time judged at
	Document gm.Digest `json:"document"` // SM3 of the bytes judged
	Subject  *Subject  `json:"subject,omitempty"`
	Findings []Finding `json:"findings"`
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
	Document []byte // a PDF; nil to judge the receipt alone
	Receipt  []byte // a receipt's JSON; nil when there is none
}
