package httpapi

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"yinzheng/archive"
	"yinzheng/ca"
	"yinzheng/ca/operate"
	"yinzheng/internal/auth"
	"yinzheng/internal/clock"
	"yinzheng/internal/foureyes"
	"yinzheng/internal/gm"
	"yinzheng/internal/keys"
	"yinzheng/internal/web/text"
	"yinzheng/licences"
	"yinzheng/sealing"
	"yinzheng/verify/completion"
)

// Problem is the body of every refusal (RFC 9457). Code is stable; the sentences are for people.
type Problem struct {
	Type     string        `json:"type" doc:"always about:blank: the code says what it is"`
	Title    string        `json:"title" doc:"the HTTP status in words"`
	Status   int           `json:"status"`
	Code     string        `json:"code" doc:"stable code, see the list in docs/codes.md"`
	Detail   string        `json:"detail" doc:"what is wrong, in Chinese"`
	DetailEN string        `json:"detail_en" doc:"what is wrong, in English"`
	Errors   []ProblemItem `json:"errors,omitempty" doc:"one entry for each thing that is wrong"`
}

// ProblemItem is one thing that is wrong. It never repeats the value sent, which may be personal data.
type ProblemItem struct {
	Code     string `json:"code"`
	Pointer  string `json:"pointer,omitempty" doc:"where, as a JSON pointer (RFC 6901) or a header's name"`
	Detail   string `json:"detail" doc:"in Chinese"`
	DetailEN string `json:"detail_en" doc:"in English"`
}

// Error implements error.
func (p *Problem) Error() string { return p.Code + ": " + p.DetailEN }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// problem makes the answer for a code that has a status of its own.
func problem(status int, code string, params map[string]string) *Problem {
	zh, en := text.Problem(code, params)
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, Detail: zh, DetailEN: en}
}

// mapped is one row of the table from domain errors to answers; the first row that matches wins.
type mapped struct {
	err    error
	status int
	code   string
}

