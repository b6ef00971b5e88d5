package lint

import "fmt"

// subjectPresent: the subject has exactly one common name, and only attributes that our names have, one each.
func subjectPresent() Lint {
	return Lint{
		Name:     "subject_present",
		Clause:   "RFC 5280, 4.1.2.6",
		About:    "the subject has exactly one common name, and only attributes that our names have, one each",
		Severity: Error,
		Applies:  every,
		Check: func(s Subject) string {
			names, last := 0, -1
			for _, a := range s.form().attributes {
				if _, ok := kindOf(a.oid); !ok {
					return "foreign " + a.label()
				}
				if a.rdn == last {
					return a.label() + " shares a relative name"
				}
				if a.oid == oidCommonName {
					names++
				}
				last = a.rdn
			}
			if names != 1 {
				return fmt.Sprintf("%d common names", names)
			}
			return ""
		},
	}
}
