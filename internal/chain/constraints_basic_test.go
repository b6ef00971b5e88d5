package chain_test

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"testing"

	"yinzheng/internal/chain"
	"yinzheng/internal/gm"
)

// idCE is an extension of RFC 5280, 4.2.1.
func idCE(n int) asn1.ObjectIdentifier { return asn1.ObjectIdentifier{2, 5, 29, n} }

// deep makes n CAs below each other.
func (s *scene) deep(under party, n int, changes ...change) party {
	s.t.Helper()
	for i := range n {
		under = s.ca(under, fmt.Sprintf("%s/%d", under.cert.Subject.CommonName, i), changes...)
	}
	return under
}

func TestBasicConstraints(t *testing.T) {
	none := func(d *draft) { d.BasicConstraintsValid, d.IsCA, d.MaxPathLen = false, false, 0 }
	leaf := func(d *draft) { d.BasicConstraintsValid, d.IsCA, d.MaxPathLen = true, false, 0 }
	prove(t, []claim{
		{"issuer without basicConstraints is refused", func(s *scene) { s.end(s.ca(s.root, "CA", none)) }, chain.WhyIssuerCA},
		{"issuer that is no CA is refused", func(s *scene) { s.end(s.ca(s.root, "CA", leaf)) }, chain.WhyIssuerCA},
		{"office that issues a certificate is refused", func(s *scene) {
			s.end(s.ca(s.root, "Office", leaf, usage(gm.KeyUsageDigitalSignature|gm.KeyUsageContentCommitment)))
		}, chain.WhyIssuerCA},
		{"root that is no CA is refused", func(s *scene) {
			root := s.self("Leaf Root", leaf)
			s.roots = append(s.roots, root.cert)
			s.end(root)
		}, chain.WhyIssuerCA},
		{"basicConstraints that are not critical count", func(s *scene) {
			s.end(s.ca(s.root, "CA", none, extension(pkix.Extension{Id: idCE(19), Value: []byte{0x30, 3, 1, 1, 0xff}})))
		}, ""},
	})
}

func TestPathLength(t *testing.T) {
	prove(t, []claim{
		{"path length 0 lets a leaf be issued", func(s *scene) { s.end(s.ca(s.root, "CA", pathLen(0))) }, ""},
		{"path length 0 lets no CA issue", func(s *scene) { s.end(s.deep(s.ca(s.root, "CA", pathLen(0)), 1)) }, chain.WhyPath},
		{"path length 0 lets a CA's certificate be the last", func(s *scene) {
			s.leaf = s.deep(s.ca(s.root, "CA", pathLen(0)), 1).cert
		}, ""},
		{"path length 1 lets one CA issue", func(s *scene) { s.end(s.deep(s.ca(s.root, "CA", pathLen(1)), 1)) }, ""},
		{"path length 1 lets no second CA issue", func(s *scene) { s.end(s.deep(s.ca(s.root, "CA", pathLen(1)), 2)) }, chain.WhyPath},
		{"greater path length below does not widen the one above", func(s *scene) {
			s.end(s.deep(s.ca(s.root, "CA", pathLen(0)), 1, pathLen(5)))
		}, chain.WhyPath},
		{"smaller path length below counts", func(s *scene) {
			s.end(s.deep(s.deep(s.ca(s.root, "CA", pathLen(5)), 1, pathLen(0)), 1))
		}, chain.WhyPath},
		{"root's own path length counts", func(s *scene) {
			root := s.self("Short Root", pathLen(0))
			s.roots = append(s.roots, root.cert)
			s.end(s.ca(root, "CA"))
		}, chain.WhyPath},
		{"self-issued certificate does not count", func(s *scene) {
			ca := s.ca(s.root, "CA", pathLen(0))
			s.end(s.ca(ca, "CA", pathLen(0)))
		}, ""},
		{"self-issued certificates let no other CA issue", func(s *scene) {
			ca := s.ca(s.root, "CA", pathLen(0))
			again := s.ca(ca, "CA")
			s.end(s.ca(again, "Sub"))
		}, chain.WhyPath},
		{"self-issued certificate of a CA below does not count", func(s *scene) {
			ca := s.ca(s.root, "CA", pathLen(1))
			sub := s.ca(ca, "Sub")
			s.end(s.ca(sub, "Sub"))
		}, ""},
		{"self-issued leaf is a leaf", func(s *scene) {
			ca := s.ca(s.root, "CA", pathLen(0))
			s.end(ca, subject(ca.cert.Subject))
		}, ""},
		{"longest path of all is valid", func(s *scene) { s.end(s.deep(s.root, chain.MaxPath-2)) }, ""},
		{"path longer than all is refused", func(s *scene) { s.end(s.deep(s.root, chain.MaxPath-1)) }, chain.WhyPath},
		{"path of the length that is wanted is valid", func(s *scene) {
			s.o.MaxLength = 4
			s.end(s.deep(s.root, 2))
		}, ""},
		{"path longer than is wanted is refused", func(s *scene) {
			s.o.MaxLength = 3
			s.end(s.deep(s.root, 2))
		}, chain.WhyPath},
		{"nobody can want more than the longest of all", func(s *scene) {
			s.o.MaxLength = 100
			s.end(s.deep(s.root, chain.MaxPath-1))
		}, chain.WhyPath},
	})
}

