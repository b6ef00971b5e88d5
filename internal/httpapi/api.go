// Package httpapi is the HTTP API, version 1: an adapter that turns requests into calls on the house's services and their
// answers into written-out JSON. No rule of the domain lives here.
package httpapi

import (
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"yinzheng/archive"
	"yinzheng/ca"
	"yinzheng/ca/operate"
	"yinzheng/internal/auth"
	"yinzheng/internal/gm"
	"yinzheng/licences"
	"yinzheng/sealing"
	"yinzheng/sealing/desk"
	"yinzheng/verify"
	"yinzheng/verify/completion"
)

// Limits of one request.
const (
	MaxBody       = 1 << 20  // bytes of a JSON body: a licence with its fields is a few KB
	MaxUpload     = 80 << 20 // bytes of a multipart body: a document of 64 MiB with its receipt
	MaxInMemory   = 8 << 20  // bytes of a multipart body held in memory, the rest is on disk
	MaxKeyLength  = 128      // characters of an Idempotency-Key
	MaxWait       = 30 * time.Second
	MaxJudgements = 4 // uploads judged at the same time: each may hold a whole document
)

// Config is what the API is an adapter to.
type Config struct {
	Kinds       *licences.Catalogue
	Licences    *licences.Service
	Cases       *completion.Service
	Archive     *archive.Archive
	Packages    archive.Index
	Ledger      licences.Ledger
	Trust       func(context.Context) ([]byte, error)                                 // the region's signed trust file
	Judge       func(context.Context, verify.Input, time.Time) (verify.Report, error) // with that trust file, its root pinned
	Reports     Reports                                                               // shows judgements to people; nil for JSON alone
	LedgerFiles http.Handler                                                          // serves /log/…
	Credentials auth.Credentials
	Clients     Clients          // finds the callers of client certificates
	Operate     *operate.Service // what operators ask of the authority
	Seals       *sealing.Life    // from application to end
	Sealer      *sealing.Sealer  // in two steps
	Desk        *desk.Desk       // documents that are brought to be sealed
	Ready       func(context.Context) error
	Now         func() time.Time
	BaseURL     string // where citizens reach the pages, e.g. https://zz.example.gov.cn
	Version     string
	Log         *slog.Logger
}

// Clients finds who a client certificate speaks for: ca.ErrClient when it is not good.
type Clients interface {
	CallerOf(ctx context.Context, present *x509.Certificate) (auth.Caller, error)
}

// API serves version 1.
type API struct {
	cfg    Config
	log    *slog.Logger
	rules  *rules
	huma   huma.API
	judges chan struct{}
}

var ownErrors sync.Once // huma keeps its error form in a package variable

// New registers every operation on the mux.
func New(mux *http.ServeMux, cfg Config) (*API, error) {
	checks, err := newRules()
	if err != nil {
		return nil, err
	}
	ownErrors.Do(func() { huma.NewError = frameworkError })
	hc := huma.DefaultConfig("印证 yinzheng", "1")
	hc.Info.Description = "电子证照、电子印章、电子档案信任服务 A trust service for electronic licences, seals and archives."
	hc.CreateHooks = nil // no $schema members in answers
	hc.DocsPath, hc.SchemasPath, hc.OpenAPIPath = "", "", ""
	hc.Formats = map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat}
	hc.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"apiKey": {Type: "http", Scheme: "bearer", Description: "an API key: Authorization: Bearer yz_…"},
		"mtls":   {Type: "mutualTLS", Description: "a client certificate of the region's own CA, from an enrolment"},
	}
	a := &API{cfg: cfg, log: cfg.Log, rules: checks, judges: make(chan struct{}, MaxJudgements)}
	a.huma = humago.New(mux, hc)
	a.kinds()
	a.licences()
	a.presentations()
	a.verifications()
	a.proofs()
	a.cases()
	a.packages()
	a.authority()
	a.seals()
	a.sealings()
	a.health()
	mux.HandleFunc("GET /openapi.yaml", a.serveOpenAPI)
	if cfg.LedgerFiles != nil {
		mux.Handle("GET /log/", cfg.LedgerFiles)
	}
	mux.HandleFunc("/v1/", a.noSuchPath)
	return a, nil
}

