package lint

import "yinzheng/internal/codes"

// officeCode: an office's organisation is its 统一社会信用代码 and its name.
func officeCode() Lint {
	return Lint{
		Name:     "office_code",
		Clause:   "GB 32100-2015",
		About:    "an office's organisation is its 统一社会信用代码 and its name",
		Severity: Error,
		Applies:  only(officeSeal),
		Check: func(s Subject) string {
			o := s.values(oidOrganisation)
			if len(o) != 1 || len(o[0].value) <= codes.USCCLen {
				return "no code and name"
			}
			if err := codes.CheckUSCC(o[0].value[:codes.USCCLen]); err != nil {
				return err.Error()
			}
			return ""
		},
	}
}
