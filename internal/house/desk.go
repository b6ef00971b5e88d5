package house

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"yinzheng/archive"
	"yinzheng/internal/blob"
	"yinzheng/internal/gm"
	pdfpage "yinzheng/internal/page"
	"yinzheng/sealing"
	"yinzheng/sealing/desk"
	"yinzheng/sealing/intake"
)

// Folders of the desk below the data folder.
const (
	intakeDir = "intake"   // temporary files of what is being taken in
	cacheDir  = "compiled" // PDFium, compiled for this machine
)

// foreignGlance is how long an ECDSA identity beside a seal is used without asking whether it still holds.
const foreignGlance = time.Minute

// openDesk opens where documents are sealed that others bring.
func (h *House) openDesk() (err error) {
	for _, d := range []string{intakeDir, cacheDir} {
		if err := os.MkdirAll(filepath.Join(h.cfg.Data, d), 0o700); err != nil {
			return fmt.Errorf("making a folder of the desk : %w", err)
		}
	}
	if err := sweepFolder(filepath.Join(h.cfg.Data, intakeDir), h.cfg.Now().Add(-sweepAge)); err != nil {
		return err
	}
	h.Intake, err = intake.New(intake.Config{Program: h.cfg.Program, Folder: filepath.Join(h.cfg.Data, intakeDir)})
	if err != nil {
		return fmt.Errorf("opening the intake : %w", err)
	}
	if h.Pages, err = pdfpage.New(pdfpage.Config{Cache: filepath.Join(h.cfg.Data, cacheDir)}); err != nil {
		return fmt.Errorf("opening the reader of pages : %w", err)
	}
	h.Desk, err = desk.New(desk.Config{
		Sealer: h.Sealer, Documents: documents{h.Blobs}, Papers: h.DB, Joints: h.DB, Intake: h.Intake, Find: h.findKeyword, Now: h.cfg.Now,
	})
	return err
}

// sweepFolder removes what a crash left in a folder of temporary files.
func sweepFolder(dir string, before time.Time) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("sweeping %s : %w", dir, err)
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.ModTime().Before(before) {
			if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
				return fmt.Errorf("sweeping %s : %w", dir, err)
			}
		}
	}
	return nil
}

// documents is the content store as the desk needs it.
type documents struct{ blobs *blob.Dir }

// Put implements desk.Documents.
func (d documents) Put(ctx context.Context, r io.Reader) (gm.Digest, error) {
	digest, _, err := d.blobs.Put(ctx, r)
	return digest, err
}

