package lint

import "bytes"

// authorityKeyID: the authority key identifier is the issuer's subject key identifier; only a root may lack it.
func authorityKeyID() Lint {
	return Lint{
		Name:     "authority_key_id",
		Clause:   "RFC 5280, 4.2.1.1",
		About:    "the authority key identifier is the issuer's subject key identifier; only a root may lack it",
		Severity: Error,
		Applies:  every,
		Check: func(s Subject) string {
			c := s.Certificate
			want := c.SubjectKeyId
			if s.Issuer != nil {
				want = s.Issuer.SubjectKeyId
			}
			switch {
			case len(c.AuthorityKeyId) == 0 && s.Issuer == nil:
				return ""
			case len(c.AuthorityKeyId) == 0:
				return "missing"
			case !bytes.Equal(c.AuthorityKeyId, want):
				return "another key's"
			}
			return ""
		},
	}
}
