package lint_test

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"math/big"
	"strings"
	"testing"

	"yinzheng/ca/lint"
	"yinzheng/internal/gm"
)

// broken is a certificate that breaks one lint: by its template, by its bytes, or, where the parser itself would refuse
// the bytes, by what is handed to Examine.
type broken struct {
	lint, claim, profile string
	template             func(*gm.Certificate)
	bytes                func(*tbs)
	subject              func(*testing.T, *lint.Subject)
}

func raw(b ...byte) asn1.RawValue { return asn1.RawValue{FullBytes: b} }

// replace exchanges bytes of the same length in one part.
func replace(v *asn1.RawValue, from, to string) {
	v.FullBytes = bytes.Replace(v.FullBytes, []byte(from), []byte(to), 1)
}

// uncritical takes the critical mark from an extension; drop takes it away.
func uncritical(id asn1.ObjectIdentifier) func(*tbs) {
	return func(c *tbs) {
		for i := range c.Extensions {
			if c.Extensions[i].Id.Equal(id) {
				c.Extensions[i].Critical = false
			}
		}
	}
}

func drop(id asn1.ObjectIdentifier) func(*tbs) {
	return func(c *tbs) {
		var kept []pkix.Extension
		for _, e := range c.Extensions {
			if !e.Id.Equal(id) {
				kept = append(kept, e)
			}
		}
		c.Extensions = kept
	}
}

// name sets the subject to relative names of one attribute each, written as given.
func name(attributes ...pair) func(*tbs) {
	return func(c *tbs) {
		var sets []asn1.RawValue
		for _, a := range attributes {
			value := asn1.RawValue{Tag: a.tag, Bytes: []byte(a.value)}
			set, err := asn1.MarshalWithParams([]struct {
				ID    asn1.ObjectIdentifier
				Value asn1.RawValue
			}{{asn1.ObjectIdentifier{2, 5, 4, a.kind}, value}}, "set")
			if err != nil {
				panic(err) // of attributes that stand in this file
			}
			sets = append(sets, raw(set...))
		}
		b, err := asn1.Marshal(sets)
		if err != nil {
			panic(err)
		}
		c.Subject = raw(b...)
	}
}

type pair struct {
	kind, tag int
	value     string
}

const (
	printable, utf8, ia5         = asn1.TagPrintableString, asn1.TagUTF8String, asn1.TagIA5String
	common, country, unit, title = 3, 6, 11, 12
)

func brokenEncodings() []broken {
	return []broken{
		{lint: "encoding_der", claim: "a boolean is neither 0 nor 255", profile: "ledger",
			subject: func(_ *testing.T, s *lint.Subject) {
				s.Certificate.Raw = bytes.Replace(s.Certificate.Raw, []byte{1, 1, 0xff}, []byte{1, 1, 1}, 1)
			}},
		{lint: "encoding_readable", claim: "version 9", profile: "ledger", bytes: func(c *tbs) { c.Version = 8 }},
		{lint: "version_three", claim: "version 1", profile: "ledger", subject: func(_ *testing.T, s *lint.Subject) { s.Certificate.Version = 1 }},
		{lint: "serial_positive", claim: "zero", profile: "ledger", bytes: func(c *tbs) { c.Serial = big.NewInt(0) }},
		{lint: "serial_positive", claim: "21 octets", profile: "ledger", bytes: func(c *tbs) { c.Serial = new(big.Int).Lsh(big.NewInt(1), 160) }},
		{lint: "serial_unguessable", claim: "a counter", profile: "office-seal", template: func(c *gm.Certificate) { c.SerialNumber = big.NewInt(7) }},
		{lint: "signature_same", claim: "another one outside", profile: "ledger", subject: func(t *testing.T, s *lint.Subject) {
			s.Certificate.Raw = patch(t, "ledger", s.Certificate.Raw, func(c *tbs) { replace(&c.Algorithm, "\x83\x75", "\x83\x76") })
		}},
		{lint: "signature_sm2", claim: "NULL parameters", profile: "ledger", subject: func(t *testing.T, s *lint.Subject) {
			s.Certificate.Raw = patch(t, "ledger", s.Certificate.Raw, func(c *tbs) {
				c.Algorithm = raw([]byte("\x30\x0c\x06\x08\x2a\x81\x1c\xcf\x55\x01\x83\x75\x05\x00")...)
			})
		}},
		{lint: "issuer_name", claim: "the issuer's name with a letter changed", profile: "timestamper",
			bytes: func(c *tbs) { replace(&c.Issuer, "issuing-ca", "issuing-cb") }},
	}
}

