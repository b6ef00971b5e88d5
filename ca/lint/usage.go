package lint

import (
	"strings"

	"yinzheng/internal/gm"
)

// wrongUsage compares the key usage with the profile's: the bits are exactly those.
func wrongUsage(s Subject) string {
	want, got := s.rule().usage, s.Certificate.KeyUsage
	if got == want {
		return ""
	}
	var what []string
	if missing := want &^ got; missing != 0 {
		what = append(what, "without "+usageNames(missing))
	}
	if more := got &^ want; more != 0 {
		what = append(what, "with "+usageNames(more))
	}
	return strings.Join(what, ", ")
}

// usageNames writes key usage bits as RFC 5280, 4.2.1.3 names them.
func usageNames(bits gm.KeyUsage) string {
	var names []string
	for i, name := range []string{
		"digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement", "keyCertSign", "cRLSign",
		"encipherOnly", "decipherOnly",
	} {
		if bits&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, " and ")
}
