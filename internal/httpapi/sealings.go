package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"yinzheng/internal/gm"
	"yinzheng/sealing"
	"yinzheng/sealing/desk"
	"yinzheng/sealing/intake"
)

// maxRequest bounds the JSON beside an uploaded document, in bytes.
const maxRequest = 256 << 10

// MarkBody is where a seal goes, in millimetres from the page's top left corner.
type MarkBody struct {
	Page    int     `json:"page,omitempty" minimum:"1" maximum:"100000"`
	X       float64 `json:"x,omitempty" doc:"left; with a keyword, how far from its middle"`
	Y       float64 `json:"y,omitempty" doc:"top; with a keyword, how far from its middle"`
	W       float64 `json:"w,omitempty" minimum:"0" maximum:"1000" doc:"the seal's own width by default"`
	H       float64 `json:"h,omitempty" minimum:"0" maximum:"1000"`
	Keyword string  `json:"keyword,omitempty" maxLength:"200" doc:"the seal's middle goes onto this text"`
	Nth     int     `json:"nth,omitempty" minimum:"0" maximum:"200" doc:"which of its occurrences; the last by default"`
	Field   string  `json:"field,omitempty" maxLength:"200" doc:"name of an empty signature field"`
}

// RideBody divides the seal over the edges of pages (骑缝章).
type RideBody struct {
	First int     `json:"first,omitempty" minimum:"0" doc:"the first page by default"`
	Last  int     `json:"last,omitempty" minimum:"0" doc:"the last page by default"`
	Edge  string  `json:"edge,omitempty" enum:"right,left" doc:"right by default"`
	Y     float64 `json:"y" minimum:"0" maximum:"2000" doc:"its top, millimetres"`
	Size  float64 `json:"size" minimum:"1" maximum:"200" doc:"millimetres"`
}

// SealingRequest asks for a document to be sealed.
type SealingRequest struct {
	Document string     `json:"document,omitempty" pattern:"^[0-9a-f]{64}$" doc:"SM3 of a kept document; left out when one is uploaded"`
	Seal     string     `json:"seal" minLength:"14" maxLength:"14" doc:"esID"`
	Profile  string     `json:"profile,omitempty" enum:"seal,sm2,pades,dual" doc:"seal by default"`
	Level    string     `json:"level,omitempty" enum:"B-B,B-T,B-LT,B-LTA" doc:"B-T by default"`
	Certify  int        `json:"certify,omitempty" minimum:"0" maximum:"2" doc:"1 nothing may follow, 2 further seals may; only of a document without signatures"`
	Marks    []MarkBody `json:"marks,omitempty" maxItems:"100" doc:"where it is shown; none and no ride: nowhere"`
	Ride     *RideBody  `json:"ride,omitempty"`
	Matter   string     `json:"matter" minLength:"1" maxLength:"64" doc:"事项编码"`
	Case     string     `json:"case,omitempty" maxLength:"64" doc:"办件编号"`
	Reason   string     `json:"reason,omitempty" maxLength:"200" doc:"claimed in the signature"`
}

// SealingBody is a document that was sealed.
type SealingBody struct {
	Document string    `json:"document" doc:"SM3 of the sealed document"`
	Origin   string    `json:"origin" doc:"SM3 of what was sealed"`
	Size     int64     `json:"size" doc:"bytes"`
	Content  string    `json:"content" doc:"dataHash of the signature"`
	At       time.Time `json:"at"`
}

type sealingIn struct {
	Accept  string `header:"Accept" doc:"application/json for the record, else the sealed PDF"`
	Key     string `header:"Idempotency-Key" maxLength:"128" doc:"the same key with the same request gives the same sealed document again; with another request it is refused. Without one each request seals"`
	RawBody multipart.Form
}

// sealings registers the sealing of documents that others bring.
func (a *API) sealings() {
	a.documents()
	op := a.operation(http.MethodPost, "/v1/sealings", "sealDocument", "sealing", "Seal a PDF")
	op.Description = "multipart/form-data: `request` (JSON, see SealingRequest), and `document` (the PDF) unless the request names a kept one. The sealed PDF is kept for the caller; its SM3 is in the header Document-Digest."
	op.MaxBodyBytes, op.BodyReadTimeout = MaxDocumentUpload, uploadTime
	op.Errors = append(op.Errors, http.StatusNotFound, http.StatusConflict, http.StatusRequestEntityTooLarge)
	schemas := a.huma.OpenAPI().Components.Schemas
	request := schemas.Schema(reflect.TypeFor[SealingRequest](), true, "SealingRequest")
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: &huma.Schema{
		Type: "object", Required: []string{"request"}, Properties: map[string]*huma.Schema{
			"document": {Type: "string", Format: "binary", Description: "a PDF"}, "request": request,
		},
	}}}}
	op.Responses = binary("application/pdf")
	op.Responses["200"].Content["application/json"] = &huma.MediaType{Schema: schemas.Schema(reflect.TypeFor[SealingBody](), true, "SealingBody")}
	op.Responses["200"].Headers = map[string]*huma.Param{"Document-Digest": {Description: "SM3 of the sealed document", Schema: &huma.Schema{Type: "string"}}}
	huma.Register(a.huma, op, a.seal)
	a.remoteSealings()
	a.jointSealings()
}

