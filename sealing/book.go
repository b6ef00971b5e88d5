package sealing

import (
	"context"
	"errors"
	"time"

	"yinzheng/internal/gm"
)

// Record is one seal in the register, from its application on.
type Record struct {
	ID     string // esID: 6-digit region and 8-digit serial; given when it is applied for and never again
	Office string // USCC of its owner
	Owner  string // name of the owner, 颁发机构
	Name   string // 印章名称
	Look   Look
	State  SealState

	Applicant, Approver, Maker string // caller IDs: three different people
	Filing                     string // 备案编号; "" before it is recorded
	Replaces, ReplacedBy       string // the seals before and after a remake; "" for none

	Data     []byte    // SESeal, DER; nil until it is made, as all below
	Signer   []byte    // the owner's signing certificate, DER
	Made     time.Time //
	NotAfter time.Time // when seal or certificate ends; zero: known from Data alone
	Uses     int64     // lines of its use log
	Revoked  time.Time // when the CA confirmed that Signer is revoked; zero: it is not, or was not yet
}

// Look is what a seal shows.
type Look struct {
	Type    int    // SES_ESPropertyInfo.type: TypeOffice, …; an open list, 1 to MaxType
	Size    int    // diameter on paper in millimetres, MinSize to MaxSize
	Line    string // the straight line below the star, e.g. 电子证照专用章; "" for none
	Picture []byte // PNG that takes the place of what DrawSeal draws; nil for that
}

// SealState is where a seal is in its life (国办发〔2025〕33号); only an active seal seals. Leads says what follows what.
type SealState string

// The states.
const (
	SealApplied   SealState = "applied"   // 申请
	SealApproved  SealState = "approved"  // 核准
	SealMade      SealState = "made"      // 制作
	SealRecorded  SealState = "recorded"  // 备案
	SealActive    SealState = "active"    // 启用
	SealSuspended SealState = "suspended" // 停用
	SealCancelled SealState = "cancelled" // 注销, also of an application that was refused or withdrawn
	SealLost      SealState = "lost"      // 遗失或泄露
	SealExpired   SealState = "expired"   // 到期
)

// Event is one line of a seal's history, which is only ever added to.
type Event struct {
	Line     int64 // 1, 2, 3, … without a gap; set by the book
	At       time.Time
	From, To SealState // equal for what does not change the state
	What     string    // a state, or one of the Did… words
	By       string    // caller ID
	Why      string
	Detail   string // 备案编号, number of the remade seal, line of the authorisation, …
}

// What happens to a seal beside a change of state.
const (
	DidAuthorise = "authorised"          // a use of it was authorised; Detail is the line
	DidWithdraw  = "withdrawn"           // that was taken back
	DidRevoke    = "certificate-revoked" // the CA confirmed it; Detail is the serial number
)

// Move is one change of state: a compare-and-swap that names both sides. What is "" or nil stays as it is.
type Move struct {
	Seal     string
	From, To SealState
	Event    Event // At, By, Why and Detail of the history's line

	Approver, Maker, Filing string
	Data, Signer            []byte
	Made, NotAfter          time.Time
	Remake                  *Record // applied for in the same transaction; the two name each other
}

// Use is one line of the use log (用印日志). A use that succeeded is written before the sealed document leaves.
type Use struct {
	Seal          string
	Line          int64 // 1, 2, 3, … without a gap in each seal; set by the book
	By            string
	Office        string    // USCC of the office that By acted for; "" for none
	Matter        string    // 事项编码
	Case          string    // 办件编号
	Content       gm.Digest // dataHash; zero for a use that failed
	Document      gm.Digest // SM3 of the sealed document; of a use that failed, of what was to be sealed
	Certificate   string    // serial number of the signing certificate, hex
	Profile       string    // which kind of signature was made
	Authorisation int64     // line of the authorisation that allowed it; 0 for none
	Result        string    // ResultOK or the code of what failed
	At            time.Time
}

// ResultOK is the result of a use that succeeded.
const ResultOK = "ok"

