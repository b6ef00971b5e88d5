package httpapi

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"yinzheng/licences"
)

// KindBody is one kind of licence (证照类型) as the API shows it.
type KindBody struct {
	Code    string          `json:"code" doc:"证照类型代码: 18-character code of the defining authority and 3 digits"`
	Name    string          `json:"name" doc:"证照类型名称"`
	NameEN  string          `json:"name_en"`
	Holders []string        `json:"holders" doc:"holder code types that the kind takes"`
	Fields  json.RawMessage `json:"fields" doc:"JSON Schema 2020-12 of the fields"`
	Shown   []string        `json:"presentable" doc:"fields that a holder may choose to present"`
}

type kindsOut struct {
	Body struct {
		Kinds []KindBody `json:"kinds"`
	}
}

type kindOut struct {
	Body KindBody
}

func (a *API) kinds() {
	list := a.open(http.MethodGet, "/v1/kinds", "listKinds", "kinds", "List the kinds of licence")
	list.Errors = nil
	huma.Register(a.huma, list, func(context.Context, *struct{}) (*kindsOut, error) {
		out := &kindsOut{}
		for _, k := range a.cfg.Kinds.All() {
			out.Body.Kinds = append(out.Body.Kinds, kindBody(k))
		}
		return out, nil
	})
	get := a.open(http.MethodGet, "/v1/kinds/{code}", "getKind", "kinds", "Read one kind with its fields")
	huma.Register(a.huma, get, func(_ context.Context, in *struct {
		Code string `path:"code" maxLength:"32"`
	}) (*kindOut, error) {
		k, known := a.cfg.Kinds.Kind(in.Code)
		if !known {
			return nil, problem(http.StatusNotFound, "KIND_UNKNOWN", nil)
		}
		return &kindOut{Body: kindBody(k)}, nil
	})
}

func kindBody(k *licences.Kind) KindBody {
	return KindBody{Code: k.Code, Name: k.Name, NameEN: k.NameEN, Holders: k.HolderCodeTypes(), Fields: k.Schema, Shown: k.Presentable()}
}
