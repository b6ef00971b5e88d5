package chain_test

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"testing"

	"yinzheng/internal/chain"
)

func readConstraints(b []byte) (*chain.Constraints, error) { return chain.ReadConstraints(b) }

// badConstraints are values of the extension that RFC 5280, 4.2.1.10, does not allow.
func badConstraints() map[string][]byte {
	permitted := func(g ...general) []byte { return nameConstraints(g, nil) }
	many := make([]general, chain.MaxNames+1)
	for i := range many {
		many[i] = dns("example.cn")
	}
	halves := append(address("10.1.0.0/16").content[:4:4], 255, 0, 255, 0)
	return map[string][]byte{
		"nothing":                      {},
		"no list at all":               {0x30, 0},
		"empty list":                   nameConstraints([]general{}, nil),
		"tail":                         append(permitted(dns("example.cn")), 0),
		"not a sequence":               {0x31, 0},
		"lists in the wrong order":     {0x30, 14, 0xa1, 5, 0x30, 3, 0x82, 1, 'a', 0xa0, 5, 0x30, 3, 0x82, 1, 'a'},
		"subtree with a minimum":       {0x30, 10, 0xa0, 8, 0x30, 6, 0x82, 1, 'a', 0x80, 1, 1},
		"subtree with a maximum":       {0x30, 10, 0xa0, 8, 0x30, 6, 0x82, 1, 'a', 0x81, 1, 1},
		"tag that is no general name":  {0x30, 7, 0xa0, 5, 0x30, 3, 0x8a, 1, 'a'},
		"host with a space":            permitted(dns("example .cn")),
		"host with a dot at its end":   permitted(dns("example.cn.")),
		"host of a dot":                permitted(dns(".")),
		"host beyond IA5":              permitted(dns("示例.cn")),
		"URI instead of a host":        permitted(uri("https://example.cn/")),
		"mailbox without a local part": permitted(mail("@example.cn")),
		"mailbox in quotes":            permitted(mail(`"a b"@example.cn`)),
		"address without a mask":       permitted(address("10.0.0.1")),
		"mask with holes":              permitted(general{address("10.0.0.1").tag, halves}),
		"address of seven octets":      permitted(general{address("10.0.0.1").tag, make([]byte, 7)}),
		"no address":                   permitted(general{address("10.0.0.1").tag, nil}),
		"directory that is no Name":    permitted(general{directory("A").tag, []byte{4, 0}}),
		"more subtrees than fit":       permitted(many...),
	}
}