// OpenAPI is the contract as served, in YAML.
func (a *API) OpenAPI() ([]byte, error) { return a.huma.OpenAPI().YAML() }

func (a *API) serveOpenAPI(w http.ResponseWriter, _ *http.Request) {
	doc, err := a.OpenAPI()
	if err != nil {
		http.Error(w, "openapi", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/yaml; charset=utf-8")
	_, _ = w.Write(doc)
}

// noSuchPath answers for paths and methods that the API does not have.
func (a *API) noSuchPath(w http.ResponseWriter, _ *http.Request) {
	writeProblem(w, problem(http.StatusNotFound, "NO_SUCH_PATH", nil))
}

type callerKey struct{}

// callerFrom returns who is asking; the zero Caller may do nothing.
func callerFrom(ctx context.Context) auth.Caller {
	c, _ := ctx.Value(callerKey{}).(auth.Caller)
	return c
}

// authenticate finds the caller of an API key, or answers 401.
func (a *API) authenticate(ctx huma.Context, next func(huma.Context)) {
	if state := ctx.TLS(); state != nil && len(state.VerifiedChains) > 0 && ctx.Header("Authorization") == "" {
		a.authenticatePeer(ctx, state.VerifiedChains[0][0], next)
		return
	}
	key, isBearer := strings.CutPrefix(ctx.Header("Authorization"), "Bearer ")
	if !isBearer || key == "" {
		a.deny(ctx)
		return
	}
	caller, err := a.cfg.Credentials.CallerOf(ctx.Context(), gm.Sum([]byte(key)))
	if errors.Is(err, auth.ErrNoCaller) {
		a.deny(ctx)
		return
	}
	if err != nil {
		a.busy(ctx, err)
		return
	}
	next(huma.WithValue(ctx, callerKey{}, caller))
}

// authenticatePeer finds the caller of a client certificate that TLS has verified against our CA.
func (a *API) authenticatePeer(ctx huma.Context, peer *x509.Certificate, next func(huma.Context)) {
	caller, err := a.cfg.Clients.CallerOf(ctx.Context(), peer)
	if errors.Is(err, ca.ErrClient) {
		a.deny(ctx)
		return
	}
	if err != nil {
		a.busy(ctx, err)
		return
	}
	next(huma.WithValue(huma.WithValue(ctx, callerKey{}, caller), peerKey{}, peer))
}

// busy answers when it cannot be found out who is asking: not the caller's fault, and it may pass.
func (a *API) busy(ctx huma.Context, err error) {
	a.log.ErrorContext(ctx.Context(), "authenticating", "err", err)
	_ = huma.WriteErr(a.huma, ctx, http.StatusServiceUnavailable, "busy")
}

func (a *API) deny(ctx huma.Context) {
	ctx.SetHeader("WWW-Authenticate", `Bearer realm="yinzheng"`)
	_ = huma.WriteErr(a.huma, ctx, http.StatusUnauthorized, "unauthenticated")
}

// operation is one line of the contract for callers who say who they are.
func (a *API) operation(method, path, id, tag, summary string) huma.Operation {
	return huma.Operation{
		OperationID: id, Method: method, Path: path, Tags: []string{tag}, Summary: summary,
		MaxBodyBytes: MaxBody,
		Security:     []map[string][]string{{"apiKey": {}}, {"mtls": {}}},
		Middlewares:  huma.Middlewares{a.authenticate},
		Errors:       []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusUnprocessableEntity},
	}
}

// open is one line of the contract for everyone.
func (a *API) open(method, path, id, tag, summary string) huma.Operation {
	op := a.operation(method, path, id, tag, summary)
	op.Security, op.Middlewares = nil, nil
	op.Errors = []int{http.StatusNotFound, http.StatusUnprocessableEntity}
	return op
}

// Keyed is the header that every creating request carries.
type Keyed struct {
	IdempotencyKey string `header:"Idempotency-Key" required:"true" minLength:"1" maxLength:"128" doc:"the same key with the same body gives the same result again; with another body it is refused"`
}
