package licences

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"yinzheng/archive"
	"yinzheng/internal/gm"
	"yinzheng/internal/receipt"
	"yinzheng/sealing"
	"yinzheng/verify"
)

const (
	patience = 30 * time.Second // for one licence's ledger entry; then others have their turn
	maxMoved = 4                // times another process may overtake us on one licence: once for each state
)

// order of the states; see State.
func (s State) rank() int {
	switch s {
	case Sealed:
		return 1
	case Anchored:
		return 2
	case Archived:
		return 3
	default: // Issuing
		return 0
	}
}

// advance takes a licence through the numbered steps that it has not done, as far as until. The caller holds its lock. Each
// step may have been done before, by us or by another process, in whole or in part: documents are kept by digest, the
// ledger accepts a digest once, a package has the ID of its licence, and only one document ever becomes the licence's.
// face may be nil: then it is rendered again from the record.
func (s *Service) advance(ctx context.Context, l Licence, face *FaceDoc, until State) (Licence, error) {
	if l.State != Issuing {
		if err := s.accepted(ctx, l); err != nil {
			return Licence{}, err
		}
	}
	for moved := 0; l.State.rank() < until.rank(); {
		next, err := s.step(ctx, l, face)
		switch {
		case err == nil:
			l = next
		case errors.Is(err, ErrMoved) && moved < maxMoved:
			moved++
			if l, err = s.cfg.Store.Licence(ctx, l.ID); err != nil {
				return Licence{}, fmt.Errorf("finding licence: %w", err)
			}
			if l.State == Issuing {
				continue
			}
			if err := s.accepted(ctx, l); err != nil {
				return Licence{}, err
			}
		default:
			return Licence{}, err
		}
	}
	return l, nil
}

func (s *Service) step(ctx context.Context, l Licence, face *FaceDoc) (Licence, error) {
	switch l.State {
	case Issuing: // 4, 5
		return s.seal(ctx, l, face)
	case Sealed: // 6
		return s.anchor(ctx, l)
	case Anchored: // 7, 8
		return s.deposit(ctx, l)
	default:
		return Licence{}, fmt.Errorf("advancing %s: nothing follows state %q", l.ID, l.State)
	}
}

// seal is step 4 and 5. The record names the one document before the ledger hears of it: of two sealings (a crash between,
// or two processes) only the named one is ever accepted, and the other is content that nothing refers to.
func (s *Service) seal(ctx context.Context, l Licence, face *FaceDoc) (Licence, error) {
	resumed := face == nil
	if resumed {
		again, err := s.face(l)
		if err != nil {
			return Licence{}, err
		}
		face = &again
	}
	mark, err := s.cfg.Seals.SealOf(ctx, l.IssuerCode)
	if err != nil {
		return Licence{}, fmt.Errorf("finding the seal for %s: %w", l.ID, err)
	}
	sealed, err := s.cfg.Sealer.Seal(ctx, sealing.Request{
		Document: face.PDF, Seal: mark.ID, Places: []sealing.Place{face.SealPlace}, Certify: 1, Matter: l.Matter, Case: l.Case, By: l.Caller,
		Office: l.IssuerCode, Again: resumed,
	})
	if err != nil {
		return Licence{}, fmt.Errorf("sealing %s: %w", l.ID, err)
	}
	if err := s.ownSeal(ctx, l, face.PDF, sealed); err != nil {
		return Licence{}, err
	}
	stored, _, err := s.cfg.Blobs.Put(ctx, bytes.NewReader(sealed.Document))
	if err != nil {
		return Licence{}, fmt.Errorf("keeping the document of %s: %w", l.ID, err)
	}
	if stored != sealed.Digest {
		return Licence{}, fmt.Errorf("keeping the document of %s: %w", l.ID, archive.ErrDamaged)
	}
	s.cfg.OnStep("4")

	at := s.now()
	if err := s.cfg.Store.Advance(ctx, l.ID, Issuing, Sealed, Patch{Document: stored, At: at}); err != nil {
		return Licence{}, fmt.Errorf("advancing %s: %w", l.ID, err)
	}
	l.State, l.Document, l.Updated = Sealed, stored, at
	s.cfg.OnStep("5")
	return l, s.promise(ctx, l)
}

// promise lets the ledger accept a document that its record names.
func (s *Service) promise(ctx context.Context, l Licence) error {
	if _, err := s.cfg.Ledger.Accept(ctx, entryKind, l.Document); err != nil {
		return fmt.Errorf("accepting %s: %w", l.ID, err)
	}
	s.cfg.OnStep("5a")
	return nil
}

// face renders the face of a licence left before sealing, and demands that it is the one that was fixed.
func (s *Service) face(l Licence) (FaceDoc, error) {
	kind, err := s.kind(l.Kind)
	if err != nil {
		return FaceDoc{}, fmt.Errorf("rendering %s: %w", l.ID, err)
	}
	face, err := kind.Render(l, s.cfg.CheckURL+l.CheckCode)
	if err != nil {
		return FaceDoc{}, fmt.Errorf("rendering %s: %w", l.ID, err)
	}
	if gm.Sum(face.PDF) != l.Face {
		return FaceDoc{}, fmt.Errorf("rendering %s: %w", l.ID, ErrFace)
	}
	return face, nil
}

