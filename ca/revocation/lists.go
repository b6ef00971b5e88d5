package revocation

import (
	"bytes"
	"context"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"yinzheng/internal/gm"
)

// deltaOverlap is how far before its base a delta list reaches. Another process may have made a list of a higher number from
// an earlier state of the register, or have a clock behind ours; a revocation listed twice does no harm.
const deltaOverlap = 10 * time.Minute

// list is one signed list.
type list struct {
	der     []byte
	made    time.Time // thisUpdate
	until   time.Time // nextUpdate
	entries []gm.CRLEntry
}

// lists are those of one authority; they are never changed, only replaced.
type lists struct {
	epoch      uint64
	number     int64 // of full and delta, which are made together (RFC 5280, 5.2.4)
	full       list
	delta      list
	partitions [CertificatePartitions]list
	base       base
}

// base is the complete list that a delta counts from: the last of an earlier day (UTC), so that who has yesterday's list
// needs the delta only. After a start it is the first list made.
type base struct {
	number  int64
	made    time.Time
	entries []gm.CRLEntry
}

// shelf holds the lists of one authority.
type shelf struct {
	now atomic.Pointer[lists] // nil: none yet

	mu      sync.Mutex // one signs
	failed  error      // of the last attempt
	tried   time.Time
	failing bool // the log has been told
}

// due reports whether a list must be made again before the register changes: at half its life.
func (s *lists) due(now time.Time) bool {
	return !now.Before(s.delta.made.Add(DeltaLife/2)) || slices.ContainsFunc(s.partitions[:], func(l list) bool { return l.old(now) })
}

func (l list) old(now time.Time) bool { return !now.Before(l.made.Add(FullLife / 2)) }

// refresh makes the lists of an authority anew when the register has changed or they are due; otherwise it does nothing. It
// does not stop when the one who asked goes away: others wait for the same lists.
func (p *Publisher) refresh(ctx context.Context, a *authority) error {
	isFresh := func(s *lists, now time.Time) bool { return s != nil && s.epoch == p.epoch.Load() && !s.due(now) }
	if isFresh(a.shelf.now.Load(), p.c.Now()) {
		return nil
	}
	a.shelf.mu.Lock()
	defer a.shelf.mu.Unlock()
	now, there := p.c.Now(), a.shelf.now.Load()
	if isFresh(there, now) {
		return nil
	}
	if since := now.Sub(a.shelf.tried); a.shelf.failed != nil && since >= 0 && since < RetryAfter {
		return a.shelf.failed
	}
	detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), signTimeout)
	defer cancel()
	fresh, err := p.remake(detached, a, there, now)
	a.shelf.tried, a.shelf.failed = now, err
	switch {
	case err != nil && !a.shelf.failing:
		p.c.Log.ErrorContext(ctx, "making revocation lists; trying again", "authority", a.Name, "err", err)
	case err == nil && a.shelf.failing:
		p.c.Log.InfoContext(ctx, "making revocation lists again", "authority", a.Name)
	}
	a.shelf.failing = err != nil
	if err != nil {
		return err
	}
	a.shelf.now.Store(fresh)
	return nil
}

// remake reads the register and returns the lists that follow from it, the same ones when nothing changed.
func (p *Publisher) remake(ctx context.Context, a *authority, there *lists, now time.Time) (*lists, error) {
	if now.After(a.cert.NotAfter) || now.Before(a.cert.NotBefore) {
		return nil, fmt.Errorf("listing for %q, whose certificate is not valid now: %w", a.Name, ErrAuthority)
	}
	fresh := &lists{epoch: p.epoch.Load()} // before reading: a revocation after it makes this stale again
	entries, err := p.entries(ctx, a, now)
	if err != nil {
		return nil, err
	}
	if there != nil && !there.due(now) && same(entries, there.full.entries) {
		unchanged := *there
		unchanged.epoch = fresh.epoch
		return &unchanged, nil
	}
	if fresh.number, err = p.c.Numbers.NextSerial(ctx, "crl "+a.Name); err != nil {
		return nil, fmt.Errorf("numbering a list of %q: %w", a.Name, err)
	}
	if there != nil && fresh.number <= there.number || fresh.number < 0 {
		return nil, fmt.Errorf("numbering a list of %q: %d: %w", a.Name, fresh.number, ErrNumber)
	}
	if err := p.signWhole(a, fresh, there, entries, now); err != nil {
		return nil, err
	}
	for n, part := range partition(entries) {
		if there != nil && !there.partitions[n].old(now) && same(part, there.partitions[n].entries) {
			fresh.partitions[n] = there.partitions[n]
			continue
		}
		point, err := gm.IssuingDistributionPoint(p.address(a.Name, partitionName(n)))
		if err != nil {
			return nil, err
		}
		if fresh.partitions[n], err = p.sign(a, fresh.number, now, FullLife, part, point); err != nil {
			return nil, err
		}
	}
	return fresh, nil
}