func (a *API) seal(ctx context.Context, in *sealingIn) (*huma.StreamResponse, error) {
	who, err := mayUse(ctx)
	if err != nil {
		return nil, a.sealingError(ctx, err)
	}
	q, err := a.sealingRequest(in.RawBody)
	if err != nil {
		return nil, a.sealingError(ctx, err)
	}
	stored, err := a.toSeal(ctx, in.RawBody, q, who)
	if err != nil {
		return nil, a.sealingError(ctx, err)
	}
	r := q.request(who)
	r.Stored = stored
	r.Key = sealing.Idempotency{Caller: who.Caller, Key: in.Key, Request: q.digest(stored)}
	done, err := a.cfg.Desk.Seal(ctx, r)
	if err != nil {
		return nil, a.sealingError(ctx, err)
	}
	if strings.Contains(in.Accept, "application/json") {
		return sealingRecord(SealingBody{
			Document: done.Document.String(), Origin: stored.String(), Size: done.Size, Content: done.Content.String(), At: done.At,
		}), nil
	}
	f, _, err := a.cfg.Desk.Open(ctx, done.Document, who)
	if err != nil {
		return nil, a.sealingError(ctx, err)
	}
	content := a.stream(storedReader{io.NewSectionReader(f, 0, f.Size()), f}, "application/pdf", done.Document.String()[:16]+".pdf")
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		ctx.SetHeader("Document-Digest", done.Document.String())
		content.Body(ctx)
	}}, nil
}

func sealingRecord(b SealingBody) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		ctx.SetHeader("Content-Type", "application/json")
		ctx.SetHeader("Document-Digest", b.Document)
		_ = json.NewEncoder(ctx.BodyWriter()).Encode(b) // the caller has gone
	}}
}

// sealingRequest reads the JSON of a form and checks it as a body would be.
func (a *API) sealingRequest(form multipart.Form) (*SealingRequest, error) {
	var text []byte
	if values := form.Value["request"]; len(values) == 1 {
		text = []byte(values[0])
	} else {
		b, err := part(form, "request", maxRequest)
		if err != nil {
			return nil, err
		}
		text = b
	}
	if len(text) == 0 || len(text) > maxRequest {
		return nil, problem(http.StatusUnprocessableEntity, "SEALING_REQUEST", nil)
	}
	var loose any
	if err := json.Unmarshal(text, &loose); err != nil {
		return nil, problem(http.StatusBadRequest, "BODY_BROKEN", nil)
	}
	schemas := a.huma.OpenAPI().Components.Schemas
	result := &huma.ValidateResult{}
	at := huma.NewPathBuffer([]byte("body"), len("body"))
	huma.Validate(schemas, schemas.Schema(reflect.TypeFor[SealingRequest](), true, "SealingRequest"), at, huma.ModeWriteToServer, loose, result)
	if len(result.Errors) > 0 {
		return nil, frameworkError(http.StatusUnprocessableEntity, "validation failed", result.Errors...)
	}
	q := &SealingRequest{}
	if err := json.Unmarshal(text, q); err != nil {
		return nil, problem(http.StatusBadRequest, "BODY_BROKEN", nil)
	}
	return q, nil
}

// digest tells one request from another.
func (q *SealingRequest) digest(stored gm.Digest) gm.Digest {
	again := *q
	again.Document = stored.String()
	b, _ := json.Marshal(again) // it came from JSON
	return gm.Sum(b)
}

// toSeal is the document that a request names or brings.
func (a *API) toSeal(ctx context.Context, form multipart.Form, q *SealingRequest, who desk.Who) (gm.Digest, error) {
	files := form.File["document"]
	switch {
	case len(files) == 0 && q.Document == "":
		return gm.Digest{}, problem(http.StatusUnprocessableEntity, "DOCUMENT_MISSING", nil)
	case len(files) == 0:
		return gm.ParseDigest(q.Document) // of this form: the schema says so
	case len(files) > 1 || q.Document != "":
		return gm.Digest{}, problem(http.StatusUnprocessableEntity, "SEALING_REQUEST", nil)
	}
	f, err := files[0].Open()
	if err != nil {
		return gm.Digest{}, fmt.Errorf("opening an upload: %w", err)
	}
	r, err := a.cfg.Desk.Receive(ctx, f, who, intake.Options{})
	return r.Document, errors.Join(err, f.Close())
}