func TestExtensions(t *testing.T) {
	private := func(critical bool) change {
		return extension(pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 156, 10197, 6, 1, 4, 99}, Critical: critical, Value: []byte{5, 0}})
	}
	policies := pkix.Extension{Id: idCE(32), Critical: true, Value: []byte{0x30, 8, 0x30, 6, 6, 4, 0x55, 0x1d, 0x20, 0}}
	prove(t, []claim{
		{"leaf with a critical extension nobody knows is refused", func(s *scene) { s.end(s.ca(s.root, "CA"), private(true)) }, chain.WhyExtension},
		{"CA with a critical extension nobody knows is refused", func(s *scene) { s.end(s.ca(s.root, "CA", private(true))) }, chain.WhyExtension},
		{"root with a critical extension nobody knows is refused", func(s *scene) {
			root := s.self("Odd Root", private(true))
			s.roots = append(s.roots, root.cert)
			s.end(root)
		}, chain.WhyExtension},
		{"extension nobody knows that is not critical is passed over", func(s *scene) {
			s.end(s.ca(s.root, "CA", private(false)), private(false))
		}, ""},
		{"critical policies are understood where every policy will do", func(s *scene) {
			s.end(s.ca(s.root, "CA", extension(policies)), extension(policies))
		}, ""},
		{"critical policy constraints are refused", func(s *scene) {
			s.end(s.ca(s.root, "CA", extension(pkix.Extension{Id: idCE(36), Critical: true, Value: []byte{0x30, 3, 0x80, 1, 0}})))
		}, chain.WhyExtension},
		{"critical inhibitAnyPolicy is refused", func(s *scene) {
			s.end(s.ca(s.root, "CA", extension(pkix.Extension{Id: idCE(54), Critical: true, Value: []byte{2, 1, 0}})))
		}, chain.WhyExtension},
		{"critical extended key usage is for who uses the leaf", func(s *scene) {
			s.end(s.ca(s.root, "CA"), extension(pkix.Extension{Id: idCE(37), Critical: true, Value: []byte{0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 8}}))
		}, ""},
		{"critical alternative name of a form that is known is understood", func(s *scene) {
			s.end(s.ca(s.root, "CA"), alternative(true, dns("a.example.cn")))
		}, ""},
		{"critical alternative name of a form nobody knows is refused", func(s *scene) {
			s.end(s.ca(s.root, "CA"), alternative(true, other()))
		}, chain.WhyExtension},
		{"alternative name of a form nobody knows is passed over when not critical", func(s *scene) {
			s.end(s.ca(s.root, "CA"), alternative(false, other()))
		}, ""},
	})
}
