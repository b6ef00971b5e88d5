package der

import (
	"time"
	"unicode/utf8"
)

// primitive says what is wrong with the content of a primitive element, "" when nothing is. Tags of other classes and types
// that we do not use are opaque.
func primitive(tag byte, c []byte) string {
	switch tag {
	case tagSequence &^ constructed, tagSet &^ constructed:
		return "primitive form of SEQUENCE or SET"
	case tagBoolean:
		if len(c) != 1 || c[0] != 0 && c[0] != 0xff {
			return "BOOLEAN is neither 00 nor ff"
		}
	case tagInteger, tagEnumerated:
		if len(c) == 0 || len(c) > 1 && (c[0] == 0 && c[1] < 0x80 || c[0] == 0xff && c[1] >= 0x80) {
			return "INTEGER not minimal"
		}
	case tagNull:
		if len(c) != 0 {
			return "NULL with content"
		}
	case tagBitString:
		return bitString(c)
	case tagOID:
		return objectIdentifier(c)
	case tagUTF8String, tagPrintableString, tagIA5String, tagBMPString:
		return text(tag, c)
	case tagUTCTime, tagGeneralizedTime:
		return clock(tag, c)
	}
	return ""
}

func isText(tag byte) bool {
	return tag == tagUTF8String || tag == tagPrintableString || tag == tagIA5String || tag == tagBMPString
}

func bitString(c []byte) string {
	if len(c) == 0 || c[0] > 7 || len(c) == 1 && c[0] != 0 {
		return "BIT STRING with a wrong number of unused bits"
	}
	if c[len(c)-1]&(1<<c[0]-1) != 0 && len(c) > 1 {
		return "BIT STRING with unused bits set"
	}
	return ""
}

func objectIdentifier(c []byte) string {
	if len(c) == 0 || c[len(c)-1]&0x80 != 0 {
		return "OBJECT IDENTIFIER not ended"
	}
	for i, b := range c {
		if b == 0x80 && (i == 0 || c[i-1]&0x80 == 0) {
			return "OBJECT IDENTIFIER not minimal"
		}
	}
	return ""
}

func text(tag byte, c []byte) string {
	switch tag {
	case tagUTF8String:
		if !utf8.Valid(c) {
			return "UTF8String is not UTF-8"
		}
	case tagPrintableString:
		for _, b := range c {
			if !printable(b) {
				return "PrintableString with another character"
			}
		}
	case tagIA5String:
		for _, b := range c {
			if b >= utf8.RuneSelf {
				return "IA5String is not ASCII"
			}
		}
	case tagBMPString:
		if len(c)%2 != 0 {
			return "BMPString of odd length"
		}
	}
	return ""
}

// printable follows X.680, 41.4, plus the asterisk and the ampersand that certificates have always carried.
func printable(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' || '\'' <= b && b <= ')' ||
		'+' <= b && b <= '/' || b == ' ' || b == ':' || b == '=' || b == '?' || b == '*' || b == '&'
}

// Layouts of times in DER (X.690, 11.7 and 11.8): seconds always, Z always.
const (
	utcLayout         = "060102150405Z"
	generalizedLayout = "20060102150405Z"
)

func clock(tag byte, c []byte) string {
	if tag == tagUTCTime {
		if len(c) != len(utcLayout) || !isTime(utcLayout, string(c)) {
			return "UTCTime not of the form YYMMDDHHMMSSZ"
		}
		return ""
	}
	if _, ok := ParseGeneralizedTime(string(c)); !ok {
		return "GeneralizedTime not of the form YYYYMMDDHHMMSS[.f]Z"
	}
	return ""
}

func isTime(layout, s string) bool {
	t, err := time.Parse(layout, s)
	return err == nil && t.Format(layout) == s
}

// ParseGeneralizedTime reads the content of a GeneralizedTime in DER: UTC, with seconds, and with a fraction of one to nine
// digits that does not end in zero, or none.
func ParseGeneralizedTime(s string) (time.Time, bool) {
	t, err := time.Parse(generalizedLayout, s) // takes a fraction after the seconds too
	if err != nil || FormatGeneralizedTime(t) != s {
		return time.Time{}, false
	}
	return t, true
}

// FormatGeneralizedTime writes the content of a GeneralizedTime in DER. The year must be from 0 to 9999.
func FormatGeneralizedTime(t time.Time) string {
	return t.UTC().Format("20060102150405.999999999Z")
}
