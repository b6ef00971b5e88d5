package lint

import (
	"fmt"
	"net/url"
)

// addressesHTTP: every address in the certificate is an http or https URL with a host.
func addressesHTTP() Lint {
	return Lint{
		Name:     "addresses_http",
		Clause:   "RFC 5280, 4.2.1.13 and 4.2.2.1; RFC 6960, A.1",
		About:    "every address in the certificate is an http or https URL with a host",
		Severity: Error,
		Applies:  every,
		Check: func(s Subject) string {
			c := s.Certificate
			for _, list := range [][]string{c.CRLDistributionPoints, c.OCSPServer, c.IssuingCertificateURL} {
				for _, address := range list {
					u, err := url.Parse(address)
					if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
						return fmt.Sprintf("%q", address)
					}
				}
			}
			return ""
		},
	}
}
