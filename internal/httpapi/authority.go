package httpapi

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"yinzheng/ca"
	"yinzheng/ca/operate"
	"yinzheng/internal/auth"
	"yinzheng/internal/foureyes"
	"yinzheng/internal/keys"
)

// CertificateBody is one certificate of the register.
type CertificateBody struct {
	Authority   string     `json:"authority" doc:"the issuer's key identifier, hexadecimal"`
	Serial      string     `json:"serial" doc:"decimal"`
	Profile     string     `json:"profile"`
	Name        string     `json:"name" doc:"common name"`
	Hosts       []string   `json:"hosts,omitempty"`
	State       ca.State   `json:"state" enum:"intended,good,revoked,void"`
	NotBefore   time.Time  `json:"not_before"`
	NotAfter    time.Time  `json:"not_after"`
	RequestedBy string     `json:"requested_by"`
	IssuedAt    time.Time  `json:"issued_at"`
	RevokedAt   *time.Time `json:"revoked_at,omitempty"`
	Reason      int        `json:"reason,omitempty" doc:"RFC 5280, 5.3.1"`
	PEM         string     `json:"pem,omitempty"`
}

// CertificateBodyOf shows a record of the register.
func CertificateBodyOf(r ca.Record) CertificateBody {
	b := CertificateBody{
		Authority: r.Authority, Serial: r.Serial, Profile: r.Profile, Name: r.Name, Hosts: r.SANs, State: r.State,
		NotBefore: r.NotBefore, NotAfter: r.NotAfter, RequestedBy: r.By, IssuedAt: r.At, Reason: r.Reason,
	}
	if !r.RevokedAt.IsZero() {
		b.RevokedAt = &r.RevokedAt
	}
	if r.DER != nil {
		b.PEM = pemOf(r.DER)
	}
	return b
}