var answers = []mapped{
	{auth.ErrDenied, http.StatusForbidden, "DENIED"},
	{licences.ErrKeyReused, http.StatusUnprocessableEntity, "IDEMPOTENCY_KEY_REUSED"},
	{completion.ErrKeyReused, http.StatusUnprocessableEntity, "IDEMPOTENCY_KEY_REUSED"},
	{licences.ErrNoLicence, http.StatusNotFound, "NOT_FOUND"},
	{completion.ErrNoCase, http.StatusNotFound, "NOT_FOUND"},
	{archive.ErrNoPackage, http.StatusNotFound, "NOT_FOUND"},
	{archive.ErrNoBlob, http.StatusNotFound, "NOT_FOUND"},
	{archive.ErrConflict, http.StatusConflict, "PACKAGE_CONFLICT"},
	{archive.ErrDamaged, http.StatusInternalServerError, "CONTENT_DAMAGED"},
	{licences.ErrTaken, http.StatusConflict, "IDENTIFIER_TAKEN"},
	{licences.ErrMoved, http.StatusConflict, "STATE_MOVED"},
	{completion.ErrMoved, http.StatusConflict, "STATE_MOVED"},
	{licences.ErrTransition, http.StatusConflict, "STATUS_TRANSITION"},
	{licences.ErrNotThere, http.StatusConflict, "NOT_YET"},
	{completion.ErrClosed, http.StatusConflict, "CASE_CLOSED"},
	{completion.ErrItemTaken, http.StatusConflict, "ITEM_TAKEN"},
	{completion.ErrNoCommitment, http.StatusConflict, "NO_COMMITMENT"},
	{archive.ErrDeposit, http.StatusUnprocessableEntity, "PACKAGE_INVALID"},
	{licences.ErrNoPresentation, http.StatusNotFound, "TOKEN_UNKNOWN"},
	{licences.ErrUsed, http.StatusGone, "TOKEN_USED"},
	{licences.ErrTokenExpired, http.StatusGone, "TOKEN_EXPIRED"},
	{ErrNoReportSeal, http.StatusConflict, "REPORT_SEAL"},
	{sealing.ErrNoSeal, http.StatusConflict, "NO_SEAL"},
	{sealing.ErrSealNotUsable, http.StatusConflict, "SEAL_NOT_USABLE"},
	{sealing.ErrNotAuthorised, http.StatusForbidden, "SEAL_NOT_AUTHORISED"},
	{sealing.ErrKeyReused, http.StatusUnprocessableEntity, "IDEMPOTENCY_KEY_REUSED"},
	{sealing.ErrMoved, http.StatusConflict, "STATE_MOVED"},
	{sealing.ErrTransition, http.StatusConflict, "SEAL_TRANSITION"},
	{sealing.ErrSamePerson, http.StatusForbidden, "SEAL_SAME_PERSON"},
	{sealing.ErrWhy, http.StatusUnprocessableEntity, "REASON_REQUIRED"},
	{sealing.ErrFiling, http.StatusUnprocessableEntity, "SEAL_FILING"},
	{sealing.ErrFilingTaken, http.StatusConflict, "SEAL_FILING_TAKEN"},
	{sealing.ErrGrant, http.StatusUnprocessableEntity, "SEAL_AUTHORISATION"},
	{ca.ErrToken, http.StatusForbidden, "ENROLMENT_TOKEN"},
	{ca.ErrNoCertificate, http.StatusNotFound, "NOT_FOUND"},
	{ca.ErrRevoked, http.StatusConflict, "CERTIFICATE_REVOKED"},
	{ca.ErrReason, http.StatusUnprocessableEntity, "REVOCATION_REASON"},
	{ca.ErrKeyUsed, http.StatusConflict, "KEY_USED"},
	{ca.ErrCSR, http.StatusUnprocessableEntity, "CSR_INVALID"},
	{ca.ErrKey, http.StatusUnprocessableEntity, "CSR_CURVE"},
	{ca.ErrName, http.StatusUnprocessableEntity, "CERTIFICATE_NAME"},
	{ca.ErrExtension, http.StatusUnprocessableEntity, "CERTIFICATE_EXTENSION"},
	{ca.ErrProfile, http.StatusUnprocessableEntity, "PROFILE_UNKNOWN"},
	{ca.ErrConstraint, http.StatusConflict, "AUTHORITY_CONSTRAINT"},
	{ca.ErrExpired, http.StatusConflict, "AUTHORITY_CONSTRAINT"},
	{ca.ErrInUse, http.StatusConflict, "KEY_IN_USE"},
	{ca.ErrMismatch, http.StatusUnprocessableEntity, "CERTIFICATE_MISMATCH"},
	{ca.ErrNoEnvelope, http.StatusConflict, "NO_KEY_SERVICE"},
	{ca.ErrStopped, http.StatusServiceUnavailable, "SIGNING_STOPPED"},
	{clock.ErrBackwards, http.StatusServiceUnavailable, "CLOCK_WRONG"},
	{clock.ErrUnsynchronised, http.StatusServiceUnavailable, "CLOCK_WRONG"},
	{clock.ErrUnknown, http.StatusServiceUnavailable, "CLOCK_WRONG"},
	{keys.ErrQuota, http.StatusServiceUnavailable, "KEY_QUOTA"},
	{keys.ErrNoKey, http.StatusNotFound, "NOT_FOUND"},
	{keys.ErrAway, http.StatusServiceUnavailable, "SIGNER_AWAY"},
	{keys.ErrForbidden, http.StatusConflict, "SIGNER_FORBIDS"},
	{keys.ErrState, http.StatusConflict, "KEY_STATE"},
	{operate.ErrTwoPeople, http.StatusConflict, "TWO_PEOPLE"},
	{operate.ErrDetail, http.StatusUnprocessableEntity, "ACT_DETAIL"},
	{foureyes.ErrUnknownAct, http.StatusUnprocessableEntity, "ACT_UNKNOWN"},
	{foureyes.ErrSelf, http.StatusForbidden, "SAME_PERSON"},
	{foureyes.ErrNoProposal, http.StatusNotFound, "NOT_FOUND"},
	{foureyes.ErrMoved, http.StatusConflict, "STATE_MOVED"},
	{foureyes.ErrExpired, http.StatusConflict, "PROPOSAL_EXPIRED"},
	{foureyes.ErrTooMany, http.StatusConflict, "PROPOSALS_FULL"},
	{foureyes.ErrDetail, http.StatusUnprocessableEntity, "ACT_DETAIL"},
	{context.DeadlineExceeded, http.StatusServiceUnavailable, "BUSY"},
	{context.Canceled, http.StatusServiceUnavailable, "BUSY"},
}

// csrAnswers say what is wrong with a certificate request; elsewhere these errors are our own.
var csrAnswers = []mapped{
	{gm.ErrCurve, http.StatusUnprocessableEntity, "CSR_CURVE"},
	{gm.ErrPoint, http.StatusUnprocessableEntity, "CSR_POINT"},
	{gm.ErrWeakKey, http.StatusUnprocessableEntity, "CSR_WEAK_KEY"},
	{gm.ErrSignature, http.StatusUnprocessableEntity, "CSR_SIGNATURE"},
}

