// Package pki serves the authority's own formats over HTTP: revocation lists (RFC 5280), certificate status (RFC 6960),
// timestamps (RFC 3161), the authorities' certificates, and cfssl's signing protocol for operators.
package pki

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"yinzheng/ca/revocation"
	"yinzheng/internal/auth"
	"yinzheng/internal/gm"
)

// Limits of one request.
const (
	MaxOCSP  = 4 << 10   // bytes: a request for a few certificates with a nonce takes under 500
	MaxQuery = 4 << 10   // bytes of a timestamp query: one digest and a nonce take under 150
	MaxSign  = 128 << 10 // bytes of a request in cfssl's protocol
)

// Lists gives out revocation lists by the name of their file, and status answers; *revocation.Publisher does.
type Lists interface {
	File(ctx context.Context, file string) ([]byte, error)
	OCSP(ctx context.Context, request []byte) (response []byte, maxAge time.Duration, err error)
}

// Front serves some of the status requests; *front.Responder does.
type Front interface {
	http.Handler
	Fits(request []byte) bool // the request is then handed over as the body of a POST
}

// Certificates gives out the authorities' certificates and the roots' own lists; *ca.Region does.
type Certificates interface {
	CertificateOf(name string) ([]byte, error) // fs.ErrNotExist
	RootList(name string) ([]byte, error)      // fs.ErrNotExist
}

// Stamper answers timestamp queries; *tsa.Authority does.
type Stamper interface {
	Respond(ctx context.Context, query []byte) (reply []byte, err error)
}

// Config is what is served.
type Config struct {
	Lists        Lists
	Front        Front // of cfssl, for what it can serve
	Certificates Certificates
	Stamper      Stamper
	Signing      func(ctx context.Context, by auth.Caller) (http.Handler, error) // cfssl's handler for one caller, who may operate the authority
	Callers      auth.Credentials
	Log          *slog.Logger
}

type server struct{ Config }

// Register adds the paths to a mux.
func Register(mux *http.ServeMux, c Config) {
	s := &server{c}
	mux.HandleFunc("GET /crl/{file}", s.list)
	mux.HandleFunc("GET /ca/{file}", s.certificate)
	mux.HandleFunc("POST /ocsp", s.ocspPost)
	mux.HandleFunc("GET /ocsp/{request...}", s.ocspGet)
	mux.HandleFunc("POST /tsa", s.stamp)
	mux.HandleFunc("POST /api/v1/cfssl/sign", s.sign)
}

// list serves the roots' own lists and those that the issuing CAs sign here.
func (s *server) list(w http.ResponseWriter, r *http.Request) {
	file := r.PathValue("file")
	b, err := s.Certificates.RootList(strings.TrimSuffix(file, ".crl"))
	if errors.Is(err, fs.ErrNotExist) {
		b, err = s.Lists.File(r.Context(), file)
	}
	switch {
	case errors.Is(err, revocation.ErrList), errors.Is(err, revocation.ErrAuthority):
		http.NotFound(w, r)
	case err != nil:
		s.Log.ErrorContext(r.Context(), "revocation list", "file", file, "err", err)
		http.Error(w, "no current list", http.StatusServiceUnavailable)
	default:
		s.send(w, r, "application/pkix-crl", b, listAge)
	}
}

// listAge is how long a copy of a list may be kept on the way: a revocation is to be seen within seconds.
const listAge = 2 * time.Second

// certificate serves /ca/<name>.cer.
func (s *server) certificate(w http.ResponseWriter, r *http.Request) {
	name, isCertificate := strings.CutSuffix(r.PathValue("file"), ".cer")
	b, err := s.Certificates.CertificateOf(name)
	if !isCertificate || err != nil {
		http.NotFound(w, r)
		return
	}
	s.send(w, r, "application/pkix-cert", b, time.Hour)
}

