package enrol

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/cloudflare/cfssl/transport/ca"
)

const (
	enrolPath   = "/v1/enrolments"
	renewPath   = "/v1/enrolments/renew"
	askTime     = time.Minute // of one exchange with the server
	maxAnswer   = 256 << 10   // bytes: a certificate and its issuer have some 4 KiB
	codeToken   = "ENROLMENT_TOKEN"
	codeKeyUsed = "KEY_USED"
)

// ErrAnswer means that the server answered with something that cannot be what was asked for.
var ErrAnswer = errors.New("enrol: the server's answer is not good")

// Problem is a refusal by the server.
type Problem struct {
	Status int    // of HTTP
	Code   string // of the API, stable
	Detail string // English
}

// Error implements error.
func (p *Problem) Error() string {
	return fmt.Sprintf("enrol: the server refuses: %s (%d): %s", p.Code, p.Status, p.Detail)
}

// Is makes the refusals that a caller has to tell apart ErrToken and ErrRefused.
func (p *Problem) Is(target error) bool {
	switch target {
	case ErrToken:
		return p.Code == codeToken
	case ErrRefused:
		return p.Status == http.StatusUnauthorized
	}
	return false
}

// server is cfssl's ca.CertificateAuthority at the other end of a connection.
type server struct {
	t    *Transport
	sign func(request []byte) ([]byte, error)
}

var _ ca.CertificateAuthority = server{}

// SignCSR asks for a certificate and returns it and its issuers, PEM.
func (s server) SignCSR(request []byte) ([]byte, error) { return s.sign(request) }

// CACertificate returns the certificates above ours, PEM.
func (s server) CACertificate() ([]byte, error) {
	have := s.t.present()
	if have == nil {
		return nil, ErrNotEnrolled
	}
	var text []byte
	for _, c := range have.chain {
		text = append(text, pemOf(c.Raw)...)
	}
	return text, nil
}

// ask sends a request, PEM: with a token and nothing else, or over a connection with the present certificate.
func (t *Transport) ask(ctx context.Context, token string, request []byte) ([]byte, error) {
	if token == "" {
		return t.post(ctx, t, renewPath, map[string]string{"csr": string(request)})
	}
	anonymous := connectionsUnder(t.anonymous())
	defer anonymous.CloseIdleConnections()
	return t.post(ctx, anonymous, enrolPath, map[string]string{"token": token, "csr": string(request)})
}

func (t *Transport) post(ctx context.Context, over http.RoundTripper, path string, question map[string]string) ([]byte, error) {
	ctx, stop := context.WithTimeout(ctx, askTime)
	defer stop()
	body, err := json.Marshal(question)
	if err != nil {
		return nil, fmt.Errorf("asking the server: %w", err)
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, t.base.JoinPath(path).String(), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("asking the server: %w", err)
	}
	q.Header.Set("Content-Type", "application/json")
	answer, err := over.RoundTrip(q) // follows no redirection: a token goes nowhere else
	if err != nil {
		return nil, fmt.Errorf("asking the server: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	if err = errors.Join(err, answer.Body.Close()); err != nil {
		return nil, fmt.Errorf("asking the server: %w", err)
	}
	return readAnswer(answer.StatusCode, text)
}

// readAnswer reads certificate and issuers out of an answer, or its refusal.
func readAnswer(status int, text []byte) ([]byte, error) {
	if len(text) > maxAnswer {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrAnswer, maxAnswer)
	}
	if status != http.StatusCreated {
		var p struct {
			Code     string `json:"code"`
			DetailEN string `json:"detail_en"`
		}
		if json.Unmarshal(text, &p) != nil || p.Code == "" {
			return nil, fmt.Errorf("%w: status %d", ErrAnswer, status)
		}
		return nil, &Problem{Status: status, Code: p.Code, Detail: p.DetailEN}
	}
	var issued struct {
		Certificate string `json:"certificate"`
		Chain       string `json:"chain"`
	}
	if err := json.Unmarshal(text, &issued); err != nil {
		return nil, fmt.Errorf("%w: no JSON", ErrAnswer)
	}
	if chain, err := readChain([]byte(issued.Certificate)); err != nil || len(chain) != 1 {
		return nil, fmt.Errorf("%w: not one certificate", ErrAnswer)
	}
	return []byte(issued.Certificate + issued.Chain), nil
}