func brokenKeys() []broken {
	standard, _ := hex.DecodeString("0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020" +
		"ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13")
	return []broken{
		{lint: "key_algorithm", claim: "a key of NIST P-256's identifier", profile: "ledger", subject: func(t *testing.T, s *lint.Subject) {
			s.Certificate.Raw = patch(t, "ledger", s.Certificate.Raw, func(c *tbs) {
				c.Key = raw([]byte("\x30\x19\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x02\x00\x04")...)
			})
		}},
		{lint: "key_point", claim: "a compressed point", profile: "ledger", subject: func(t *testing.T, s *lint.Subject) {
			s.Certificate.Raw = patch(t, "ledger", s.Certificate.Raw, func(c *tbs) {
				c.Key.FullBytes[len(c.Key.FullBytes)-65] = 2
			})
		}},
		{lint: "key_point", claim: "no key that we can read", profile: "ledger", subject: func(_ *testing.T, s *lint.Subject) { s.Certificate.PublicKey = nil }},
		{lint: "key_weak", claim: "the example key of the standard", profile: "dual-sign", bytes: func(c *tbs) {
			copy(c.Key.FullBytes[len(c.Key.FullBytes)-65:], standard)
		}},
		{lint: "key_of_its_own", claim: "the issuer's key", profile: "ledger", subject: func(_ *testing.T, s *lint.Subject) {
			s.Certificate.RawSubjectPublicKeyInfo = s.Issuer.RawSubjectPublicKeyInfo
		}},
		{lint: "authority_key_id", claim: "none", profile: "ledger", bytes: drop(asn1.ObjectIdentifier{2, 5, 29, 35})},
		{lint: "authority_key_id", claim: "of another authority", profile: "ledger", subject: func(_ *testing.T, s *lint.Subject) {
			s.Issuer = &gm.Certificate{SubjectKeyId: []byte("another"), RawSubject: s.Issuer.RawSubject}
		}},
		{lint: "subject_key_id", claim: "none", profile: "ledger", template: func(c *gm.Certificate) { c.SubjectKeyId = nil }},
		{lint: "key_usage_critical", claim: "not critical", profile: "dual-encrypt", bytes: uncritical(oidKeyUsage)},
		{lint: "key_usage_critical", claim: "none", profile: "dual-encrypt", bytes: drop(oidKeyUsage)},
		{lint: "key_usage_authority", claim: "signs documents too", profile: "issuing-ca",
			template: func(c *gm.Certificate) { c.KeyUsage |= gm.KeyUsageDigitalSignature }},
		{lint: "key_usage_signature", claim: "enciphers too", profile: "dual-sign",
			template: func(c *gm.Certificate) { c.KeyUsage |= gm.KeyUsageKeyEncipherment }},
		{lint: "key_usage_signature", claim: "not binding", profile: "office-seal",
			template: func(c *gm.Certificate) { c.KeyUsage = gm.KeyUsageDigitalSignature }},
		{lint: "key_usage_encryption", claim: "signs too", profile: "dual-encrypt",
			template: func(c *gm.Certificate) { c.KeyUsage |= gm.KeyUsageDigitalSignature }},
		{lint: "key_usage_service", claim: "binding", profile: "ocsp-responder",
			template: func(c *gm.Certificate) { c.KeyUsage |= gm.KeyUsageContentCommitment }},
	}
}

