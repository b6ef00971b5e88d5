package revocation

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"yinzheng/internal/gm"
	"yinzheng/internal/ocsp"
)

const (
	listSuffix  = ".crl"
	deltaSuffix = "-delta"
)

// authority is an Authority as it was read. A changed certificate makes a new one.
type authority struct {
	Authority
	cert      *gm.Certificate
	id        string // in the register: the subject key identifier in hexadecimal
	responder *gm.Certificate
	signer    *ocsp.Signer
	noSigner  error       // not nil: no status answers, for this reason
	proved    atomic.Bool // an answer of signer was verified against cert
	shelf     *shelf
}

// address is where a list of the authority is found; which is "", "-delta" or "-p<partition>".
func (p *Publisher) address(name, which string) string {
	return p.c.BaseURL + "/crl/" + name + which + listSuffix
}

func partitionName(n int) string { return "-p" + strconv.Itoa(n) }

// authorities returns those that are published now, in the order of the Config. Errors: ErrNames, ErrAuthority.
func (p *Publisher) authorities() ([]*authority, error) {
	given := p.c.Authorities()
	if err := checkNames(given); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]*authority, 0, len(given))
	for _, g := range given {
		a := p.known[g.Name]
		if a == nil || !a.is(g) {
			fresh, err := read(g, a)
			if err != nil {
				return nil, err
			}
			a, p.known[g.Name] = fresh, fresh
		}
		out = append(out, a)
	}
	return out, nil
}

// authority returns one by its name. Errors: ErrAuthority, ErrNames.
func (p *Publisher) authority(name string) (*authority, error) {
	all, err := p.authorities()
	if err != nil {
		return nil, err
	}
	for _, a := range all {
		if a.Name == name {
			return a, nil
		}
	}
	return nil, fmt.Errorf("%q: %w", name, ErrAuthority)
}

// is reports whether a was read from g.
func (a *authority) is(g Authority) bool {
	return bytes.Equal(a.Certificate, g.Certificate) && bytes.Equal(a.Authority.Responder.Certificate, g.Responder.Certificate) &&
		(a.Authority.Responder.Key == nil) == (g.Responder.Key == nil) && (a.Key == nil) == (g.Key == nil)
}

// read parses an authority; before is the one of the same name until now, whose lists are kept when only the responder
// changed. A responder that cannot answer takes away the status answers, not the lists.
func read(g Authority, before *authority) (*authority, error) {
	cert, err := gm.ParseCertificate(g.Certificate)
	if err != nil {
		return nil, fmt.Errorf("reading the certificate of %q: %w: %w", g.Name, ErrAuthority, err)
	}
	if len(cert.SubjectKeyId) == 0 || g.Key == nil {
		return nil, fmt.Errorf("reading the certificate of %q: no subject key identifier, or no key: %w", g.Name, ErrAuthority)
	}
	a := &authority{Authority: g, cert: cert, id: hex.EncodeToString(cert.SubjectKeyId), shelf: new(shelf)}
	if before != nil && bytes.Equal(before.Certificate, g.Certificate) {
		a.shelf = before.shelf
	}
	if g.Responder.Certificate == nil || g.Responder.Key == nil {
		a.noSigner = errors.New("revocation: the authority has no responder")
		return a, nil
	}
	a.signer, a.noSigner = ocsp.NewSigner(g.Responder.Certificate, g.Responder.Key)
	if a.noSigner == nil {
		a.responder, a.noSigner = gm.ParseCertificate(g.Responder.Certificate)
	}
	return a, nil
}

// checkNames refuses authorities whose lists would have the same address: a second one called "a-p3" would publish its
// complete list where the fourth partition of "a" is. Errors: ErrNames.
func checkNames(all []Authority) error {
	taken := make(map[string]bool, len(all)*(CertificatePartitions+2))
	for _, a := range all {
		names := []string{a.Name, a.Name + deltaSuffix}
		for n := range CertificatePartitions {
			names = append(names, a.Name+partitionName(n))
		}
		if !isName(a.Name) || slices.ContainsFunc(names, func(s string) bool { return taken[s] }) {
			return fmt.Errorf("the authority %q: %w", a.Name, ErrNames)
		}
		for _, s := range names {
			taken[s] = true
		}
	}
	return nil
}

// isName reports whether a name can stand in an address as it is: lower-case letters, digits and hyphens.
func isName(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}
