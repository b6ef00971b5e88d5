package lint

import "fmt"

// maxSerialBits is 20 octets less the sign.
const maxSerialBits = 20*8 - 1

// serialPositive: the serial number is positive and has at most 20 octets.
func serialPositive() Lint {
	return Lint{
		Name:     "serial_positive",
		Clause:   "RFC 5280, 4.1.2.2",
		About:    "the serial number is positive and has at most 20 octets",
		Severity: Error,
		Applies:  every,
		Check: func(s Subject) string {
			n := s.Certificate.SerialNumber
			switch {
			case n == nil || n.Sign() <= 0:
				return "not positive"
			case n.BitLen() > maxSerialBits:
				return fmt.Sprintf("%d bits", n.BitLen())
			}
			return ""
		},
	}
}