func TestDirectoryNameConstraints(t *testing.T) {
	prove(t, []claim{
		{"subject within the permitted subtree is valid", func(s *scene) {
			s.end(s.ca(s.root, "CA", permit(directory("Nanning"))), subject(named("Nanning", "Market")))
		}, ""},
		{"subject that is the permitted base is valid", func(s *scene) {
			s.end(s.ca(s.root, "CA", permit(directory("Nanning"))), subject(named("Nanning")))
		}, ""},
		{"subject outside the permitted subtree is refused", func(s *scene) {
			s.end(s.ca(s.root, "CA", permit(directory("Nanning"))), subject(named("Haikou", "Market")))
		}, chain.WhyNames},
		{"subject above the permitted subtree is refused", func(s *scene) {
			s.end(s.ca(s.root, "CA", permit(directory("Nanning", "Market"))), subject(named("Nanning")))
		}, chain.WhyNames},
		{"subject that has the permitted parts elsewhere is refused", func(s *scene) {
			s.end(s.ca(s.root, "CA", permit(directory("Nanning"))), subject(named("Haikou", "Nanning")))
		}, chain.WhyNames},
		{"subject in one of two permitted subtrees is valid", func(s *scene) {
			s.end(s.ca(s.root, "CA", permit(directory("Nanning"), directory("Haikou"))), subject(named("Haikou")))
		}, ""},
		{"subject in the excluded subtree is refused", func(s *scene) {
			s.end(s.ca(s.root, "CA", exclude(directory("Nanning"))), subject(named("Nanning", "Market")))
		}, chain.WhyNames},
		{"subject outside the excluded subtree is valid", func(s *scene) {
			s.end(s.ca(s.root, "CA", exclude(directory("Nanning"))), subject(named("Haikou")))
		}, ""},
		{"exclusion wins over permission", func(s *scene) {
			s.end(s.ca(s.root, "CA", constrained([]general{directory("Nanning")}, []general{directory("Nanning", "Market")})),
				subject(named("Nanning", "Market", "Food")))
		}, chain.WhyNames},
		{"permission of a CA does not widen that of the one above", func(s *scene) {
			ca := s.ca(s.root, "CA", permit(directory("Nanning")))
			s.end(s.ca(ca, "", subject(named("Nanning", "Sub")), permit(directory("Haikou"))), subject(named("Haikou")))
		}, chain.WhyNames},
		{"permissions of two CAs both count", func(s *scene) {
			ca := s.ca(s.root, "CA", permit(directory("Nanning")))
			sub := s.ca(ca, "", subject(named("Nanning", "Sub")), permit(directory("Nanning", "Market")))
			s.end(sub, subject(named("Nanning", "Traffic")))
		}, chain.WhyNames},
		{"name within both permissions is valid", func(s *scene) {
			ca := s.ca(s.root, "CA", permit(directory("Nanning")))
			sub := s.ca(ca, "", subject(named("Nanning", "Sub")), permit(directory("Nanning", "Market")))
			s.end(sub, subject(named("Nanning", "Market", "Food")))
		}, ""},
		{"CA below must itself be permitted", func(s *scene) {
			ca := s.ca(s.root, "CA", permit(directory("Nanning")))
			s.end(s.ca(ca, "", subject(named("Haikou"))), subject(named("Nanning")))
		}, chain.WhyNames},
		{"self-issued CA below need not be permitted", func(s *scene) {
			ca := s.ca(s.root, "", subject(named("Haikou")), permit(directory("Nanning")))
			s.end(s.ca(ca, "", subject(named("Haikou"))), subject(named("Nanning")))
		}, ""},
		{"self-issued leaf must be permitted", func(s *scene) {
			ca := s.ca(s.root, "", subject(named("Haikou")), permit(directory("Nanning")))
			s.end(ca, subject(named("Haikou")))
		}, chain.WhyNames},
		{"root's constraints count", func(s *scene) {
			root := s.self("", subject(named("Nanning")), permit(directory("Nanning")))
			s.roots = append(s.roots, root.cert)
			s.end(s.ca(root, "", subject(named("Nanning", "CA"))), subject(named("Haikou")))
		}, chain.WhyNames},
		{"other letters and spaces are the same name", func(s *scene) {
			s.end(s.ca(s.root, "CA", permit(directory("City of Nanning"))), subject(named("CITY  OF nanning ")))
		}, ""},
		{"other letters and spaces do not escape an exclusion", func(s *scene) {
			s.end(s.ca(s.root, "CA", exclude(directory("City of Nanning"))), subject(named("CITY OF  NANNING")))
		}, chain.WhyNames},
		{"full-width letters do not escape an exclusion", func(s *scene) {
			s.end(s.ca(s.root, "CA", exclude(directory("Nanning"))), subject(named("Ｎａｎｎｉｎｇ")))
		}, chain.WhyNames},
		{"another string type is the same name", func(s *scene) {
			s.end(s.ca(s.root, "CA", permit(directory("Nanning"))), subject(typed(asn1.TagUTF8String, "Nanning")))
		}, ""},
		{"two-byte letters do not escape an exclusion", func(s *scene) {
			s.end(s.ca(s.root, "CA", exclude(directory("Nan"))), subject(typed(30, "\x00N\x00a\x00n")))
		}, chain.WhyNames},
		{"two-byte letters of another name are another name", func(s *scene) {
			s.end(s.ca(s.root, "CA", exclude(directory("Nan"))), subject(typed(30, "\x00N\x00a\x00m")))
		}, ""},
		{"Teletex letters do not escape an exclusion", func(s *scene) {
			s.end(s.ca(s.root, "CA", exclude(directory("Nan\u00e9"))), subject(typed(20, "NAN\xc9")))
		}, chain.WhyNames},
		{"four-byte letters do not escape an exclusion", under(exclude(directory("N")), directoryOf(typed(28, "\x00\x00\x00n"))), chain.WhyNames},
		{"value that is no text is another name than a text", under(exclude(directory("N")), directoryOf(typed(asn1.TagOctetString, "N"))), ""},
		{"value that is no text is the same as itself", under(
			exclude(directoryOf(typed(asn1.TagOctetString, "N"))), directoryOf(typed(asn1.TagOctetString, "N"))), chain.WhyNames},
		{"name with half a letter passes no constraint of any form", under(exclude(dns("example.cn")), directoryOf(typed(28, "\x00\x00n"))), chain.WhyNames},
		{"alternative directory name counts", under(exclude(directory("Nanning")), directory("Nanning", "Market")), chain.WhyNames},
		{"alternative directory name that is permitted does not save the subject", under(permit(directory("Nanning")), directory("Nanning")), chain.WhyNames},
		{"empty subject is no name to constrain", func(s *scene) {
			s.end(s.ca(s.root, "CA", permit(directory("Nanning"))), subject(pkix.Name{}), alternative(true, directory("Nanning", "Market")))
		}, ""},
		{"constraints that are not critical count", func(s *scene) {
			s.end(s.ca(s.root, "CA", extension(pkix.Extension{Id: idCE(30), Value: nameConstraints([]general{directory("Nanning")}, nil)})))
		}, chain.WhyNames},
		{"constraints of a leaf constrain nobody", func(s *scene) { s.end(s.ca(s.root, "CA"), permit(directory("Nanning"))) }, ""},
	})
}

