package house

import (
	"context"
	"errors"
	"fmt"
	"io"

	"yinzheng/archive"
	"yinzheng/internal/audit"
	"yinzheng/internal/gm"
	"yinzheng/internal/ledger"
	"yinzheng/internal/receipt"
	"yinzheng/licences"
	"yinzheng/verify"
)

// page is how many records fsck takes at a time.
const page = 500

// maxTold bounds the faults that are told one by one; the rest are counted.
const maxTold = 1000

// Inspection is what Inspect found. It is clean when Faults is empty.
type Inspection struct {
	Contents int            `json:"contents"` // content files whose digest was re-derived
	Batches  int            `json:"batches"`  // ledger records compared with the books
	Licences map[string]int `json:"licences"` // by state
	Receipts int            `json:"receipts"` // re-derived and verified
	Packages int            `json:"packages"` // unpacked, every manifest checked

	Documents int   `json:"documents"` // brought to be sealed, or sealed: each is in the content store
	Audit     int64 `json:"audit"`     // entries of the chain

	Seals        map[string]int `json:"seals"`                // by state; history and use log of each read again
	Certificates map[string]int `json:"certificates"`         // of the register, by state; each verified under its authority
	Signatures   int64          `json:"signatures,omitempty"` // in the keys' record; none when another process holds the keys

	Faults  []Fault `json:"faults"`
	More    int     `json:"more_faults,omitempty"`
	Seconds float64 `json:"seconds"`
}

// Fault is one thing that is not as it was acknowledged.
type Fault struct {
	Where string `json:"where"`
	What  string `json:"what"`
}

func (i *Inspection) found(where string, err error) {
	if len(i.Faults) >= maxTold {
		i.More++
		return
	}
	i.Faults = append(i.Faults, Fault{where, err.Error()})
}

// Inspect re-derives everything from the bytes: content digests, the log's tree, batches, receipts, packages, audit chain, certificates and
// the keys' record.
func (h *House) Inspect(ctx context.Context) (*Inspection, error) {
	started := h.cfg.Now()
	i := &Inspection{Licences: map[string]int{}, Seals: map[string]int{}, Certificates: map[string]int{}, Faults: []Fault{}}
	for _, part := range []struct {
		name string
		do   func(context.Context, *Inspection) error
	}{
		{"content", h.inspectContent}, {"log", h.inspectLog}, {"licences", h.inspectLicences}, {"packages", h.inspectPackages}, {"documents", h.inspectDocuments}, {"audit", h.inspectAudit},
		{"seals", h.inspectSeals}, {"register", h.inspectRegister}, {"keys", h.inspectKeys},
	} {
		if err := part.do(ctx, i); err != nil {
			return nil, fmt.Errorf("fsck of %s : %w", part.name, err)
		}
	}
	i.Seconds = float64(h.cfg.Now().Sub(started).Milliseconds()) / 1000
	return i, nil
}

func (h *House) inspectContent(ctx context.Context, i *Inspection) error {
	return h.Blobs.Each(ctx, func(d gm.Digest) error {
		i.Contents++
		r, err := h.Blobs.Open(ctx, d)
		if err == nil {
			_, err = io.Copy(io.Discard, r)
			err = errors.Join(err, r.Close())
		}
		if err != nil {
			i.found("content "+d.String(), err)
		}
		return ctx.Err()
	})
}

// inspectLog recomputes the log and compares every record with the books.
func (h *House) inspectLog(ctx context.Context, i *Inspection) error {
	seen := map[int64]gm.Digest{}
	last := int64(-1)
	err := h.Log.Check(ctx, func(index int64, record []byte) error {
		i.Batches++
		root, _, err := receipt.ParseRecord(record)
		if err != nil {
			i.found(fmt.Sprintf("log record %d", index), err)
			return nil
		}
		// The same record twice is what a crash between publishing and noting it leaves; two meanings are a fault.
		if d, again := seen[root.Sequence]; again && d != gm.Sum(record) {
			i.found(fmt.Sprintf("log record %d", index), fmt.Errorf("sequence %d has two meanings", root.Sequence))
		}
		seen[root.Sequence] = gm.Sum(record)
		batch, err := h.DB.Batch(ctx, root.Sequence)
		switch {
		case err != nil:
			i.found(fmt.Sprintf("batch %d", root.Sequence), err)
		case string(batch.Root.Bytes()) != string(root.Bytes()):
			i.found(fmt.Sprintf("batch %d", root.Sequence), errors.New("the books have another root"))
		}
		last = max(last, root.Sequence)
		return ctx.Err()
	})
	if err != nil {
		i.found("log", err)
	}
	for sequence := int64(0); sequence <= last; sequence++ {
		if _, there := seen[sequence]; !there {
			i.found(fmt.Sprintf("batch %d", sequence), errors.New("is missing from the log"))
		}
	}
	return ctx.Err()
}

func (h *House) inspectLicences(ctx context.Context, i *Inspection) error {
	_, trust, err := h.publisher.newest(ctx)
	if err != nil {
		return err
	}
	for after := ""; ; {
		found, err := h.DB.Licences(ctx, after, page)
		if err != nil {
			return err
		}
		for _, l := range found {
			i.Licences[string(l.State)]++
			if l.State != licences.Issuing {
				h.inspectLicence(ctx, i, trust, l)
			}
			after = l.ID
		}
		if len(found) < page {
			return ctx.Err()
		}
	}
}

// inspectLicence judges an acknowledged licence as a stranger would, apart from its present standing.
func (h *House) inspectLicence(ctx context.Context, i *Inspection, trust *verify.Trust, l licences.Licence) {
	in, err := h.Licences.Files(ctx, l.Identifier)
	if err != nil {
		i.found("licence "+l.ID, err)
		return
	}
	r, err := h.Ledger.Receipt(ctx, verify.KindLicence, l.Document)
	switch {
	case errors.Is(err, ledger.ErrNoEntry):
		i.found("licence "+l.ID, errors.New("was acknowledged without a promise of the ledger"))
		return
	case err != nil:
		i.found("licence "+l.ID, err)
		return
	case r.State == receipt.Accepted && l.State != licences.Sealed:
		i.found("licence "+l.ID, errors.New("is said to be anchored and is not logged"))
	}
	i.Receipts++
	report := h.policy().Judge(verify.Read(in), trust, h.cfg.Now())
	for _, f := range report.Findings {
		if f.Outcome == verify.Fail && !f.Standing() {
			i.found("licence "+l.ID, errors.New(f.Code))
		}
	}
	if l.State == licences.Archived {
		if _, err := h.DB.Package(ctx, l.Package); err != nil {
			i.found("licence "+l.ID, err)
		}
	}
}

func (h *House) inspectPackages(ctx context.Context, i *Inspection) error {
	checked, _, err := h.Archive.Audit(ctx, func(p archive.Package, err error) {
		if err != nil {
			i.found("package "+p.ID, err)
		}
	})
	i.Packages = checked
	return err
}

func (h *House) inspectAudit(ctx context.Context, i *Inspection) error {
	if err := audit.Verify(ctx, h.DB); err != nil {
		i.found("audit record", err)
	}
	var err error
	i.Audit, _, err = h.DB.AuditHead(ctx)
	return err
}
