package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"yinzheng/ca"
	"yinzheng/ca/operate"
	"yinzheng/internal/auth"
	"yinzheng/internal/foureyes"
	"yinzheng/internal/house"
	"yinzheng/internal/httpapi"
)

// counter is where an operator asks: the house itself, or a running service over its API.
type counter interface {
	certificates(ctx context.Context, q ca.Query) ([]httpapi.CertificateBody, error)
	issue(ctx context.Context, profile string, csr []byte, hosts []string) (certificate string, err error)
	issueDual(ctx context.Context, csr []byte) (httpapi.DualBody, error)
	revoke(ctx context.Context, d operate.Revoke) (alone bool, err error) // false: two people are needed, nothing was done
	newToken(ctx context.Context, c auth.Caller) (httpapi.TokenBody, error)
	keys(ctx context.Context) ([]httpapi.KeyBody, error)
	propose(ctx context.Context, act string, detail []byte) (httpapi.ProposalBody, error)
	proposals(ctx context.Context, cursor string) ([]httpapi.ProposalBody, error)
	decide(ctx context.Context, id, how string) (httpapi.ProposalBody, error)
	list(ctx context.Context, file string) ([]byte, error)
}

// local is the counter of a house opened here.
type local struct {
	house *house.House
	by    auth.Caller
}

func (l local) certificates(ctx context.Context, q ca.Query) ([]httpapi.CertificateBody, error) {
	bodies := []httpapi.CertificateBody{}
	for {
		found, last, err := l.house.Operate.Certificates(ctx, l.by, q)
		if err != nil {
			return nil, err
		}
		for _, r := range found {
			bodies = append(bodies, httpapi.CertificateBodyOf(r))
		}
		if len(found) < q.Limit {
			return bodies, nil
		}
		q.After = last
	}
}

func (l local) issue(ctx context.Context, profile string, csr []byte, hosts []string) (string, error) {
	der, err := l.house.Operate.Issue(ctx, l.by, profile, csr, hosts)
	return string(ca.PEM(der)), err
}

func (l local) issueDual(ctx context.Context, csr []byte) (httpapi.DualBody, error) {
	d, err := l.house.Operate.IssueDual(ctx, l.by, csr)
	return httpapi.DualBodyOf(d, l.house.Operate.Authority()), err
}

func (l local) revoke(ctx context.Context, d operate.Revoke) (bool, error) {
	err := l.house.Operate.Revoke(ctx, l.by, d)
	if errors.Is(err, operate.ErrTwoPeople) {
		return false, nil
	}
	return true, err
}

func (l local) newToken(ctx context.Context, c auth.Caller) (httpapi.TokenBody, error) {
	token, expires, err := l.house.Operate.NewToken(ctx, l.by, c)
	return httpapi.TokenBody{Token: token, Expires: expires}, err
}

func (l local) keys(ctx context.Context) ([]httpapi.KeyBody, error) {
	all, err := l.house.Operate.Keys(ctx, l.by)
	bodies := []httpapi.KeyBody{}
	for _, k := range all {
		bodies = append(bodies, httpapi.KeyBodyOf(k))
	}
	return bodies, err
}

func (l local) propose(ctx context.Context, act string, detail []byte) (httpapi.ProposalBody, error) {
	p, err := l.house.Operate.Propose(ctx, l.by, act, detail)
	return httpapi.ProposalBodyOf(p), err
}

func (l local) proposals(ctx context.Context, cursor string) ([]httpapi.ProposalBody, error) {
	found, err := l.house.Operate.Proposals(ctx, l.by, "", cursor, ca.MaxPage)
	bodies := []httpapi.ProposalBody{}
	for _, p := range found {
		bodies = append(bodies, httpapi.ProposalBodyOf(p))
	}
	return bodies, err
}

func (l local) decide(ctx context.Context, id, how string) (httpapi.ProposalBody, error) {
	do := l.house.Operate.Approve
	if how == "reject" {
		do = l.house.Operate.Reject
	}
	p, err := do(ctx, l.by, id)
	if errors.Is(err, foureyes.ErrFailed) && p.State == foureyes.Failed {
		err = nil // that it failed is on the proposal
	}
	return httpapi.ProposalBodyOf(p), err
}

func (l local) list(ctx context.Context, file string) ([]byte, error) {
	return l.house.Revoked.File(ctx, file)
}

// service is the counter of a running service.
type service struct {
	base, key string
	client    *http.Client
}

const (
	remoteTimeout   = time.Minute
	maxRemoteAnswer = 64 << 20 // bytes: a long revocation list
)

func newService(base, key string) service {
	return service{strings.TrimSuffix(base, "/"), key, &http.Client{Timeout: remoteTimeout}}
}

// answerError is a problem that the service answered with.
type answerError struct {
	Code     string `json:"code"`
	DetailEN string `json:"detail_en"`
	Errors   []struct {
		DetailEN string `json:"detail_en"`
	} `json:"errors"`
}

func (e *answerError) Error() string {
	said := []string{e.Code, e.DetailEN}
	for _, item := range e.Errors {
		said = append(said, item.DetailEN)
	}
	return strings.Join(said, " : ")
}

