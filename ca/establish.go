package ca

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"runtime"
	"time"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"

	"yinzheng/internal/durable"
	"yinzheng/internal/gm"
	"yinzheng/internal/keys"
)

// about is region.json: which region a folder belongs to. It is the first file written.
type about struct {
	Version int    `json:"version"`
	Region  string `json:"region"`
	Name    string `json:"name"`
	Origin  string `json:"origin"`
}

const (
	aboutFile    = "region.json"
	aboutVersion = 1
	maxName      = 30 // characters of a region's name: with the longest title it still fits a common name of 64

	certsDir    = "certs"
	requestsDir = "requests" // PKCS#10 of issuing CAs, for a ceremony
	certSuffix  = ".pem"
	csrSuffix   = ".csr"
	vkeySuffix  = ".vkey" // note verifier key of the log
)

var (
	regionForm = regexp.MustCompile(`^[1-9][0-9]{5}$`)
	originForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$`) // a note key name has no space and no plus
)

// check judges a description.
func (a about) check() error {
	if a.Version != aboutVersion {
		return fmt.Errorf("%w: version %d, not %d", ErrRegion, a.Version, aboutVersion)
	}
	if !regionForm.MatchString(a.Region) {
		return fmt.Errorf("%w: region %q is not a 6-digit code", ErrRegion, a.Region)
	}
	if n := utf8.RuneCountInString(a.Name); n == 0 || n > maxName || !utf8.ValidString(a.Name) {
		return fmt.Errorf("%w: name has %d characters, 1 to %d", ErrRegion, n, maxName)
	}
	if !originForm.MatchString(a.Origin) {
		return fmt.Errorf("%w: log origin %q", ErrRegion, a.Origin)
	}
	return nil
}

// Spec describes a region to establish.
type Spec struct {
	Region string // 行政区划代码, 6 digits (GB/T 2260)
	Name   string // 行政区划名称, at most 30 characters
	Origin string // name of the transparency log; "" for "yinzheng-<region>"
	// Ceremony certifies the issuing CAs. Without it, and without certificates brought by Import, Establish leaves the
	// requests in the folder and answers ErrCeremony.
	Ceremony func(context.Context, []CARequest) (Certified, error)
}

// CARequest asks a ceremony for the certificate of an issuing CA.
type CARequest struct {
	Name string // "authority" (SM2) or "tls" (ECDSA), later generations with -2, -3, …
	CSR  []byte // PKCS#10, DER
}

// Certified is what a ceremony gives back.
type Certified struct {
	Root, TLSRoot []byte            // DER
	Authorities   map[string][]byte // DER, by CARequest.Name
	Lists         map[string][]byte // by root: its own revocation list, DER
}

// ErrCeremony means that the requests wait for a ceremony.
var ErrCeremony = errors.New("ca: the issuing CAs wait to be certified by a ceremony")

// Establish makes a region's keys and certificates, or completes what an interrupted run left: it may be killed at any
// point and run again. Keys come before certificates, and no existing file is ever overwritten. A folder of another
// region is ErrOtherRegion.
func Establish(ctx context.Context, c Config, spec Spec) (*Region, error) {
	c, err := c.ready()
	if err != nil {
		return nil, err
	}
	if spec.Origin == "" {
		spec.Origin = "yinzheng-" + spec.Region
	}
	e := &establishing{
		Region: newRegion(c, about{Version: aboutVersion, Region: spec.Region, Name: spec.Name, Origin: spec.Origin}),
		spec:   spec, step: c.OnStep,
	}
	for _, part := range []func(context.Context) error{
		e.describe, e.forget, e.makeKeys, e.publishLogKey, e.request, e.certifyServices, e.load,
	} {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("establishing %s: %w", spec.Region, err)
		}
		if err := part(ctx); err != nil {
			return nil, fmt.Errorf("establishing %s: %w", spec.Region, err)
		}
	}
	return e.Region, nil
}

// establishing is one run of Establish.
type establishing struct {
	*Region
	spec Spec
	step func(string)
}

func (r *Region) path(kind, name, suffix string) string {
	return filepath.Join(r.c.Dir, kind, name+suffix)
}

// describe creates the folders and region.json, or checks the one that is there.
func (e *establishing) describe(context.Context) error {
	if err := e.about.check(); err != nil {
		return err
	}
	for _, d := range []string{e.c.Dir, filepath.Join(e.c.Dir, certsDir), filepath.Join(e.c.Dir, requestsDir)} {
		if err := makeDir(d); err != nil {
			return err
		}
		if err := removeTemps(d); err != nil {
			return err
		}
	}
	e.step("folders")
	b, err := json.Marshal(e.about)
	if err != nil {
		return err
	}
	err = durable.CreateFile(filepath.Join(e.c.Dir, aboutFile), append(b, '\n'), certMode)
	if errors.Is(err, fs.ErrExist) {
		there, err := readAbout(e.c.Dir)
		if err != nil {
			return err
		}
		if there != e.about {
			return fmt.Errorf("%w: %s %s", ErrOtherRegion, there.Region, there.Name)
		}
		return nil
	}
	if err == nil {
		e.step("region")
	}
	return err
}

// forget voids what an interrupted run was about to sign; nobody else issues while a region is established.
func (e *establishing) forget(ctx context.Context) error {
	now := e.c.Now()
	_, err := e.c.Books.Void(ctx, now.Add(time.Second), now)
	return err
}

// makeKeys makes the keys that are not there. Encrypting one takes a noticeable fraction of a second by design (PBKDF2), so
// several are worked on at once.
func (e *establishing) makeKeys(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	specs := []keys.Spec{{ID: roleLog, Algorithm: keys.Ed25519, Use: roleLog}}
	for _, r := range roles() {
		if !r.isRoot() {
			specs = append(specs, keys.Spec{ID: r.name, Algorithm: r.algorithm, Use: keys.Use(r.profile)})
		}
	}
	for _, s := range specs {
		g.Go(func() error {
			_, err := e.c.Keys.Create(ctx, s)
			if err != nil && !errors.Is(err, keys.ErrExists) {
				return fmt.Errorf("making the key of %s: %w", s.ID, err)
			}
			return nil
		})
	}
	err := g.Wait()
	if err == nil {
		e.step("keys")
	}
	return err
}

// request has the issuing CAs certified: by the ceremony at hand, or later by one elsewhere.
func (e *establishing) request(ctx context.Context) error {
	var requests []CARequest
	for _, r := range roles() {
		if r.isRoot() || !r.offline() {
			continue
		}
		there, err := exists(e.path(certsDir, r.name, certSuffix))
		if err != nil {
			return err
		}
		if there {
			continue
		}
		q, err := e.csrOf(ctx, r, r.name)
		if err != nil {
			return err
		}
		requests = append(requests, q)
	}
	if len(requests) == 0 {
		return nil
	}
	if e.spec.Ceremony == nil {
		return fmt.Errorf("%w: %s", ErrCeremony, filepath.Join(e.c.Dir, requestsDir))
	}
	done, err := e.spec.Ceremony(ctx, requests)
	if err != nil {
		return fmt.Errorf("holding the ceremony: %w", err)
	}
	e.step("ceremony")
	return e.install(done)
}

// csrOf writes the request of an issuing CA, or reads the one that is there.
func (r *Region) csrOf(ctx context.Context, role role, name string) (CARequest, error) {
	path := r.path(requestsDir, name, csrSuffix)
	if b, err := readFile(path); !errors.Is(err, fs.ErrNotExist) {
		if err != nil {
			return CARequest{}, err
		}
		der, err := decodeCSR(b)
		return CARequest{name, der}, err
	}
	key, err := r.c.Keys.Signer(ctx, name)
	if err != nil {
		return CARequest{}, fmt.Errorf("opening the key of %s: %w", name, err)
	}
	der, err := gm.CreateRequest(r.about.subject(role), nil, key)
	if err != nil {
		return CARequest{}, fmt.Errorf("requesting a certificate of %s: %w", name, err)
	}
	if err := durable.CreateFile(path, csrPEM(der), certMode); err != nil && !errors.Is(err, fs.ErrExist) {
		return CARequest{}, err
	}
	return CARequest{name, der}, nil
}

// install writes what a ceremony certified, roots first.
func (e *establishing) install(done Certified) error {
	names := []string{roleRoot, roleTLSRoot, roleAuthority, roleTLS}
	for _, root := range names[:2] {
		if list := done.Lists[root]; list != nil {
			if err := durable.WriteFile(e.path(certsDir, root, listSuffix), list, certMode); err != nil {
				return err
			}
		}
	}
	for i, der := range [][]byte{done.Root, done.TLSRoot, done.Authorities[roleAuthority], done.Authorities[roleTLS]} {
		if der == nil {
			continue // its certificate was there before
		}
		if err := durable.CreateFile(e.path(certsDir, names[i], certSuffix), PEM(der), certMode); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		e.step("certificate " + names[i])
	}
	return nil
}

// certifyServices issues what the issuing CAs sign themselves.
func (e *establishing) certifyServices(ctx context.Context) error {
	found := map[string][]Identity{}
	for _, r := range roles() {
		there, err := exists(e.path(certsDir, r.name, certSuffix))
		if err != nil {
			return err
		}
		if !there {
			if r.offline() {
				return fmt.Errorf("%w: no certificate of %s", ErrIncomplete, r.name)
			}
			e.mu.Lock()
			e.identities = found
			e.mu.Unlock()
			if err := e.certify(ctx, r, r.name); err != nil {
				return fmt.Errorf("certifying %s: %w", r.name, err)
			}
			e.step("certificate " + r.name)
		}
		id, err := e.adopt(ctx, r, r.name, found[r.issuer])
		if err != nil {
			return err
		}
		found[r.name] = append(found[r.name], id)
	}
	return nil
}
