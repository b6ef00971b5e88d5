package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"yinzheng/internal/auth"
	"yinzheng/sealing"
)

// sealLines registers what a seal has many of: history, uses, authorisations.
func (a *API) sealLines() {
	events := a.operation(http.MethodGet, "/v1/seals/{id}/events", "listSealEvents", "seals", "Page through the history of a seal")
	registerLines(a, events, (*sealing.Life).Events, sealEventBody, func(e sealing.Event) int64 { return e.Line })
	uses := a.operation(http.MethodGet, "/v1/seals/{id}/uses", "listSealUses", "seals", "Page through the use log of a seal (用印日志), failures among it")
	registerLines(a, uses, (*sealing.Life).Uses, sealUseBody, func(u sealing.Use) int64 { return u.Line })
	grants := a.operation(http.MethodGet, "/v1/seals/{id}/authorisations", "listSealAuthorisations", "seals", "Page through what lets a seal be used (用印授权)")
	registerLines(a, grants, (*sealing.Life).Authorisations, grantBody, func(g sealing.Authorisation) int64 { return g.Line })

	grant := a.operation(http.MethodPost, "/v1/seals/{id}/authorisations", "authoriseSeal", "seals", "Authorise somebody else to use a seal for a matter")
	grant.DefaultStatus = http.StatusCreated
	grant.Errors = append(grant.Errors, http.StatusNotFound, http.StatusConflict)
	huma.Register(a.huma, grant, func(ctx context.Context, in *grantIn) (*grantOut, error) {
		b := in.Body
		g, err := a.cfg.Seals.Authorise(ctx, callerFrom(ctx), sealing.Authorisation{
			Seal: in.ID, Matter: b.Matter, Caller: b.Caller, Office: b.Office, From: b.From, To: b.To, Limit: b.Limit, Why: b.Why,
		}, in.IdempotencyKey)
		if err != nil {
			return nil, a.sealError(ctx, err)
		}
		return &grantOut{grantBody(g)}, nil
	})
	withdraw := a.operation(http.MethodPost, "/v1/seals/{id}/authorisations/{line}/withdraw", "withdrawSealAuthorisation", "seals", "Take an authorisation back")
	withdraw.DefaultStatus = http.StatusNoContent
	withdraw.Errors = append(withdraw.Errors, http.StatusNotFound, http.StatusConflict)
	huma.Register(a.huma, withdraw, func(ctx context.Context, in *withdrawIn) (*struct{}, error) {
		if err := a.cfg.Seals.Withdraw(ctx, callerFrom(ctx), in.ID, in.Line, in.Body.Why); err != nil {
			return nil, a.sealError(ctx, err)
		}
		return nil, nil
	})
}

// registerLines registers one list of numbered lines.
func registerLines[T, B any](a *API, op huma.Operation, read func(*sealing.Life, context.Context, auth.Caller, string, int64, int) ([]T, error),
	show func(T) B, line func(T) int64,
) {
	op.Errors = append(op.Errors, http.StatusNotFound)
	huma.Register(a.huma, op, func(ctx context.Context, in *linesIn) (*linesOut[B], error) {
		found, err := read(a.cfg.Seals, ctx, callerFrom(ctx), in.ID, in.Cursor, in.Limit)
		if err != nil {
			return nil, a.sealError(ctx, err)
		}
		out := &linesOut[B]{Body: linesBody[B]{Lines: []B{}}}
		for _, f := range found {
			out.Body.Lines = append(out.Body.Lines, show(f))
		}
		if len(found) == in.Limit {
			out.Body.Cursor = line(found[len(found)-1])
		}
		return out, nil
	})
}