func (q *SealingRequest) request(who desk.Who) desk.Request {
	r := desk.Request{Request: sealing.Request{
		Seal: q.Seal, Profile: sealing.Profile(q.Profile), Level: sealing.Level(q.Level), Certify: q.Certify, Reason: q.Reason, Matter: q.Matter,
		Case: q.Case, By: who.Caller, Office: who.Office,
	}}
	for _, m := range q.Marks {
		p := sealing.Place{Field: m.Field, Page: m.Page, X: m.X, Y: m.Y, W: m.W, H: m.H}
		r.Marks = append(r.Marks, desk.Mark{Place: p, Keyword: m.Keyword, Nth: m.Nth})
	}
	if q.Ride != nil {
		r.Ride = &desk.Ride{First: max(q.Ride.First, 1), Last: q.Ride.Last, Edge: sealing.EdgeRight, Y: q.Ride.Y, Size: q.Ride.Size}
		if q.Ride.Edge != "" {
			r.Ride.Edge = sealing.Edge(q.Ride.Edge)
		}
	}
	return r
}

// sealingAnswers say what is wrong with a sealing; the first row that matches wins.
var sealingAnswers = []mapped{
	{sealing.ErrNoSeal, http.StatusNotFound, "NOT_FOUND"},
	{sealing.ErrProfile, http.StatusUnprocessableEntity, "SEALING_PROFILE"},
	{sealing.ErrPlace, http.StatusUnprocessableEntity, "SEALING_PLACE"},
	{sealing.ErrCertified, http.StatusConflict, "DOCUMENT_CERTIFIED"},
	{sealing.ErrRemote, http.StatusUnprocessableEntity, "SEALING_REMOTE"},
	{sealing.ErrNoDraft, http.StatusNotFound, "SEALING_UNPREPARED"},
	{sealing.ErrTaken, http.StatusConflict, "SEALING_COMPLETED"},
	{sealing.ErrSigner, http.StatusConflict, "SEAL_NOT_USABLE"},
	{sealing.ErrJudged, http.StatusUnprocessableEntity, "SEALING_JUDGED"},
	{desk.ErrNoDocument, http.StatusNotFound, "DOCUMENT_UNKNOWN"},
	{desk.ErrKeyword, http.StatusUnprocessableEntity, "SEALING_KEYWORD"},
	{desk.ErrNoJoint, http.StatusNotFound, "NOT_FOUND"},
	{desk.ErrTurn, http.StatusConflict, "JOINT_TURN"},
	{desk.ErrClosed, http.StatusConflict, "JOINT_CLOSED"},
	{desk.ErrParties, http.StatusUnprocessableEntity, "JOINT_PARTIES"},
	{desk.ErrRaced, http.StatusConflict, "STATE_MOVED"},
	{intake.ErrSigned, http.StatusConflict, "DOCUMENT_SIGNED"},
	{intake.ErrPassword, http.StatusUnprocessableEntity, "DOCUMENT_PASSWORD"},
	{intake.ErrUnsafe, http.StatusUnprocessableEntity, "DOCUMENT_UNSAFE"},
	{intake.ErrLimit, http.StatusRequestEntityTooLarge, "DOCUMENT_LIMIT"},
	{intake.ErrMalformed, http.StatusUnprocessableEntity, "DOCUMENT_MALFORMED"},
	{intake.ErrUnsupported, http.StatusUnprocessableEntity, "DOCUMENT_UNSUPPORTED"},
	{intake.ErrNoAttachment, http.StatusNotFound, "NOT_FOUND"},
	{intake.ErrRequest, http.StatusUnprocessableEntity, "SEALING_REQUEST"},
	{sealing.ErrDocument, http.StatusUnprocessableEntity, "DOCUMENT_UNFIT"},
}

// sealingError answers for a sealing; of a file that was not let in it says what was found where.
func (a *API) sealingError(ctx context.Context, err error) error {
	var done *Problem
	if errors.As(err, &done) {
		return done
	}
	for _, m := range sealingAnswers {
		if !errors.Is(err, m.err) {
			continue
		}
		if errors.Is(err, sealing.ErrJudged) {
			a.log.ErrorContext(ctx, "sealing", "err", err)
		}
		p := problem(m.status, m.code, nil)
		var refusal *intake.Refusal
		if errors.As(err, &refusal) {
			p.Errors = []ProblemItem{{Code: m.code, Pointer: where(refusal), Detail: p.Detail, DetailEN: strings.TrimSpace(refusal.Code + " " + refusal.What)}}
		}
		return p
	}
	return a.answer(ctx, "sealing", err)
}

// where says where in a file the reason of a refusal stands.
func where(r *intake.Refusal) string {
	at := fmt.Sprintf("document %d", r.Input)
	if r.Object != 0 {
		at += fmt.Sprintf(", object %d", r.Object)
	}
	if r.Page != 0 {
		at += fmt.Sprintf(", page %d", r.Page)
	}
	if r.Offset >= 0 {
		at += fmt.Sprintf(", byte %d", r.Offset)
	}
	return at
}