// ownSeal demands that the result is the face, whole and first, with something appended that our own judgement does not
// find Invalid. (Without a receipt the verdict may be Indeterminate.)
func (s *Service) ownSeal(ctx context.Context, l Licence, face []byte, sealed *sealing.Sealed) error {
	if len(sealed.Document) > maxDocument || !bytes.HasPrefix(sealed.Document, face) || gm.Sum(sealed.Document) != sealed.Digest {
		return fmt.Errorf("sealing %s: %w", l.ID, ErrOwnSeal)
	}
	report, err := s.cfg.Judge(ctx, verify.Input{Document: sealed.Document}, s.now())
	if err != nil {
		return fmt.Errorf("judging %s: %w", l.ID, err)
	}
	if err := ownFaults(report); err != nil {
		return fmt.Errorf("sealing %s: %w", l.ID, err)
	}
	return nil
}

// ownFaults returns ErrOwnSeal, with the codes, when what was judged is no licence or a check failed that is about what was sealed. Period and status are the
// licence's present standing: one may be issued before it begins, or be revoked before it is archived.
func ownFaults(r verify.Report) error {
	var codes []string
	if r.Kind != verify.KindLicence {
		codes = append(codes, "kind "+r.Kind)
	}
	for _, f := range r.Findings {
		if f.Outcome == verify.Fail && !f.Standing() {
			codes = append(codes, f.Code)
		}
	}
	if len(codes) > 0 {
		return fmt.Errorf("%w: %s", ErrOwnSeal, strings.Join(codes, " "))
	}
	return nil
}

// accepted makes sure that the ledger has promised a Sealed licence's digest: a crash may have come between the record
// and the promise. Anchored and Archived licences have more; one that is still Issuing is ErrNotThere.
func (s *Service) accepted(ctx context.Context, l Licence) error {
	if l.State == Issuing {
		return fmt.Errorf("licence %s: %w", l.ID, ErrNotThere)
	}
	if l.State != Sealed {
		return nil
	}
	if _, err := s.cfg.Ledger.Receipt(ctx, entryKind, l.Document); err != nil {
		return s.promise(ctx, l) // there is no entry; if it is anything else, this fails as well
	}
	return nil
}

// anchor is step 6: the entry is logged, and only then the licence Anchored.
func (s *Service) anchor(ctx context.Context, l Licence) (Licence, error) {
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r, err := s.cfg.Ledger.Await(waiting, entryKind, l.Document)
	if err != nil {
		return Licence{}, fmt.Errorf("anchoring %s: %w", l.ID, err)
	}
	if r.State == receipt.Accepted || r.Entry.Digest != l.Document {
		return Licence{}, fmt.Errorf("anchoring %s: receipt says %s: %w", l.ID, r.State, ErrNotThere)
	}
	s.cfg.OnStep("6a")
	at := s.now()
	if err := s.cfg.Store.Advance(ctx, l.ID, Sealed, Anchored, Patch{At: at}); err != nil {
		return Licence{}, fmt.Errorf("advancing %s: %w", l.ID, err)
	}
	l.State, l.Updated = Anchored, at
	s.cfg.OnStep("6")
	return l, nil
}

// deposit is step 7 and 8. The entry "issued" comes before the last change of state, so that a crash may repeat it but
// never lose it.
func (s *Service) deposit(ctx context.Context, l Licence) (Licence, error) {
	p, err := s.cfg.Archive.Package(ctx, packageID(l))
	if errors.Is(err, archive.ErrNoPackage) {
		var d archive.Deposit
		if d, err = s.caseFile(ctx, l); err != nil {
			return Licence{}, fmt.Errorf("archiving %s: %w", l.ID, err)
		}
		p, err = s.cfg.Archive.Deposit(ctx, d)
	}
	if err != nil {
		return Licence{}, fmt.Errorf("archiving %s: %w", l.ID, err)
	}
	if p.Kind != entryKind || p.Subject != l.ID {
		return Licence{}, fmt.Errorf("archiving %s: %w", l.ID, archive.ErrConflict)
	}
	s.cfg.OnStep("7")
	if err := s.record(ctx, l.Caller, "licence.issued", l.ID, l.Document.String()); err != nil {
		return Licence{}, err
	}
	s.cfg.OnStep("8")
	at := s.now()
	if err := s.cfg.Store.Advance(ctx, l.ID, Anchored, Archived, Patch{Package: p.ID, At: at}); err != nil {
		return Licence{}, fmt.Errorf("advancing %s: %w", l.ID, err)
	}
	l.State, l.Package, l.Updated = Archived, p.ID, at
	s.cfg.OnStep("8a")
	return l, nil
}
