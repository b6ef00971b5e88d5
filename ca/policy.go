package ca

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/cloudflare/cfssl/config"
	cflog "github.com/cloudflare/cfssl/log"
)

// The names of the profiles of policy.json. How long a certificate of each lives, and why:
//
//	root-ca, tls-root    20 years: outlives two generations of issuing CAs
//	issuing-ca, tls-ca   10 years: for its first five, an office's certificate gets its full five
//	cross-ca             10 years: as the other region's issuing CAs
//	seal-maker           10 years: a v4 seal fails once its maker's certificate has expired, so it lives as long as its issuer
//	timestamper          10 years: a token is read long after the signature it stamps
//	ledger               10 years: as the receipts it signs
//	trust-list           10 years: replaced with the issuing CA
//	ocsp-responder        1 year: nobody checks its revocation (id-pkix-ocsp-nocheck), so it is short
//	office-seal, dual-*   5 years: a seal ends with its certificate and is then remade
//	office-document       5 years: as the seal that it stands beside
//	tls-server, fabric-msp  1 year; tls-client  90 days: renewed by a program, so they can be short
//
// No certificate outlives its issuer: issuing cuts it there.
const (
	ProfileRoot       = "root-ca"
	ProfileAuthority  = "issuing-ca"
	ProfileCross      = "cross-ca"
	ProfileSealMaker  = "seal-maker"
	ProfileTimestamp  = "timestamper"
	ProfileLedger     = "ledger"
	ProfileTrustList  = "trust-list"
	ProfileOCSP       = "ocsp-responder"
	ProfileOfficeSeal = "office-seal"
	ProfileSign       = "dual-sign"
	ProfileEncrypt    = "dual-encrypt"

	ProfileTLSRoot      = "tls-root"
	ProfileTLSCA        = "tls-ca"
	ProfileTLSOCSP      = "tls-ocsp"
	ProfileTLSTimestamp = "tls-timestamper"
	ProfileDocument     = "office-document"
	ProfileTLSServer    = "tls-server"
	ProfileTLSClient    = "tls-client"
	ProfileFabricMSP    = "fabric-msp"
)

// ErrProfile means that the signing policy has no profile of that name. cfssl itself would fall back to "default"; ours
// has no usages, so that even then nothing is signed.
var ErrProfile = errors.New("ca: no such profile in the signing policy")

//go:embed policy.json
var policyJSON []byte

// policy parses the signing policy once; the cfssl objects are only read afterwards.
var policy = sync.OnceValues(func() (*config.Signing, error) {
	// cfssl logs to standard error as it goes; every error it logs it also returns.
	cflog.Level = cflog.LevelFatal
	c, err := config.LoadConfig(policyJSON)
	if err != nil {
		return nil, fmt.Errorf("ca: reading the signing policy: %w", err)
	}
	for name, p := range c.Signing.Profiles {
		if _, _, unknown := p.Usages(); len(unknown) > 0 {
			return nil, fmt.Errorf("ca: profile %s has unknown usages %q", name, unknown)
		}
		p.ClientProvidesSerialNumbers = true // the register knows a serial number before it is signed
	}
	return c.Signing, nil
})

// profile returns a profile by its exact name, or ErrProfile.
func profile(name string) (*config.Signing, *config.SigningProfile, error) {
	s, err := policy()
	if err != nil {
		return nil, nil, err
	}
	p, ok := s.Profiles[name]
	if !ok || p == nil {
		return nil, nil, fmt.Errorf("%w: %q", ErrProfile, name)
	}
	return s, p, nil
}

// addressed returns the policy with the addresses that the certificates of one authority carry.
func addressed(s *config.Signing, base, authority string) *config.Signing {
	out := &config.Signing{Default: s.Default, Profiles: map[string]*config.SigningProfile{}}
	for name, p := range s.Profiles {
		q := *p
		if base != "" && !p.OCSPNoCheck {
			q.OCSP, q.CRL = base+"/ocsp", base+"/crl/"+authority+".crl"
			q.IssuerURL = []string{base + "/ca/" + authority + ".cer"}
		}
		out.Profiles[name] = &q
	}
	return out
}

// OnECDSASide reports whether a profile is one of the ECDSA hierarchy.
func OnECDSASide(name string) bool {
	return slices.Contains([]string{
		ProfileTLSRoot, ProfileTLSCA, ProfileTLSOCSP, ProfileTLSTimestamp, ProfileDocument, ProfileTLSServer, ProfileTLSClient, ProfileFabricMSP,
	}, name)
}
