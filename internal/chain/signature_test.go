package chain_test

import (
	"crypto/elliptic"
	"crypto/x509/pkix"
	"testing"
	"time"

	"yinzheng/internal/chain"
	"yinzheng/internal/gm"
)

func TestSignatures(t *testing.T) {
	prove(t, []claim{
		{"path whose signatures all verify is valid", func(s *scene) { s.end(s.ca(s.root, "CA")) }, ""},
		{"leaf straight under the root is valid", func(s *scene) { s.end(s.root) }, ""},
		{"leaf with a changed signature is refused", func(s *scene) {
			s.end(s.ca(s.root, "CA"))
			s.leaf = forged(s.t, s.leaf)
		}, chain.WhySignature},
		{"leaf with a changed name is refused", func(s *scene) {
			s.end(s.ca(s.root, "CA"))
			s.leaf = edited(s.t, s.leaf, "Leaf", "Loaf")
		}, chain.WhySignature},
		{"CA with a changed signature is refused", func(s *scene) {
			s.end(s.ca(s.root, "CA"))
			s.others[0] = forged(s.t, s.others[0])
		}, chain.WhySignature},
		{"leaf signed by another key of the same name and key identifier is refused", func(s *scene) {
			real := s.ca(s.root, "CA")
			false := s.self("CA", func(d *draft) { d.SubjectKeyId = real.cert.SubjectKeyId })
			s.end(false)
		}, chain.WhySignature},
		{"P-256 issuer is refused where SM2 is wanted", func(s *scene) {
			s.end(s.ca(s.root, "CA", withKey(ecKey(s.t, elliptic.P256()))))
		}, chain.WhyAlgorithm},
		{"P-256 issuer under an SM2 root is valid where P-256 is believed", func(s *scene) {
			s.o.P256 = true
			s.end(s.ca(s.root, "CA", withKey(ecKey(s.t, elliptic.P256()))))
		}, ""},
		{"SM2 leaf under a P-256 root is valid where P-256 is believed", func(s *scene) {
			s.o.P256 = true
			root := s.self("P-256 Root", withKey(ecKey(s.t, elliptic.P256())))
			s.roots = append(s.roots, root.cert)
			s.end(s.ca(root, "CA"))
		}, ""},
		{"changed ECDSA signature is refused", func(s *scene) {
			s.o.P256 = true
			s.end(s.ca(s.root, "CA", withKey(ecKey(s.t, elliptic.P256()))))
			s.leaf = forged(s.t, s.leaf)
		}, chain.WhySignature},
		{"P-256 with another digest than SHA-256 is refused", func(s *scene) {
			s.o.P256 = true
			s.end(s.ca(s.root, "CA", withKey(ecKey(s.t, elliptic.P256()))), func(d *draft) { d.SignatureAlgorithm = gm.ECDSAWithSHA256 + 1 })
		}, chain.WhyAlgorithm},
		{"P-384 issuer is refused", func(s *scene) {
			s.o.P256 = true
			s.end(s.ca(s.root, "CA", withKey(ecKey(s.t, elliptic.P384()))))
		}, chain.WhyAlgorithm},
		{"P-256 key of the leaf is no matter of the path", func(s *scene) {
			s.end(s.ca(s.root, "CA"), withKey(ecKey(s.t, elliptic.P256())))
		}, ""},
	})
}

func TestValidityDates(t *testing.T) {
	future, past := between(now.Add(time.Second), to), between(from, now.Add(-time.Second))
	prove(t, []claim{
		{"leaf that is not valid yet is refused", func(s *scene) { s.end(s.ca(s.root, "CA"), future) }, chain.WhyTime},
		{"leaf that has expired is refused", func(s *scene) { s.end(s.ca(s.root, "CA"), past) }, chain.WhyTime},
		{"leaf's validity may be left to the caller", func(s *scene) {
			s.o.LeafApart = true
			s.end(s.ca(s.root, "CA"), past)
		}, ""},
		{"CA that is not valid yet is refused", func(s *scene) { s.end(s.ca(s.root, "CA", future)) }, chain.WhyIssuerTime},
		{"CA that has expired is refused", func(s *scene) { s.end(s.ca(s.root, "CA", past)) }, chain.WhyIssuerTime},
		{"root that has expired is refused", func(s *scene) {
			root := s.self("Old Root", past)
			s.roots = append(s.roots, root.cert)
			s.end(s.ca(root, "CA"))
		}, chain.WhyIssuerTime},
		{"first second counts", func(s *scene) {
			s.end(s.ca(s.root, "CA", between(now, to)), between(now, to))
		}, ""},
		{"last second counts", func(s *scene) {
			s.end(s.ca(s.root, "CA", between(from, now)), between(from, now))
		}, ""},
		{"end after 2049 is understood", func(s *scene) {
			s.end(s.ca(s.root, "CA", between(from, time.Date(2063, 1, 1, 0, 0, 0, 0, time.UTC))))
		}, ""},
		{"expired CA is passed over for a renewed one of the same key", func(s *scene) {
			old := s.ca(s.root, "CA", past)
			s.cross(s.root, old)
			s.end(old)
		}, ""},
	})
}

