package httpapi

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"yinzheng/internal/gm"
	"yinzheng/internal/ledger"
	"yinzheng/verify"
)

type fileOut struct {
	ContentType string `header:"Content-Type"`
	ETag        string `header:"ETag"`
	Body        []byte
}

// receiptKinds are what a digest may be anchored as; a digest alone asks for the first that is there.
var receiptKinds = []string{verify.KindLicence, verify.KindOutcome}

func (a *API) proofs() {
	get := a.open(http.MethodGet, "/v1/receipts/{digest}", "getReceipt", "ledger", "Read the receipt of a digest, as far as it has come")
	get.Responses = binary("application/json")
	huma.Register(a.huma, get, func(ctx context.Context, in *struct {
		Digest string `path:"digest" minLength:"64" maxLength:"64" pattern:"^[0-9a-f]{64}$" doc:"SM3"`
	}) (*fileOut, error) {
		digest, err := gm.ParseDigest(in.Digest)
		if err != nil {
			return nil, problem(http.StatusUnprocessableEntity, "REQUEST_INVALID", nil)
		}
		for _, kind := range receiptKinds {
			r, err := a.cfg.Ledger.Receipt(ctx, kind, digest)
			if errors.Is(err, ledger.ErrNoEntry) {
				continue
			}
			if err != nil {
				return nil, a.answer(ctx, "receipt", err)
			}
			return &fileOut{ContentType: "application/json", Body: r.Encode()}, nil
		}
		return nil, problem(http.StatusNotFound, "NOT_FOUND", nil)
	})

	trust := a.open(http.MethodGet, "/v1/trust-bundle", "getTrustBundle", "trust", "Read the region's signed trust file")
	trust.Responses = binary("application/json")
	huma.Register(a.huma, trust, func(ctx context.Context, _ *struct{}) (*fileOut, error) {
		b, err := a.cfg.Trust(ctx)
		if err != nil {
			return nil, a.answer(ctx, "trust bundle", err)
		}
		return &fileOut{ContentType: "application/json", ETag: `"` + gm.Sum(b).String() + `"`, Body: b}, nil
	})
}
