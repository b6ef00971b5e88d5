// Package completion is 信任在先、办结核验: a case is accepted on a commitment and checked when it is completed.
package completion

import (
	"context"
	"encoding/json"
	"io"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/receipt"
	"yinzheng/verify"
)

// State of a case.
type State string

// The states of a case.
const (
	Opened    State = "opened"    // 已收件
	Committed State = "committed" // accepted on a commitment (信任在先)
	Judged    State = "judged"    // checked, outcome signed and kept; its consequences are still to come
	Completed State = "completed" // outcome anchored and the case file archived (办结核验)
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

// Evidence is a document of the case, kept by digest: handed in, or gathered when the case was checked.
type Evidence struct {
	ID     string    `json:"id"`
	Role   Role      `json:"role,omitempty"`
	Name   string    `json:"name"`
	MIME   string    `json:"mime"`
	Digest gm.Digest `json:"digest"`
	Size   int64     `json:"size"`
	At     time.Time `json:"at"`
}

// Role says what a piece of evidence is.
type Role string

// The roles. Everything but HandedIn is gathered by Complete, so that the case file alone can be judged again.
const (
	HandedIn       Role = ""
	LicenceRole    Role = "licence" // the licence document that a commitment was checked against
	ReceiptRole    Role = "receipt" // its receipt
	TrustRole      Role = "trust"   // the trust file used
	OutcomeRole    Role = "outcome" // the signed outcome
	OutcomeReceipt Role = "outcome-receipt"
)

// Check is the result for one commitment, with what it was judged on.
type Check struct {
	Commitment string           `json:"commitment"`
	Result     Result           `json:"result"`
	Licence    string           `json:"licence"`
	Document   gm.Digest        `json:"document"` // SM3 of the licence document judged; zero when none was had
	At         time.Time        `json:"at"`       // the time judged at
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

// Ledger anchors the signed outcome (kind "outcome").
type Ledger interface {
	// Append returns when the digest is logged; it is idempotent.
	Append(ctx context.Context, kind string, d gm.Digest) (*receipt.Receipt, error)
}

// Archive keeps what belongs to a case.
type Archive interface {
	// Keep stores content and returns its digest and size in bytes; durable on return, harmless to repeat.
	Keep(ctx context.Context, content io.Reader) (gm.Digest, int64, error)
	// DepositCase packs the case with every piece of its evidence (by digest) and returns the package's ID. It is
	// idempotent by the case's ID: the package may depend on nothing but c.
	DepositCase(ctx context.Context, c Case) (string, error)
}

// Signer signs outcomes.
type Signer interface {
	// SignOutcome signs message (SM2 with SM3 over exactly these bytes) with the key of the office's certificate.
	SignOutcome(ctx context.Context, office string, message []byte) (signature, certificate []byte, err error)
}
