package sealing

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"fmt"
	"slices"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/pdf"
	"yinzheng/internal/ses"
)

// Names of the signature dictionary's handlers (practice of GM/T 0112-2021, whose table of names we have not read:
// hence configurable).
const (
	DefaultFilter    = "GM.PKILite"
	DefaultSubFilter = "GM.sm2seal"
)

const (
	// maxDocument bounds what is sealed: a face with its attachments; larger things belong in an archive package.
	maxDocument = 256 << 20
	// reserveBeyond is the room in /Contents beyond seal and certificate: a timestamp token with its certificate (about
	// 1.5 KB), the signature value and the DER around them, with as much again to spare.
	reserveBeyond = 4096
	// signedPart is propertyInfo of TBS_Sign: what was protected. In a PDF it is the vendor's to define.
	signedPart = "/ByteRange"
	fieldName  = "Seal1"
)

// Config is what a Sealer needs. Filter, SubFilter and Second have defaults, everything else is required.
type Config struct {
	Book        Book
	Keys        Keys
	Timestamper Timestamper
	Judge       func(document []byte) error // our own verifier over the result: nil error means that it may leave
	Now         func() time.Time
	Filter      string // "" for DefaultFilter
	SubFilter   string // "" for DefaultSubFilter
	Second      Second // asked about each document, or some
}

// Sealer applies seals. It is safe for concurrent use.
type Sealer struct {
	c         Config
	documents counter
}

// New refuses a Config in which something is missing: neither the judgement nor the use log can be left out.
func New(c Config) (*Sealer, error) {
	if c.Book == nil || c.Keys == nil || c.Timestamper == nil || c.Judge == nil || c.Now == nil {
		return nil, errors.New("sealing: a sealer needs a book, keys, a timestamper, a judge and a clock")
	}
	if c.Filter == "" {
		c.Filter = DefaultFilter
	}
	if c.SubFilter == "" {
		c.SubFilter = DefaultSubFilter
	}
	return &Sealer{c: c}, nil
}

// tool is a seal ready for one use: everything that GB/T 38540 wants verified before signing has been.
type tool struct {
	record Record
	seal   *ses.Seal
	cert   *gm.Certificate
	key    crypto.Signer
}

// Seal applies a seal in the order of GB/T 38540-2020 (签章生成): signer's certificate, seal, certList, hash, TBS,
// signature, timestamp, packing. The result has been judged by our own verifier and stands in the use log before it is
// returned. Errors: ErrNoSeal, ErrSealNotUsable, ErrSigner, ErrDocument, ErrJudged, or what Book, Keys and Timestamper
// return.
func (s *Sealer) Seal(ctx context.Context, r Request) (*Sealed, error) {
	out, err := s.apply(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("sealing with %s: %w", r.Seal, err)
	}
	return out, nil
}

func (s *Sealer) apply(ctx context.Context, r Request) (*Sealed, error) {
	if len(r.Document) > maxDocument {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrDocument, len(r.Document), maxDocument)
	}
	if err := s.c.Second.working(); err != nil {
		return nil, err
	}
	at := s.c.Now().UTC().Truncate(time.Second) // timeInfo has whole seconds
	t, err := s.ready(ctx, r.Seal, at)
	if err != nil {
		return nil, err
	}
	prepared, err := pdf.Prepare(r.Document, pdf.Field{
		Name: fieldName, Page: r.Place.Page, X: r.Place.X, Y: r.Place.Y, W: r.Place.W, H: r.Place.H,
		Picture: t.seal.Info.Picture.Data, Filter: s.c.Filter, SubFilter: s.c.SubFilter,
		Time: at, SignerName: t.record.Owner, Reserve: len(t.seal.Raw) + len(t.record.Signer) + reserveBeyond,
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDocument, err)
	}
	content := prepared.Digest()
	signature, err := ses.Sign(ses.ToSign{Seal: t.seal, Time: at, DataHash: content, Property: signedPart},
		t.record.Signer, t.key, func(d gm.Digest) ([]byte, error) {
			token, err := s.c.Timestamper.Timestamp(ctx, d)
			if err != nil {
				return nil, err
			}
			return token.DER, nil
		})
	if err != nil {
		return nil, err
	}
	document, err := prepared.Complete(signature.Raw)
	if err != nil {
		return nil, err
	}
	if err := s.c.Judge(document); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrJudged, err)
	}
	if s.c.Second.due(s.documents.next()) {
		if err := s.c.Second.agree(ctx, "document sealed with "+t.record.ID, t.cert, signature.Raw, signature.Value); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrJudged, err)
		}
	}
	out := &Sealed{Document: document, Digest: gm.Sum(document), ContentHash: content, Time: at}
	err = s.c.Book.PutUse(ctx, Use{
		Seal: t.record.ID, By: r.By, Matter: r.Matter, Case: r.Case, Content: content, Document: out.Digest,
		Certificate: fmt.Sprintf("%x", t.cert.SerialNumber), At: at,
	})
	if err != nil {
		return nil, fmt.Errorf("writing the use log: %w", err)
	}
	return out, nil
}

// ready fetches a seal and verifies it, its signer's certificate and the key.
func (s *Sealer) ready(ctx context.Context, id string, at time.Time) (*tool, error) {
	record, err := s.c.Book.Seal(ctx, id)
	if err != nil {
		return nil, err
	}
	if record.State != SealActive {
		return nil, fmt.Errorf("%w: it is %s", ErrSealNotUsable, record.State)
	}
	cert, err := gm.ParseCertificate(record.Signer)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSigner, err)
	}
	if err := maySign(cert, at); err != nil {
		return nil, err
	}
	seal, err := ses.ParseSeal(record.Data)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSealNotUsable, err)
	}
	if err := seal.Verify(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSealNotUsable, err)
	}
	if seal.Info.ID != record.ID {
		return nil, fmt.Errorf("%w: the book has seal %s under this number", ErrSealNotUsable, seal.Info.ID)
	}
	if at.Before(seal.Info.NotBefore) || at.After(seal.Info.NotAfter) {
		return nil, fmt.Errorf("%w: it is valid from %s to %s", ErrSealNotUsable,
			seal.Info.NotBefore.Format(time.RFC3339), seal.Info.NotAfter.Format(time.RFC3339))
	}
	// The standard compares bytes: a certificate issued anew, even for the same key, needs a seal made anew.
	if !slices.ContainsFunc(seal.Info.Certs, func(c []byte) bool { return bytes.Equal(c, record.Signer) }) {
		return nil, fmt.Errorf("%w: the seal does not list it", ErrSigner)
	}
	key, err := s.c.Keys.Signer(ctx, id)
	if err != nil {
		return nil, err
	}
	if !owns(key, cert) {
		return nil, fmt.Errorf("%w: the key is not of this certificate", ErrSigner)
	}
	return &tool{record: record, seal: seal, cert: cert, key: key}, nil
}