func TestDNSNameConstraints(t *testing.T) {
	prove(t, []claim{
		{"host that is permitted is valid", under(permit(dns("example.cn")), dns("example.cn")), ""},
		{"host under the permitted one is valid", under(permit(dns("example.cn")), dns("a.b.example.cn")), ""},
		{"host that only ends in the same letters is refused", under(permit(dns("example.cn")), dns("badexample.cn")), chain.WhyNames},
		{"host in other letters is the same", under(permit(dns("Example.CN")), dns("A.eXAMPLE.cn")), ""},
		{"one host of two that is not permitted is refused", under(permit(dns("example.cn")), dns("a.example.cn"), dns("example.org")), chain.WhyNames},
		{"host under the excluded one is refused", under(exclude(dns("example.cn")), dns("a.example.cn")), chain.WhyNames},
		{"host beside the excluded one is valid", under(exclude(dns("a.example.cn")), dns("b.example.cn")), ""},
		{"wildcard that covers the excluded host is refused", under(exclude(dns("a.example.cn")), dns("*.example.cn")), chain.WhyNames},
		{"wildcard under the permitted host is valid", under(permit(dns("example.cn")), dns("*.example.cn")), ""},
		{"wildcard above the permitted host is refused", under(permit(dns("a.example.cn")), dns("*.example.cn")), chain.WhyNames},
		{"dot before the permitted host leaves the host itself out", under(permit(dns(".example.cn")), dns("example.cn")), chain.WhyNames},
		{"empty exclusion excludes every host", under(exclude(dns("")), dns("a.example.cn")), chain.WhyNames},
		{"empty exclusion leaves other forms alone", under(exclude(dns("")), mail("a@example.cn")), ""},
		{"certificate without hosts is valid", func(s *scene) { s.end(s.ca(s.root, "CA", permit(dns("example.cn")))) }, ""},
		{"host with a dot at its end is no host", under(permit(dns("example.cn")), dns("a.example.cn.")), chain.WhyNames},
		{"empty label is no host", under(exclude(dns("example.org")), dns("a..example.cn")), chain.WhyNames},
	})
}

func TestURIConstraints(t *testing.T) {
	prove(t, []claim{
		{"URI of the permitted host is valid", under(permit(uri("example.cn")), uri("https://user@EXAMPLE.cn:8443/a?b#c")), ""},
		{"URI of a host under the permitted one is refused", under(permit(uri("example.cn")), uri("https://a.example.cn/")), chain.WhyNames},
		{"URI of a host under a permitted domain is valid", under(permit(uri(".example.cn")), uri("https://a.example.cn/")), ""},
		{"URI of the domain itself is refused", under(permit(uri(".example.cn")), uri("https://example.cn/")), chain.WhyNames},
		{"URI of the excluded host is refused", under(exclude(uri("example.cn")), uri("ldap://example.cn/o=a")), chain.WhyNames},
		{"URI of another host is valid", under(exclude(uri("example.cn")), uri("https://example.org/")), ""},
		{"host in the user part does not count", under(permit(uri("example.cn")), uri("https://example.cn@example.org/")), chain.WhyNames},
		{"URI without a host is refused", under(exclude(uri("example.cn")), uri("urn:oid:1.2.3")), chain.WhyNames},
		{"URI of an address is refused", under(exclude(uri("example.cn")), uri("https://10.0.0.1/")), chain.WhyNames},
	})
}