func brokenPurposes() []broken {
	stamping := asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 8}
	client := asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 2}
	return []broken{
		{lint: "purpose_timestamper", claim: "not critical", profile: "timestamper",
			template: func(c *gm.Certificate) { c.ExtraExtensions = []pkix.Extension{purposes(false, stamping)} }},
		{lint: "purpose_timestamper", claim: "a second purpose", profile: "timestamper",
			template: func(c *gm.Certificate) { c.ExtraExtensions = []pkix.Extension{purposes(true, stamping, client)} }},
		{lint: "purpose_ocsp", claim: "none", profile: "ocsp-responder", template: func(c *gm.Certificate) { c.ExtKeyUsage = nil }},
		{lint: "ocsp_nocheck", claim: "missing", profile: "ocsp-responder", template: func(c *gm.Certificate) { c.ExtraExtensions = nil }},
		{lint: "ocsp_nocheck", claim: "on a seal", profile: "office-seal",
			template: func(c *gm.Certificate) { c.ExtraExtensions = []pkix.Extension{{Id: oidNoCheck, Value: []byte{5, 0}}} }},
		{lint: "purpose_trust_list", claim: "another purpose", profile: "trust-list",
			template: func(c *gm.Certificate) { c.UnknownExtKeyUsage[0] = asn1.ObjectIdentifier{0, 4, 0, 2231, 3, 1} }},
		{lint: "purpose_none", claim: "any purpose", profile: "dual-sign",
			template: func(c *gm.Certificate) { c.ExtKeyUsage = []gm.ExtKeyUsage{gm.ExtKeyUsageAny} }},
		{lint: "basic_constraints", claim: "not critical", profile: "issuing-ca", bytes: uncritical(oidConstraints)},
		{lint: "basic_constraints", claim: "missing", profile: "issuing-ca", bytes: drop(oidConstraints)},
		{lint: "basic_constraints", claim: "a seal that is an authority", profile: "office-seal", template: func(c *gm.Certificate) { c.IsCA = true }},
		{lint: "path_length", claim: "none", profile: "issuing-ca",
			template: func(c *gm.Certificate) { c.MaxPathLen, c.MaxPathLenZero = -1, false }},
		{lint: "path_length", claim: "the issuer's own", profile: "cross-ca", template: func(c *gm.Certificate) { c.MaxPathLen = 2 }},
		{lint: "name_constraints", claim: "a cross-certificate for every name", profile: "cross-ca", bytes: drop(oidPermitted)},
		{lint: "name_constraints", claim: "not critical", profile: "cross-ca",
			template: func(c *gm.Certificate) { c.PermittedDNSDomainsCritical = false }},
		{lint: "extensions_unique", claim: "two key usages", profile: "ledger", subject: func(_ *testing.T, s *lint.Subject) {
			s.Certificate.Extensions = append(s.Certificate.Extensions, pkix.Extension{Id: oidKeyUsage})
		}},
		{lint: "extensions_critical", claim: "an unknown one", profile: "ledger", template: func(c *gm.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: []byte{5, 0}}}
		}},
		{lint: "extensions_allowed", claim: "names of hosts in a seal", profile: "office-seal",
			template: func(c *gm.Certificate) { c.DNSNames = []string{"host.example"} }},
		{lint: "extensions_allowed", claim: "addresses in a root", profile: "root-ca",
			template: func(c *gm.Certificate) { c.CRLDistributionPoints = []string{"http://ca.example/a.crl"} }},
		{lint: "revocation_crl", claim: "none", profile: "office-seal", template: func(c *gm.Certificate) { c.CRLDistributionPoints = nil }},
		{lint: "revocation_ocsp", claim: "no responder", profile: "office-seal", template: func(c *gm.Certificate) { c.OCSPServer = nil }},
		{lint: "revocation_ocsp", claim: "no issuer", profile: "office-seal", template: func(c *gm.Certificate) { c.IssuingCertificateURL = nil }},
		{lint: "addresses_http", claim: "a directory", profile: "office-seal",
			template: func(c *gm.Certificate) { c.CRLDistributionPoints = []string{"ldap://ca.example/cn=a"} }},
		{lint: "addresses_http", claim: "no host", profile: "office-seal", template: func(c *gm.Certificate) { c.OCSPServer = []string{"http:///ocsp"} }},
	}
}