// OpenAt implements desk.Documents.
func (d documents) OpenAt(ctx context.Context, digest gm.Digest) (desk.Stored, error) {
	s, err := d.blobs.OpenAt(ctx, digest)
	if errors.Is(err, archive.ErrNoBlob) {
		return nil, desk.ErrNoDocument
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Grow implements desk.Documents.
func (d documents) Grow(ctx context.Context, base gm.Digest, tail []byte) (gm.Digest, error) {
	digest, _, err := d.blobs.Grow(ctx, base, tail)
	return digest, err
}

// findKeyword looks for a keyword in a document's text.
func (h *House) findKeyword(ctx context.Context, document desk.Stored, keyword string, most int) ([]desk.Spot, error) {
	hits, err := h.Pages.Find(ctx, io.NewSectionReader(document, 0, document.Size()), keyword, most)
	switch {
	case errors.Is(err, pdfpage.ErrLimit):
		return nil, fmt.Errorf("%w: %w", desk.ErrKeyword, err)
	case errors.Is(err, pdfpage.ErrDocument), errors.Is(err, pdfpage.ErrFault):
		return nil, fmt.Errorf("%w: %w", sealing.ErrDocument, err)
	case err != nil:
		return nil, err
	}
	spots := make([]desk.Spot, len(hits))
	for i, hit := range hits {
		spots[i] = desk.Spot{Page: hit.Page, Rect: hit.Rect}
	}
	return spots, nil
}

// above returns the authorities over a certificate, without the root: those that the region vouches for.
func (h *House) above(cert *gm.Certificate) ([][]byte, error) {
	vouched, err := h.Region.Vouched(h.cfg.Now())
	if err != nil {
		return nil, err
	}
	for _, b := range vouched.Authorities {
		a, err := gm.ParseCertificate(b)
		if err != nil {
			return nil, fmt.Errorf("reading an authority's certificate: %w", err)
		}
		if bytes.Equal(a.SubjectKeyId, cert.AuthorityKeyId) && bytes.Equal(a.RawSubject, cert.RawIssuer) {
			return [][]byte{b}, nil
		}
	}
	return nil, fmt.Errorf("%w: no authority of ours is over it", sealing.ErrSigner)
}

// foreigners remembers the ECDSA identities beside seals. The zero value is ready.
type foreigners struct {
	mu    sync.Mutex
	known map[gm.Digest]foreigner // by the SM3 of the seal's certificate
}

type foreigner struct {
	sealing.Foreign
	until time.Time
}

// maxForeigners bounds those remembered: the seals of an office building.
const maxForeigners = 256

// foreign is the identity beside a seal for readers who know no SM2.
func (h *House) foreign(ctx context.Context, seal *gm.Certificate) (sealing.Foreign, error) {
	now, name := h.cfg.Now(), gm.Sum(seal.Raw)
	h.foreigners.mu.Lock()
	defer h.foreigners.mu.Unlock()
	if f, there := h.foreigners.known[name]; there && now.Before(f.until) {
		return f.Foreign, nil
	}
	id, err := h.Region.DocumentSigner(ctx, seal)
	if err != nil {
		return sealing.Foreign{}, err
	}
	cert, err := gm.ParseCertificate(id.Certificate)
	if err != nil {
		return sealing.Foreign{}, fmt.Errorf("reading a certificate: %w", err)
	}
	f := foreigner{until: now.Add(foreignGlance)}
	if cert.NotAfter.Before(f.until) {
		f.until = cert.NotAfter
	}
	f.Certificate, f.Key = id.Certificate, id.Key
	if f.Chain, err = h.above(cert); err != nil {
		return sealing.Foreign{}, err
	}
	if h.foreigners.known == nil || len(h.foreigners.known) >= maxForeigners {
		h.foreigners.known = map[gm.Digest]foreigner{}
	}
	h.foreigners.known[name] = f
	return f.Foreign, nil
}

// stamp stamps a digest for readers who know no SM3.
func (h *House) stamp(ctx context.Context, digest [32]byte) ([]byte, error) {
	token, err := h.TSA.TimestampSHA256(ctx, digest)
	if err != nil {
		return nil, err
	}
	return token.DER, nil
}

// evidence is what signatures made here can be judged with when nobody can be asked: the certificates and lists of the trust file.
func (h *House) evidence(ctx context.Context) (sealing.Evidence, error) {
	vouched, lists, err := h.publisher.authority(ctx, h.cfg.Now().UTC().Truncate(time.Second))
	if err != nil {
		return sealing.Evidence{}, fmt.Errorf("reading the authority: %w", err)
	}
	e := sealing.Evidence{Lists: lists}
	for _, of := range [][][]byte{vouched.Roots, vouched.Authorities, vouched.SealMakers, vouched.Timestampers} {
		e.Certificates = append(e.Certificates, of...)
	}
	return e, nil
}

// inspectDocuments looks whether the content store has every document that somebody may have; its bytes were read with the others.
func (h *House) inspectDocuments(ctx context.Context, i *Inspection) error {
	for after := (gm.Digest{}); ; {
		found, err := h.DB.DocumentsAfter(ctx, after, page)
		if err != nil {
			return err
		}
		for _, d := range found {
			i.Documents++
			after = d
			s, err := h.Blobs.OpenAt(ctx, d)
			if err == nil {
				err = s.Close()
			}
			if err != nil {
				i.found("document "+d.String(), err)
			}
		}
		if len(found) < page {
			return ctx.Err()
		}
	}
}