func TestMailConstraints(t *testing.T) {
	inSubject := func(constraint change, address string) func(*scene) {
		return func(s *scene) {
			name := named("Nanning")
			name.ExtraNames = append(name.ExtraNames, pkix.AttributeTypeAndValue{Type: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}, Value: address})
			s.end(s.ca(s.root, "CA", constraint), subject(name))
		}
	}
	prove(t, []claim{
		{"address at the permitted host is valid", under(permit(mail("example.cn")), mail("a@Example.cn")), ""},
		{"address at a host under the permitted one is refused", under(permit(mail("example.cn")), mail("a@b.example.cn")), chain.WhyNames},
		{"address in the permitted domain is valid", under(permit(mail(".example.cn")), mail("a@b.example.cn")), ""},
		{"address at the domain itself is refused", under(permit(mail(".example.cn")), mail("a@example.cn")), chain.WhyNames},
		{"permitted address is valid", under(permit(mail("a@example.cn")), mail("a@example.cn")), ""},
		{"another address is refused", under(permit(mail("a@example.cn")), mail("b@example.cn")), chain.WhyNames},
		{"permitted address in other letters is another", under(permit(mail("a@example.cn")), mail("A@example.cn")), chain.WhyNames},
		{"excluded address in other letters is the same", under(exclude(mail("a@example.cn")), mail("A@example.cn")), chain.WhyNames},
		{"address at the excluded host is refused", under(exclude(mail("example.cn")), mail("a@example.cn")), chain.WhyNames},
		{"address in the subject counts", inSubject(exclude(mail("example.cn")), "a@example.cn"), chain.WhyNames},
		{"address in the subject that is permitted is valid", inSubject(permit(mail("example.cn")), "a@example.cn"), ""},
		{"address in quotes is refused", under(exclude(mail("example.org")), mail(`"a"@example.cn`)), chain.WhyNames},
		{"text without an at sign is no address", under(exclude(mail("example.org")), mail("example.cn")), chain.WhyNames},
	})
}

func TestIPConstraints(t *testing.T) {
	prove(t, []claim{
		{"address in the permitted net is valid", under(permit(address("10.1.0.0/16")), address("10.1.255.3")), ""},
		{"address outside the permitted net is refused", under(permit(address("10.1.0.0/16")), address("10.2.0.1")), chain.WhyNames},
		{"address in the excluded net is refused", under(exclude(address("10.1.0.0/16")), address("10.1.0.1")), chain.WhyNames},
		{"IPv6 address in the permitted net is valid", under(permit(address("2001:db8::/33")), address("2001:db8:7fff::1")), ""},
		{"IPv6 address outside the permitted net is refused", under(permit(address("2001:db8::/33")), address("2001:db8:8000::1")), chain.WhyNames},
		{"IPv6 address where IPv4 is permitted is refused", under(permit(address("10.0.0.0/8")), address("2001:db8::1")), chain.WhyNames},
		{"IPv4 address written as IPv6 does not escape an exclusion", under(exclude(address("10.0.0.0/8")), address("::ffff:10.0.0.1")), chain.WhyNames},
		{"every address is excluded by the net of all", under(exclude(address("0.0.0.0/0")), address("10.0.0.1")), chain.WhyNames},
	})
}

func TestConstraintsOfFormsNobodyKnows(t *testing.T) {
	prove(t, []claim{
		{"otherName under a constraint of otherNames is refused", under(exclude(other()), other()), chain.WhyNames},
		{"registeredID under a constraint of registeredIDs is refused", under(permit(registered()), registered()), chain.WhyNames},
		{"certificate without such a name is valid", under(permit(other()), dns("a.example.cn")), ""},
		{"such a name under a constraint of another form is valid", under(permit(dns("example.cn")), other()), ""},
		{"one refused name among many refuses the certificate", under(
			constrained([]general{dns("example.cn"), mail("example.cn")}, []general{address("10.0.0.0/8")}),
			dns("a.example.cn"), mail("a@example.cn"), address("10.0.0.1")), chain.WhyNames},
		{"certificate all of whose names pass is valid", under(
			constrained([]general{dns("example.cn"), mail("example.cn")}, []general{address("10.0.0.0/8")}),
			dns("a.example.cn"), mail("a@example.cn"), address("192.0.2.1")), ""},
	})
}
