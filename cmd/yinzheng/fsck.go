package main

import (
	"context"
	"encoding/json"
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

// inspection is what fsck found. It is clean when Faults is empty.
type inspection struct {
	Contents int            `json:"contents"` // content files whose digest was re-derived
	Batches  int            `json:"batches"`  // ledger records compared with the books
	Licences map[string]int `json:"licences"` // by state
	Receipts int            `json:"receipts"` // re-derived and verified
	Packages int            `json:"packages"` // unpacked, every manifest checked
	Audit    int64          `json:"audit"`    // entries of the chain
	Faults   []fault        `json:"faults"`
	More     int            `json:"more_faults,omitempty"`
	Seconds  float64        `json:"seconds"`
}

type fault struct {
	Where string `json:"where"`
	What  string `json:"what"`
}

func (i *inspection) found(where string, err error) {
	if len(i.Faults) >= maxTold {
		i.More++
		return
	}
	i.Faults = append(i.Faults, fault{where, err.Error()})
}

func runFsck(ctx context.Context, p *program, args []string) error {
	fs := p.flags("fsck")
	config := fs.String("config", "", "configuration")
	data := fs.String("data", "", "data folder with the defaults (as the demonstration makes it)")
	asJSON := fs.Bool("json", false, "print one JSON object")
	if err := parse(fs, args); err != nil {
		return err
	}
	var cfg Config
	var err error
	switch {
	case *config != "":
		cfg, err = readConfig(*config)
	case *data != "":
		cfg = defaultConfig(*data)
		err = cfg.check()
	default:
		return usageError{"fsck : name --config FILE or --data DIR"}
	}
	if err != nil {
		return err
	}
	h, err := openHouse(ctx, p, cfg)
	if err != nil {
		return err
	}
	found, err := h.inspect(ctx)
	if err = errors.Join(err, h.close()); err != nil {
		return err
	}
	if *asJSON {
		err = json.NewEncoder(p.out).Encode(found)
	} else {
		found.print(p.out)
	}
	if err == nil && len(found.Faults) > 0 {
		err = hinted{errUnclean, "restore the named content from a copy; nothing is repaired by itself"}
	}
	return err
}

func (i *inspection) print(w io.Writer) {
	fmt.Fprintf(w, "contents %d, batches %d, licences %v, receipts %d, packages %d, audit entries %d; %.1f s\n",
		i.Contents, i.Batches, i.Licences, i.Receipts, i.Packages, i.Audit, i.Seconds)
	for _, f := range i.Faults {
		fmt.Fprintf(w, "FAULT %s: %s\n", f.Where, f.What)
	}
	if i.More > 0 {
		fmt.Fprintf(w, "and %d more\n", i.More)
	}
	if len(i.Faults) == 0 {
		fmt.Fprintln(w, "clean")
	}
}

// inspect re-derives everything from the bytes: content digests, the log's tree, batches, receipts, packages, audit chain.
func (h *house) inspect(ctx context.Context) (*inspection, error) {
	started := h.p.now()
	i := &inspection{Licences: map[string]int{}, Faults: []fault{}}
	for _, part := range []struct {
		name string
		do   func(context.Context, *inspection) error
	}{
		{"content", h.inspectContent}, {"log", h.inspectLog}, {"licences", h.inspectLicences}, {"packages", h.inspectPackages}, {"audit", h.inspectAudit},
	} {
		if err := part.do(ctx, i); err != nil {
			return nil, fmt.Errorf("fsck of %s : %w", part.name, err)
		}
	}
	i.Seconds = float64(h.p.now().Sub(started).Milliseconds()) / 1000
	return i, nil
}

func (h *house) inspectContent(ctx context.Context, i *inspection) error {
	return h.blobs.Each(ctx, func(d gm.Digest) error {
		i.Contents++
		r, err := h.blobs.Open(ctx, d)
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
func (h *house) inspectLog(ctx context.Context, i *inspection) error {
	seen := map[int64]gm.Digest{}
	last := int64(-1)
	err := h.log.Check(ctx, func(index int64, record []byte) error {
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
		batch, err := h.db.Batch(ctx, root.Sequence)
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

func (h *house) inspectLicences(ctx context.Context, i *inspection) error {
	trust, err := h.publisher.Trust(ctx)
	if err != nil {
		return err
	}
	for after := ""; ; {
		found, err := h.db.Licences(ctx, after, page)
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
func (h *house) inspectLicence(ctx context.Context, i *inspection, trust []byte, l licences.Licence) {
	in, err := h.licences.Files(ctx, l.Identifier)
	if err != nil {
		i.found("licence "+l.ID, err)
		return
	}
	r, err := h.ledger.Receipt(ctx, "licence", l.Document)
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
	report := verify.Judge(in, trust, h.p.now())
	for _, f := range report.Findings {
		if f.Outcome == verify.Fail && !standing(f.Code) {
			i.found("licence "+l.ID, errors.New(f.Code))
		}
	}
	if l.State == licences.Archived {
		if _, err := h.db.Package(ctx, l.Package); err != nil {
			i.found("licence "+l.ID, err)
		}
	}
}

// standing reports whether a finding is about the licence's present standing, which is no fault of what is stored.
func standing(code string) bool {
	return code == "LICENCE_PERIOD" || code == "LICENCE_STATUS"
}

func (h *house) inspectPackages(ctx context.Context, i *inspection) error {
	checked, _, err := h.archive.Audit(ctx, func(p archive.Package, err error) {
		if err != nil {
			i.found("package "+p.ID, err)
		}
	})
	i.Packages = checked
	return err
}

func (h *house) inspectAudit(ctx context.Context, i *inspection) error {
	n, err := audit.Verify(ctx, h.db)
	i.Audit = n
	if err != nil {
		i.found("audit record", err)
	}
	return ctx.Err()
}
