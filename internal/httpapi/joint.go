package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"yinzheng/internal/gm"
	"yinzheng/internal/midstate"
	"yinzheng/sealing"
	"yinzheng/sealing/desk"
)

// AppearanceBody is what a system needs to lay out a seal in a document that does not leave it.
type AppearanceBody struct {
	Seal      string `json:"seal"`
	Owner     string `json:"owner" doc:"/Name of the signature dictionary"`
	Picture   []byte `json:"picture" doc:"PNG in base64"`
	Width     int    `json:"width" doc:"millimetres"`
	Height    int    `json:"height" doc:"millimetres"`
	Filter    string `json:"filter" doc:"/Filter of the signature dictionary"`
	SubFilter string `json:"sub_filter" doc:"/SubFilter"`
	Reserve   int    `json:"reserve" doc:"bytes of /Contents"`
}

type appearanceOut struct{ Body AppearanceBody }

type prepareIn struct {
	Body struct {
		Seal   string `json:"seal" minLength:"14" maxLength:"14"`
		Matter string `json:"matter" minLength:"1" maxLength:"64"`
		Case   string `json:"case,omitempty" maxLength:"64"`
		State  struct {
			Length int64  `json:"length" minimum:"1" doc:"bytes of the document"`
			SM3    []byte `json:"sm3" doc:"state of SM3 after them, base64, in the encoding of the reference client"`
		} `json:"state"`
		Tail []byte `json:"tail" doc:"what will be appended, with an empty /Contents; base64"`
		Gap  []int  `json:"gap" minItems:"2" maxItems:"2" doc:"begin and end of the /Contents token in tail"`
	}
}

// PreparedBody is a seal signature that waits to be completed.
type PreparedBody struct {
	ID      string    `json:"id"`
	ToSign  []byte    `json:"to_sign" doc:"TBS_Sign (GB/T 38540-2020), DER in base64: the very bytes that will be signed"`
	Expires time.Time `json:"expires"`
}

type preparedOut struct{ Body PreparedBody }

type completeIn struct {
	Body struct {
		ID string `json:"id" minLength:"1" maxLength:"64"`
	}
}

type completedOut struct {
	Body struct {
		Contents []byte `json:"contents" doc:"SES_Signature, DER in base64: it goes into the gap, in hexadecimal"`
	}
}

// maxPrepare is the largest revision in base64 and what is around it, in bytes.
const maxPrepare = sealing.MaxTail*4/3 + 64<<10

// remoteSealings registers sealing in two steps.
func (a *API) remoteSealings() {
	show := a.operation(http.MethodGet, "/v1/seals/{id}/appearance", "getSealAppearance", "sealing", "Read what a seal looks like in a document, to lay it out elsewhere")
	show.Errors = append(show.Errors, http.StatusNotFound, http.StatusConflict)
	huma.Register(a.huma, show, func(ctx context.Context, in *SealPath) (*appearanceOut, error) {
		who, err := mayUse(ctx)
		if err != nil {
			return nil, a.sealingError(ctx, err)
		}
		s, err := a.cfg.Sealer.Appearance(ctx, in.ID, who.Caller, who.Office)
		if err != nil {
			return nil, a.sealingError(ctx, err)
		}
		return &appearanceOut{AppearanceBody(s)}, nil
	})
	prepare := a.operation(http.MethodPost, "/v1/sealings/prepare", "prepareSealing", "sealing", "Prepare to seal a document that does not leave its system: only the state of its hash and the revision to append come here")
	prepare.DefaultStatus, prepare.MaxBodyBytes, prepare.BodyReadTimeout = http.StatusCreated, maxPrepare, revisionTime
	prepare.Errors = append(prepare.Errors, http.StatusNotFound, http.StatusConflict)
	huma.Register(a.huma, prepare, a.prepareSealing)
	complete := a.operation(http.MethodPost, "/v1/sealings/complete", "completeSealing", "sealing", "Sign what was prepared, once")
	complete.Errors = append(complete.Errors, http.StatusNotFound, http.StatusConflict)
	huma.Register(a.huma, complete, func(ctx context.Context, in *completeIn) (*completedOut, error) {
		who, err := mayUse(ctx)
		if err != nil {
			return nil, a.sealingError(ctx, err)
		}
		out := &completedOut{}
		if out.Body.Contents, err = a.cfg.Sealer.Complete(ctx, in.Body.ID, who.Caller); err != nil {
			return nil, a.sealingError(ctx, err)
		}
		return out, nil
	})
}

func (a *API) prepareSealing(ctx context.Context, in *prepareIn) (*preparedOut, error) {
	who, err := mayUse(ctx)
	if err != nil {
		return nil, a.sealingError(ctx, err)
	}
	b := in.Body
	r := sealing.Request{Seal: b.Seal, Matter: b.Matter, Case: b.Case, By: who.Caller, Office: who.Office}
	d, toSign, err := a.cfg.Sealer.Prepare(ctx, r, sealing.Remote{
		Base: midstate.State{Length: b.State.Length, SM3: b.State.SM3}, Tail: b.Tail, Gap: [2]int{b.Gap[0], b.Gap[1]},
	})
	if err != nil {
		return nil, a.sealingError(ctx, err)
	}
	return &preparedOut{PreparedBody{ID: d.ID, ToSign: toSign, Expires: d.Expires}}, nil
}