func TestNameChaining(t *testing.T) {
	prove(t, []claim{
		{"issuer that is not there leads nowhere", func(s *scene) { s.end(s.self("Stranger")) }, chain.WhyIssuer},
		{"CA of a stranger's root leads nowhere", func(s *scene) { s.end(s.ca(s.self("Stranger"), "CA")) }, chain.WhyIssuer},
		{"leaf that names another issuer is refused", func(s *scene) {
			s.end(s.ca(s.root, "CA"), issuedAs(func(i *gm.Certificate) { i.Subject.CommonName = "Other" }))
		}, chain.WhyIssuer},
		{"leaf that names its issuer's parts in another order is refused", func(s *scene) {
			parts := pkix.Name{ExtraNames: []pkix.AttributeTypeAndValue{
				{Type: []int{2, 5, 4, 10}, Value: "Office"}, {Type: []int{2, 5, 4, 3}, Value: "CA"}}}
			turned := pkix.Name{ExtraNames: []pkix.AttributeTypeAndValue{parts.ExtraNames[1], parts.ExtraNames[0]}}
			s.end(s.ca(s.root, "CA", subject(parts)), issuedAs(func(i *gm.Certificate) { i.Subject = turned }))
		}, chain.WhyIssuer},
		// RFC 5280, 7.1 would let these two match; a CA that writes its own name in two ways is none of ours.
		{"issuer's name in other letters does not match", func(s *scene) {
			s.end(s.ca(s.root, "CA"), issuedAs(func(i *gm.Certificate) { i.Subject.CommonName = "ca" }))
		}, chain.WhyIssuer},
		{"issuer's name with another space does not match", func(s *scene) {
			s.end(s.ca(s.root, "Good CA"), issuedAs(func(i *gm.Certificate) { i.Subject.CommonName = "Good  CA" }))
		}, chain.WhyIssuer},
		{"leaf that names another key of its issuer is refused", func(s *scene) {
			s.end(s.ca(s.root, "CA"), issuedAs(func(i *gm.Certificate) { i.SubjectKeyId = []byte{1, 2, 3} }))
		}, chain.WhyIssuer},
		{"CA without a name may issue nothing", func(s *scene) {
			s.end(s.ca(s.root, "", subject(pkix.Name{})))
		}, chain.WhyIssuerCA},
		{"root is no path of its own", func(s *scene) { s.leaf = s.root.cert }, chain.WhyIssuer},
	})
}

func TestKeyUsage(t *testing.T) {
	prove(t, []claim{
		{"CA without keyCertSign may not issue", func(s *scene) {
			s.end(s.ca(s.root, "CA", usage(gm.KeyUsageDigitalSignature)))
		}, chain.WhyIssuerCA},
		{"CA that may sign CRLs only may not issue", func(s *scene) {
			s.end(s.ca(s.root, "CA", usage(gm.KeyUsageCRLSign)))
		}, chain.WhyIssuerCA},
		{"CA without key usage may not issue", func(s *scene) {
			s.end(s.ca(s.root, "CA", usage(0)))
		}, chain.WhyIssuerCA},
		{"CA that may do more than issue is valid", func(s *scene) {
			s.end(s.ca(s.root, "CA", usage(gm.KeyUsageCertSign|gm.KeyUsageDigitalSignature)))
		}, ""},
		{"key usage that is not critical counts", func(s *scene) {
			s.end(s.ca(s.root, "CA", usage(0), extension(pkix.Extension{Id: idCE(15), Value: []byte{3, 2, 2, 4}})))
		}, ""},
		{"root without keyCertSign may not issue", func(s *scene) {
			root := s.self("Weak Root", usage(gm.KeyUsageCRLSign))
			s.roots = append(s.roots, root.cert)
			s.end(root)
		}, chain.WhyIssuerCA},
		{"leaf's key usage is for the caller", func(s *scene) { s.end(s.ca(s.root, "CA"), usage(gm.KeyUsageKeyEncipherment)) }, ""},
	})
}
