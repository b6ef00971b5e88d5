package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"yinzheng/internal/auth"
	"yinzheng/sealing"
)

// SealBody is a seal as the API shows it.
type SealBody struct {
	ID         string     `json:"id" doc:"esID: 6 digits of region and 8 of serial number, given with the application"`
	Office     string     `json:"office" doc:"统一社会信用代码 of its owner"`
	Owner      string     `json:"owner" doc:"name of its owner"`
	Name       string     `json:"name" doc:"印章名称"`
	Type       int        `json:"type" doc:"印章类型: 1 法定名称章, 2 财务, 3 发票, 4 合同, 5 个人名章, …; an open list"`
	Size       int        `json:"size" doc:"diameter on paper, millimetres"`
	Line       string     `json:"line,omitempty" doc:"the straight line below the star"`
	State      string     `json:"state" enum:"applied,approved,made,recorded,active,suspended,cancelled,lost,expired"`
	Applicant  string     `json:"applicant,omitempty" doc:"who applied"`
	Approver   string     `json:"approver,omitempty" doc:"who decided; another person"`
	Maker      string     `json:"maker,omitempty" doc:"who made it; a third person"`
	Filing     string     `json:"filing,omitempty" doc:"备案编号"`
	Replaces   string     `json:"replaces,omitempty" doc:"the seal that this one is a remake of"`
	ReplacedBy string     `json:"replaced_by,omitempty" doc:"its remake"`
	MadeAt     *time.Time `json:"made_at,omitempty"`
	NotAfter   *time.Time `json:"not_after,omitempty" doc:"when seal or certificate ends"`
	RevokedAt  *time.Time `json:"certificate_revoked_at,omitempty" doc:"when the CA confirmed it"`
	Signer     string     `json:"certificate,omitempty" doc:"the owner's signing certificate, PEM"`
	Data       []byte     `json:"data,omitempty" doc:"SESeal (GB/T 38540-2020), DER in base64"`
}

