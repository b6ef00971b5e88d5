package ceremony

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/goccy/go-yaml"

	"yinzheng/internal/durable"
	"yinzheng/internal/gm"
)

const (
	oneGoDir         = "officers" // shares and passphrases side by side: for demonstrations only
	oneGoRequests    = "requests"
	oneGoNote        = "DEMONSTRATION.txt"
	passphraseSuffix = ".passphrase"
	passphraseBytes  = 32
	oneGoTool        = "yinzheng"
	oneGoMark        = ", in one go by one person" // after the program's name in every transcript
	oneGoThreshold   = 2
	oneGoListLife    = 365 * 24 * time.Hour
)

// oneGoOfficers hold the shares of a demonstration.
func oneGoOfficers() []string { return []string{"officer-1", "officer-2", "officer-3"} }

const oneGoText = `This folder is a DEMONSTRATION: the officers' shares and the passphrases that open them lie side by side, so whoever
reads this folder can use the root keys. In a real ceremony each officer keeps a share and its passphrase to themselves,
and the machine has no network.
`

// Config describes a ceremony that one program holds alone, for demonstrations and tests.
type Config struct {
	Dir    string // the ceremony folder; never below a server's data folder
	Region string // six digits
	Name   string // of the region, at most 30 characters
	URL    string // address of the service; none if empty
	Tool   string // name and version of the program; "yinzheng" if empty
	Now    func() time.Time
	Rand   io.Reader // as Input.Rand
	OnStep func(step string)
}

// Request is a PKCS#10 request of an issuing CA; its key decides on which side it is: SM2 or ECDSA P-256.
type Request struct {
	Name string // of the file under out/: a-z, 0-9 and -
	CSR  []byte // DER or PEM
}

// Signed is the certificate of a request, or the list of a root.
type Signed struct {
	Name        string // the request's or the root's
	Certificate []byte // DER
}

// Result is what OneGo gives back.
type Result struct {
	Root, TLSRoot []byte   // certificates, DER
	Signed        []Signed // in the order of the requests
	Lists         []Signed // the roots' own revocation lists, DER
}

// OneGo holds a whole ceremony with three officers, two of whom are needed: it makes the roots, or opens those that are
// there, signs the requests and keeps the roots' revocation lists fresh (out/root.crl and out/tls-root.crl). A request whose
// key has its certificate gets that one again.
func OneGo(ctx context.Context, c Config, requests []Request) (*Result, error) {
	g := &oneGo{Config: c}
	if g.Tool == "" {
		g.Tool = oneGoTool
	}
	g.Tool += oneGoMark
	if g.Now == nil {
		return nil, fmt.Errorf("%w: no clock", ErrPlan)
	}
	if err := g.officers(); err != nil {
		return nil, err
	}
	s, err := g.state()
	if err != nil {
		return nil, err
	}
	if !s.established() {
		if err := g.perform(ctx, DraftRoot(g.Region, g.Name, g.URL, oneGoOfficers(), oneGoThreshold)); err != nil {
			return nil, err
		}
	}
	if err := g.issue(ctx, requests); err != nil {
		return nil, err
	}
	if err := g.lists(ctx); err != nil {
		return nil, err
	}
	return g.signed(requests)
}

// oneGo is one call of OneGo.
type oneGo struct {
	Config
	keys *rootKeys // once the first act has opened them
}

