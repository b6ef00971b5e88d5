package lint

import "strings"

// sealDigits is a region's six digits and a number of eight.
const sealDigits = 14

// officeNumber: an office's common name is its seal's number: 14 digits.
func officeNumber() Lint {
	return Lint{
		Name:     "office_number",
		Clause:   "signing policy, name_whitelist",
		About:    "an office's common name is its seal's number: 14 digits",
		Severity: Error,
		Applies:  only(officeSeal),
		Check: func(s Subject) string {
			cn := s.values(oidCommonName)
			if len(cn) != 1 || len(cn[0].value) != sealDigits || strings.Trim(cn[0].value, "0123456789") != "" {
				return "not 14 digits"
			}
			return ""
		},
	}
}
