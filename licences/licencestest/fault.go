package licencestest

import (
	"context"
	"errors"
	"io"
	"sync"

	"yinzheng/archive"
	"yinzheng/internal/audit"
	"yinzheng/internal/gm"
	"yinzheng/internal/receipt"
	"yinzheng/licences"
	"yinzheng/sealing"
)

// ErrFault is what a step with a fault returns.
var ErrFault = errors.New("licencestest: fault")

// Fault makes one step fail once: before it has done anything, or, with Persist, after it has done everything.
type Fault struct {
	Point   string // see Points
	Persist bool
	mu      sync.Mutex
	fired   bool
}

// Points are the steps of issuing that touch something outside, in order.
func Points() []string {
	return []string{
		"audit:licence.issue.requested", "create", "seal", "put", "advance:sealed", "accept", "await", "advance:anchored",
		"deposit", "audit:licence.issued", "advance:archived",
	}
}

// Fired reports whether the fault has happened.
func (f *Fault) Fired() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fired
}

func (f *Fault) strikes(point string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fired || f.Point != point {
		return false
	}
	f.fired = true
	return true
}

// at does a step, unless the fault strikes it.
func at[T any](f *Fault, point string, do func() (T, error)) (T, error) {
	if !f.strikes(point) {
		return do()
	}
	var zero T
	if f.Persist {
		if _, err := do(); err != nil {
			return zero, err
		}
	}
	return zero, ErrFault
}

// FaultyStore is a store with a fault.
type FaultyStore struct {
	licences.Store
	*Fault
}

// Create implements licences.Store.
func (s FaultyStore) Create(ctx context.Context, l licences.Licence) (licences.Licence, error) {
	return at(s.Fault, "create", func() (licences.Licence, error) { return s.Store.Create(ctx, l) })
}

// Advance implements licences.Store.
func (s FaultyStore) Advance(ctx context.Context, id string, from, to licences.State, p licences.Patch) error {
	_, err := at(s.Fault, "advance:"+string(to), func() (struct{}, error) { return struct{}{}, s.Store.Advance(ctx, id, from, to, p) })
	return err
}

// FaultySealer is a sealer with a fault.
type FaultySealer struct {
	licences.Sealer
	*Fault
}

// Seal implements licences.Sealer.
func (s FaultySealer) Seal(ctx context.Context, r sealing.Request) (*sealing.Sealed, error) {
	return at(s.Fault, "seal", func() (*sealing.Sealed, error) { return s.Sealer.Seal(ctx, r) })
}

// FaultyLedger is a ledger with a fault.
type FaultyLedger struct {
	licences.Ledger
	*Fault
}

// Accept implements licences.Ledger.
func (l FaultyLedger) Accept(ctx context.Context, kind string, d gm.Digest) (*receipt.Receipt, error) {
	return at(l.Fault, "accept", func() (*receipt.Receipt, error) { return l.Ledger.Accept(ctx, kind, d) })
}

// Await implements licences.Ledger.
func (l FaultyLedger) Await(ctx context.Context, kind string, d gm.Digest) (*receipt.Receipt, error) {
	return at(l.Fault, "await", func() (*receipt.Receipt, error) { return l.Ledger.Await(ctx, kind, d) })
}

// FaultyBlobs is a content store with a fault.
type FaultyBlobs struct {
	archive.Blobs
	*Fault
}

// Put implements archive.Blobs.
func (b FaultyBlobs) Put(ctx context.Context, r io.Reader) (gm.Digest, int64, error) {
	var size int64
	d, err := at(b.Fault, "put", func() (d gm.Digest, err error) {
		d, size, err = b.Blobs.Put(ctx, r)
		return d, err
	})
	return d, size, err
}

// FaultyArchive is an archive with a fault.
type FaultyArchive struct {
	licences.Archiver
	*Fault
}

// Deposit implements licences.Archiver.
func (a FaultyArchive) Deposit(ctx context.Context, d archive.Deposit) (archive.Package, error) {
	return at(a.Fault, "deposit", func() (archive.Package, error) { return a.Archiver.Deposit(ctx, d) })
}

// FaultyAudit is an audit log with a fault.
type FaultyAudit struct {
	audit.Log
	*Fault
}

// Append implements audit.Log.
func (a FaultyAudit) Append(ctx context.Context, e audit.Entry) (audit.Entry, error) {
	return at(a.Fault, "audit:"+e.Action, func() (audit.Entry, error) { return a.Log.Append(ctx, e) })
}