func pemOf(der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

type certificateIn struct {
	Authority string `path:"authority" pattern:"^[0-9a-f]{40}$"`
	Serial    string `path:"serial" pattern:"^[1-9][0-9]{0,47}$"`
}

type certificatesIn struct {
	Cursor        int64     `query:"cursor" minimum:"0" doc:"where the last page ended"`
	Limit         int       `query:"limit" minimum:"1" maximum:"500" default:"100"`
	Authority     string    `query:"authority" pattern:"^([0-9a-f]{40})?$"`
	Name          string    `query:"name" maxLength:"64"`
	Profile       string    `query:"profile" maxLength:"64"`
	State         string    `query:"state" enum:"intended,good,revoked,void"`
	ExpiresBefore time.Time `query:"expires_before"`
}

// CertificatesBody is one page of the register.
type CertificatesBody struct {
	Certificates []CertificateBody `json:"certificates"`
	Cursor       int64             `json:"cursor,omitempty" doc:"of the next page; none when this is the last"`
}

type certificatesOut struct{ Body CertificatesBody }

type certificateOut struct{ Body CertificateBody }

type chainOut struct {
	Body struct {
		Certificate string `json:"certificate" doc:"PEM"`
		Chain       string `json:"chain" doc:"PEM of the issuing CA"`
	}
}

type certifyIn struct {
	Body struct {
		Profile string   `json:"profile" enum:"tls-server,fabric-msp"`
		CSR     string   `json:"csr" maxLength:"131072" doc:"PKCS#10, PEM"`
		Hosts   []string `json:"hosts,omitempty" maxItems:"32" doc:"lower-case DNS names and IP addresses"`
	}
}

type csrIn struct {
	Body struct {
		CSR string `json:"csr" maxLength:"131072" doc:"PKCS#10, PEM"`
	}
}

// DualBody is a pair of certificates (双证书).
type DualBody struct {
	Sign      string `json:"sign" doc:"signing certificate, PEM"`
	Encrypt   string `json:"encrypt" doc:"encryption certificate, PEM"`
	Enveloped []byte `json:"enveloped_key" doc:"SM2EnvelopedKey (GB/T 35276) of the encryption key, DER in base64"`
	Chain     string `json:"chain" doc:"PEM of the issuing CA"`
}

// DualBodyOf shows a pair and the authority that issued it.
func DualBodyOf(d ca.Dual, authority []byte) DualBody {
	return DualBody{Sign: pemOf(d.Sign), Encrypt: pemOf(d.Encrypt), Enveloped: d.Enveloped, Chain: pemOf(authority)}
}

type dualOut struct{ Body DualBody }

type revokeIn struct {
	Authority string `path:"authority" pattern:"^[0-9a-f]{40}$"`
	Serial    string `path:"serial" pattern:"^[1-9][0-9]{0,47}$"`
	Body      struct {
		Reason int `json:"reason" enum:"0,1,3,4,5,9" doc:"RFC 5280, 5.3.1"`
	}
}

type tokenIn struct {
	Body struct {
		Caller  string   `json:"caller" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$" doc:"the system's name: the common name of its certificate"`
		Office  string   `json:"office,omitempty" maxLength:"18"`
		Actions []string `json:"actions" minItems:"1" maxItems:"16"`
		Kinds   []string `json:"kinds,omitempty" maxItems:"256"`
	}
}

// TokenBody is a one-time right to enrol.
type TokenBody struct {
	Token   string    `json:"token" doc:"shown only here; good for one enrolment"`
	Expires time.Time `json:"expires"`
}

type tokenOut struct{ Body TokenBody }

type enrolIn struct {
	Body struct {
		Token string `json:"token" maxLength:"128"`
		CSR   string `json:"csr" maxLength:"131072" doc:"PKCS#10 of a P-256 key, PEM"`
	}
}

// KeyBody is a line of the inventory of keys.
type KeyBody struct {
	ID        string     `json:"id"`
	Algorithm string     `json:"algorithm"`
	Use       string     `json:"use"`
	State     string     `json:"state" enum:"active,retired,destroyed"`
	Protected string     `json:"protected" doc:"how the private part rests"`
	Created   time.Time  `json:"created"`
	Changed   time.Time  `json:"changed"`
	Used      int64      `json:"used" doc:"signatures made"`
	Quota     int64      `json:"quota,omitempty" doc:"signatures allowed in its life; none for no bound"`
	LastUsed  *time.Time `json:"last_used,omitempty"`
	Public    []byte     `json:"public" doc:"SubjectPublicKeyInfo, DER in base64"`
}

// KeyBodyOf shows a line of the inventory.
func KeyBodyOf(k keys.Info) KeyBody {
	b := KeyBody{
		ID: k.ID, Algorithm: string(k.Algorithm), Use: string(k.Use), State: string(k.State), Protected: k.Protected,
		Created: k.Created, Changed: k.Changed, Used: k.Used, Quota: k.Quota, Public: k.Public,
	}
	if !k.LastUsed.IsZero() {
		b.LastUsed = &k.LastUsed
	}
	return b
}

type keysOut struct {
	Body struct {
		Keys []KeyBody `json:"keys"`
	}
}

// ProposalBody is an act that needs two people.
type ProposalBody struct {
	ID        string          `json:"id"`
	Act       string          `json:"act"`
	Detail    json.RawMessage `json:"detail"`
	By        string          `json:"by"`
	At        time.Time       `json:"at"`
	Expires   time.Time       `json:"expires"`
	State     string          `json:"state" enum:"proposed,approved,done,failed,rejected,expired"`
	DecidedBy string          `json:"decided_by,omitempty"`
	DecidedAt *time.Time      `json:"decided_at,omitempty"`
	Outcome   string          `json:"outcome,omitempty"`
}

// ProposalBodyOf shows a proposal.
func ProposalBodyOf(p foureyes.Proposal) ProposalBody {
	b := ProposalBody{
		ID: p.ID, Act: p.Act, Detail: p.Detail, By: p.By, At: p.At, Expires: p.Expires, State: string(p.State), DecidedBy: p.DecidedBy, Outcome: p.Outcome,
	}
	if !p.DecidedAt.IsZero() {
		b.DecidedAt = &p.DecidedAt
	}
	return b
}

type proposeIn struct {
	Body struct {
		Act    string          `json:"act" maxLength:"32"`
		Detail json.RawMessage `json:"detail"`
	}
}

type proposalIn struct {
	ID string `path:"id" maxLength:"64"`
}

type proposalOut struct{ Body ProposalBody }

type proposalsIn struct {
	Cursor string `query:"cursor" maxLength:"64"`
	State  string `query:"state" enum:"proposed,approved,done,failed,rejected,expired"`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

type proposalsOut struct {
	Body struct {
		Proposals []ProposalBody `json:"proposals"`
		Cursor    string         `json:"cursor,omitempty"`
	}
}

// authority registers what operators and calling systems ask of the authority.
func (a *API) authority() {
	list := a.operation(http.MethodGet, "/v1/certificates", "listCertificates", "authority", "Page through the register of certificates")
	huma.Register(a.huma, list, a.listCertificates)
	get := a.operation(http.MethodGet, "/v1/certificates/{authority}/{serial}", "getCertificate", "authority", "Read one certificate of the register")
	get.Errors = append(get.Errors, http.StatusNotFound)
	huma.Register(a.huma, get, func(ctx context.Context, in *certificateIn) (*certificateOut, error) {
		r, err := a.cfg.Operate.Certificate(ctx, callerFrom(ctx), in.Authority, in.Serial)
		if err != nil {
			return nil, a.answer(ctx, "certificate", err)
		}
		return &certificateOut{CertificateBodyOf(r)}, nil
	})
	issue := a.operation(http.MethodPost, "/v1/certificates", "issueCertificate", "authority",
		"Have a request certified; a repeat of the same request gives the same certificate")
	issue.DefaultStatus = http.StatusCreated
	huma.Register(a.huma, issue, a.issueCertificate)
	dual := a.operation(http.MethodPost, "/v1/certificates/dual", "issueDualCertificates", "authority",
		"Have a pair certified (双证书): signing key of the request, encryption key made here and enveloped; a repeat gives the same pair")
	dual.DefaultStatus = http.StatusCreated
	huma.Register(a.huma, dual, a.issueDual)
	revoke := a.operation(http.MethodPost, "/v1/certificates/{authority}/{serial}/revoke", "revokeCertificate", "authority", "Revoke an end entity's certificate")
	revoke.DefaultStatus = http.StatusNoContent
	revoke.Errors = append(revoke.Errors, http.StatusNotFound, http.StatusConflict)
	huma.Register(a.huma, revoke, func(ctx context.Context, in *revokeIn) (*struct{}, error) {
		err := a.cfg.Operate.Revoke(ctx, callerFrom(ctx), operate.Revoke{Authority: in.Authority, Serial: in.Serial, Reason: in.Body.Reason})
		return nil, a.answer(ctx, "revoking", err)
	})
	inventory := a.operation(http.MethodGet, "/v1/keys", "listKeys", "authority", "Read the inventory of keys")
	huma.Register(a.huma, inventory, func(ctx context.Context, _ *struct{}) (*keysOut, error) {
		all, err := a.cfg.Operate.Keys(ctx, callerFrom(ctx))
		if err != nil {
			return nil, a.answer(ctx, "keys", err)
		}
		out := &keysOut{}
		for _, k := range all {
			out.Body.Keys = append(out.Body.Keys, KeyBodyOf(k))
		}
		return out, nil
	})
	a.enrolments()
	a.proposals()
}

func (a *API) enrolments() {
	token := a.operation(http.MethodPost, "/v1/enrolment-tokens", "makeEnrolmentToken", "authority", "Make a one-time token for a calling system")
	token.DefaultStatus = http.StatusCreated
	huma.Register(a.huma, token, func(ctx context.Context, in *tokenIn) (*tokenOut, error) {
		c := auth.Caller{ID: in.Body.Caller, Office: in.Body.Office, Kinds: in.Body.Kinds}
		for _, action := range in.Body.Actions {
			c.Actions = append(c.Actions, auth.Action(action))
		}
		if err := c.Check(); err != nil {
			return nil, problem(http.StatusUnprocessableEntity, "ACTION_UNKNOWN", nil)
		}
		out := &tokenOut{}
		var err error
		out.Body.Token, out.Body.Expires, err = a.cfg.Operate.NewToken(ctx, callerFrom(ctx), c)
		if err != nil {
			return nil, a.answer(ctx, "enrolment token", err)
		}
		return out, nil
	})
	enrol := a.open(http.MethodPost, "/v1/enrolments", "enrol", "authority", "Exchange a one-time token and a request for a client certificate")
	enrol.DefaultStatus = http.StatusCreated
	enrol.Errors = []int{http.StatusForbidden, http.StatusUnprocessableEntity}
	huma.Register(a.huma, enrol, func(ctx context.Context, in *enrolIn) (*chainOut, error) {
		csr, err := ca.DecodeCSR([]byte(in.Body.CSR))
		if err != nil {
			return nil, a.answer(ctx, "enrolling", err)
		}
		der, err := a.cfg.Operate.Enrol(ctx, in.Body.Token, csr)
		if err != nil {
			return nil, a.answer(ctx, "enrolling", err)
		}
		return a.chain(der), nil
	})
	renew := a.operation(http.MethodPost, "/v1/enrolments/renew", "renewEnrolment", "authority",
		"Exchange the client certificate of this connection for the next one, for a new key")
	renew.DefaultStatus = http.StatusCreated
	huma.Register(a.huma, renew, func(ctx context.Context, in *csrIn) (*chainOut, error) {
		present := peerFrom(ctx)
		if present == nil {
			return nil, problem(http.StatusForbidden, "CLIENT_CERTIFICATE_NEEDED", nil)
		}
		csr, err := ca.DecodeCSR([]byte(in.Body.CSR))
		if err != nil {
			return nil, a.answer(ctx, "renewing", err)
		}
		der, err := a.cfg.Operate.Renew(ctx, present, csr)
		if err != nil {
			return nil, a.answer(ctx, "renewing", err)
		}
		return a.chain(der), nil
	})
}

func (a *API) proposals() {
	list := a.operation(http.MethodGet, "/v1/proposals", "listProposals", "authority", "Page through the acts that need two people")
	huma.Register(a.huma, list, func(ctx context.Context, in *proposalsIn) (*proposalsOut, error) {
		found, err := a.cfg.Operate.Proposals(ctx, callerFrom(ctx), foureyes.State(in.State), in.Cursor, in.Limit)
		if err != nil {
			return nil, a.answer(ctx, "proposals", err)
		}
		out := &proposalsOut{}
		out.Body.Proposals = []ProposalBody{}
		for _, p := range found {
			out.Body.Proposals = append(out.Body.Proposals, ProposalBodyOf(p))
		}
		if len(found) == in.Limit {
			out.Body.Cursor = found[len(found)-1].ID
		}
		return out, nil
	})
	propose := a.operation(http.MethodPost, "/v1/proposals", "propose", "authority", "Propose an act; somebody else approves it")
	propose.DefaultStatus = http.StatusCreated
	huma.Register(a.huma, propose, func(ctx context.Context, in *proposeIn) (*proposalOut, error) {
		p, err := a.cfg.Operate.Propose(ctx, callerFrom(ctx), in.Body.Act, in.Body.Detail)
		return a.decided(ctx, p, err)
	})
	approve := a.operation(http.MethodPost, "/v1/proposals/{id}/approve", "approveProposal", "authority", "Approve what somebody else proposed, and have it done")
	huma.Register(a.huma, approve, func(ctx context.Context, in *proposalIn) (*proposalOut, error) {
		p, err := a.cfg.Operate.Approve(ctx, callerFrom(ctx), in.ID)
		return a.decided(ctx, p, err)
	})
	reject := a.operation(http.MethodPost, "/v1/proposals/{id}/reject", "rejectProposal", "authority", "Reject a proposal")
	huma.Register(a.huma, reject, func(ctx context.Context, in *proposalIn) (*proposalOut, error) {
		p, err := a.cfg.Operate.Reject(ctx, callerFrom(ctx), in.ID)
		return a.decided(ctx, p, err)
	})
}

func (a *API) decided(ctx context.Context, p foureyes.Proposal, err error) (*proposalOut, error) {
	if err != nil && !(errors.Is(err, foureyes.ErrFailed) && p.State == foureyes.Failed) { // that it failed is on the proposal
		return nil, a.answer(ctx, "proposal", err)
	}
	return &proposalOut{ProposalBodyOf(p)}, nil
}

func (a *API) chain(der []byte) *chainOut {
	out := &chainOut{}
	out.Body.Certificate, out.Body.Chain = pemOf(der), pemOf(a.cfg.Operate.TLSAuthority())
	return out
}

func (a *API) listCertificates(ctx context.Context, in *certificatesIn) (*certificatesOut, error) {
	found, last, err := a.cfg.Operate.Certificates(ctx, callerFrom(ctx), ca.Query{
		After: in.Cursor, Limit: in.Limit, Authority: in.Authority, Name: in.Name, Profile: in.Profile, State: ca.State(in.State), ExpiresBefore: in.ExpiresBefore,
	})
	if err != nil {
		return nil, a.answer(ctx, "certificates", err)
	}
	out := &certificatesOut{}
	out.Body.Certificates = []CertificateBody{}
	for _, r := range found {
		b := CertificateBodyOf(r)
		b.PEM = "" // one at a time
		out.Body.Certificates = append(out.Body.Certificates, b)
	}
	if len(found) == in.Limit {
		out.Body.Cursor = last
	}
	return out, nil
}

func (a *API) issueCertificate(ctx context.Context, in *certifyIn) (*chainOut, error) {
	csr, err := ca.DecodeCSR([]byte(in.Body.CSR))
	if err != nil {
		return nil, a.answer(ctx, "issuing", err)
	}
	der, err := a.cfg.Operate.Issue(ctx, callerFrom(ctx), in.Body.Profile, csr, in.Body.Hosts)
	if err != nil {
		return nil, a.answer(ctx, "issuing", err)
	}
	return a.chain(der), nil
}

func (a *API) issueDual(ctx context.Context, in *csrIn) (*dualOut, error) {
	csr, err := ca.DecodeCSR([]byte(in.Body.CSR))
	if err != nil {
		return nil, a.answer(ctx, "issuing a pair", err)
	}
	d, err := a.cfg.Operate.IssueDual(ctx, callerFrom(ctx), csr)
	if err != nil {
		return nil, a.answer(ctx, "issuing a pair", err)
	}
	return &dualOut{DualBodyOf(d, a.cfg.Operate.Authority())}, nil
}

type peerKey struct{}

// peerFrom returns the client certificate under which the caller was found; nil for callers with an API key.
func peerFrom(ctx context.Context) *x509.Certificate {
	c, _ := ctx.Value(peerKey{}).(*x509.Certificate)
	return c
}
