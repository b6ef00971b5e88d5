// Package lint judges a certificate before it is signed for good: each lint is one rule of a standard, in one file, with
// the clause that demands it. What the lints read is a draft signed by a throw-away key; signatures are not looked at.
// Lints of the SM2 side are ours; for ECDSA, zlint's are chosen (Registry).
package lint

import (
	"errors"
	"fmt"
	"strings"

	"yinzheng/internal/der"
	"yinzheng/internal/gm"
)

// Severity says what a finding means for the issuance.
type Severity int

// The severities; the zero value is none of them.
const (
	Notice Severity = iota + 1 // worth knowing
	Warn                       // wrong for most, allowed
	Error                      // the certificate is never signed
)

// String returns notice, warn or error.
func (s Severity) String() string {
	switch s {
	case Notice:
		return "notice"
	case Warn:
		return "warn"
	case Error:
		return "error"
	}
	return fmt.Sprintf("severity %d", int(s))
}

// Reasons for which a certificate is not judged, or not to be signed.
var (
	ErrProfile = errors.New("lint: no such profile")
	ErrIssuer  = errors.New("lint: the issuer's certificate cannot be read")
	// ErrLint means that a certificate has a finding of severity Error.
	ErrLint = errors.New("lint: the certificate breaks a rule")
)

// MaxBytes bounds a certificate: ours are under 1 KiB, and the longest names we allow fit twice.
const MaxBytes = 8 << 10

// maxDepth bounds the nesting of a certificate: name constraints on directory names need about 12.
const maxDepth = 20

// Lint is one rule.
type Lint struct {
	Name     string // that of its file
	Clause   string // what demands it: a standard and a clause, or the signing policy
	About    string // what it demands, in one sentence
	Severity Severity
	Applies  func(Subject) bool
	Check    func(Subject) string // "" passes, else what is wrong
}

// Finding is one broken rule.
type Finding struct {
	Lint     string
	Clause   string
	Detail   string
	Severity Severity
}

// All returns every lint, by name.
func All() []Lint { return append([]Lint(nil), lints()...) }

// Run judges an SM2 certificate under a profile; issuer is nil when the certificate is to sign itself. Bytes that are no
// certificate are a finding, not an error. Findings come in the order of All. Errors: ErrProfile, ErrIssuer.
func Run(cert, issuer []byte, profile string) ([]Finding, error) {
	s := Subject{Profile: profile, Certificate: &gm.Certificate{Raw: cert}}
	if _, ok := ruleOf(profile); !ok {
		return nil, fmt.Errorf("linting a certificate: %w: %q", ErrProfile, profile)
	}
	if issuer != nil {
		if err := der.Check(issuer, limits()); err != nil {
			return nil, fmt.Errorf("linting a certificate: %w: %w", ErrIssuer, err)
		}
		var err error
		if s.Issuer, err = gm.ParseCertificate(issuer); err != nil {
			return nil, fmt.Errorf("linting a certificate: %w: %w", ErrIssuer, err)
		}
	}
	if l := encodingDER(); l.Check(s) != "" {
		return []Finding{l.found(l.Check(s))}, nil // no parser sees it
	}
	var parsed *gm.Certificate
	if parsed, s.unreadable = gm.ParseCertificate(cert); parsed == nil {
		l := encodingReadable()
		return []Finding{l.found(l.Check(s))}, nil
	}
	s.Certificate = parsed
	return Examine(s)
}

// Examine judges a certificate that is read already, as Run does. Error: ErrProfile.
func Examine(s Subject) ([]Finding, error) {
	if _, ok := ruleOf(s.Profile); !ok {
		return nil, fmt.Errorf("linting a certificate: %w: %q", ErrProfile, s.Profile)
	}
	if s.Certificate == nil {
		s.Certificate = &gm.Certificate{} // not readable, says a lint
	}
	s.read()
	var found []Finding
	for _, l := range lints() {
		if !l.Applies(s) {
			continue
		}
		if detail := l.Check(s); detail != "" {
			found = append(found, l.found(detail))
		}
	}
	return found, nil
}

// Stop returns an ErrLint that names every finding of severity Error, or nil when there is none.
func Stop(found []Finding) error {
	var why []string
	for _, f := range found {
		if f.Severity >= Error {
			why = append(why, fmt.Sprintf("%s (%s): %s", f.Lint, f.Clause, f.Detail))
		}
	}
	if len(why) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s", ErrLint, strings.Join(why, "; "))
}

func (l Lint) found(detail string) Finding {
	return Finding{Lint: l.Name, Clause: l.Clause, Detail: detail, Severity: l.Severity}
}

func limits() der.Limits { return der.Limits{MaxBytes: MaxBytes, MaxDepth: maxDepth} }
