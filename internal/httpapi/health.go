package httpapi

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

type healthOut struct {
	Body struct {
		Status  string `json:"status" enum:"ok" doc:"ok"`
		Version string `json:"version"`
	}
}

func (a *API) health() {
	live := a.open(http.MethodGet, "/livez", "livez", "operation", "The process answers")
	huma.Register(a.huma, live, func(context.Context, *struct{}) (*healthOut, error) {
		out := &healthOut{}
		out.Body.Status, out.Body.Version = "ok", a.cfg.Version
		return out, nil
	})
	ready := a.open(http.MethodGet, "/readyz", "readyz", "operation", "Stores and ledger answer")
	ready.Errors = []int{http.StatusServiceUnavailable}
	huma.Register(a.huma, ready, func(ctx context.Context, _ *struct{}) (*healthOut, error) {
		if err := a.cfg.Ready(ctx); err != nil {
			a.log.ErrorContext(ctx, "readiness", "err", err)
			return nil, problem(http.StatusServiceUnavailable, "NOT_READY", nil)
		}
		out := &healthOut{}
		out.Body.Status, out.Body.Version = "ok", a.cfg.Version
		return out, nil
	})
}

func writeProblem(w http.ResponseWriter, p *Problem) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}
