package house

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"sync"
	"time"

	"yinzheng/ca"
)

// serverLook is how often the age of the server's certificate is looked at.
const serverLook = time.Hour

// Server is the identity under which calling systems reach the service by TLS. It renews itself.
type Server struct {
	house *House
	hosts []string
	mu    sync.RWMutex
	cert  *tls.Certificate
}

// Server makes the identity for lower-case host names and addresses.
func (h *House) Server(ctx context.Context, hosts []string) (*Server, error) {
	s := &Server{house: h, hosts: hosts}
	return s, s.renew(ctx)
}

// renew replaces the certificate; connections that are there keep theirs.
func (s *Server) renew(ctx context.Context) error {
	cert, err := s.house.Region.ServerTLS(ctx, s.hosts)
	if err != nil {
		return fmt.Errorf("making the TLS identity : %w", err)
	}
	s.mu.Lock()
	s.cert = &cert
	s.mu.Unlock()
	return nil
}

// Run renews the identity in time until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	for {
		select {
		case <-time.After(serverLook):
		case <-ctx.Done():
			return nil
		}
		s.mu.RLock()
		leaf := s.cert.Leaf
		s.mu.RUnlock()
		if s.house.cfg.Now().Before(ca.Due(leaf)) {
			continue
		}
		if err := s.renew(ctx); err != nil && ctx.Err() == nil {
			s.house.cfg.Log.ErrorContext(ctx, "renewing the TLS identity", "err", err)
		}
	}
}

// Config is TLS 1.3 with client certificates of the region's own CA, which a caller may also do without: an API key is then
// asked for by the API itself.
func (s *Server) Config() (*tls.Config, error) {
	roots, _, err := s.house.Region.TLSPool() // clients send their issuing CA
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS13, Time: s.house.cfg.Now, ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: roots, NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			s.mu.RLock()
			defer s.mu.RUnlock()
			if s.cert == nil {
				return nil, errors.New("no certificate")
			}
			return s.cert, nil
		},
	}, nil
}
