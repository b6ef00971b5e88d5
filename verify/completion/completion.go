// Package completion is 信任在先、办结核验: a case is accepted on a commitment and checked when it is completed.
package completion

import (
	"context"
	"encoding/json"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/verify"
)

// State of a case.
type State string

// The states of a case.
const (
	Opened    State = "opened"    // 已收件
	Committed State = "committed" // accepted on a commitment (信任在先)
	Completed State = "completed" // checked, outcome signed (办结核验)
)

// Result of checking one commitment (standards.md 6.3).
type Result string

// The results.
const (
	True         Result = "true"         // 属实
	False        Result = "false"        // 不属实
	Partial      Result = "partial"      // 部分不一致
	Unverifiable Result = "unverifiable" // 无法核实
)

// Party is the applicant.
type Party struct {
	Name     string `json:"name"`
	Code     string `json:"code"`
	CodeType string `json:"code_type"`
}

// Case is one 办件.
type Case struct {
	ID          string       `json:"id"`
	Number      string       `json:"number"` // 办件编号
	Matter      string       `json:"matter"` // 事项编码
	Title       string       `json:"title"`
	Office      string       `json:"office"` // USCC of the office that handles it
	Applicant   Party        `json:"applicant"`
	State       State        `json:"state"`
	Commitments []Commitment `json:"commitments"`
	Evidence    []Evidence   `json:"evidence"`
	Outcome     *Outcome     `json:"outcome,omitempty"`
	Package     string       `json:"package,omitempty"`
	Opened      time.Time    `json:"opened"`
	Due         time.Time    `json:"due"` // when the check is due
	Updated     time.Time    `json:"updated"`
	Revision    int64        `json:"revision"` // compare-and-swap
	Caller      string       `json:"-"`
	Key         string       `json:"-"`
	RequestSM3  gm.Digest    `json:"-"`
}

// Commitment is what the applicant promises instead of handing in proof.
type Commitment struct {
	ID        string            `json:"id"`
	Item      string            `json:"item"`      // the proof replaced, e.g. 食品经营许可证
	Kind      string            `json:"kind"`      // 证照类型代码 that proves it
	Statement string            `json:"statement"` // the text committed to
	Facts     map[string]string `json:"facts"`     // declared facts: field name → value, compared with the licence
	Licence   string            `json:"licence"`   // 电子证照标识 named by the applicant
	At        time.Time         `json:"at"`
}

// Evidence is a document handed in with the case, kept by digest.
type Evidence struct {
	ID     string    `json:"id"`
	Name   string    `json:"name"`
	MIME   string    `json:"mime"`
	Digest gm.Digest `json:"digest"`
	Size   int64     `json:"size"`
	At     time.Time `json:"at"`
}

// Check is the result for one commitment, with what it was judged on.
type Check struct {
	Commitment string           `json:"commitment"`
	Result     Result           `json:"result"`
	Licence    string           `json:"licence"`
	Document   gm.Digest        `json:"document"` // SM3 of the licence document judged; zero when none was had
	Findings   []verify.Finding `json:"findings"`
}

// Outcome is the signed end of a case.
type Outcome struct {
	Case   string          `json:"case"`
	Result Result          `json:"result"` // the worst of the checks
	Checks []Check         `json:"checks"`
	At     time.Time       `json:"at"`
	By     string          `json:"by"`
	Signed json.RawMessage `json:"-"` // the signed outcome document: exact bytes (see EncodeOutcome)
}

// Store keeps cases. Every method is durable on return.
type Store interface {
	// CreateCase stores a new case; (Caller, Key) as in licences: ErrExists with the first, ErrKeyReused.
	CreateCase(ctx context.Context, c Case) (Case, error)
	Case(ctx context.Context, id string) (Case, error) // ErrNoCase
	// UpdateCase writes c if its Revision is still the stored one (ErrMoved else) and returns it with the next.
	UpdateCase(ctx context.Context, c Case) (Case, error)
	// Cases returns up to n cases not completed that are due before t, soonest first; zero t for all; pages by after (ID).
	Cases(ctx context.Context, dueBefore time.Time, after string, n int) ([]Case, error)
}

// Licences answers for licences: the local register, or another region's files.
type Licences interface {
	// Evidence returns document, receipt and trust bytes at hand for an identifier; ErrNoEvidence if there are none.
	Evidence(ctx context.Context, identifier string) (verify.Input, error)
}

// Signer signs outcomes.
type Signer interface {
	SignOutcome(ctx context.Context, office string, payload []byte) (signature, certificate []byte, err error)
}