// call asks the service; in and out are JSON, or nil; out may be *[]byte for the body as it is.
func (r service) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	q, err := http.NewRequestWithContext(ctx, method, r.base+path, body)
	if err != nil {
		return err
	}
	q.Header.Set("Authorization", "Bearer "+r.key)
	if in != nil {
		q.Header.Set("Content-Type", "application/json")
	}
	return r.do(q, out)
}

// do sends a request; out is as for call.
func (r service) do(q *http.Request, out any) error {
	answer, err := r.client.Do(q)
	if err != nil {
		return fmt.Errorf("asking the service : %w", err)
	}
	b, err := io.ReadAll(io.LimitReader(answer.Body, maxRemoteAnswer+1))
	if err = errors.Join(err, answer.Body.Close()); err != nil {
		return fmt.Errorf("asking the service : %w", err)
	}
	if answer.StatusCode >= http.StatusBadRequest {
		var problem answerError
		if json.Unmarshal(b, &problem) != nil || problem.Code == "" {
			return fmt.Errorf("asking the service : %s", answer.Status)
		}
		return &problem
	}
	switch out := out.(type) {
	case nil:
		return nil
	case *[]byte:
		*out = b
		return nil
	default:
		return json.Unmarshal(b, out)
	}
}

func (r service) certificates(ctx context.Context, q ca.Query) ([]httpapi.CertificateBody, error) {
	bodies := []httpapi.CertificateBody{}
	for {
		v := url.Values{"limit": {strconv.Itoa(q.Limit)}, "cursor": {strconv.FormatInt(q.After, 10)}}
		for name, value := range map[string]string{"state": string(q.State), "profile": q.Profile, "name": q.Name} {
			if value != "" {
				v.Set(name, value)
			}
		}
		if !q.ExpiresBefore.IsZero() {
			v.Set("expires_before", q.ExpiresBefore.Format(time.RFC3339))
		}
		var page httpapi.CertificatesBody
		if err := r.call(ctx, http.MethodGet, "/v1/certificates?"+v.Encode(), nil, &page); err != nil {
			return nil, err
		}
		bodies = append(bodies, page.Certificates...)
		if page.Cursor == 0 {
			return bodies, nil
		}
		q.After = page.Cursor
	}
}

func csrText(csr []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr}))
}

func (r service) issue(ctx context.Context, profile string, csr []byte, hosts []string) (string, error) {
	var out struct {
		Certificate string `json:"certificate"`
	}
	in := map[string]any{"profile": profile, "csr": csrText(csr)}
	if hosts != nil {
		in["hosts"] = hosts
	}
	err := r.call(ctx, http.MethodPost, "/v1/certificates", in, &out)
	return out.Certificate, err
}

func (r service) issueDual(ctx context.Context, csr []byte) (d httpapi.DualBody, err error) {
	err = r.call(ctx, http.MethodPost, "/v1/certificates/dual", map[string]any{"csr": csrText(csr)}, &d)
	return d, err
}

func (r service) revoke(ctx context.Context, d operate.Revoke) (bool, error) {
	err := r.call(ctx, http.MethodPost, "/v1/certificates/"+url.PathEscape(d.Authority)+"/"+url.PathEscape(d.Serial)+"/revoke", map[string]any{"reason": d.Reason}, nil)
	var problem *answerError
	if errors.As(err, &problem) && problem.Code == "TWO_PEOPLE" {
		return false, nil
	}
	return true, err
}

func (r service) newToken(ctx context.Context, c auth.Caller) (t httpapi.TokenBody, err error) {
	in := map[string]any{"caller": c.ID, "actions": c.Actions}
	if c.Office != "" {
		in["office"] = c.Office
	}
	err = r.call(ctx, http.MethodPost, "/v1/enrolment-tokens", in, &t)
	return t, err
}

func (r service) keys(ctx context.Context) ([]httpapi.KeyBody, error) {
	var out struct {
		Keys []httpapi.KeyBody `json:"keys"`
	}
	err := r.call(ctx, http.MethodGet, "/v1/keys", nil, &out)
	return out.Keys, err
}

func (r service) propose(ctx context.Context, act string, detail []byte) (p httpapi.ProposalBody, err error) {
	err = r.call(ctx, http.MethodPost, "/v1/proposals", map[string]any{"act": act, "detail": json.RawMessage(detail)}, &p)
	return p, err
}

func (r service) proposals(ctx context.Context, cursor string) ([]httpapi.ProposalBody, error) {
	var out struct {
		Proposals []httpapi.ProposalBody `json:"proposals"`
	}
	err := r.call(ctx, http.MethodGet, "/v1/proposals?limit="+strconv.Itoa(ca.MaxPage)+"&cursor="+url.QueryEscape(cursor), nil, &out)
	return out.Proposals, err
}

func (r service) decide(ctx context.Context, id, how string) (p httpapi.ProposalBody, err error) {
	err = r.call(ctx, http.MethodPost, "/v1/proposals/"+url.PathEscape(id)+"/"+how, nil, &p)
	return p, err
}

func (r service) list(ctx context.Context, file string) (b []byte, err error) {
	err = r.call(ctx, http.MethodGet, "/crl/"+url.PathEscape(file), nil, &b)
	return b, err
}
