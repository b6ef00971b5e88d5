// Package enrol brings a calling system (an approval system, a node) to its client certificate and keeps it renewed: a one-time
// token buys the first one, every further one is asked for under the one before, for a new key. It is the client of
// POST /v1/enrolments and /v1/enrolments/renew.
package enrol

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"
)

// Reasons for which there is no certificate, or no next one.
var (
	ErrConfig      = errors.New("enrol: configuration is wrong")
	ErrToken       = errors.New("enrol: the server does not take the token: it is unknown, used or expired")
	ErrRefused     = errors.New("enrol: the server does not know the certificate: it is revoked, or its system was removed")
	ErrExpired     = errors.New("enrol: the certificate has expired: a new token is needed")
	ErrNotEnrolled = errors.New("enrol: there is no certificate yet: a token is needed")
)

const (
	// dueAt is the part of a certificate's life after which the next one is asked for.
	dueAt = 2.0 / 3
	// idleTime is how long a connection is kept for the next request.
	idleTime = 90 * time.Second
	// shakeTime bounds a TLS handshake.
	shakeTime = 15 * time.Second
	dirMode   = 0o700 // of the folder: it holds private keys
)

// Config says whom to ask and where the identity is kept.
type Config struct {
	Server string           // https://host[:port]
	Roots  []byte           // PEM of the TLS roots that the server is pinned to; our own certificate hangs on them too
	Dir    string           // folder of key and certificate, this system's own; made if it is not there
	Now    func() time.Time // the clock by which certificates are judged
	// After is time.After, or a test's.
	After func(time.Duration) <-chan time.Time
	Log   *slog.Logger // nil for none
}

// Transport is a calling system's identity: an http.RoundTripper and the certificate for a tls.Config. The private key rests
// unencrypted in a file of mode 0600, because it is used when nobody is there. It is safe for concurrent use, and several
// processes may share a folder.
type Transport struct {
	c          Config
	base       *url.URL
	roots      *x509.CertPool
	refreshing sync.Mutex // one exchange at a time

	mu    sync.RWMutex
	have  *identity       // nil before enrolment
	conns *http.Transport // replaced with the identity, so that no request runs under the one before
}

// New opens a folder and reads the identity in it, if there is one. Errors: ErrConfig, ErrIdentity.
func New(c Config) (*Transport, error) {
	base, err := url.Parse(c.Server)
	if err != nil || base.Scheme != "https" || base.Host == "" || base.User != nil || base.RawQuery != "" || base.Fragment != "" || (base.Path != "" && base.Path != "/") {
		return nil, fmt.Errorf("%w: the server is https://host[:port]", ErrConfig)
	}
	if c.Dir == "" || c.Now == nil {
		return nil, fmt.Errorf("%w: a folder and a clock are needed", ErrConfig)
	}
	if c.After == nil {
		c.After = time.After
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	t := &Transport{c: c, base: base}
	if t.roots, err = readRoots(c.Roots); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.Dir, dirMode); err != nil {
		return nil, fmt.Errorf("making the folder of an identity: %w", err)
	}
	t.conns = t.connections()
	return t, t.load()
}

// readRoots reads the certificates that everything is pinned to: nothing but certificates of CAs, at least one.
func readRoots(text []byte) (*x509.CertPool, error) {
	if len(text) > maxFile {
		return nil, fmt.Errorf("%w: the roots have more than %d bytes", ErrConfig, maxFile)
	}
	chain, err := readChain(text)
	if err != nil {
		return nil, fmt.Errorf("%w: reading the roots: %w", ErrConfig, err)
	}
	pool := x509.NewCertPool()
	for _, c := range chain {
		if !c.IsCA {
			return nil, fmt.Errorf("%w: %q among the roots is no certificate authority", ErrConfig, c.Subject)
		}
		pool.AddCert(c)
	}
	return pool, nil
}

