package lint

import "yinzheng/internal/gm"

// purposeTimestamper: a timestamper's extended key usage is timeStamping alone, critical.
func purposeTimestamper() Lint {
	return Lint{
		Name:     "purpose_timestamper",
		Clause:   "RFC 3161, 2.3",
		About:    "a timestamper's extended key usage is timeStamping alone, critical",
		Severity: Error,
		Applies:  only(timestamper),
		Check: func(s Subject) string {
			_, critical, there := s.extension(extPurposes)
			switch {
			case !there:
				return "missing"
			case !s.hasPurposes(gm.ExtKeyUsageTimeStamping):
				return "other purposes"
			case !critical:
				return "not critical"
			}
			return ""
		},
	}
}
