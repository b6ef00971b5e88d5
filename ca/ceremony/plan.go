package ceremony

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Limits of a plan. It is written and read by people, so all are generous for that.
const (
	MaxPlan     = 64 << 10 // bytes of the file
	MaxOfficers = 16       // holders of shares
	MinOfficers = 2        // one holder alone never opens the roots
	maxRequests = 16       // certificates of one act
	maxSubtrees = 16       // permitted names of a cross-certificate
	maxRevoked  = 1000     // entries of one list; a root issues few certificates
	maxOpened   = 4500     // brackets and dashes; the longest lists have 4000. Nesting costs the parser time as its square
	rootYears   = 20       // the longest life of a root, and its life if the plan does not say
	issueYears  = 10       // of an issuing CA and of a cross-certificate
)

// Act is what a ceremony does.
type Act string

// The acts.
const (
	ActRoot    Act = "root"    // makes the roots and shares their secret
	ActIssue   Act = "issue"   // signs the requests of issuing CAs
	ActCross   Act = "cross"   // certifies the SM2 root of another region
	ActCRL     Act = "crl"     // signs the revocation lists of both roots
	ActReshare Act = "reshare" // shares a new secret among new officers; the roots stay
)

// shares reports whether an act gives out shares.
func (a Act) shares() bool { return a == ActRoot || a == ActReshare }

// Names of the two roots: in plans, transcripts, file names and addresses.
const (
	SM2Root = "root"
	TLSRoot = "tls-root"
)

// Plan is the reviewed file: YAML, unknown keys refused.
type Plan struct {
	Version  int            `yaml:"version"` // 1
	Act      Act            `yaml:"act"`
	Region   string         `yaml:"region"`        // GB/T 2260, six digits
	Name     string         `yaml:"name"`          // of the region
	URL      string         `yaml:"url,omitempty"` // address of the service, for CRL and issuer addresses; none if empty
	Roots    *Roots         `yaml:"roots,omitempty"`
	Officers *Officers      `yaml:"officers,omitempty"`
	Requests []IssueRequest `yaml:"requests,omitempty"`
	Cross    *Cross         `yaml:"cross,omitempty"`
	Lists    *Lists         `yaml:"lists,omitempty"`
}

// Subject is a distinguished name. Empty parts are left out; the country is CN if nothing is said.
type Subject struct {
	Country      string `yaml:"country,omitempty"`
	Organization string `yaml:"organization,omitempty"`
	Unit         string `yaml:"unit,omitempty"`
	Province     string `yaml:"province,omitempty"`
	Locality     string `yaml:"locality,omitempty"`
	CommonName   string `yaml:"common_name,omitempty"`
}

// Roots describes the two roots.
type Roots struct {
	SM2 RootPlan `yaml:"root"`
	TLS RootPlan `yaml:"tls-root"`
}

// RootPlan describes one root.
type RootPlan struct {
	Subject Subject `yaml:"subject"`
	Years   int     `yaml:"years,omitempty"` // of 365 days; 20 if nothing is said
}

// Officers says who will hold the shares and how many of them open the roots.
type Officers struct {
	Threshold int      `yaml:"threshold"`
	Labels    []string `yaml:"labels"`
}

// IssueRequest is one PKCS#10 request of an issuing CA.
type IssueRequest struct {
	Name    string  `yaml:"name"`            // of the file under out/
	Profile string  `yaml:"profile"`         // issuing-ca or tls-ca
	File    string  `yaml:"file"`            // PEM or DER
	SM3     string  `yaml:"sm3"`             // of that file, as reviewed
	Subject Subject `yaml:"subject"`         // must be the request's own
	Years   int     `yaml:"years,omitempty"` // 10 if nothing is said; never beyond the root
}

// Cross is another region's SM2 root to be certified.
type Cross struct {
	Name       string    `yaml:"name"`
	File       string    `yaml:"file"`                  // its certificate, PEM or DER
	SM3        string    `yaml:"sm3"`                   // of that file
	Years      int       `yaml:"years,omitempty"`       // from now; 10 if nothing is said
	From       string    `yaml:"from,omitempty"`        // since when we vouch for that root, as next_update; its own beginning if nothing is said
	PathLength *int      `yaml:"path_length,omitempty"` // CAs below it: 1 for its issuing CAs, 0 for none; 1 if nothing is said
	Permitted  []Subject `yaml:"permitted"`             // subtrees of names that it may certify; at least one
}

// Lists is the whole content of both revocation lists.
type Lists struct {
	NextUpdate string       `yaml:"next_update"` // 2006-01-02, or with a time as RFC 3339
	SM2        []Revocation `yaml:"root,omitempty"`
	TLS        []Revocation `yaml:"tls-root,omitempty"`
}

// Revocation is one revoked certificate of a root.
type Revocation struct {
	Serial string `yaml:"serial" json:"serial"` // hexadecimal, lower case
	Reason string `yaml:"reason" json:"reason"` // see Reasons
	Date   string `yaml:"date"   json:"date"`   // as next_update
}

// Reasons are the reasons of a revocation that a root may state (RFC 5280, 5.3.1), in the order of their codes.
func Reasons() []string {
	return []string{"unspecified", "key-compromise", "ca-compromise", "affiliation-changed", "superseded", "cessation-of-operation"}
}

// ParsePlan reads a plan and returns every mistake at once. Of YAML it takes what people need: no tags, anchors, aliases or
// merges. All errors are ErrPlan.
func ParsePlan(text []byte) (*Plan, error) {
	if len(text) > MaxPlan {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrPlan, MaxPlan)
	}
	if !utf8.Valid(text) {
		return nil, fmt.Errorf("%w: not UTF-8", ErrPlan)
	}
	if n := bytes.Count(text, []byte("[")) + bytes.Count(text, []byte("{")) + bytes.Count(text, []byte("- ")); n > maxOpened {
		return nil, fmt.Errorf("%w: more than %d opening brackets and dashes", ErrPlan, maxOpened)
	}
	p, err := decodePlan(text)
	if err != nil {
		return nil, err
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	return p, nil
}

// decodePlan reads the YAML. The library panics on some texts that are not YAML; then it is not YAML.
func decodePlan(text []byte) (p *Plan, err error) {
	defer func() {
		if r := recover(); r != nil {
			p, err = nil, fmt.Errorf("%w: not YAML: %v", ErrPlan, r)
		}
	}()
	tree, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", ErrPlan, yaml.FormatError(err, false, true))
	}
	if len(tree.Docs) != 1 {
		return nil, fmt.Errorf("%w: %d documents, not one", ErrPlan, len(tree.Docs))
	}
	plain := new(plainYAML)
	for _, d := range tree.Docs {
		ast.Walk(plain, d)
	}
	if plain.other != "" {
		return nil, fmt.Errorf("%w: %s: tags, anchors, aliases and merges are not taken", ErrPlan, plain.other)
	}
	p = new(Plan)
	if err := yaml.UnmarshalWithOptions(text, p, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("%w: %s", ErrPlan, yaml.FormatError(err, false, true))
	}
	return p, nil
}

// plainYAML finds the first node that a plan may not have.
type plainYAML struct{ other string }

// Visit implements ast.Visitor.
func (v *plainYAML) Visit(n ast.Node) ast.Visitor {
	switch n.Type() {
	case ast.TagType, ast.AnchorType, ast.AliasType, ast.MergeKeyType:
		v.other = fmt.Sprintf("line %d", n.GetToken().Position.Line)
		return nil
	default:
		return v
	}
}