func brokenTimesAndNames() []broken {
	cn, chinese := pair{common, printable, "example"}, pair{country, printable, "CN"}
	return []broken{
		{lint: "validity_order", claim: "ends as it begins", profile: "office-seal", template: func(c *gm.Certificate) { c.NotAfter = c.NotBefore }},
		{lint: "validity_within_issuer", claim: "begins earlier", profile: "office-seal",
			template: func(c *gm.Certificate) { c.NotBefore, c.NotAfter = began.AddDate(0, 0, -1), began.AddDate(1, 0, 0) }},
		{lint: "validity_within_issuer", claim: "ends later", profile: "office-seal",
			template: func(c *gm.Certificate) { c.NotBefore, c.NotAfter = began.AddDate(8, 0, 0), began.AddDate(11, 0, 0) }},
		{lint: "validity_encoding", claim: "GeneralizedTime in this decade", profile: "ledger", bytes: func(c *tbs) {
			c.Validity = raw([]byte("\x30\x20\x17\x0d260102030405Z\x18\x0f20270102030405Z")...)
		}},
		{lint: "validity_length", claim: "a seal for six years", profile: "office-seal",
			template: func(c *gm.Certificate) { c.NotAfter = c.NotBefore.AddDate(6, 0, 0) }},
		{lint: "validity_length", claim: "a responder for a year and a second", profile: "ocsp-responder",
			template: func(c *gm.Certificate) { c.NotAfter = c.NotBefore.AddDate(1, 0, 0).Add(1e9) }},
		{lint: "subject_present", claim: "an empty name", profile: "ledger", bytes: name()},
		{lint: "subject_present", claim: "two common names", profile: "ledger", bytes: name(chinese, cn, cn)},
		{lint: "subject_present", claim: "a title", profile: "ledger", bytes: name(chinese, pair{title, utf8, "处长"}, cn)},
		{lint: "subject_country", claim: "another country", profile: "ledger", bytes: name(pair{country, printable, "DE"}, cn)},
		{lint: "subject_country", claim: "a UTF8String", profile: "ledger", bytes: name(pair{country, utf8, "CN"}, cn)},
		{lint: "subject_country", claim: "none", profile: "ledger", bytes: name(cn)},
		{lint: "subject_strings", claim: "an IA5String", profile: "ledger", bytes: name(chinese, pair{common, ia5, "a@example"})},
		{lint: "subject_lengths", claim: "65 characters", profile: "ledger", bytes: name(chinese, pair{common, utf8, strings.Repeat("印", 65)})},
		{lint: "subject_lengths", claim: "nothing", profile: "ledger", bytes: name(chinese, pair{unit, utf8, ""}, cn)},
		{lint: "subject_characters", claim: "a line end", profile: "ledger", bytes: name(chinese, pair{common, utf8, "示例\n市"})},
		{lint: "subject_characters", claim: "a mark that turns the reading direction", profile: "ledger",
			bytes: name(chinese, pair{common, utf8, "示例\u202e市"})},
		{lint: "subject_characters", claim: "a blank in front", profile: "ledger", bytes: name(chinese, pair{common, utf8, "\u3000示例"})},
		{lint: "office_number", claim: "a letter", profile: "office-seal", template: func(c *gm.Certificate) { c.Subject.CommonName = "4501030000000A" }},
		{lint: "office_number", claim: "13 digits", profile: "office-seal", template: func(c *gm.Certificate) { c.Subject.CommonName = "4501030000000" }},
		{lint: "office_code", claim: "a wrong check character", profile: "office-seal",
			template: func(c *gm.Certificate) { c.Subject.Organization = []string{"91350100M000100Y44示例"} }},
		{lint: "office_code", claim: "no name", profile: "office-seal",
			template: func(c *gm.Certificate) { c.Subject.Organization = []string{"91350100M000100Y43"} }},
	}
}
