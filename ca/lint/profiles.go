package lint

import (
	"encoding/asn1"

	"yinzheng/internal/der"
	"yinzheng/internal/gm"
)

// The SM2 profiles of the signing policy (ca/policy.json). A profile that is not here is not linted, and so not signed.
const (
	rootCA        = "root-ca"
	issuingCA     = "issuing-ca"
	crossCA       = "cross-ca"
	sealMaker     = "seal-maker"
	timestamper   = "timestamper"
	ledger        = "ledger"
	trustList     = "trust-list"
	ocspResponder = "ocsp-responder"
	officeSeal    = "office-seal"
	dualSign      = "dual-sign"
	dualEncrypt   = "dual-encrypt"
)

// Profiles returns the profiles that Run knows.
func Profiles() []string {
	return []string{
		rootCA, issuingCA, crossCA, sealMaker, timestamper, ledger, trustList, ocspResponder, officeSeal, dualSign, dualEncrypt,
	}
}

// The longest life of a certificate in calendar years.
const (
	rootYears      = 20
	authorityYears = 10 // issuing CAs and the services that live as long as their issuer
	subjectYears   = 5  // offices and persons
	responderYears = 1  // nobody checks its revocation
)

// Key usages of the profiles.
const (
	authorityUsage = gm.KeyUsageCertSign | gm.KeyUsageCRLSign
	signUsage      = gm.KeyUsageDigitalSignature | gm.KeyUsageContentCommitment
	encryptUsage   = gm.KeyUsageKeyEncipherment | gm.KeyUsageDataEncipherment | gm.KeyUsageKeyAgreement
)

// rule is what a profile demands.
type rule struct {
	ca      bool
	years   int
	usage   gm.KeyUsage
	purpose bool // has an extended key usage
}

// ruleOf returns a profile's rule; false when there is no such profile.
func ruleOf(profile string) (rule, bool) {
	switch profile {
	case rootCA:
		return rule{ca: true, years: rootYears, usage: authorityUsage}, true
	case crossCA: // it speaks for what the other root did from its beginning
		return rule{ca: true, years: rootYears, usage: authorityUsage}, true
	case issuingCA:
		return rule{ca: true, years: authorityYears, usage: authorityUsage}, true
	case sealMaker:
		return rule{years: authorityYears, usage: signUsage}, true
	case timestamper, trustList:
		return rule{years: authorityYears, usage: signUsage, purpose: true}, true
	case ledger:
		return rule{years: authorityYears, usage: gm.KeyUsageDigitalSignature}, true
	case ocspResponder:
		return rule{years: responderYears, usage: gm.KeyUsageDigitalSignature, purpose: true}, true
	case officeSeal, dualSign:
		return rule{years: subjectYears, usage: signUsage}, true
	case dualEncrypt:
		return rule{years: subjectYears, usage: encryptUsage}, true
	}
	return rule{}, false
}

func (s Subject) rule() rule {
	r, _ := ruleOf(s.Profile)
	return r
}

func every(Subject) bool           { return true }
func authorities(s Subject) bool   { return s.rule().ca }
func issuedByOther(s Subject) bool { return s.Profile != rootCA }
func endEntities(s Subject) bool   { return !s.rule().ca }

// only applies a lint to some profiles.
func only(profiles ...string) func(Subject) bool {
	return func(s Subject) bool {
		for _, p := range profiles {
			if s.Profile == p {
				return true
			}
		}
		return false
	}
}

// Extensions (RFC 5280, 4.2; RFC 6960) that a certificate of ours may have.
const (
	extSubjectKeyID = iota
	extKeyUsage
	extBasicConstraints
	extNameConstraints
	extCRLDistribution
	extPolicies
	extAuthorityKeyID
	extPurposes
	extFreshestCRL
	extAuthorityInfo
	extNoCheck
	extUnknown
)

var (
	oidAuthorityInfo = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 1}
	oidNoCheck       = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5} // RFC 6960, 4.2.2.2.1
)

// extensionOf names an extension.
func extensionOf(id asn1.ObjectIdentifier) int {
	if len(id) == 4 && id[0] == 2 && id[1] == 5 && id[2] == 29 {
		switch id[3] {
		case 14:
			return extSubjectKeyID
		case 15:
			return extKeyUsage
		case 19:
			return extBasicConstraints
		case 30:
			return extNameConstraints
		case 31:
			return extCRLDistribution
		case 32:
			return extPolicies
		case 35:
			return extAuthorityKeyID
		case 37:
			return extPurposes
		case 46:
			return extFreshestCRL
		}
	}
	switch {
	case id.Equal(oidAuthorityInfo):
		return extAuthorityInfo
	case id.Equal(oidNoCheck):
		return extNoCheck
	}
	return extUnknown
}

// extension returns an extension of the certificate: whether it is there and critical, and its content.
func (s Subject) extension(kind int) (value []byte, critical, there bool) {
	for _, e := range s.Certificate.Extensions {
		if extensionOf(e.Id) == kind {
			return e.Value, e.Critical, true
		}
	}
	return nil, false, false
}

// hasPurposes reports whether the extended key usages are exactly those: one known, or one that the parser has no name for.
func (s Subject) hasPurposes(known gm.ExtKeyUsage) bool {
	c := s.Certificate
	return len(c.ExtKeyUsage) == 1 && c.ExtKeyUsage[0] == known && len(c.UnknownExtKeyUsage) == 0
}

func (s Subject) signsTrustLists() bool {
	c := s.Certificate
	return len(c.ExtKeyUsage) == 0 && len(c.UnknownExtKeyUsage) == 1 && c.UnknownExtKeyUsage[0].Equal(der.TrustListSigning)
}
