package lint

import "yinzheng/internal/gm"

// purposeOCSP: an OCSP responder's extended key usage is OCSPSigning alone.
func purposeOCSP() Lint {
	return Lint{
		Name:     "purpose_ocsp",
		Clause:   "RFC 6960, 4.2.2.2",
		About:    "an OCSP responder's extended key usage is OCSPSigning alone",
		Severity: Error,
		Applies:  only(ocspResponder),
		Check: func(s Subject) string {
			if !s.hasPurposes(gm.ExtKeyUsageOCSPSigning) {
				return "missing, or other purposes"
			}
			return ""
		},
	}
}