// officers makes the demonstration's passphrases.
func (g *oneGo) officers() error {
	f, err := openFolder(g.Dir)
	if err != nil {
		return err
	}
	defer f.close()
	for _, dir := range []string{oneGoDir, oneGoRequests} {
		if err := os.MkdirAll(f.path(dir), dirMode); err != nil {
			return fmt.Errorf("making the officers: %w", err)
		}
	}
	files := map[string][]byte{oneGoNote: []byte(oneGoText)}
	for _, o := range oneGoOfficers() {
		random := make([]byte, passphraseBytes)
		if _, err := rand.Read(random); err != nil {
			return fmt.Errorf("making a passphrase: %w", err)
		}
		files[o+passphraseSuffix] = []byte(base64.RawURLEncoding.EncodeToString(random))
	}
	for name, content := range files {
		if err := durable.CreateFile(f.path(oneGoDir, name), content, fileMode); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return nil
}

func (g *oneGo) path(parts ...string) string {
	return filepath.Join(append([]string{g.Dir}, parts...)...)
}

func (g *oneGo) state() (*state, error) {
	f, err := openFolder(g.Dir)
	if err != nil {
		return nil, err
	}
	defer f.close()
	return f.load()
}

// perform holds one act; the roots stay open from the first to the last.
func (g *oneGo) perform(ctx context.Context, p Plan) error {
	p.Version, p.Region, p.Name, p.URL = 1, g.Region, g.Name, g.URL
	text, err := yaml.Marshal(p)
	if err != nil {
		return fmt.Errorf("writing the plan: %w", err)
	}
	in := Input{
		Dir: g.Dir, Plan: text, PlanDir: g.Dir, Reviewed: gm.Sum(text), Tool: g.Tool, Now: g.Now, Rand: g.Rand, OnStep: g.OnStep,
		Passphrases: map[string][]byte{}, ShareDirs: map[string]string{},
	}
	for i, o := range oneGoOfficers() {
		pass, err := readFile(g.path(oneGoDir, o+passphraseSuffix), MaxShare)
		if err != nil {
			return fmt.Errorf("reading the passphrase of %s: %w", o, err)
		}
		in.Passphrases[o], in.ShareDirs[o] = pass, g.path(oneGoDir)
		if p.Act == ActRoot || g.keys != nil || i >= oneGoThreshold {
			continue
		}
		share, err := readFile(g.path(oneGoDir, o+shareSuffix), MaxShare)
		if err != nil {
			return fmt.Errorf("reading the share of %s: %w", o, err)
		}
		in.Shares = append(in.Shares, ShareInput{File: share, Passphrase: pass})
	}
	_, g.keys, err = perform(ctx, in, g.keys)
	return err
}

// issue signs the requests whose keys have no certificate yet.
func (g *oneGo) issue(ctx context.Context, requests []Request) error {
	s, err := g.state()
	if err != nil {
		return err
	}
	p := Plan{Act: ActIssue}
	for _, r := range requests {
		csr, err := parseRequest(r.CSR)
		if err != nil {
			return fmt.Errorf("request %s: %w", r.Name, err)
		}
		key, err := keyDigest(csr.PublicKey)
		if err != nil {
			return fmt.Errorf("request %s: %w", r.Name, err)
		}
		if s.keys[key] != nil {
			continue
		}
		if !label.MatchString(r.Name) {
			return fmt.Errorf("request %q: %w: the name is not of a-z, 0-9 and -", r.Name, ErrRequest)
		}
		file := filepath.Join(oneGoRequests, key.String()+".csr")
		if err := durable.WriteFile(g.path(file), r.CSR, fileMode); err != nil {
			return err
		}
		q, err := askFor(File{Name: r.Name, Path: file, Content: r.CSR})
		if err != nil {
			return err
		}
		p.Requests = append(p.Requests, q)
	}
	if len(p.Requests) == 0 {
		return nil
	}
	return g.perform(ctx, p)
}

// lists signs both revocation lists if one is missing or has lived half its life. What was revoked stays so.
func (g *oneGo) lists(ctx context.Context) error {
	s, err := g.state()
	if err != nil {
		return err
	}
	fresh := true
	for _, name := range []string{SM2Root, TLSRoot} {
		der, err := readFile(g.path(OutDir, name+listSuffix), MaxTranscript)
		if errors.Is(err, fs.ErrNotExist) {
			fresh = false
			continue
		}
		if err != nil {
			return fmt.Errorf("reading a list: %w", err)
		}
		list, err := gm.ParseCRL(der)
		if err != nil {
			return fmt.Errorf("reading the list of %s: %w", name, err)
		}
		fresh = fresh && g.Now().Before(list.ThisUpdate.Add(oneGoListLife/2))
	}
	if fresh {
		return nil
	}
	next := g.Now().UTC().Truncate(time.Second).Add(oneGoListLife)
	for _, root := range s.parsed {
		if next.After(root.NotAfter) {
			next = root.NotAfter
		}
	}
	return g.perform(ctx, Plan{Act: ActCRL, Lists: &Lists{
		NextUpdate: next.Format(time.RFC3339), SM2: s.revoked[SM2Root], TLS: s.revoked[TLSRoot],
	}})
}

// signed collects the roots and the requests' certificates.
func (g *oneGo) signed(requests []Request) (*Result, error) {
	f, err := openFolder(g.Dir)
	if err != nil {
		return nil, err
	}
	defer f.close()
	s, err := f.load()
	if err != nil {
		return nil, err
	}
	out := &Result{Root: s.roots[SM2Root], TLSRoot: s.roots[TLSRoot]}
	for _, r := range requests {
		csr, err := parseRequest(r.CSR)
		if err != nil {
			return nil, fmt.Errorf("request %s: %w", r.Name, err)
		}
		key, err := keyDigest(csr.PublicKey)
		if err != nil {
			return nil, fmt.Errorf("request %s: %w", r.Name, err)
		}
		c := s.keys[key]
		if c == nil {
			return nil, fmt.Errorf("request %s: %w: no certificate was made", r.Name, ErrRequest)
		}
		der, err := f.certificate(c.made.File)
		if err != nil || gm.Sum(der) != c.made.SM3 {
			return nil, errors.Join(fmt.Errorf("request %s: %w: %s is not what was signed", r.Name, ErrTranscript, c.made.File), err)
		}
		out.Signed = append(out.Signed, Signed{r.Name, der})
	}
	for _, name := range []string{SM2Root, TLSRoot} {
		der, err := readFile(g.path(OutDir, name+listSuffix), MaxTranscript)
		if err != nil {
			return nil, fmt.Errorf("reading a list: %w", err)
		}
		out.Lists = append(out.Lists, Signed{name, der})
	}
	return out, nil
}