// load takes what is in the folder, which another process may have renewed.
func (t *Transport) load() error {
	found, err := readIdentity(t.c.Dir)
	if err != nil || found == nil {
		return err
	}
	t.adopt(found)
	return nil
}

// adopt makes an identity the one of every connection from now on.
func (t *Transport) adopt(next *identity) {
	t.mu.Lock()
	if t.have != nil && t.have.leaf.Equal(next.leaf) {
		t.mu.Unlock()
		return
	}
	before := t.conns
	t.have, t.conns = next, t.connections()
	t.mu.Unlock()
	before.CloseIdleConnections() // those at work are closed when they are done
}

// Certificate returns the present certificate, nil before enrolment.
func (t *Transport) Certificate() *x509.Certificate {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.have == nil {
		return nil
	}
	return t.have.leaf
}

// Due is when the next certificate will be asked for: after two thirds of the life of the present one. Zero before enrolment.
func (t *Transport) Due() time.Time {
	c := t.Certificate()
	if c == nil {
		return time.Time{}
	}
	return c.NotBefore.Add(time.Duration(float64(c.NotAfter.Sub(c.NotBefore)) * dueAt))
}

// GetClientCertificate is for tls.Config: every new connection comes with the certificate of that moment, and with none before
// enrolment.
func (t *Transport) GetClientCertificate(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.have == nil {
		return &tls.Certificate{}, nil
	}
	return t.have.pair(), nil
}

// TLS returns the configuration of a client of the server: TLS 1.3, pinned to the roots, with our certificate.
func (t *Transport) TLS() *tls.Config {
	c := t.anonymous()
	c.GetClientCertificate = t.GetClientCertificate
	return c
}

// anonymous is TLS without a certificate of ours, for one who has none or a bad one.
func (t *Transport) anonymous() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: t.roots, Time: t.c.Now}
}

func (t *Transport) connections() *http.Transport { return connectionsUnder(t.TLS()) }

func connectionsUnder(c *tls.Config) *http.Transport {
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: c, ForceAttemptHTTP2: true, IdleConnTimeout: idleTime, TLSHandshakeTimeout: shakeTime,
	}
}

// RoundTrip implements http.RoundTripper: a request after a renewal goes over a connection made with the new certificate.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	t.mu.RLock()
	conns := t.conns
	t.mu.RUnlock()
	return conns.RoundTrip(r)
}

// CloseIdleConnections closes what no request uses; http.Client calls it.
func (t *Transport) CloseIdleConnections() {
	t.mu.RLock()
	conns := t.conns
	t.mu.RUnlock()
	conns.CloseIdleConnections()
}

// Enrol redeems a one-time token. The key is on the disk before the token leaves: an Enrol that was cut off, repeated with the
// same token, asks for the same key. An identity that is there already is replaced. Errors: ErrToken, ErrAnswer, *Problem.
func (t *Transport) Enrol(ctx context.Context, token string) error {
	if token == "" {
		return fmt.Errorf("enrolling: %w", ErrToken)
	}
	if err := t.exchange(ctx, token, true); err != nil {
		return fmt.Errorf("enrolling: %w", err)
	}
	return nil
}

// Renew asks for the next certificate now, under the present one and for a new key. Errors: ErrNotEnrolled, ErrExpired,
// ErrRefused, ErrAnswer, *Problem.
func (t *Transport) Renew(ctx context.Context) error {
	if err := t.exchange(ctx, "", true); err != nil {
		return fmt.Errorf("renewing: %w", err)
	}
	return nil
}

// RefreshKeys renews if it is Due, else it does nothing. Errors: as Renew.
func (t *Transport) RefreshKeys(ctx context.Context) error {
	if err := t.exchange(ctx, "", false); err != nil {
		return fmt.Errorf("renewing: %w", err)
	}
	return nil
}

// pemOf is one certificate as text.
func pemOf(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: certType, Bytes: der})
}
