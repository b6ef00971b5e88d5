package lint

// minSerialBits is what a random serial number has at least.
const minSerialBits = 64

// serialUnguessable: the serial number has room for 64 random bits, so that nobody can choose what is signed.
func serialUnguessable() Lint {
	return Lint{
		Name:     "serial_unguessable",
		Clause:   "CA/Browser Forum Baseline Requirements, 7.1",
		About:    "the serial number has room for 64 random bits, so that nobody can choose what is signed",
		Severity: Error,
		Applies:  every,
		Check: func(s Subject) string {
			if n := s.Certificate.SerialNumber; n == nil || n.BitLen() < minSerialBits {
				return "fewer than 64 bits"
			}
			return ""
		},
	}
}
