package lint

import "yinzheng/internal/gm"

// pointBytes is an uncompressed point: the form and two coordinates.
const pointBytes = 1 + 2*32

// keyPoint: the key is an uncompressed point of the SM2 curve.
func keyPoint() Lint {
	return Lint{
		Name:     "key_point",
		Clause:   "GB/T 32918.1; RFC 5480, 2.2",
		About:    "the key is an uncompressed point of the SM2 curve",
		Severity: Error,
		Applies:  every,
		Check: func(s Subject) string {
			p := s.form().point
			switch {
			case len(p) != pointBytes || p[0] != 4:
				return "not an uncompressed point"
			case !gm.IsSM2(s.Certificate.PublicKey):
				return "not a point of the curve"
			}
			return ""
		},
	}
}
