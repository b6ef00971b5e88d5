package ceremony

import (
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"yinzheng/internal/gm"
)

const (
	maxRegionName = 30 // characters, as ca.Spec
	maxURL        = 256
	maxAttribute  = 64 // characters of a name attribute (RFC 5280, ub-common-name and ub-organization-name)
	maxFileName   = 1024
)

var (
	regionCode  = regexp.MustCompile(`^[1-9][0-9]{5}$`)
	label       = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)   // officers and file names under out/
	serialText  = regexp.MustCompile(`^[1-9a-f][0-9a-f]{0,39}$`)    // as big.Int's Text(16), at most 20 octets
	countryCode = regexp.MustCompile(`^[A-Z]{2}$`)                  // ISO 3166-1
	listNumber  = regexp.MustCompile(`^(root|tls-root)(-[0-9]+)?$`) // what the lists' own files are called
)

// checker collects mistakes.
type checker struct{ wrong []error }

func (c *checker) say(key, format string, args ...any) {
	c.wrong = append(c.wrong, fmt.Errorf("%w: %s: %s", ErrPlan, key, fmt.Sprintf(format, args...)))
}

// check fills in what is not said and returns every mistake.
func (p *Plan) check() error {
	c := new(checker)
	if p.Version != 1 {
		c.say("version", "%d is not known; there is 1", p.Version)
	}
	if !regionCode.MatchString(p.Region) {
		c.say("region", "%q is not a six-digit code of GB/T 2260", p.Region)
	}
	c.text("name", p.Name, maxRegionName)
	p.URL = strings.TrimSuffix(p.URL, "/")
	c.address("url", p.URL)
	parts := map[string]bool{
		"roots": p.Roots != nil, "officers": p.Officers != nil, "requests": p.Requests != nil,
		"cross": p.Cross != nil, "lists": p.Lists != nil,
	}
	needed := map[Act][]string{ActRoot: {"roots", "officers"}, ActIssue: {"requests"}, ActCross: {"cross"}, ActCRL: {"lists"}, ActReshare: {"officers"}}[p.Act]
	if needed == nil {
		c.say("act", "%q is not known; there are root, issue, cross, crl and reshare", p.Act)
		return errors.Join(c.wrong...)
	}
	for _, key := range []string{"roots", "officers", "requests", "cross", "lists"} {
		switch want := slices.Contains(needed, key); {
		case want && !parts[key]:
			c.say(key, "is missing for the act %s", p.Act)
		case !want && parts[key]:
			c.say(key, "has no place in the act %s", p.Act)
		}
	}
	p.checkParts(c)
	return errors.Join(c.wrong...)
}

func (p *Plan) checkParts(c *checker) {
	if p.Roots != nil {
		c.root("roots.root", &p.Roots.SM2)
		c.root("roots.tls-root", &p.Roots.TLS)
		if p.Roots.SM2.Subject == p.Roots.TLS.Subject {
			c.say("roots", "both have the same name")
		}
	}
	if p.Officers != nil {
		p.Officers.check(c)
	}
	if p.Requests != nil && (len(p.Requests) == 0 || len(p.Requests) > maxRequests) {
		c.say("requests", "has %d, from 1 to %d are allowed", len(p.Requests), maxRequests)
	}
	var names []string
	for i := range p.Requests {
		key, r := fmt.Sprintf("requests[%d]", i), &p.Requests[i]
		if r.Profile != ProfileIssuing && r.Profile != ProfileTLSCA {
			c.say(key+".profile", "%q is not known; there are %s and %s", r.Profile, ProfileIssuing, ProfileTLSCA)
		}
		c.output(key+".name", r.Name)
		if slices.Contains(names, r.Name) {
			c.say(key+".name", "%q is there twice", r.Name)
		}
		names = append(names, r.Name)
		c.file(key, r.File, r.SM3)
		c.subject(key+".subject", &r.Subject, true)
		c.years(key+".years", &r.Years, issueYears)
	}
	if p.Cross != nil {
		p.Cross.check(c)
	}
	if p.Lists != nil {
		p.Lists.check(c)
	}
}

func (o *Officers) check(c *checker) {
	n := len(o.Labels)
	if n < MinOfficers || n > MaxOfficers {
		c.say("officers.labels", "has %d, from %d to %d are allowed", n, MinOfficers, MaxOfficers)
	}
	if o.Threshold < MinOfficers || o.Threshold > n {
		c.say("officers.threshold", "%d is not from %d to the number of officers, %d", o.Threshold, MinOfficers, n)
	}
	for i, l := range o.Labels {
		if !label.MatchString(l) {
			c.say(fmt.Sprintf("officers.labels[%d]", i), "%q is not of a-z, 0-9 and -, at most 32", l)
		}
		if slices.Contains(o.Labels[:i], l) {
			c.say(fmt.Sprintf("officers.labels[%d]", i), "%q is there twice", l)
		}
	}
}

