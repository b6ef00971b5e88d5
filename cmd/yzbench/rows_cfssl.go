package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	cfsslPackage = "github.com/cloudflare/cfssl/cmd/cfssl"
	cfsslProfile = "plain"
	cfsslPolicy  = `{"signing":{"default":{"expiry":"1h"},"profiles":{"plain":{"usages":["digital signature","client auth"],"expiry":"2160h"}}}}`
	cfsslQuiet   = "5" // it logs each request otherwise, which ours would not have to

	requests     = 64               // different keys and names; a server that keeps nothing cannot tell more apart
	starts       = 3                // another process may take the port in between
	cfsslStarts  = 20 * time.Second // until it answers
	cfsslLooks   = 20 * time.Millisecond
	cfsslLongest = 64 << 10 // bytes of an answer; one is about 2 KB
)

var errCFSSL = errors.New("cfssl serve does not issue")

// cfssl is cfssl's own server, built from this module, with an ECDSA P-256 authority and no database.
type cfssl struct {
	url    string
	http   *http.Client
	bodies [][]byte // of requests
	last   atomic.Int64
	stop   context.CancelFunc
	ended  chan error // one value when the process has ended
}

// startCFSSL builds and starts the server in a folder and returns when it has issued a certificate that verifies. The
// working directory must be in this module.
func startCFSSL(ctx context.Context, dir string) (*cfssl, error) {
	binary := filepath.Join(dir, "cfssl")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, cfsslPackage)
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // a C compiler would build SQLite, which it has no use for here
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building %s: %w: %s", cfsslPackage, err, out)
	}
	ca, err := cfsslAuthority(dir)
	if err != nil {
		return nil, fmt.Errorf("making an authority for cfssl: %w", err)
	}
	bodies, err := cfsslRequests()
	if err != nil {
		return nil, fmt.Errorf("making requests for cfssl: %w", err)
	}
	for range starts {
		c := &cfssl{bodies: bodies, http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: cfsslClients()}}}
		if err = c.start(ctx, binary, dir); err != nil {
			return nil, err
		}
		if err = c.answers(ctx, ca); err == nil {
			return c, nil
		}
		err = errors.Join(err, c.close())
	}
	return nil, err
}

// cfsslClients is how many ask at once: two for each core.
func cfsslClients() int { return 2 * runtime.GOMAXPROCS(0) }

// start starts the process on a port that was free a moment ago.
func (c *cfssl) start(ctx context.Context, binary, dir string) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("finding a port for cfssl: %w", err)
	}
	host, port, err := net.SplitHostPort(l.Addr().String())
	if err = errors.Join(err, l.Close()); err != nil {
		return fmt.Errorf("finding a port for cfssl: %w", err)
	}
	c.url = "http://" + net.JoinHostPort(host, port) + "/api/v1/cfssl/sign"
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	cmd := exec.CommandContext(running, binary, "serve", "-address", host, "-port", port, "-loglevel", cfsslQuiet,
		"-ca", filepath.Join(dir, "ca.pem"), "-ca-key", filepath.Join(dir, "ca-key.pem"), "-config", filepath.Join(dir, "config.json"))
	if err := cmd.Start(); err != nil {
		stop()
		return fmt.Errorf("starting cfssl: %w", err)
	}
	c.stop, c.ended = stop, make(chan error, 1)
	go func() { c.ended <- cmd.Wait() }()
	return nil
}

// answers waits for the first certificate and verifies it.
func (c *cfssl) answers(ctx context.Context, ca *x509.Certificate) error {
	ctx, cancel := context.WithTimeout(ctx, cfsslStarts)
	defer cancel()
	for {
		cert, err := c.one(ctx)
		if err == nil {
			if err = cert.CheckSignatureFrom(ca); err == nil {
				return nil
			}
		}
		var refused *net.OpError
		if !errors.As(err, &refused) {
			return err
		}
		select {
		case ended := <-c.ended:
			c.ended <- ended
			return fmt.Errorf("%w: it ended: %w", errCFSSL, errors.Join(ended, err))
		case <-ctx.Done():
			return fmt.Errorf("%w within %v: %w", errCFSSL, cfsslStarts, err)
		case <-time.After(cfsslLooks):
		}
	}
}

// issue has n certificates issued by all clients.
func (c *cfssl) issue(ctx context.Context, n int) error {
	group, asking := errgroup.WithContext(ctx)
	group.SetLimit(cfsslClients())
	for range n {
		group.Go(func() error {
			_, err := c.one(asking)
			return err
		})
	}
	return group.Wait()
}

// one has one certificate issued and reads it.
func (c *cfssl) one(ctx context.Context) (*x509.Certificate, error) {
	body := c.bodies[int(c.last.Add(1))%len(c.bodies)]
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(io.LimitReader(res.Body, cfsslLongest))
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return nil, err
	}
	var said struct {
		Success bool
		Result  struct{ Certificate string }
	}
	if err := json.Unmarshal(answer, &said); err != nil || !said.Success {
		return nil, fmt.Errorf("%w: %s: %.200s", errCFSSL, res.Status, answer)
	}
	block, _ := pem.Decode([]byte(said.Result.Certificate))
	if block == nil {
		return nil, fmt.Errorf("%w: no PEM: %.200s", errCFSSL, answer)
	}
	return x509.ParseCertificate(block.Bytes)
}

// close ends the process and waits for it.
func (c *cfssl) close() error {
	c.http.CloseIdleConnections()
	c.stop()
	var killed *exec.ExitError
	if err := <-c.ended; err != nil && !errors.As(err, &killed) {
		return fmt.Errorf("ending cfssl: %w", err)
	}
	return nil
}

// cfsslAuthority writes the authority's key and certificate, and the policy.
func cfsslAuthority(dir string) (*x509.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "yzbench"}, NotBefore: now.Add(-time.Hour),
		NotAfter: now.AddDate(10, 0, 0), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	for name, content := range map[string][]byte{
		"ca.pem":      pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		"ca-key.pem":  pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: private}),
		"config.json": []byte(cfsslPolicy),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return nil, err
		}
	}
	return x509.ParseCertificate(der)
}

// cfsslRequests makes the bodies: a CSR of its own key and name in each.
func cfsslRequests() ([][]byte, error) {
	bodies := make([][]byte, requests)
	for i := range bodies {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: "system-" + strconv.Itoa(i)}}, key)
		if err != nil {
			return nil, err
		}
		csr := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
		if bodies[i], err = json.Marshal(map[string]string{"certificate_request": string(csr), "profile": cfsslProfile}); err != nil {
			return nil, err
		}
	}
	return bodies, nil
}
