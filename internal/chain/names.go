package chain

import (
	"encoding/asn1"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"yinzheng/internal/der"
	"yinzheng/internal/gm"
)

// Limits of what is read from one certificate.
const (
	maxExtension = 16 << 10 // bytes, as a whole certificate
	maxDepth     = 16       // ASN.1 nesting: a directoryName in a subtree needs 7
	maxNames     = 128      // alternative names, or subtrees, of one certificate: ours have fewer than ten
	maxHost      = 253      // octets of a host name (RFC 1035, 2.3.4)
	maxLabel     = 63
)

var errNames = errors.New("chain: names that cannot be read")

// form is the form of a GeneralName: its tag (RFC 5280, 4.2.1.6).
type form int

const (
	formOther     form = 0
	formMail      form = 1
	formDNS       form = 2
	formX400      form = 3
	formDirectory form = 4
	formEDI       form = 5
	formURI       form = 6
	formIP        form = 7
	formID        form = 8
	forms              = 9
)

func (f form) String() string {
	return []string{"otherName", "rfc822Name", "dNSName", "x400Address", "directoryName", "ediPartyName",
		"uniformResourceIdentifier", "iPAddress", "registeredID"}[f]
}

// supported reports whether names of the form can be held against a constraint.
func (f form) supported() bool {
	return f == formMail || f == formDNS || f == formDirectory || f == formURI || f == formIP
}

// tag returns the tag of the form within a GeneralName; directoryName is explicit, because a Name is a CHOICE.
func (f form) tag() cbasn1.Tag {
	t := cbasn1.Tag(f).ContextSpecific()
	if f == formOther || f == formX400 || f == formDirectory || f == formEDI {
		t = t.Constructed()
	}
	return t
}

// generalName is a name of a certificate.
type generalName struct {
	form        form
	alternative bool     // from subjectAltName
	text        string   // as written, for people; mail, dns and uri
	local, host string   // mail: local part and host; dns, uri: host alone; in small letters but for local
	rdns        []string // directory: each RDN in a form that is equal when the RDNs match
	ip          netip.Addr
	malformed   bool // cannot be what its form says, so no constraint of that form lets it pass
}

// String names the name for people.
func (n *generalName) String() string {
	switch n.form {
	case formDirectory:
		return n.form.String() + " " + n.text
	case formIP:
		return n.form.String() + " " + n.ip.String()
	case formMail, formDNS, formURI:
		return n.form.String() + " " + n.text
	case formOther, formX400, formEDI, formID:
	}
	return n.form.String()
}

// certificateNames returns every name that constraints apply to: the subject if it is not empty, the e-mail addresses in it,
// and the alternative names (RFC 5280, 4.2.1.10).
func certificateNames(c *gm.Certificate) ([]generalName, error) {
	var names []generalName
	rdns, mails, err := parseDirectory(c.RawSubject)
	if err != nil {
		return nil, err
	}
	if len(rdns) > 0 {
		names = append(names, generalName{form: formDirectory, text: c.Subject.String(), rdns: rdns})
	}
	for _, m := range mails {
		names = append(names, mailName(m))
	}
	for _, e := range c.Extensions {
		if !e.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, extAlternativeName}) {
			continue
		}
		alternative, err := parseAlternative(e.Value)
		if err != nil {
			return nil, err
		}
		names = append(names, alternative...)
	}
	return names, nil
}

// parseAlternative reads the value of a subjectAltName.
func parseAlternative(b []byte) ([]generalName, error) {
	if err := der.Check(b, der.Limits{MaxBytes: maxExtension, MaxDepth: maxDepth}); err != nil {
		return nil, err
	}
	in := cryptobyte.String(b)
	var list cryptobyte.String
	if !in.ReadASN1(&list, cbasn1.SEQUENCE) || list.Empty() {
		return nil, fmt.Errorf("%w: not GeneralNames", errNames)
	}
	var names []generalName
	for !list.Empty() {
		f, value, err := readGeneral(&list)
		if err != nil {
			return nil, err
		}
		n, err := newName(f, value)
		if err != nil {
			return nil, err
		}
		n.alternative = true
		if names = append(names, n); len(names) > maxNames {
			return nil, fmt.Errorf("%w: more than %d", errNames, maxNames)
		}
	}
	return names, nil
}

// readGeneral reads the tag and the content of one GeneralName.
func readGeneral(in *cryptobyte.String) (form, cryptobyte.String, error) {
	var value cryptobyte.String
	var tag cbasn1.Tag
	if !in.ReadAnyASN1(&value, &tag) {
		return 0, nil, fmt.Errorf("%w: not a GeneralName", errNames)
	}
	for f := range form(forms) {
		if tag == f.tag() {
			return f, value, nil
		}
	}
	return 0, nil, fmt.Errorf("%w: tag %#02x is no GeneralName", errNames, uint8(tag))
}

// newName reads the content of a GeneralName that names somebody. What is not IA5 or not a Name is an error; what is merely
// not a possible name is malformed.
func newName(f form, value []byte) (generalName, error) {
	n := generalName{form: f}
	switch f {
	case formMail, formDNS, formURI:
		if !isIA5(value) {
			return n, fmt.Errorf("%w: %s is not IA5", errNames, f)
		}
		switch f {
		case formMail:
			n = mailName(string(value))
		case formDNS:
			n = dnsName(string(value))
		default:
			n = uriName(string(value))
		}
	case formDirectory:
		rdns, _, err := parseDirectory(value)
		if err != nil {
			return n, err
		}
		n.rdns, n.text = rdns, strings.Join(rdns, ",")
	case formIP:
		ip, ok := netip.AddrFromSlice(value)
		n.ip, n.malformed = ip, !ok || ip.Is4In6() // an IPv4 address has a form of its own
	case formOther, formX400, formEDI, formID: // that it is there is all that matters
	}
	return n, nil
}

func mailName(s string) generalName {
	n := generalName{form: formMail, text: s}
	at := strings.LastIndexByte(s, '@')
	if at <= 0 || strings.ContainsAny(s[:at], "@\"\\ ()<>[]:;,") || !isHost(s[at+1:]) {
		n.malformed = true // also a quoted local part: it could be written in many ways
		return n
	}
	n.local, n.host = s[:at], strings.ToLower(s[at+1:])
	return n
}

func dnsName(s string) generalName {
	return generalName{form: formDNS, text: s, host: strings.ToLower(s), malformed: !isHost(strings.TrimPrefix(s, "*."))}
}

// uriName reads a URI. Constraints apply to its host, which must then be a name (RFC 5280, 4.2.1.10).
func uriName(s string) generalName {
	n := generalName{form: formURI, text: s, malformed: true}
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" || !isHost(u.Hostname()) {
		return n
	}
	if _, err := netip.ParseAddr(u.Hostname()); err == nil {
		return n
	}
	n.host, n.malformed = strings.ToLower(u.Hostname()), false
	return n
}

// isHost reports whether s is a host name: labels of letters, digits, hyphens and underscores, without a dot at the end.
func isHost(s string) bool {
	if s == "" || len(s) > maxHost {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > maxLabel {
			return false
		}
		for _, c := range []byte(label) {
			if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
				return false
			}
		}
	}
	return true
}

func isIA5(b []byte) bool {
	return !slices.ContainsFunc(b, func(c byte) bool { return c >= 0x80 })
}
