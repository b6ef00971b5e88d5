package lint

import "bytes"

// keyOfItsOwn: the key is not its issuer's: two names for one key cannot be told apart by key identifier.
func keyOfItsOwn() Lint {
	return Lint{
		Name:     "key_of_its_own",
		Clause:   "RFC 5280, 4.1.2.7 and 4.2.1.1",
		About:    "the key is not its issuer's: two names for one key cannot be told apart by key identifier",
		Severity: Error,
		Applies:  issuedByOther,
		Check: func(s Subject) string {
			if s.Issuer != nil && bytes.Equal(s.Certificate.RawSubjectPublicKeyInfo, s.Issuer.RawSubjectPublicKeyInfo) {
				return "the issuer's key"
			}
			return ""
		},
	}
}
