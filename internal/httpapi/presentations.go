package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"yinzheng/internal/qr"
	"yinzheng/licences"
)

type presentIn struct {
	Body struct {
		Licence string   `json:"licence" minLength:"1" maxLength:"64" doc:"licence id"`
		Fields  []string `json:"fields" maxItems:"32" doc:"field names to show, nothing else is"`
	}
}

type presentOut struct {
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		Token   string    `json:"token" doc:"works once; never stored here"`
		URL     string    `json:"url" doc:"what the QR says"`
		QR      string    `json:"qr" doc:"the QR as SVG"`
		Expires time.Time `json:"expires"`
	}
}

// ShownBody is what a presentation shows.
type ShownBody struct {
	KindName string      `json:"kind_name"`
	Issuer   string      `json:"issuer"`
	Holder   string      `json:"holder" doc:"masked unless the holder chose to show it"`
	Status   string      `json:"status" doc:"certState now"`
	InForce  bool        `json:"in_force"`
	State    string      `json:"state"`
	ValidTo  string      `json:"valid_to,omitempty" doc:"left out for 长期"`
	Fields   []ShownItem `json:"fields"`
	At       time.Time   `json:"at"`
}

// ShownItem is one field that the holder chose to show.
type ShownItem struct {
	Name  string `json:"name"`
	Label string `json:"label"`
	Value string `json:"value"`
}

type shownOut struct {
	CacheControl string `header:"Cache-Control"`
	Body         ShownBody
}

func (a *API) presentations() {
	create := a.operation(http.MethodPost, "/v1/presentations", "presentLicence", "presentation", "Make a code that shows a licence once")
	create.DefaultStatus = http.StatusCreated
	create.Description = "The token lives 60 s and works once. A repeated request makes another token: none is stored, so none can be given again."
	huma.Register(a.huma, create, func(ctx context.Context, in *presentIn) (*presentOut, error) {
		token, p, err := a.cfg.Licences.Present(ctx, callerFrom(ctx), licences.PresentRequest{Licence: in.Body.Licence, Fields: in.Body.Fields})
		if err != nil {
			return nil, a.answer(ctx, "presentation", err)
		}
		out := &presentOut{CacheControl: "no-store"}
		out.Body.Token, out.Body.URL, out.Body.Expires = token, a.cfg.BaseURL+"/v/"+token, p.Expires
		code, err := qr.Encode(out.Body.URL, qr.M)
		if err != nil {
			return nil, a.answer(ctx, "presentation", err)
		}
		out.Body.QR = string(code.SVG("QR"))
		return out, nil
	})

	show := a.open(http.MethodGet, "/v1/presentations/{token}", "showPresentation", "presentation", "Use a token: what it shows, once")
	show.Errors = []int{http.StatusNotFound, http.StatusGone}
	huma.Register(a.huma, show, func(ctx context.Context, in *struct {
		Token string `path:"token" maxLength:"64"`
	}) (*shownOut, error) {
		s, err := a.cfg.Licences.Show(ctx, in.Token)
		if err != nil {
			return nil, a.answer(ctx, "presentation", err)
		}
		return &shownOut{CacheControl: "no-store", Body: shownBody(s)}, nil
	})
}

func shownBody(s licences.Shown) ShownBody {
	b := ShownBody{
		KindName: s.KindName, Issuer: s.Issuer, Holder: s.Holder, Status: string(s.Status), InForce: s.InForce,
		State: string(s.State), ValidTo: s.ValidTo, At: s.At, Fields: []ShownItem{},
	}
	for _, f := range s.Fields {
		b.Fields = append(b.Fields, ShownItem{Name: f.Name, Label: f.Label, Value: f.Value})
	}
	return b
}