// SealBodyOf shows a seal; in lists without its bytes.
func SealBodyOf(r sealing.Record, whole bool) SealBody {
	b := SealBody{
		ID: r.ID, Office: r.Office, Owner: r.Owner, Name: r.Name, Type: r.Look.Type, Size: r.Look.Size, Line: r.Look.Line, State: string(r.State),
		Applicant: r.Applicant, Approver: r.Approver, Maker: r.Maker, Filing: r.Filing, Replaces: r.Replaces, ReplacedBy: r.ReplacedBy,
		MadeAt: timeOrNil(r.Made), NotAfter: timeOrNil(r.End()), RevokedAt: timeOrNil(r.Revoked),
	}
	if whole && r.Data != nil {
		b.Signer, b.Data = pemOf(r.Signer), r.Data
	}
	return b
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// SealEventBody is one line of a seal's history.
type SealEventBody struct {
	Line   int64     `json:"line"`
	At     time.Time `json:"at"`
	What   string    `json:"what" doc:"the new state, or authorised, withdrawn, certificate-revoked"`
	From   string    `json:"from,omitempty"`
	To     string    `json:"to"`
	By     string    `json:"by"`
	Why    string    `json:"why,omitempty"`
	Detail string    `json:"detail,omitempty"`
}

// SealUseBody is one line of a seal's use log (用印日志).
type SealUseBody struct {
	Line          int64     `json:"line" doc:"1, 2, 3, … without a gap"`
	At            time.Time `json:"at"`
	By            string    `json:"by"`
	Office        string    `json:"office,omitempty"`
	Matter        string    `json:"matter,omitempty" doc:"事项编码"`
	Case          string    `json:"case,omitempty" doc:"办件编号"`
	Document      string    `json:"document,omitempty" doc:"SM3 of the sealed document; of a use that failed, of what was to be sealed"`
	Content       string    `json:"content,omitempty" doc:"dataHash of the signature"`
	Certificate   string    `json:"certificate,omitempty" doc:"serial number, hexadecimal"`
	Profile       string    `json:"profile,omitempty"`
	Authorisation int64     `json:"authorisation,omitempty"`
	Result        string    `json:"result" doc:"ok, or the code of what failed"`
}

// GrantBody is an authorisation to use a seal (用印授权).
type GrantBody struct {
	Line        int64      `json:"line"`
	Matter      string     `json:"matter" doc:"事项编码; with * at its end every code that begins so"`
	Caller      string     `json:"caller,omitempty"`
	Office      string     `json:"office,omitempty"`
	From        time.Time  `json:"from"`
	To          time.Time  `json:"to"`
	Limit       int64      `json:"limit,omitempty" doc:"uses; none for no bound"`
	Used        int64      `json:"used"`
	GrantedBy   string     `json:"granted_by"`
	GrantedAt   time.Time  `json:"granted_at"`
	Why         string     `json:"why"`
	WithdrawnBy string     `json:"withdrawn_by,omitempty"`
	WithdrawnAt *time.Time `json:"withdrawn_at,omitempty"`
}

func grantBody(a sealing.Authorisation) GrantBody {
	return GrantBody{
		Line: a.Line, Matter: a.Matter, Caller: a.Caller, Office: a.Office, From: a.From, To: a.To, Limit: a.Limit, Used: a.Used,
		GrantedBy: a.GrantedBy, GrantedAt: a.GrantedAt, Why: a.Why, WithdrawnBy: a.WithdrawnBy, WithdrawnAt: timeOrNil(a.WithdrawnAt),
	}
}

type applySealIn struct {
	Keyed
	Body struct {
		Office   string `json:"office" validate:"uscc" minLength:"18" maxLength:"18" doc:"统一社会信用代码 of the owner"`
		Owner    string `json:"owner" minLength:"2" maxLength:"46" doc:"name of the owner"`
		Name     string `json:"name,omitempty" maxLength:"100" doc:"印章名称; owner and line by default"`
		Type     int    `json:"type,omitempty" minimum:"1" maximum:"99" doc:"印章类型; 1 by default"`
		Size     int    `json:"size,omitempty" minimum:"20" maximum:"60" doc:"diameter in millimetres; 42 by default"`
		Line     string `json:"line,omitempty" maxLength:"12" doc:"below the star, e.g. 电子证照专用章"`
		Picture  []byte `json:"picture,omitempty" doc:"square PNG in base64, at most 256 KiB; left out, it is drawn"`
		Why      string `json:"why" minLength:"1" maxLength:"200"`
		Replaces string `json:"replaces,omitempty" maxLength:"14" doc:"a seal of the office that has ended"`
	}
}

// SealPath names a seal.
type SealPath struct {
	ID string `path:"id" maxLength:"14" pattern:"^[0-9]{14}$"`
}

type sealWhyIn struct {
	SealPath
	Body struct {
		Why string `json:"why" minLength:"1" maxLength:"200" doc:"reason, kept in the history"`
	}
}

type sealFilingIn struct {
	SealPath
	Body struct {
		Filing string `json:"filing" minLength:"1" maxLength:"64" doc:"备案编号"`
	}
}

type sealOut struct{ Body SealBody }

type sealWholeOut struct {
	Body struct {
		SealBody
		Events []SealEventBody `json:"events" doc:"its history; the first 500 lines, more with …/events"`
	}
}

type sealsIn struct {
	Cursor string `query:"cursor" maxLength:"14" doc:"where the last page ended"`
	Office string `query:"office" maxLength:"18"`
	State  string `query:"state" enum:"applied,approved,made,recorded,active,suspended,cancelled,lost,expired"`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

type sealsOut struct {
	Body struct {
		Seals  []SealBody `json:"seals"`
		Cursor string     `json:"cursor,omitempty" doc:"of the next page; none when this is the last"`
	}
}

type linesIn struct {
	SealPath
	Cursor int64 `query:"cursor" minimum:"0" doc:"where the last page ended"`
	Limit  int   `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

// linesOut is one page of the lines that a seal has.
type linesOut[T any] struct{ Body linesBody[T] }

type linesBody[T any] struct {
	Lines  []T   `json:"lines"`
	Cursor int64 `json:"cursor,omitempty" doc:"of the next page; none when this is the last"`
}

type grantIn struct {
	Keyed
	SealPath
	Body struct {
		Matter string    `json:"matter" minLength:"1" maxLength:"64" doc:"事项编码; with * at its end every code that begins so"`
		Caller string    `json:"caller,omitempty" maxLength:"64" doc:"who may use it; left out, every caller of the office"`
		Office string    `json:"office,omitempty" maxLength:"18" doc:"统一社会信用代码"`
		From   time.Time `json:"from,omitzero" doc:"now by default"`
		To     time.Time `json:"to"`
		Limit  int64     `json:"limit,omitempty" minimum:"0" maximum:"1000000000" doc:"uses; left out for no bound"`
		Why    string    `json:"why" minLength:"1" maxLength:"200"`
	}
}

type withdrawIn struct {
	SealPath
	Line int64 `path:"line" minimum:"1"`
	Body struct {
		Why string `json:"why" minLength:"1" maxLength:"200"`
	}
}

type grantOut struct{ Body GrantBody }

// sealAnswers say what is wrong with an act on a seal; in other places these errors are the service's own.
var sealAnswers = []mapped{
	{sealing.ErrNoSeal, http.StatusNotFound, "NOT_FOUND"},
	{sealing.ErrNoAuthorisation, http.StatusNotFound, "NOT_FOUND"},
	{sealing.ErrSpec, http.StatusUnprocessableEntity, "SEAL_SPEC"},
	{sealing.ErrText, http.StatusUnprocessableEntity, "SEAL_TEXT"},
}

// sealError answers for an act on a seal.
func (a *API) sealError(ctx context.Context, err error) error {
	for _, m := range sealAnswers {
		if errors.Is(err, m.err) {
			return problem(m.status, m.code, nil)
		}
	}
	return a.answer(ctx, "seal", err)
}

// seals registers the life of seals.
func (a *API) seals() {
	apply := a.operation(http.MethodPost, "/v1/seals", "applySeal", "seals", "Apply for a seal (申请)")
	apply.DefaultStatus = http.StatusCreated
	apply.Errors = append(apply.Errors, http.StatusConflict)
	huma.Register(a.huma, apply, func(ctx context.Context, in *applySealIn) (*sealOut, error) {
		if wrong := a.rules.check(&in.Body); wrong != nil {
			return nil, frameworkError(http.StatusUnprocessableEntity, "validation failed", wrong...)
		}
		b := in.Body
		r, err := a.cfg.Seals.Apply(ctx, callerFrom(ctx), sealing.Application{
			Office: b.Office, Owner: b.Owner, Name: b.Name, Why: b.Why, Replaces: b.Replaces, Key: in.IdempotencyKey,
			Look: sealing.Look{Type: b.Type, Size: b.Size, Line: b.Line, Picture: b.Picture},
		})
		return a.sealOut(ctx, r, err)
	})
	list := a.operation(http.MethodGet, "/v1/seals", "listSeals", "seals", "Page through the seals that the caller may see")
	huma.Register(a.huma, list, a.listSeals)
	get := a.operation(http.MethodGet, "/v1/seals/{id}", "getSeal", "seals", "Read a seal with its history")
	get.Errors = append(get.Errors, http.StatusNotFound)
	huma.Register(a.huma, get, a.getSeal)
	a.sealActs()
	a.sealLines()
}

// sealActs registers the changes of state.
func (a *API) sealActs() {
	type whyAct = func(context.Context, auth.Caller, string, string) (sealing.Record, error)
	for _, act := range []struct {
		name, id, summary string
		do                func(*sealing.Life) whyAct
	}{
		{"approve", "approveSeal", "Decide that it is to be made (核准); another than who applied", func(l *sealing.Life) whyAct { return l.Approve }},
		{"activate", "activateSeal", "Take a recorded seal into use (启用)", func(l *sealing.Life) whyAct { return l.Activate }},
		{"suspend", "suspendSeal", "Take a seal out of use for a time (停用)", func(l *sealing.Life) whyAct { return l.Suspend }},
		{"resume", "resumeSeal", "Take a suspended seal into use again (恢复)", func(l *sealing.Life) whyAct { return l.Resume }},
		{"cancel", "cancelSeal", "End a seal (注销), or refuse an application; its certificate is revoked", func(l *sealing.Life) whyAct { return l.Cancel }},
		{"lost", "loseSeal", "Report a loss or leak: the seal ends at once, its certificate is revoked, a remake is applied for", func(l *sealing.Life) whyAct { return l.Lose }},
	} {
		huma.Register(a.huma, a.sealAct(act.name, act.id, act.summary), func(ctx context.Context, in *sealWhyIn) (*sealOut, error) {
			r, err := act.do(a.cfg.Seals)(ctx, callerFrom(ctx), in.ID, in.Body.Why)
			return a.sealOut(ctx, r, err)
		})
	}
	huma.Register(a.huma, a.sealAct("make", "makeSeal", "Make an approved seal (制作); neither who applied nor who approved"), func(ctx context.Context, in *SealPath) (*sealOut, error) {
		r, err := a.cfg.Seals.Make(ctx, callerFrom(ctx), in.ID)
		return a.sealOut(ctx, r, err)
	})
	huma.Register(a.huma, a.sealAct("record", "recordSeal", "Note that a made seal is on record (备案)"), func(ctx context.Context, in *sealFilingIn) (*sealOut, error) {
		r, err := a.cfg.Seals.Record(ctx, callerFrom(ctx), in.ID, in.Body.Filing)
		return a.sealOut(ctx, r, err)
	})
}

func (a *API) sealAct(name, id, summary string) huma.Operation {
	op := a.operation(http.MethodPost, "/v1/seals/{id}/"+name, id, "seals", summary)
	op.Errors = append(op.Errors, http.StatusNotFound, http.StatusConflict)
	return op
}

func (a *API) sealOut(ctx context.Context, r sealing.Record, err error) (*sealOut, error) {
	if err != nil {
		return nil, a.sealError(ctx, err)
	}
	return &sealOut{SealBodyOf(r, false)}, nil
}

func (a *API) listSeals(ctx context.Context, in *sealsIn) (*sealsOut, error) {
	found, err := a.cfg.Seals.Seals(ctx, callerFrom(ctx), sealing.Query{Office: in.Office, State: sealing.SealState(in.State), After: in.Cursor, Limit: in.Limit})
	if err != nil {
		return nil, a.sealError(ctx, err)
	}
	out := &sealsOut{}
	out.Body.Seals = []SealBody{}
	for _, r := range found {
		out.Body.Seals = append(out.Body.Seals, SealBodyOf(r, false))
	}
	if len(found) == in.Limit {
		out.Body.Cursor = found[len(found)-1].ID
	}
	return out, nil
}

func (a *API) getSeal(ctx context.Context, in *SealPath) (*sealWholeOut, error) {
	r, err := a.cfg.Seals.Seal(ctx, callerFrom(ctx), in.ID)
	if err != nil {
		return nil, a.sealError(ctx, err)
	}
	events, err := a.cfg.Seals.Events(ctx, callerFrom(ctx), in.ID, 0, sealing.MaxPage)
	if err != nil {
		return nil, a.sealError(ctx, err)
	}
	out := &sealWholeOut{}
	out.Body.SealBody, out.Body.Events = SealBodyOf(r, true), []SealEventBody{}
	for _, e := range events {
		out.Body.Events = append(out.Body.Events, sealEventBody(e))
	}
	return out, nil
}

func sealEventBody(e sealing.Event) SealEventBody {
	return SealEventBody{Line: e.Line, At: e.At, What: e.What, From: string(e.From), To: string(e.To), By: e.By, Why: e.Why, Detail: e.Detail}
}

func sealUseBody(u sealing.Use) SealUseBody {
	b := SealUseBody{
		Line: u.Line, At: u.At, By: u.By, Office: u.Office, Matter: u.Matter, Case: u.Case, Certificate: u.Certificate, Profile: u.Profile,
		Authorisation: u.Authorisation, Result: u.Result,
	}
	if !u.Document.IsZero() {
		b.Document = u.Document.String()
	}
	if !u.Content.IsZero() {
		b.Content = u.Content.String()
	}
	return b
}
