// Package front lets cfssl's OCSP responder serve the answers of a revocation.Publisher.
//
// It fronts what it can: requests without nonce about one certificate of an ECDSA authority. cfssl reads every response with
// golang.org/x/crypto/ocsp, which knows neither SM2 nor SM3 and refuses the certificate that comes with an SM2 answer; SM2
// authorities, nonces and requests about several certificates are served by Publisher.OCSP itself.
package front

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	cfssl "github.com/cloudflare/cfssl/ocsp"
	"golang.org/x/crypto/ocsp"

	"yinzheng/ca/revocation"
	ours "yinzheng/internal/ocsp"
)

// answerTimeout bounds one answer: cfssl's interface brings no context, and an asker does not wait longer.
const answerTimeout = 5 * time.Second

// Responder is cfssl's responder in front of a Publisher.
type Responder struct {
	p     *revocation.Publisher
	cfssl *cfssl.Responder
}

// NewResponder returns the responder.
func NewResponder(p *revocation.Publisher) *Responder {
	return &Responder{p, cfssl.NewResponder(New(p), nil)}
}

// Fits reports whether cfssl can serve a request.
func (r *Responder) Fits(request []byte) bool {
	q, err := ours.ParseRequest(request)
	return err == nil && len(q.IDs) == 1 && q.Nonce == nil && r.p.OnECDSA(q)
}

// ServeHTTP hands a request that Fits, in the body of a POST, to cfssl.
func (r *Responder) ServeHTTP(w http.ResponseWriter, q *http.Request) { r.cfssl.ServeHTTP(w, q) }

// source implements cfssl's Source.
type source struct{ p *revocation.Publisher }

// New returns the Publisher as cfssl's NewResponder takes it.
func New(p *revocation.Publisher) cfssl.Source { return source{p} }

// Response implements cfssl.Source. An authority that is not ours is cfssl's ErrNotFound, which becomes unauthorized; any
// other error becomes internalError. Others may keep the answer as long as Publisher.OCSP says, not until its nextUpdate as
// cfssl would have it: a revocation is to show within seconds.
func (s source) Response(request *ocsp.Request) ([]byte, http.Header, error) {
	der, err := request.Marshal()
	if err != nil {
		return nil, nil, fmt.Errorf("fronting an OCSP request: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), answerTimeout)
	defer cancel()
	response, maxAge, err := s.p.OCSP(ctx, der)
	switch {
	case errors.Is(err, revocation.ErrAuthority):
		return nil, nil, cfssl.ErrNotFound
	case err != nil:
		return nil, nil, fmt.Errorf("fronting an OCSP request: %w", err)
	}
	header := http.Header{"Cache-Control": {fmt.Sprintf("max-age=%d, public, no-transform, must-revalidate", int(maxAge/time.Second))}}
	return response, header, nil
}
