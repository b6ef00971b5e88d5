package chain

import (
	"encoding/asn1"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"yinzheng/internal/der"
)

// parseDirectory reads a Name. Each RDN becomes a text that is equal for RDNs that match (RFC 5280, 7.1); mails are the
// e-mail addresses in it.
func parseDirectory(b []byte) (rdns, mails []string, err error) {
	if err := der.Check(b, der.Limits{MaxBytes: maxExtension, MaxDepth: maxDepth}); err != nil {
		return nil, nil, err
	}
	in := cryptobyte.String(b)
	var name cryptobyte.String
	if !in.ReadASN1(&name, cbasn1.SEQUENCE) {
		return nil, nil, fmt.Errorf("%w: not a Name", errNames)
	}
	for !name.Empty() {
		var set cryptobyte.String
		if !name.ReadASN1(&set, cbasn1.SET) || set.Empty() {
			return nil, nil, fmt.Errorf("%w: not a relative distinguished name", errNames)
		}
		var parts []string
		for !set.Empty() {
			part, mail, err := parseAttribute(&set)
			if err != nil {
				return nil, nil, err
			}
			parts = append(parts, part)
			if mail != "" {
				mails = append(mails, mail)
			}
		}
		slices.Sort(parts)
		rdns = append(rdns, strings.Join(parts, "+"))
	}
	return rdns, mails, nil
}

// parseAttribute reads one AttributeTypeAndValue.
func parseAttribute(set *cryptobyte.String) (part, mail string, err error) {
	var pair, value cryptobyte.String
	var kind asn1.ObjectIdentifier
	var tag cbasn1.Tag
	if !set.ReadASN1(&pair, cbasn1.SEQUENCE) || !pair.ReadASN1ObjectIdentifier(&kind) || !pair.ReadAnyASN1(&value, &tag) || !pair.Empty() {
		return "", "", fmt.Errorf("%w: not an attribute", errNames)
	}
	text, ok, err := decodeText(tag, value)
	if err != nil {
		return "", "", err
	}
	if !ok {
		return fmt.Sprintf("%s=#%02x%x", kind, uint8(tag), []byte(value)), "", nil
	}
	if kind.Equal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}) {
		mail = text
		if mail == "" {
			mail = "@" // an empty address is no address, but it is there
		}
	}
	return fmt.Sprintf("%s=%q", kind, prepared(text)), mail, nil
}

// prepared prepares text for comparison: without case, compatibility forms and surplus spaces (RFC 4518, 2, as far as it
// matters for names).
func prepared(s string) string {
	return strings.Join(strings.Fields(norm.NFKC.String(cases.Fold().String(norm.NFKC.String(s)))), " ")
}

// decodeText decodes a string of any type that a name may have; ok is false for a value that is no string.
func decodeText(tag cbasn1.Tag, b []byte) (text string, ok bool, err error) {
	switch tag { //nolint:exhaustive // every other type is no text
	case cbasn1.UTF8String, cbasn1.PrintableString, cbasn1.IA5String, 18: // 18: NumericString
		if !utf8.Valid(b) {
			return "", false, fmt.Errorf("%w: text is not UTF-8", errNames)
		}
		return string(b), true, nil
	case cbasn1.T61String: // read as Latin-1, as everybody does
		runes := make([]rune, len(b))
		for i, c := range b {
			runes[i] = rune(c)
		}
		return string(runes), true, nil
	case 30: // BMPString
		if len(b)%2 != 0 {
			return "", false, fmt.Errorf("%w: half a character", errNames)
		}
		units := make([]uint16, len(b)/2)
		for i := range units {
			units[i] = uint16(b[2*i])<<8 | uint16(b[2*i+1])
		}
		return string(utf16.Decode(units)), true, nil
	case 28: // UniversalString
		if len(b)%4 != 0 {
			return "", false, fmt.Errorf("%w: part of a character", errNames)
		}
		var runes []rune
		for ; len(b) > 0; b = b[4:] {
			runes = append(runes, rune(uint32(b[0])<<24|uint32(b[1])<<16|uint32(b[2])<<8|uint32(b[3])))
		}
		return string(runes), true, nil
	}
	return "", false, nil
}