// answer turns an error of the house into the problem that a caller sees. What is in no table is "INTERNAL" with a fixed
// text; its cause goes to the log, never to the caller.
func (a *API) answer(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	var done *Problem
	if errors.As(err, &done) {
		return done
	}
	var refusals licences.Refusals
	if errors.As(err, &refusals) {
		return refused(refusals)
	}
	var lints *ca.LintError
	if errors.As(err, &lints) {
		return linted(lints)
	}
	table := answers
	if errors.Is(err, ca.ErrCSR) {
		table = slices.Concat(csrAnswers, answers)
	}
	for _, m := range table {
		if errors.Is(err, m.err) {
			if m.status >= http.StatusInternalServerError {
				a.log.ErrorContext(ctx, doing, "err", err)
			}
			return problem(m.status, m.code, nil)
		}
	}
	a.log.ErrorContext(ctx, doing, "err", err)
	return problem(http.StatusInternalServerError, "INTERNAL", nil)
}

// linted lists the lints that a certificate would not have passed.
func linted(e *ca.LintError) *Problem {
	p := problem(http.StatusUnprocessableEntity, "LINT_FAILED", nil)
	for _, f := range e.Findings {
		params := map[string]string{"lint": f.Lint, "clause": f.Clause}
		zh, en := text.Problem("LINT", params)
		p.Errors = append(p.Errors, ProblemItem{Code: "LINT", Pointer: "/csr", Detail: zh, DetailEN: en + " " + f.Detail})
	}
	return p
}

// refused lists everything that is wrong with a request; the first refusal's code is the problem's.
func refused(refusals licences.Refusals) *Problem {
	if len(refusals) == 0 {
		return problem(http.StatusUnprocessableEntity, "REQUEST_INVALID", nil)
	}
	p := problem(http.StatusUnprocessableEntity, refusals[0].Code, refusals[0].Params)
	for _, r := range refusals {
		zh, en := text.Problem(r.Code, r.Params)
		p.Errors = append(p.Errors, ProblemItem{Code: r.Code, Pointer: r.Pointer, Detail: zh, DetailEN: en})
	}
	return p
}

// frameworkError gives huma's own refusals (broken JSON, too large, schema) our form. The offending value is dropped.
func frameworkError(status int, msg string, errs ...error) huma.StatusError {
	var own *Problem
	for _, err := range errs {
		if errors.As(err, &own) {
			return own
		}
	}
	p := problem(status, frameworkCode(status, msg), nil)
	for _, err := range errs {
		var detailed huma.ErrorDetailer
		if !errors.As(err, &detailed) {
			continue
		}
		d := detailed.ErrorDetail()
		if strings.Contains(d.Message, (&http.MaxBytesError{}).Error()) { // the framework keeps the text of the error alone
			return problem(http.StatusRequestEntityTooLarge, "BODY_TOO_LARGE", nil)
		}
		item := ProblemItem{Code: "REQUEST_INVALID", Pointer: pointer(d.Location)}
		var coded *codedDetail
		if errors.As(err, &coded) {
			item.Code = coded.code
			item.Detail, item.DetailEN = text.Problem(coded.code, nil)
		} else {
			item.Detail, _ = text.Problem("REQUEST_INVALID", nil)
			item.DetailEN = d.Message
		}
		p.Errors = append(p.Errors, item)
	}
	if len(p.Errors) == 1 && p.Errors[0].Code != "REQUEST_INVALID" {
		p.Code, p.Detail, p.DetailEN = p.Errors[0].Code, p.Errors[0].Detail, p.Errors[0].DetailEN
	}
	return p
}

func frameworkCode(status int, msg string) string {
	switch status {
	case http.StatusBadRequest:
		return "BODY_BROKEN"
	case http.StatusUnauthorized:
		return "UNAUTHENTICATED"
	case http.StatusRequestEntityTooLarge:
		return "BODY_TOO_LARGE"
	case http.StatusUnsupportedMediaType:
		return "MEDIA_TYPE"
	case http.StatusNotAcceptable:
		return "NOT_ACCEPTABLE"
	case http.StatusTooManyRequests:
		return "TOO_MANY"
	case http.StatusRequestTimeout:
		return "BODY_SLOW"
	case http.StatusUnprocessableEntity:
		if strings.Contains(msg, "validation") {
			return "REQUEST_INVALID"
		}
		return "BODY_BROKEN"
	}
	return "INTERNAL"
}

// pointer turns huma's "body.holder.code" into "/holder/code".
func pointer(location string) string {
	rest, inBody := strings.CutPrefix(location, "body")
	if !inBody {
		return location
	}
	rest = strings.NewReplacer(".", "/", "[", "/", "]", "").Replace(rest)
	return rest
}
