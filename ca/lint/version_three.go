package lint

import "fmt"

// versionThree: the version is 3, as extensions demand.
func versionThree() Lint {
	return Lint{
		Name:     "version_three",
		Clause:   "RFC 5280, 4.1.2.1",
		About:    "the version is 3, as extensions demand",
		Severity: Error,
		Applies:  every,
		Check: func(s Subject) string {
			if v := s.Certificate.Version; v != 3 {
				return fmt.Sprintf("version %d", v)
			}
			return ""
		},
	}
}
