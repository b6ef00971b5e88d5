package desk

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/pdf/cos"
	"yinzheng/internal/pdf/increment"
	"yinzheng/sealing"
)

const (
	// MaxParties bounds the offices that seal one document: more find no room on a page.
	MaxParties = 16
	jointBytes = 12 // of randomness in a joint sealing's number
	// JointLife is how long the offices have.
	JointLife = 90 * 24 * time.Hour
)

// Errors of joint sealing.
var (
	// ErrNoJoint means that there is no joint sealing of this number, or not for this caller.
	ErrNoJoint = errors.New("desk: no such joint sealing")
	// ErrTurn means that it is another office's turn, or that this one has sealed.
	ErrTurn = errors.New("desk: it is not this office's turn")
	// ErrClosed means that a joint sealing is complete, was given up, or is too old.
	ErrClosed = errors.New("desk: the joint sealing is closed")
	// ErrParties means that a joint sealing was asked for with impossible parties.
	ErrParties = errors.New("desk: parties of a joint sealing are wrong")
	// ErrRaced means that somebody else changed the joint sealing at the same time: look again.
	ErrRaced = errors.New("desk: the joint sealing was changed meanwhile")
)

// JointState is where a joint sealing is.
type JointState string

// The states.
const (
	JointOpen     JointState = "open"
	JointComplete JointState = "complete"
	JointGivenUp  JointState = "given-up"
)

// Party is one office of a joint sealing.
type Party struct {
	Office string        // USCC
	Seal   string        // the office's seal
	Place  sealing.Place // of its field, made empty before the first office seals
	Field  string        // its name
	By     string        // who sealed; "" before
	At     time.Time
	Done   gm.Digest // SM3 of the document after this seal; zero before
}

// Joint is a document that several offices seal, in the order of Parties or, if Ordered is false, in any.
type Joint struct {
	ID       string
	Version  int64 // grows by one with every change
	State    JointState
	Document gm.Digest // as it is now
	First    gm.Digest // as it came
	Ordered  bool
	Certify  bool // the first seal certifies it: no, where it came with signatures
	Parties  []Party
	Matter   string
	Case     string
	By       string // who opened it
	At       time.Time
	Ends     time.Time
}

// Joints keeps joint sealings. Every method is durable on return.
type Joints interface {
	AddJoint(ctx context.Context, j Joint) error
	Joint(ctx context.Context, id string) (Joint, error) // ErrNoJoint
	// ChangeJoint replaces a joint sealing whose version is one less than j's: ErrRaced, ErrNoJoint.
	ChangeJoint(ctx context.Context, j Joint) error
}

// OpenJoint opens a joint sealing of a kept document: each party gets an empty field in it, so that whoever reads it sees who has
// not sealed yet. Parties have Office, Seal and Place; By and office say who opens it. Errors: ErrNoDocument, ErrParties,
// sealing.ErrPlace, sealing.ErrDocument.
func (d *Desk) OpenJoint(ctx context.Context, j Joint, office string) (Joint, error) {
	if n := len(j.Parties); n < 2 || n > MaxParties {
		return Joint{}, fmt.Errorf("%w: %d of them, 2 to %d", ErrParties, n, MaxParties)
	}
	for i, p := range j.Parties {
		for _, other := range j.Parties[:i] {
			if p.Office == other.Office || p.Seal == other.Seal {
				return Joint{}, fmt.Errorf("%w: %s is there twice", ErrParties, p.Office)
			}
		}
	}
	if err := d.may(ctx, j.Document, Who{j.By, office}); err != nil {
		return Joint{}, err
	}
	id := make([]byte, jointBytes)
	if _, err := rand.Read(id); err != nil {
		return Joint{}, fmt.Errorf("drawing a number: %w", err)
	}
	now := d.c.Now().UTC().Truncate(time.Second)
	j.ID = base64.RawURLEncoding.EncodeToString(id)
	j.First, j.Version, j.State, j.At, j.Ends = j.Document, 1, JointOpen, now, now.Add(JointLife)
	if err := d.withDocument(ctx, j.First, func(base Stored) error { return d.layOut(ctx, base, &j) }); err != nil {
		return Joint{}, err
	}
	return j, d.c.Joints.AddJoint(ctx, j)
}