func (x *Cross) check(c *checker) {
	c.output("cross.name", x.Name)
	c.file("cross", x.File, x.SM3)
	c.years("cross.years", &x.Years, issueYears)
	if x.From != "" {
		if _, err := parseDate(x.From); err != nil {
			c.say("cross.from", "%v", err)
		}
	}
	if x.PathLength == nil {
		one := 1
		x.PathLength = &one
	}
	if *x.PathLength < 0 || *x.PathLength > 1 {
		c.say("cross.path_length", "%d is neither 0 nor 1", *x.PathLength)
	}
	if len(x.Permitted) == 0 || len(x.Permitted) > maxSubtrees {
		c.say("cross.permitted", "has %d subtrees of names, from 1 to %d are allowed: another region never certifies just anyone", len(x.Permitted), maxSubtrees)
	}
	for i := range x.Permitted {
		key, s := fmt.Sprintf("cross.permitted[%d]", i), &x.Permitted[i]
		if *s == (Subject{}) {
			c.say(key, "is empty and would permit every name")
		}
		c.subject(key, s, false)
	}
}

func (l *Lists) check(c *checker) {
	if _, err := parseDate(l.NextUpdate); err != nil {
		c.say("lists.next_update", "%v", err)
	}
	for name, entries := range map[string][]Revocation{SM2Root: l.SM2, TLSRoot: l.TLS} {
		if len(entries) > maxRevoked {
			c.say("lists."+name, "has %d entries, at most %d are allowed", len(entries), maxRevoked)
			continue
		}
		seen := map[string]bool{}
		for i, r := range entries {
			key := fmt.Sprintf("lists.%s[%d]", name, i)
			if !serialText.MatchString(r.Serial) {
				c.say(key+".serial", "%q is not a serial number in lower-case hexadecimal digits", r.Serial)
			}
			if seen[r.Serial] {
				c.say(key+".serial", "%q is there twice", r.Serial)
			}
			seen[r.Serial] = true
			if !slices.Contains(Reasons(), r.Reason) {
				c.say(key+".reason", "%q is none of %s", r.Reason, strings.Join(Reasons(), ", "))
			}
			if _, err := parseDate(r.Date); err != nil {
				c.say(key+".date", "%v", err)
			}
		}
	}
}

func (c *checker) root(key string, r *RootPlan) {
	c.subject(key+".subject", &r.Subject, true)
	c.years(key+".years", &r.Years, rootYears)
}

// years takes most for what is not said.
func (c *checker) years(key string, years *int, most int) {
	if *years == 0 {
		*years = most
	}
	if *years < 1 || *years > most {
		c.say(key, "%d is not from 1 to %d", *years, most)
	}
}

// subject checks a name; a whole one, unlike a subtree, has an organization and a common name.
func (c *checker) subject(key string, s *Subject, whole bool) {
	if s.Country == "" {
		s.Country = "CN"
	}
	if !countryCode.MatchString(s.Country) {
		c.say(key+".country", "%q is not two capital letters", s.Country)
	}
	for _, part := range []struct {
		key, value string
		needed     bool
	}{
		{"organization", s.Organization, whole}, {"unit", s.Unit, false}, {"province", s.Province, false},
		{"locality", s.Locality, false}, {"common_name", s.CommonName, whole},
	} {
		if part.value != "" || part.needed {
			c.text(key+"."+part.key, part.value, maxAttribute)
		}
	}
}

func (c *checker) text(key, s string, most int) {
	n := utf8.RuneCountInString(s)
	if n == 0 || n > most || strings.TrimSpace(s) != s || strings.ContainsFunc(s, unicode.IsControl) {
		c.say(key, "%q is not from 1 to %d characters without space at its ends", s, most)
	}
}

// output checks the name of a file under out/.
func (c *checker) output(key, name string) {
	if !label.MatchString(name) || listNumber.MatchString(name) {
		c.say(key, "%q is not of a-z, 0-9 and -, at most 32, and not the name of a root", name)
	}
}

func (c *checker) file(key, name, digest string) {
	if name == "" || len(name) > maxFileName || strings.ContainsRune(name, 0) {
		c.say(key+".file", "is missing or is not the name of a file")
	}
	if _, err := gm.ParseDigest(digest); err != nil {
		c.say(key+".sm3", "%q is not an SM3 digest: name the one of the file, so that it is reviewed too", digest)
	}
}

func (c *checker) address(key, s string) {
	if s == "" {
		return
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil || len(s) > maxURL {
		c.say(key, "%q is not the http(s) address of a site", s)
	}
}

// parseDate reads a day, which is its first second in UTC, or a second.
func parseDate(s string) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC().Truncate(time.Second), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is neither a day such as 2030-01-31 nor a time of RFC 3339", s)
}

// parseSerial reads what serialText allows.
func parseSerial(s string) (*big.Int, bool) { return new(big.Int).SetString(s, 16) }
