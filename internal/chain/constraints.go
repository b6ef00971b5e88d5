package chain

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"yinzheng/internal/der"
)

// constraints are the name constraints of a CA (RFC 5280, 4.2.1.10), by form. Forms that are not supported are kept: a
// certificate with a name of such a form is refused.
type constraints struct {
	permitted, excluded [forms][]subtree
}

// subtree is the base of a GeneralSubtree.
type subtree struct {
	local string   // mail: of one mailbox
	host  string   // mail, dns, uri: a host or, with a dot before it, everything under it; empty: every name of the form
	rdns  []string // directory
	ip    netip.Prefix
}

// parseConstraints reads the value of a nameConstraints extension. Every subtree has the distances that RFC 5280 allows:
// minimum 0, which DER leaves out, and no maximum.
func parseConstraints(b []byte) (*constraints, error) {
	if err := der.Check(b, der.Limits{MaxBytes: maxExtension, MaxDepth: maxDepth}); err != nil {
		return nil, err
	}
	in := cryptobyte.String(b)
	var both, permitted, excluded cryptobyte.String
	var hasPermitted, hasExcluded bool
	if !in.ReadASN1(&both, cbasn1.SEQUENCE) ||
		!both.ReadOptionalASN1(&permitted, &hasPermitted, cbasn1.Tag(0).ContextSpecific().Constructed()) ||
		!both.ReadOptionalASN1(&excluded, &hasExcluded, cbasn1.Tag(1).ContextSpecific().Constructed()) ||
		!both.Empty() || !hasPermitted && !hasExcluded {
		return nil, fmt.Errorf("%w: not NameConstraints", errNames)
	}
	if hasPermitted && permitted.Empty() || hasExcluded && excluded.Empty() {
		return nil, fmt.Errorf("%w: an empty list of subtrees", errNames)
	}
	var c constraints
	count := 0
	for _, list := range []struct {
		in   cryptobyte.String
		into *[forms][]subtree
	}{{permitted, &c.permitted}, {excluded, &c.excluded}} {
		for in := list.in; !in.Empty(); {
			if count++; count > maxNames {
				return nil, fmt.Errorf("%w: more than %d subtrees", errNames, maxNames)
			}
			f, tree, err := readSubtree(&in)
			if err != nil {
				return nil, err
			}
			list.into[f] = append(list.into[f], tree)
		}
	}
	return &c, nil
}

func readSubtree(in *cryptobyte.String) (form, subtree, error) {
	var one cryptobyte.String
	if !in.ReadASN1(&one, cbasn1.SEQUENCE) {
		return 0, subtree{}, fmt.Errorf("%w: not a subtree", errNames)
	}
	f, value, err := readGeneral(&one)
	if err != nil {
		return 0, subtree{}, err
	}
	if !one.Empty() {
		return 0, subtree{}, fmt.Errorf("%w: a subtree with distances", errNames)
	}
	tree, ok := newSubtree(f, value)
	if !ok {
		return 0, subtree{}, fmt.Errorf("%w: not a subtree of %s", errNames, f)
	}
	return f, tree, nil
}

// newSubtree reads the base of a subtree.
func newSubtree(f form, value []byte) (subtree, bool) {
	text := string(value)
	switch f {
	case formMail:
		if strings.Contains(text, "@") {
			n := mailName(text)
			return subtree{local: n.local, host: n.host}, isIA5(value) && !n.malformed
		}
		return subtree{host: strings.ToLower(text)}, isDomain(text)
	case formDNS, formURI:
		return subtree{host: strings.ToLower(text)}, isDomain(text)
	case formDirectory:
		rdns, _, err := parseDirectory(value)
		return subtree{rdns: rdns}, err == nil
	case formIP:
		ip, ok := prefix(value)
		return subtree{ip: ip}, ok
	case formOther, formX400, formEDI, formID: // not supported: that it is there is all that matters
	}
	return subtree{}, true
}

// isDomain reports whether s is a host, everything under one (a dot before it), or empty: every host.
func isDomain(s string) bool { return s == "" || isHost(strings.TrimPrefix(s, ".")) }

// prefix reads an address and a mask, which must be ones and then zeros.
func prefix(b []byte) (netip.Prefix, bool) {
	ip, ok := netip.AddrFromSlice(b[:len(b)/2])
	if !ok || len(b)%2 != 0 || ip.Is4In6() {
		return netip.Prefix{}, false
	}
	bits, mask := 0, b[len(b)/2:]
	for bits < 8*len(mask) && mask[bits/8]&(0x80>>(bits%8)) != 0 {
		bits++
	}
	p, err := ip.Prefix(bits)
	if err != nil {
		return p, false
	}
	full := make([]byte, len(mask))
	for i := range bits {
		full[i/8] |= 0x80 >> (i % 8)
	}
	return p, bytes.Equal(full, mask)
}

// refuse returns the first name of a certificate that may not be under a CA with these constraints, for people; "" when all
// may. Each comparison counts; a search that has used up its comparisons refuses.
func (c *constraints) refuse(m *member, comparisons *int) string {
	names, err := m.names()
	if err != nil {
		return err.Error()
	}
	for i := range names {
		n := &names[i]
		permitted, excluded := c.permitted[n.form], c.excluded[n.form]
		if len(permitted)+len(excluded) == 0 {
			continue
		}
		*comparisons += len(permitted) + len(excluded)
		if *comparisons > MaxComparisons || n.malformed || !n.form.supported() ||
			slices.ContainsFunc(excluded, func(t subtree) bool { return t.excludes(n) }) ||
			len(permitted) > 0 && !slices.ContainsFunc(permitted, func(t subtree) bool { return t.permits(n) }) {
			return n.String()
		}
	}
	return ""
}

// permits reports whether all that a name can stand for is within a subtree.
func (t *subtree) permits(n *generalName) bool {
	return t.covers(n) && (t.local == "" || t.local == n.local)
}

// excludes reports whether anything that a name can stand for is within a subtree: a wildcard stands for every name of one
// label more, and no mail system tells mailboxes apart by case.
func (t *subtree) excludes(n *generalName) bool {
	if t.covers(n) {
		return true
	}
	under, wild := strings.CutPrefix(n.host, "*.")
	_, parent, deeper := strings.Cut(t.host, ".")
	return n.form == formDNS && wild && deeper && !strings.HasPrefix(t.host, ".") && parent == under
}

// covers reports whether a name is within a subtree, mailboxes apart by case being one.
func (t *subtree) covers(n *generalName) bool {
	switch {
	case n.form == formDirectory:
		return len(n.rdns) >= len(t.rdns) && slices.Equal(n.rdns[:len(t.rdns)], t.rdns)
	case n.form == formIP:
		return t.ip.Contains(n.ip)
	case n.form == formMail && t.local != "":
		return strings.EqualFold(t.local, n.local) && t.host == n.host
	case t.host == "":
		return true
	case strings.HasPrefix(t.host, "."):
		return strings.HasSuffix(n.host, t.host)
	case n.form == formDNS:
		return n.host == t.host || strings.HasSuffix(n.host, "."+t.host)
	}
	return n.host == t.host
}