// Errors of Book and Register.
var (
	// ErrMoved means that a seal is not, or not any more, in the state named.
	ErrMoved = errors.New("sealing: the seal is in another state")
	// ErrSealTaken means that the number is another seal's already.
	ErrSealTaken = errors.New("sealing: this number belongs to another seal")
	// ErrFilingTaken means that another seal is recorded under this 备案编号.
	ErrFilingTaken = errors.New("sealing: another seal is recorded under this number")
	// ErrKeyReused means that an idempotency key came with another request before.
	ErrKeyReused = errors.New("sealing: this key was used with another request")
	// ErrNoAuthorisation means that a seal has no authorisation of that line.
	ErrNoAuthorisation = errors.New("sealing: no such authorisation")
)

// Book is what using a seal needs to know. Every method is durable on return.
type Book interface {
	// Seal returns a seal in whatever state, or ErrNoSeal.
	Seal(ctx context.Context, id string) (Record, error)
	// SealOf returns the active seal of an office: of several the one of the least Look.Type, of those the one made last.
	// Without one it is ErrNoSeal.
	SealOf(ctx context.Context, office string) (Record, error)
	// InForce returns the authorisations of a seal that hold at a time and are not used up, oldest first, at most
	// MaxAuthorisations.
	InForce(ctx context.Context, seal string, at time.Time) ([]Authorisation, error)
	// PutUse writes a line. One with ResultOK counts for its authorisation in the same transaction, and is refused when the seal
	// has left SealActive (ErrSealNotUsable) or the authorisation was withdrawn or used up (ErrNotAuthorised) meanwhile. A seal
	// that is not there is ErrNoSeal.
	PutUse(ctx context.Context, u Use) error
}

// Idempotency is a creating request's key, under the caller who sent it, and what it must repeat. An empty Key is none.
type Idempotency struct {
	Caller, Key string
	Request     gm.Digest
}

// Query asks for a page of seals by number.
type Query struct {
	Office string    // "" for any
	State  SealState // "" for any
	After  string    // the number that the last page ended with
	Limit  int       // 1 to MaxPage; beyond that it is MaxPage
}

// MaxPage bounds one page of seals, uses, events or authorisations.
const MaxPage = 500

// Register keeps seals through their life. Nothing in it is ever deleted. Every method is durable on return.
type Register interface {
	Book
	// AddSeal enters an application with its first line. A repeat of the key returns what it made, or ErrKeyReused; a number that
	// is taken is ErrSealTaken.
	AddSeal(ctx context.Context, r Record, e Event, k Idempotency) (Record, error)
	// MoveSeal changes the state and writes the line, in one transaction: ErrNoSeal, ErrMoved, ErrFilingTaken, ErrSealTaken (of the
	// remake).
	MoveSeal(ctx context.Context, m Move) error
	// RevokedSeal notes that the CA revoked the certificate of a seal, once; a repeat changes nothing.
	RevokedSeal(ctx context.Context, id string, e Event) error
	// Seals returns a page, by number.
	Seals(ctx context.Context, q Query) ([]Record, error)
	// SealsDue returns seals that ended at or before a time (or whose end only their data say) and are not in a final state, and
	// final ones whose certificate waits to be revoked; by number, at most n.
	SealsDue(ctx context.Context, at time.Time, after string, n int) ([]Record, error)
	// SealEvents returns the history from line after+1 on, at most n lines.
	SealEvents(ctx context.Context, id string, after int64, n int) ([]Event, error)
	// Uses returns up to n lines of a seal's use log from line after+1 on, oldest first.
	Uses(ctx context.Context, seal string, after int64, n int) ([]Use, error)
	// UsesByDay counts the lines of a seal's use log from a time on, by day as loc has it, those that failed apart.
	UsesByDay(ctx context.Context, seal string, from time.Time, loc *time.Location) ([]DayCount, error)
	// AddAuthorisation enters an authorisation and its line in the history, and returns it with its line. A repeat of the key
	// returns what it made, or ErrKeyReused; ErrNoSeal.
	AddAuthorisation(ctx context.Context, a Authorisation, e Event, k Idempotency) (Authorisation, error)
	// WithdrawAuthorisation takes one back: ErrNoSeal, ErrNoAuthorisation, ErrMoved when that was done before.
	WithdrawAuthorisation(ctx context.Context, seal string, line int64, e Event) error
	// Authorisations returns up to n authorisations of a seal from line after+1 on.
	Authorisations(ctx context.Context, seal string, after int64, n int) ([]Authorisation, error)
}

// DayCount is how often a seal was used on one day.
type DayCount struct {
	Day    time.Time // its midnight
	OK     int64
	Failed int64
}
