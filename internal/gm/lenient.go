package gm

import (
	"bytes"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/emmansun/gmsm/smx509"
	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// What ParseAnyCertificate found odd in a certificate.
const (
	OddText             = "cert-text"              // a name with bytes that its string type does not have
	OddAlternativeNames = "cert-alternative-names" // alternative names that cannot be read; they are then not known
)

// ParseAnyCertificate is ParseCertificate that also reads certificates as Chinese authorities have issued them, and names what
// is odd: names with UTF-8 or GBK in an IA5String or PrintableString, and alternative names that cannot be read. Raw and the
// other raw fields are the bytes received, so that signatures verify.
func ParseAnyCertificate(der []byte) (c *Certificate, odd []string, err error) {
	c, err = smx509.ParseCertificate(der)
	if err == nil {
		return c, nil, nil
	}
	edited := bytes.Clone(der)
	parts, ok := splitCertificate(edited)
	if !ok {
		return nil, nil, err
	}
	if i, s := retag(parts.issuer), retag(parts.subject); i || s {
		odd = append(odd, OddText)
	}
	c, again := smx509.ParseCertificate(edited)
	if again != nil && hideAlternativeNames(parts.extensions) {
		odd = append(odd, OddAlternativeNames)
		c, again = smx509.ParseCertificate(edited)
	}
	if again != nil || len(odd) == 0 {
		return nil, nil, fmt.Errorf("reading a certificate that is not as it should be: %w", err)
	}
	c.Raw = bytes.Clone(der)
	if parts, ok = splitCertificate(c.Raw); !ok {
		return nil, nil, err
	}
	c.RawTBSCertificate, c.RawIssuer, c.RawSubject = parts.tbs, parts.rawIssuer, parts.rawSubject
	for i := range c.Extensions {
		if id := c.Extensions[i].Id; len(id) == 4 && id[3] == nothing {
			id[3] = alternativeNames
		}
	}
	return c, odd, nil
}

// certificateParts point into the bytes of a certificate.
type certificateParts struct {
	issuer, subject, extensions cryptobyte.String // contents
	tbs, rawIssuer, rawSubject  cryptobyte.String // elements
}

func splitCertificate(b []byte) (p certificateParts, ok bool) {
	in := cryptobyte.String(b)
	var whole, tbs, skip cryptobyte.String
	var tag cbasn1.Tag
	if !in.ReadASN1(&whole, cbasn1.SEQUENCE) || !in.Empty() || !whole.ReadASN1Element(&p.tbs, cbasn1.SEQUENCE) {
		return p, false
	}
	body := p.tbs
	if !body.ReadASN1(&tbs, cbasn1.SEQUENCE) ||
		!tbs.SkipOptionalASN1(cbasn1.Tag(0).Constructed().ContextSpecific()) || !tbs.ReadASN1(&skip, cbasn1.INTEGER) ||
		!tbs.ReadASN1(&skip, cbasn1.SEQUENCE) || !tbs.ReadASN1Element(&p.rawIssuer, cbasn1.SEQUENCE) ||
		!tbs.ReadASN1(&skip, cbasn1.SEQUENCE) || !tbs.ReadASN1Element(&p.rawSubject, cbasn1.SEQUENCE) || !tbs.ReadASN1(&skip, cbasn1.SEQUENCE) {
		return p, false
	}
	issuer, subject := p.rawIssuer, p.rawSubject
	if !issuer.ReadASN1(&p.issuer, cbasn1.SEQUENCE) || !subject.ReadASN1(&p.subject, cbasn1.SEQUENCE) {
		return p, false
	}
	for !tbs.Empty() {
		var one cryptobyte.String
		if !tbs.ReadAnyASN1(&one, &tag) {
			return p, false
		}
		if tag == cbasn1.Tag(3).Constructed().ContextSpecific() && !one.ReadASN1(&p.extensions, cbasn1.SEQUENCE) {
			return p, false
		}
	}
	return p, true
}

// retag writes a string type that fits over those of a Name that do not: one byte each, so nothing moves.
func retag(name cryptobyte.String) (changed bool) {
	for !name.Empty() {
		var set cryptobyte.String
		if !name.ReadASN1(&set, cbasn1.SET) {
			return changed
		}
		for !set.Empty() {
			var pair, value, content cryptobyte.String
			var tag cbasn1.Tag
			if !set.ReadASN1(&pair, cbasn1.SEQUENCE) || !pair.SkipASN1(cbasn1.OBJECT_IDENTIFIER) || !pair.ReadAnyASN1Element(&value, &tag) {
				return changed
			}
			element := value
			if !element.ReadAnyASN1(&content, &tag) || tag != cbasn1.IA5String && tag != cbasn1.PrintableString && tag != cbasn1.UTF8String {
				continue
			}
			fits := cbasn1.T61String // any bytes
			if utf8.Valid(content) {
				fits = cbasn1.UTF8String
			}
			if fits != tag && (tag != cbasn1.IA5String || !isASCII(content)) && (tag != cbasn1.PrintableString || !isPrintable(content)) {
				value[0], changed = byte(fits), true
			}
		}
	}
	return changed
}

func isASCII(b []byte) bool {
	return !slices.ContainsFunc(b, func(c byte) bool { return c >= utf8.RuneSelf })
}

// isPrintable is what the library takes for PrintableString: X.680's letters with the * and & that are met everywhere.
func isPrintable(b []byte) bool {
	return !slices.ContainsFunc(b, func(c byte) bool {
		return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || bytes.IndexByte([]byte(" '()+,-./:=?*&"), c) >= 0)
	})
}

// Last numbers of identifiers under id-ce (2.5.29): of subjectAltName, and of nothing.
const (
	alternativeNames = 17
	nothing          = 127
)

// hideAlternativeNames writes another identifier over that of the alternative names.
func hideAlternativeNames(extensions cryptobyte.String) bool {
	for !extensions.Empty() {
		var one, id cryptobyte.String
		if !extensions.ReadASN1(&one, cbasn1.SEQUENCE) || !one.ReadASN1(&id, cbasn1.OBJECT_IDENTIFIER) {
			return false
		}
		if bytes.Equal(id, []byte{0x55, 0x1d, alternativeNames}) {
			id[2] = nothing
			return true
		}
	}
	return false
}