// layOut gives each party an empty field, and keeps the document with them.
func (d *Desk) layOut(ctx context.Context, base Stored, j *Joint) error {
	f, err := cos.Open(base, base.Size(), cos.Limits{})
	if err != nil {
		return fmt.Errorf("%w: %w", sealing.ErrDocument, err)
	}
	places := make([]sealing.Place, len(j.Parties))
	for i, p := range j.Parties {
		places[i] = p.Place
	}
	fields, err := sealing.Fields(f, places)
	if err != nil {
		return err
	}
	signed, err := sealing.Signed(f)
	if err != nil {
		return err
	}
	j.Certify = !signed
	tail, err := increment.WithFields(f, fields)
	if err != nil {
		return fmt.Errorf("%w: %w", sealing.ErrDocument, err)
	}
	j.Parties = slices.Clone(j.Parties)
	for i := range j.Parties {
		p := &j.Parties[i]
		p.Field, p.By, p.At, p.Done = fields[i].Field, "", time.Time{}, gm.Digest{}
	}
	if j.Document, err = d.c.Documents.Grow(ctx, j.First, tail); err != nil {
		return fmt.Errorf("keeping a document: %w", err)
	}
	return d.share(ctx, *j, base.Size()+int64(len(tail)))
}

// share lets every party, and who opened it, have the document as it is now. That is entered before the joint sealing names it.
func (d *Desk) share(ctx context.Context, j Joint, size int64) error {
	p := Paper{Digest: j.Document, Caller: j.By, What: CameJoint, Origin: j.First, Size: size}
	if err := d.enter(ctx, p); err != nil {
		return err
	}
	for _, party := range j.Parties {
		p.Caller, p.Office = "", party.Office
		if err := d.enter(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// turn finds the party of an office and whether it may seal now. To who is no party there is no joint sealing.
func (j *Joint) turn(office string, now time.Time) (int, error) {
	i := slices.IndexFunc(j.Parties, func(p Party) bool { return p.Office == office })
	switch {
	case i < 0 || office == "":
		return 0, ErrNoJoint
	case j.State != JointOpen || now.After(j.Ends):
		return 0, ErrClosed
	case !j.Parties[i].Done.IsZero():
		return 0, fmt.Errorf("%w: it has sealed", ErrTurn)
	}
	for _, before := range j.Parties[:i] {
		if j.Ordered && before.Done.IsZero() {
			return 0, fmt.Errorf("%w: %s comes first", ErrTurn, before.Office)
		}
	}
	return i, nil
}

// SealJoint applies the seal of one party; with the last one the joint sealing is complete. Two offices at the same moment: one is
// told ErrRaced and asks again; its seal stands in the use log, and on a document that nobody gets. Errors: ErrNoJoint, ErrTurn,
// ErrClosed, ErrRaced, and those of Seal.
func (d *Desk) SealJoint(ctx context.Context, id, office, by string) (Joint, error) {
	j, err := d.c.Joints.Joint(ctx, id)
	if err != nil {
		return Joint{}, err
	}
	i, err := j.turn(office, d.c.Now())
	if err != nil {
		return Joint{}, err
	}
	p := &j.Parties[i]
	r := Request{Stored: j.Document, Marks: []Mark{{Place: sealing.Place{Field: p.Field}}}}
	r.Request = sealing.Request{Seal: p.Seal, Matter: j.Matter, Case: j.Case, By: by, Office: office}
	if j.Certify && !slices.ContainsFunc(j.Parties, func(p Party) bool { return !p.Done.IsZero() }) {
		r.Certify = 2 // from now on nothing but seals in fields that are there, and their proofs
	}
	done, err := d.seal(ctx, r)
	if err != nil {
		return Joint{}, err
	}
	p.By, p.At, p.Done = by, done.At, done.Document
	j.Document, j.State = done.Document, JointComplete
	for _, other := range j.Parties {
		if other.Done.IsZero() {
			j.State = JointOpen
		}
	}
	j.Version++
	if err := d.share(ctx, j, done.Size); err != nil {
		return Joint{}, err
	}
	if err := d.c.Joints.ChangeJoint(ctx, j); err != nil {
		return Joint{}, err
	}
	return j, nil
}

// Joint returns a joint sealing to who opened it and to its parties. Errors: ErrNoJoint, also for everybody else.
func (d *Desk) Joint(ctx context.Context, id string, who Who) (Joint, error) {
	j, err := d.c.Joints.Joint(ctx, id)
	if err != nil {
		return Joint{}, err
	}
	party := slices.ContainsFunc(j.Parties, func(p Party) bool { return p.Office == who.Office && who.Office != "" })
	if j.By != who.Caller && !party {
		return Joint{}, ErrNoJoint
	}
	return j, nil
}

// GiveUpJoint closes a joint sealing that will not be completed; what was sealed stays as it is. Errors: ErrNoJoint (also for who
// did not open it), ErrClosed, ErrRaced.
func (d *Desk) GiveUpJoint(ctx context.Context, id, by string) (Joint, error) {
	j, err := d.c.Joints.Joint(ctx, id)
	switch {
	case err != nil:
		return Joint{}, err
	case j.By != by:
		return Joint{}, ErrNoJoint
	case j.State != JointOpen:
		return Joint{}, ErrClosed
	}
	j.State, j.Version = JointGivenUp, j.Version+1
	return j, d.c.Joints.ChangeJoint(ctx, j)
}
