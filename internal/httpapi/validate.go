package httpapi

import (
	"errors"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-playground/validator/v10"

	"yinzheng/internal/codes"
)

// codedDetail is a refusal with a stable code of ours on its way through huma.
type codedDetail struct {
	code, location string
}

// Error implements error.
func (d *codedDetail) Error() string { return d.code + " at " + d.location }

// ErrorDetail implements huma.ErrorDetailer.
func (d *codedDetail) ErrorDetail() *huma.ErrorDetail {
	return &huma.ErrorDetail{Message: d.code, Location: d.location}
}

// rules are the checks that a schema cannot say: check digits, dates that exist, codes that belong to their type.
type rules struct{ validate *validator.Validate }

// newRules registers our tags with the validator: uscc (GB 32100), cnid (GB 11643), licid (GB/T 36904), isodate.
func newRules() (*rules, error) {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		return name
	})
	tags := map[string]func(string) error{
		"uscc":  codes.CheckUSCC,
		"cnid":  codes.CheckCitizenID,
		"licid": func(s string) error { _, err := codes.ParseLicenceID(s); return err },
		"isodate": func(s string) error {
			_, err := time.Parse(time.DateOnly, s)
			return err
		},
	}
	for tag, check := range tags {
		if err := v.RegisterValidation(tag, func(fl validator.FieldLevel) bool { return check(fl.Field().String()) == nil }); err != nil {
			return nil, err
		}
	}
	v.RegisterStructValidation(holderCode, HolderBody{})
	return &rules{validate: v}, nil
}

// holderCode checks a holder's code by its type: 001 is a unified social credit code, 111 a citizen's number.
func holderCode(sl validator.StructLevel) {
	h, ok := sl.Current().Interface().(HolderBody)
	if !ok {
		return
	}
	switch h.CodeType {
	case "001":
		if codes.CheckUSCC(h.Code) != nil {
			sl.ReportError(h.Code, "code", "Code", "uscc", "")
		}
	case "111":
		if codes.CheckCitizenID(h.Code) != nil {
			sl.ReportError(h.Code, "code", "Code", "cnid", "")
		}
	}
}

var tagCodes = map[string]string{
	"uscc": "USCC_CHECK", "cnid": "CITIZEN_ID_CHECK", "licid": "LICENCE_ID_CHECK", "isodate": "DATE_INVALID",
	"required": "FIELD_REQUIRED", "max": "FIELD_LENGTH", "oneof": "FIELD_VALUE",
}

// check runs the rules over a request body and returns what huma reports.
func (r *rules) check(body any) []error {
	err := r.validate.Struct(body)
	if err == nil {
		return nil
	}
	var found validator.ValidationErrors
	if !errors.As(err, &found) {
		return []error{err}
	}
	out := make([]error, 0, len(found))
	for _, f := range found {
		code, known := tagCodes[f.Tag()]
		if !known {
			code = "FIELD_VALUE"
		}
		_, path, _ := strings.Cut(f.Namespace(), ".")
		out = append(out, &codedDetail{code: code, location: "body." + path})
	}
	return out
}
