package ceremony

import (
	"crypto/x509/pkix"
	"fmt"
	"slices"
	"time"

	"github.com/goccy/go-yaml"

	"yinzheng/internal/gm"
)

// What the server calls the two roots of a region; it takes in no later generation of another name.
const (
	sm2RootTitle = "电子证照根CA"
	tlsRootTitle = "TLS根CA"
)

// DraftRoot is a plan of the act root with the names that the server of a region expects.
func DraftRoot(region, name, url string, officers []string, threshold int) Plan {
	subject := func(profile, title string) Subject {
		return Subject{Country: "CN", Organization: name, Unit: profile, CommonName: name + title}
	}
	return Plan{
		Version: 1, Act: ActRoot, Region: region, Name: name, URL: url,
		Roots: &Roots{
			SM2: RootPlan{Subject: subject(ProfileRoot, sm2RootTitle), Years: rootYears},
			TLS: RootPlan{Subject: subject(ProfileTLSRoot, tlsRootTitle), Years: rootYears},
		},
		Officers: &Officers{Threshold: threshold, Labels: officers},
	}
}

// plan begins a plan for a folder that has roots.
func (r *Record) plan(act Act) Plan {
	return Plan{Version: 1, Act: act, Region: r.Region, Name: r.Name, URL: r.URL}
}

// File is a file that a plan names.
type File struct {
	Name    string // of what is made of it: under out/, without its ending
	Path    string // as the plan says it
	Content []byte
}

// DraftIssue is a plan that has requests signed as they ask. A request that cannot be read is ErrRequest.
func (r *Record) DraftIssue(requests []File) (Plan, error) {
	p := r.plan(ActIssue)
	for _, f := range requests {
		q, err := askFor(f)
		if err != nil {
			return p, err
		}
		p.Requests = append(p.Requests, q)
	}
	return p, nil
}

// askFor describes a request: its key decides on which side it is.
func askFor(f File) (IssueRequest, error) {
	csr, err := parseRequest(f.Content)
	if err != nil {
		return IssueRequest{}, fmt.Errorf("request %s: %w", f.Name, err)
	}
	profile := ProfileTLSCA
	if gm.IsSM2(csr.PublicKey) {
		profile = ProfileIssuing
	}
	return IssueRequest{
		Name: f.Name, Profile: profile, File: f.Path, SM3: gm.Sum(f.Content).String(), Subject: subjectOf(csr.Subject), Years: issueYears,
	}, nil
}

// subjectOf takes a name apart; what does not fit shows when the plan's name is compared with the request's.
func subjectOf(n pkix.Name) Subject {
	first := func(v []string) string {
		if len(v) == 0 {
			return ""
		}
		return v[0]
	}
	return Subject{
		Country: first(n.Country), Organization: first(n.Organization), Unit: first(n.OrganizationalUnit),
		Province: first(n.Province), Locality: first(n.Locality), CommonName: n.CommonName,
	}
}

// DraftCross is a plan that certifies another region's SM2 root for names of its country. What is none is
// ErrRequest.
func (r *Record) DraftCross(root File) (Plan, error) {
	foreign, err := parseForeign(root.Content)
	if err != nil {
		return Plan{}, fmt.Errorf("cross-certifying %s: %w", root.Path, err)
	}
	theirs := subjectOf(foreign.Subject)
	one := 1
	p := r.plan(ActCross)
	p.Cross = &Cross{
		Name: root.Name, File: root.Path, SM3: gm.Sum(root.Content).String(), Years: issueYears, PathLength: &one,
		Permitted: []Subject{{Country: theirs.Country}}, // the seals of offices have their own organizations
	}
	return p, nil
}

// DraftLists is a plan of both revocation lists until a time, with everything that the lists before had and what is revoked
// now: reasons by serial number. A serial number that no certificate of the record has is ErrRevocation.
func (r *Record) DraftLists(now, until time.Time, revoke map[string]string) (Plan, error) {
	p := r.plan(ActCRL)
	p.Lists = &Lists{
		NextUpdate: until.UTC().Format(time.RFC3339),
		SM2:        slices.Clone(r.Lists[SM2Root].Revoked), TLS: slices.Clone(r.Lists[TLSRoot].Revoked),
	}
	left := len(revoke)
	for _, c := range r.Certificates {
		reason, wanted := revoke[c.Serial]
		if !wanted {
			continue
		}
		left--
		if c.Revoked != nil {
			return p, fmt.Errorf("%w: %s is revoked since %s", ErrRevocation, c.Serial, c.Revoked.Date)
		}
		list := &p.Lists.SM2
		if c.Issuer == TLSRoot {
			list = &p.Lists.TLS
		}
		*list = append(*list, Revocation{Serial: c.Serial, Reason: reason, Date: now.UTC().Format(time.RFC3339)})
	}
	if left > 0 {
		return p, fmt.Errorf("%w: the record has no certificate with %d of the serial numbers", ErrRevocation, left)
	}
	return p, nil
}

// DraftReshare is a plan that gives out shares of a new secret.
func (r *Record) DraftReshare(officers []string, threshold int) Plan {
	p := r.plan(ActReshare)
	p.Officers = &Officers{Threshold: threshold, Labels: officers}
	return p
}

// Encode writes a plan as people review it. A plan that could not be performed is ErrPlan.
func (p Plan) Encode() ([]byte, error) {
	text, err := yaml.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("writing the plan: %w", err)
	}
	if _, err := ParsePlan(text); err != nil {
		return nil, err
	}
	return text, nil
}