// send answers with bytes that may be asked for again: 304 when the caller has them.
func (s *server) send(w http.ResponseWriter, r *http.Request, mime string, b []byte, age time.Duration) {
	tag := `"` + gm.Sum(b).String() + `"`
	w.Header().Set("ETag", tag)
	w.Header().Set("Cache-Control", "public, max-age="+strconv.Itoa(int(age.Seconds())))
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", mime)
	_, _ = w.Write(b)
}

func (s *server) ocspPost(w http.ResponseWriter, r *http.Request) {
	body, ok := s.body(w, r, "application/ocsp-request", MaxOCSP)
	if ok {
		s.status(w, r, body)
	}
}

// ocspGet takes the request in base64 in the path (RFC 6960, A.1).
func (s *server) ocspGet(w http.ResponseWriter, r *http.Request) {
	text, err := url.PathUnescape(r.PathValue("request"))
	var body []byte
	if err == nil && base64.StdEncoding.DecodedLen(len(text)) <= MaxOCSP+2 {
		body, err = base64.StdEncoding.DecodeString(text)
	}
	if err != nil || len(body) == 0 {
		http.Error(w, "the path is not an OCSP request in base64", http.StatusBadRequest)
		return
	}
	s.status(w, r, body)
}

func (s *server) status(w http.ResponseWriter, r *http.Request, request []byte) {
	if s.Front.Fits(request) {
		inner := *r // the server keeps its own body
		inner.Method, inner.Body = http.MethodPost, io.NopCloser(bytes.NewReader(request))
		s.Front.ServeHTTP(w, &inner)
		return
	}
	answer, age, err := s.Lists.OCSP(r.Context(), request)
	if err != nil {
		s.Log.ErrorContext(r.Context(), "certificate status", "err", err)
	}
	h := w.Header()
	h.Set("Content-Type", "application/ocsp-response")
	if age > 0 && r.Method == http.MethodGet {
		h.Set("Cache-Control", "public, no-transform, must-revalidate, max-age="+strconv.Itoa(int(age.Seconds())))
	} else {
		h.Set("Cache-Control", "no-store")
	}
	_, _ = w.Write(answer)
}

func (s *server) stamp(w http.ResponseWriter, r *http.Request) {
	body, ok := s.body(w, r, "application/timestamp-query", MaxQuery)
	if !ok {
		return
	}
	reply, err := s.Stamper.Respond(r.Context(), body)
	if err != nil {
		s.Log.ErrorContext(r.Context(), "timestamp", "err", err)
	}
	w.Header().Set("Content-Type", "application/timestamp-reply")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(reply)
}

// body reads a small body of one content type.
func (s *server) body(w http.ResponseWriter, r *http.Request, mime string, most int64) ([]byte, bool) {
	if got := r.Header.Get("Content-Type"); got != mime {
		http.Error(w, "the content type is not "+mime, http.StatusUnsupportedMediaType)
		return nil, false
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if err != nil {
		http.Error(w, "the body is too large or was cut off", http.StatusRequestEntityTooLarge)
		return nil, false
	}
	return body, true
}

// sign hands operators to cfssl's own handler.
func (s *server) sign(w http.ResponseWriter, r *http.Request) {
	key, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	caller, err := auth.Caller{}, auth.ErrNoCaller
	if isBearer {
		caller, err = s.Callers.CallerOf(r.Context(), auth.KeyDigest(key))
	}
	if err != nil {
		w.Header().Set("WWW-Authenticate", `Bearer realm="yinzheng"`)
		http.Error(w, "unauthenticated", http.StatusUnauthorized)
		return
	}
	if caller.May(auth.OperateCA) != nil {
		http.Error(w, "denied", http.StatusForbidden)
		return
	}
	handler, err := s.Signing(r.Context(), caller)
	if err != nil {
		s.Log.ErrorContext(r.Context(), "signing", "err", err)
		http.Error(w, "not now", http.StatusServiceUnavailable)
		return
	}
	inner := *r // the server keeps its own body
	inner.Body = http.MaxBytesReader(w, r.Body, MaxSign)
	handler.ServeHTTP(w, &inner)
}
