package lint

import (
	"fmt"
	"sync"

	"github.com/zmap/zcrypto/x509"
	"github.com/zmap/zlint/v3"
	zl "github.com/zmap/zlint/v3/lint"

	"yinzheng/internal/der"
)

// zlint rules of the ECDSA side, chosen once; only read afterwards.
var chosen = sync.OnceValues(func() (zl.Registry, error) {
	r, err := zl.GlobalRegistry().Filter(zl.FilterOptions{IncludeSources: zl.SourceList{
		zl.RFC3279, zl.RFC5280, zl.RFC5480, zl.RFC5891, zl.RFC8813, zl.Community,
	}})
	if err != nil {
		return nil, fmt.Errorf("choosing zlint's lints: %w", err)
	}
	return r, nil
})

// Registry returns zlint's lints for ECDSA certificates, as cfssl's SigningProfile.LintRegistry takes them: every lint
// whose source is an RFC, and those of the community. Left out, because they bind other authorities than a private one:
//
//   - CABF_BR: the Baseline Requirements of the CA/Browser Forum for public TLS certificates: names of the public DNS
//     only, validation policies, at most 398 days, embedded SCTs. Ours name hosts and systems inside a house.
//   - CABF_EV: extended validation builds on them.
//   - Mozilla, Apple: policies of browsers' root programmes, in which no root of ours is.
//   - ETSI_ESI: statements of qualified certificates under European law.
//
// It is shared: it is only to be read.
func Registry() (zl.Registry, error) { return chosen() }

// RunECDSA judges an ECDSA certificate by Registry's lints. Bytes that are no certificate are a finding, not an error.
// zlint's errors and fatal results are Error, its warnings Warn, its notices Notice; the clause is zlint's citation.
func RunECDSA(cert []byte) ([]Finding, error) {
	registry, err := chosen()
	if err != nil {
		return nil, fmt.Errorf("linting a certificate: %w", err)
	}
	unread := func(l Lint, err error) []Finding { return []Finding{l.found(err.Error())} }
	if err := der.Check(cert, limits()); err != nil {
		return unread(encodingDER(), err), nil
	}
	c, err := x509.ParseCertificate(cert)
	if err != nil {
		return unread(encodingReadable(), err), nil
	}
	results := zlint.LintCertificateEx(c, registry).Results
	var found []Finding
	for _, name := range registry.Names() {
		r, ok := results[name]
		if !ok {
			continue
		}
		severity, ok := severityOf(r.Status)
		if !ok {
			continue
		}
		f := Finding{Lint: name, Detail: r.Details, Severity: severity}
		if l := registry.CertificateLints().ByName(name); l != nil {
			f.Clause = l.Citation
			if f.Detail == "" {
				f.Detail = l.Description
			}
		}
		found = append(found, f)
	}
	return found, nil
}

// severityOf translates a result of zlint; false when nothing was found.
func severityOf(s zl.LintStatus) (Severity, bool) {
	switch s {
	case zl.Notice:
		return Notice, true
	case zl.Warn:
		return Warn, true
	case zl.Error, zl.Fatal:
		return Error, true
	default:
		return 0, false
	}
}
