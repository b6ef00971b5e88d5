// Package licences issues electronic licences and answers for their state: the only orchestrator of the house.
package licences

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/receipt"
	"yinzheng/sealing"
)

// State is how far issuing has come. It only ever moves forward.
type State string

// The states of issuing, in order.
const (
	Issuing  State = "issuing"  // intent is on disk; nothing was acknowledged
	Sealed   State = "sealed"   // the one sealed document is on disk and named here; acknowledged once the ledger has accepted it
	Anchored State = "anchored" // its receipt is logged
	Archived State = "archived" // its package is deposited
)

// Status is the legal effect (certState of the aggregation practice; standards.md 3.4).
type Status string

// The statuses, with the codes of practice.
const (
	InForce   Status = "01" // 有效
	Suspended Status = "02" // 暂扣
	Withdrawn Status = "03" // 撤销
	Cancelled Status = "04" // 注销
	Expired   Status = "05" // 失效
	Revoked   Status = "07" // 吊销
)

// Holder is 持证主体.
type Holder struct {
	Name     string `json:"name"`
	Code     string `json:"code"`
	CodeType string `json:"code_type"` // 持证主体代码类型代码: 001 统一社会信用代码, 111 公民身份号码, …
}

// Request asks for one licence.
type Request struct {
	Kind      string          // 证照类型代码
	Number    string          // 证照编号; "" lets the service number it
	Holder    Holder          //
	Fields    json.RawMessage // the kind's fields, judged by its JSON Schema
	IssuedOn  string          // YYYY-MM-DD; "" for today
	ValidFrom string          // YYYY-MM-DD; "" for IssuedOn
	ValidTo   string          // YYYY-MM-DD; "" lets the kind's validity rule decide
	Matter    string          // 事项编码
	Case      string          // 办件编号
	Key       string          // Idempotency-Key of the caller
}

// Licence is the record of one licence. It logs its ID and state only.
type Licence struct {
	ID         string // time-ordered, ours
	Identifier string // 电子证照标识, GB/T 36904
	CheckCode  string // random capability printed on the face: leads to the check page
	Kind       string
	KindName   string
	Number     string
	Holder     Holder
	Issuer     string // 颁发机构
	IssuerCode string
	Fields     json.RawMessage
	IssuedOn   string // YYYY-MM-DD
	ValidFrom  string
	ValidTo    string // "" means 长期
	Matter     string
	Case       string
	State      State
	Status     Status
	StatusAt   time.Time
	StatusWhy  string
	Face       gm.Digest // SM3 of the unsealed face: what will be sealed, fixed before sealing
	Document   gm.Digest // SM3 of the sealed document, zero before Sealed
	Package    string    // archive package ID, "" before Archived
	Created    time.Time
	Updated    time.Time
	Caller     string    // who asked
	Key        string    // Idempotency-Key
	RequestSM3 gm.Digest // of the request, so that a repeated key with another body is seen
}

// LogValue implements slog.LogValuer.
func (l Licence) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", l.ID), slog.String("state", string(l.State)))
}

// Patch is what a state change writes beside the state.
type Patch struct {
	Document gm.Digest // for Sealed
	Package  string    // for Archived
	At       time.Time
}

// Store keeps licences. Every method is durable on return.
type Store interface {
	// Licence returns a record by ID, or ErrNoLicence.
	Licence(ctx context.Context, id string) (Licence, error)
	// Create stores a licence in state Issuing. If (Caller, Key) is already there it returns the licence first stored
	// with ErrExists, or ErrKeyReused when RequestSM3 differs; a taken identifier is ErrTaken.
	Create(ctx context.Context, l Licence) (Licence, error)
	// Advance moves a licence from one state to the next, or returns ErrMoved when it is not in from.
	Advance(ctx context.Context, id string, from, to State, p Patch) error
	// Pending returns up to n licences not yet Archived, oldest first.
	Pending(ctx context.Context, n int) ([]Licence, error)
}

// Register is the reading half and the change of legal status.
type Register interface {
	ByIdentifier(ctx context.Context, identifier string) (Licence, error)
	ByCheckCode(ctx context.Context, code string) (Licence, error)
	// SetStatus changes the legal effect by compare-and-swap and appends to the history; ErrMoved when it is not from.
	SetStatus(ctx context.Context, id string, from, to Status, why string, at time.Time, by string) error
	History(ctx context.Context, id string) ([]Event, error)
}

// Lists is what publishing needs.
type Lists interface {
	// OutOfForce returns every licence whose status is not InForce, by identifier.
	OutOfForce(ctx context.Context) ([]Licence, error)
	// Licences returns up to n licences with an ID greater than after, in order of ID.
	Licences(ctx context.Context, after string, n int) ([]Licence, error)
}

// Event is one line of a licence's history.
type Event struct {
	At   time.Time `json:"at"`
	What string    `json:"what"` // e.g. "issuing", "sealed", "status:07"
	By   string    `json:"by"`
	Why  string    `json:"why,omitempty"`
}

// Sealer puts the issuing office's seal on a face.
type Sealer interface {
	Seal(ctx context.Context, r sealing.Request) (*sealing.Sealed, error)
}

// Ledger anchors digests.
type Ledger interface {
	// Accept makes the digest's anchoring durable and promises it; idempotent.
	Accept(ctx context.Context, kind string, d gm.Digest) (*receipt.Receipt, error)
	// Receipt returns the proof as far as it has come.
	Receipt(ctx context.Context, kind string, d gm.Digest) (*receipt.Receipt, error)
	// Await waits until the digest is logged.
	Await(ctx context.Context, kind string, d gm.Digest) (*receipt.Receipt, error)
}

// Presentation is one showing of a licence by its holder: a token that lives 60 s and works once.
type Presentation struct {
	Token   gm.Digest // SM3 of the token: the token itself is never stored
	Licence string    // licence ID
	Fields  []string  // field names shown, nothing else is
	Created time.Time
	Expires time.Time
	Used    time.Time // zero until shown
	Caller  string
	Key     string
}

// Presentations keeps tokens. Every method is durable on return.
type Presentations interface {
	PutPresentation(ctx context.Context, p Presentation) error
	// UsePresentation marks the token used at the given time and returns it, exactly once; ErrNoPresentation if there is
	// no such token, ErrUsed when it was used before, ErrTokenExpired when at is after Expires.
	UsePresentation(ctx context.Context, token gm.Digest, at time.Time) (Presentation, error)
}