// JointPartyBody is one office of a joint sealing.
type JointPartyBody struct {
	Office string     `json:"office" minLength:"18" maxLength:"18" doc:"统一社会信用代码"`
	Seal   string     `json:"seal" minLength:"14" maxLength:"14" doc:"esID"`
	Page   int        `json:"page" minimum:"1" maximum:"100000"`
	X      float64    `json:"x" doc:"millimetres from the page's left"`
	Y      float64    `json:"y" doc:"millimetres from its top"`
	W      float64    `json:"w" minimum:"1" maximum:"200"`
	H      float64    `json:"h" minimum:"1" maximum:"200"`
	Field  string     `json:"field,omitempty" readOnly:"true" doc:"its signature field"`
	By     string     `json:"by,omitempty" readOnly:"true" doc:"who sealed"`
	At     *time.Time `json:"at,omitempty" readOnly:"true"`
	Done   string     `json:"document,omitempty" readOnly:"true" doc:"SM3 of the document after this seal"`
}

// JointBody is a document that several offices seal (联合签发).
type JointBody struct {
	ID       string           `json:"id"`
	State    string           `json:"state" enum:"open,complete,given-up"`
	Document string           `json:"document" doc:"SM3 of it as it is now"`
	First    string           `json:"first" doc:"SM3 of it as it came"`
	Ordered  bool             `json:"ordered" doc:"the offices seal in the order of the list"`
	Parties  []JointPartyBody `json:"parties"`
	Matter   string           `json:"matter"`
	Case     string           `json:"case,omitempty"`
	By       string           `json:"by"`
	At       time.Time        `json:"at"`
	Ends     time.Time        `json:"ends"`
}

type jointOut struct{ Body JointBody }

type openJointIn struct {
	Body struct {
		Document string           `json:"document" pattern:"^[0-9a-f]{64}$" doc:"SM3 of a kept document"`
		Ordered  bool             `json:"ordered,omitempty"`
		Parties  []JointPartyBody `json:"parties" minItems:"2" maxItems:"16"`
		Matter   string           `json:"matter" minLength:"1" maxLength:"64"`
		Case     string           `json:"case,omitempty" maxLength:"64"`
	}
}

type jointPath struct {
	ID string `path:"id" maxLength:"64"`
}

// jointSealings registers joint sealing.
func (a *API) jointSealings() {
	open := a.operation(http.MethodPost, "/v1/sealings/joint", "openJointSealing", "sealing", "Open a joint sealing: every office gets an empty field")
	open.DefaultStatus = http.StatusCreated
	open.Errors = append(open.Errors, http.StatusNotFound, http.StatusConflict)
	huma.Register(a.huma, open, a.openJoint)
	for _, act := range []struct {
		method, path, id, summary string
		do                        func(ctx context.Context, id string, who desk.Who) (desk.Joint, error)
	}{
		{http.MethodGet, "", "getJointSealing", "Read a joint sealing that the caller opened or its office is party to",
			func(ctx context.Context, id string, who desk.Who) (desk.Joint, error) {
				return a.cfg.Desk.Joint(ctx, id, who)
			}},
		{http.MethodPost, "/seal", "sealJoint", "Apply the seal of the caller's office",
			func(ctx context.Context, id string, who desk.Who) (desk.Joint, error) {
				return a.cfg.Desk.SealJoint(ctx, id, who.Office, who.Caller)
			}},
		{http.MethodPost, "/give-up", "giveUpJoint", "Close a joint sealing that will not be completed",
			func(ctx context.Context, id string, who desk.Who) (desk.Joint, error) {
				return a.cfg.Desk.GiveUpJoint(ctx, id, who.Caller)
			}},
	} {
		op := a.operation(act.method, "/v1/sealings/joint/{id}"+act.path, act.id, "sealing", act.summary)
		op.Errors = append(op.Errors, http.StatusNotFound, http.StatusConflict)
		huma.Register(a.huma, op, func(ctx context.Context, in *jointPath) (*jointOut, error) {
			who, err := mayUse(ctx)
			if err != nil {
				return nil, a.sealingError(ctx, err)
			}
			j, err := act.do(ctx, in.ID, who)
			return a.jointOut(ctx, j, err)
		})
	}
}

func (a *API) openJoint(ctx context.Context, in *openJointIn) (*jointOut, error) {
	who, err := mayUse(ctx)
	if err != nil {
		return nil, a.sealingError(ctx, err)
	}
	b := in.Body
	document, err := gm.ParseDigest(b.Document)
	if err != nil {
		return nil, a.sealingError(ctx, desk.ErrNoDocument)
	}
	j := desk.Joint{Document: document, Ordered: b.Ordered, Matter: b.Matter, Case: b.Case, By: who.Caller}
	for _, p := range b.Parties {
		j.Parties = append(j.Parties, desk.Party{Office: p.Office, Seal: p.Seal, Place: sealing.Place{Page: p.Page, X: p.X, Y: p.Y, W: p.W, H: p.H}})
	}
	j, err = a.cfg.Desk.OpenJoint(ctx, j, who.Office)
	return a.jointOut(ctx, j, err)
}

func (a *API) jointOut(ctx context.Context, j desk.Joint, err error) (*jointOut, error) {
	if err != nil {
		return nil, a.sealingError(ctx, err)
	}
	b := JointBody{
		ID: j.ID, State: string(j.State), Document: j.Document.String(), First: j.First.String(), Ordered: j.Ordered, Parties: []JointPartyBody{},
		Matter: j.Matter, Case: j.Case, By: j.By, At: j.At, Ends: j.Ends,
	}
	for _, p := range j.Parties {
		q := JointPartyBody{
			Office: p.Office, Seal: p.Seal, Page: p.Place.Page, X: p.Place.X, Y: p.Place.Y, W: p.Place.W, H: p.Place.H, Field: p.Field, By: p.By, At: timeOrNil(p.At),
		}
		if !p.Done.IsZero() {
			q.Done = p.Done.String()
		}
		b.Parties = append(b.Parties, q)
	}
	return &jointOut{b}, nil
}