// signWhole signs the complete list and its delta.
func (p *Publisher) signWhole(a *authority, fresh, there *lists, entries []gm.CRLEntry, now time.Time) (err error) {
	freshest, err := gm.FreshestCRL(p.address(a.Name, deltaSuffix))
	if err != nil {
		return err
	}
	if fresh.full, err = p.sign(a, fresh.number, now, FullLife, entries, freshest); err != nil {
		return err
	}
	switch {
	case there == nil:
		fresh.base = base{fresh.number, fresh.full.made, entries}
	case day(there.full.made) != day(now):
		fresh.base = base{there.number, there.full.made, there.full.entries}
	default:
		fresh.base = there.base
	}
	indicator, err := gm.DeltaCRL(big.NewInt(fresh.base.number))
	if err != nil {
		return err
	}
	fresh.delta, err = p.sign(a, fresh.number, now, DeltaLife, fresh.base.since(entries), indicator)
	return err
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// since returns the entries that a delta on this base must have: those not in it, and recent ones again. Both are by serial.
func (b base) since(entries []gm.CRLEntry) []gm.CRLEntry {
	var out []gm.CRLEntry
	i := 0
	for _, e := range entries {
		for i < len(b.entries) && b.entries[i].SerialNumber.Cmp(e.SerialNumber) < 0 {
			i++
		}
		isIn := i < len(b.entries) && sameEntry(b.entries[i], e)
		if !isIn || !e.RevocationTime.Before(b.made.Add(-deltaOverlap)) {
			out = append(out, e)
		}
	}
	return out
}

func partition(entries []gm.CRLEntry) (parts [CertificatePartitions][]gm.CRLEntry) {
	for _, e := range entries {
		n := PartitionOf(e.SerialNumber)
		parts[n] = append(parts[n], e)
	}
	return parts
}

// sign makes one list and reads it back.
func (p *Publisher) sign(a *authority, number int64, now time.Time, life time.Duration, entries []gm.CRLEntry, scope pkix.Extension) (list, error) {
	l := list{made: now.UTC().Truncate(time.Second), entries: entries}
	l.until = l.made.Add(life)
	template := &gm.CRL{Number: big.NewInt(number), ThisUpdate: l.made, NextUpdate: l.until, RevokedCertificateEntries: entries,
		ExtraExtensions: []pkix.Extension{scope}}
	var err error
	if l.der, err = gm.CreateCRL(template, a.cert, a.Key); err != nil {
		if errors.Is(err, gm.ErrDisagreement) && p.c.Alarm != nil {
			p.c.Alarm(context.Background(), "revocation list of "+a.Name, err)
		}
		return list{}, fmt.Errorf("signing list %d of %q: %w", number, a.Name, err)
	}
	if err := l.check(a, template); err != nil {
		return list{}, fmt.Errorf("reading back list %d of %q: %w", number, a.Name, err)
	}
	return l, nil
}

// check compares what a reader will see with what was to be said. Errors: ErrList.
func (l list) check(a *authority, want *gm.CRL) error {
	got, err := gm.ParseCRL(l.der)
	if err != nil {
		return err
	}
	if gm.IsSM2(a.cert.PublicKey) {
		err = gm.CheckCRL(got, a.cert)
	} else {
		err = got.CheckSignatureFrom(a.cert)
	}
	if err != nil {
		return err
	}
	isScope := func(e pkix.Extension) bool {
		return e.Id.Equal(want.ExtraExtensions[0].Id) && bytes.Equal(e.Value, want.ExtraExtensions[0].Value)
	}
	if got.Number == nil || got.Number.Cmp(want.Number) != 0 || !got.ThisUpdate.Equal(l.made) || !got.NextUpdate.Equal(l.until) ||
		!bytes.Equal(got.RawIssuer, a.cert.RawSubject) || !bytes.Equal(got.AuthorityKeyId, a.cert.SubjectKeyId) ||
		!same(got.RevokedCertificateEntries, l.entries) || !slices.ContainsFunc(got.Extensions, isScope) {
		return fmt.Errorf("it says something else: %w", ErrList)
	}
	return nil
}

// same compares the entries of two lists, both by serial.
func same(a, b []gm.CRLEntry) bool { return slices.EqualFunc(a, b, sameEntry) }

func sameEntry(a, b gm.CRLEntry) bool {
	return a.SerialNumber.Cmp(b.SerialNumber) == 0 && a.ReasonCode == b.ReasonCode && a.RevocationTime.Equal(b.RevocationTime)
}

// CRL returns the complete list of an authority, DER. Errors: ErrAuthority, ErrStale; those of the register and the key when
// there is no list at all.
func (p *Publisher) CRL(ctx context.Context, name string) ([]byte, error) {
	return p.list(ctx, name, func(s *lists) list { return s.full })
}

// Delta returns the delta list of an authority, DER. Errors as those of CRL.
func (p *Publisher) Delta(ctx context.Context, name string) ([]byte, error) {
	return p.list(ctx, name, func(s *lists) list { return s.delta })
}

// Partition returns the list of one partition of an authority, DER. Errors as those of CRL, and ErrList.
func (p *Publisher) Partition(ctx context.Context, name string, n int) ([]byte, error) {
	if n < 0 || n >= CertificatePartitions {
		return nil, fmt.Errorf("partition %d of %q: %w", n, name, ErrList)
	}
	return p.list(ctx, name, func(s *lists) list { return s.partitions[n] })
}

// File returns the list at <base>/crl/<file>, DER: the addresses in certificates and lists. Errors as those of Partition.
func (p *Publisher) File(ctx context.Context, file string) ([]byte, error) {
	name, isList := strings.CutSuffix(file, listSuffix)
	if !isList {
		return nil, fmt.Errorf("%q: %w", file, ErrList)
	}
	all, err := p.authorities()
	if err != nil {
		return nil, err
	}
	for _, a := range all {
		which, isOurs := strings.CutPrefix(name, a.Name)
		switch {
		case !isOurs:
		case which == "":
			return p.CRL(ctx, a.Name)
		case which == deltaSuffix:
			return p.Delta(ctx, a.Name)
		default:
			for n := range CertificatePartitions {
				if which == partitionName(n) {
					return p.Partition(ctx, a.Name, n)
				}
			}
		}
	}
	return nil, fmt.Errorf("%q: %w", file, ErrList)
}

// list gives out one list. When new ones cannot be made the old are good until their nextUpdate.
func (p *Publisher) list(ctx context.Context, name string, pick func(*lists) list) ([]byte, error) {
	a, err := p.authority(name)
	if err != nil {
		return nil, fmt.Errorf("listing revocations: %w", err)
	}
	_ = p.current(ctx) // logged there; making lists will fail for the same reason, or the old ones are still good
	failed := p.refresh(ctx, a)
	there := a.shelf.now.Load()
	if there == nil {
		return nil, fmt.Errorf("listing revocations of %q: %w", name, failed)
	}
	l := pick(there)
	if !p.c.Now().Before(l.until) {
		return nil, fmt.Errorf("listing revocations of %q: of %s: %w", name, l.made.Format(time.RFC3339), joinStale(failed))
	}
	return l.der, nil
}

func joinStale(err error) error {
	if err == nil {
		return ErrStale
	}
	return fmt.Errorf("%w: %w", ErrStale, err)
}
