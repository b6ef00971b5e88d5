package ca

import (
	"context"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"

	"yinzheng/internal/gm"
	"yinzheng/internal/keys"
)

// The identities of a region, by the name of their files and keys. A later generation has "-2", "-3", … after it.
const (
	roleRoot           = "root"
	roleAuthority      = "authority"
	roleSealMaker      = "seal-maker"
	roleTimestamper    = "timestamper"
	roleLedger         = "ledger"
	roleTrustList      = "trust-list"
	roleOCSP           = "ocsp"
	roleTLSRoot        = "tls-root"
	roleTLS            = "tls"
	roleTLSOCSP        = "tls-ocsp"
	roleTLSTimestamper = "tls-timestamper"
	roleLog            = "log" // Ed25519, no certificate: signs the checkpoints of the transparency log
)

// maxGenerations bounds the generations of one role: one a year for longer than a root lives.
const maxGenerations = 64

// role is one identity of a region.
type role struct {
	name, profile string
	title         string // the end of its common name
	issuer        string // role that signs it; "" for itself
	algorithm     keys.Algorithm
}

// offline reports whether a role's certificate comes from a ceremony, not from us.
func (r role) offline() bool {
	return r.issuer == "" || r.issuer == roleRoot || r.issuer == roleTLSRoot
}

// isRoot reports whether a role signs itself: its key is never here.
func (r role) isRoot() bool { return r.issuer == "" }

// roles lists the identities in the order in which they are certified.
func roles() []role {
	return []role{
		{roleRoot, ProfileRoot, "电子证照根CA", "", keys.SM2},
		{roleAuthority, ProfileAuthority, "电子证照签发CA", roleRoot, keys.SM2},
		{roleSealMaker, ProfileSealMaker, "统一电子印章制作系统", roleAuthority, keys.SM2},
		{roleTimestamper, ProfileTimestamp, "时间戳服务", roleAuthority, keys.SM2},
		{roleLedger, ProfileLedger, "存证账本", roleAuthority, keys.SM2},
		{roleTrustList, ProfileTrustList, "信任列表", roleAuthority, keys.SM2},
		{roleOCSP, ProfileOCSP, "证书状态服务", roleAuthority, keys.SM2},
		{roleTLSRoot, ProfileTLSRoot, "TLS根CA", "", keys.P256},
		{roleTLS, ProfileTLSCA, "TLS CA", roleTLSRoot, keys.P256},
		{roleTLSOCSP, ProfileTLSOCSP, "TLS证书状态服务", roleTLS, keys.P256},
		{roleTLSTimestamper, ProfileTLSTimestamp, "时间戳服务（ECDSA）", roleTLS, keys.P256},
	}
}

// roleOf finds a role by name.
func roleOf(name string) (role, bool) {
	i := slices.IndexFunc(roles(), func(r role) bool { return r.name == name })
	if i < 0 {
		return role{}, false
	}
	return roles()[i], true
}

// generation names the n-th generation of a role, counted from 1.
func generation(role string, n int) string {
	if n == 1 {
		return role
	}
	return role + "-" + strconv.Itoa(n)
}

// subject is the name in the certificates of a role; every generation has the same.
func (a about) subject(r role) pkix.Name {
	return pkix.Name{
		Country:            []string{"CN"},
		Organization:       []string{a.Name},
		OrganizationalUnit: []string{r.profile},
		CommonName:         a.Name + r.title,
	}
}

// current returns the newest generation that is valid now; the newest at all if none is.
func (r *Region) current(role string) Identity {
	r.mu.RLock()
	defer r.mu.RUnlock()
	ids, now := r.identities[role], r.c.Now()
	for i := len(ids) - 1; i >= 0; i-- {
		if !now.Before(ids[i].cert.NotBefore) && now.Before(ids[i].cert.NotAfter) {
			return ids[i]
		}
	}
	if len(ids) == 0 {
		return Identity{Name: role}
	}
	return ids[len(ids)-1]
}

// load reads every generation of every role, checking that each key belongs to its certificate and each certificate to
// its issuer. A role without a certificate is ErrIncomplete.
func (r *Region) load(ctx context.Context) error {
	found := map[string][]Identity{}
	for _, role := range roles() {
		for n := 1; n <= maxGenerations; n++ {
			id, err := r.adopt(ctx, role, generation(role.name, n), found[role.issuer])
			if errors.Is(err, fs.ErrNotExist) {
				break
			}
			if err != nil {
				return err
			}
			found[role.name] = append(found[role.name], id)
		}
		if len(found[role.name]) == 0 {
			return fmt.Errorf("%w: no certificate of %s", ErrIncomplete, role.name)
		}
	}
	crossed, err := r.readCrossed(found[roleRoot])
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.identities, r.crossed = found, crossed
	return nil
}

// adopt takes in one identity; fs.ErrNotExist when there is no certificate.
func (r *Region) adopt(ctx context.Context, role role, name string, issuers []Identity) (Identity, error) {
	der, err := readCert(filepath.Join(r.c.Dir, certsDir, name+certSuffix))
	if err != nil {
		return Identity{}, err
	}
	cert, err := gm.ParseCertificate(der)
	if err != nil {
		return Identity{}, fmt.Errorf("reading the certificate of %s: %w", name, err)
	}
	id := Identity{Name: name, Certificate: der, cert: cert}
	if role.isRoot() {
		issuers = []Identity{id}
	} else {
		id.Key, err = r.c.Keys.Signer(ctx, name)
		if errors.Is(err, keys.ErrNoKey) {
			return id, fmt.Errorf("%w: no key of %s", ErrIncomplete, name)
		}
		if err != nil && !errors.Is(err, keys.ErrState) { // a retired generation has no signer; its certificate stays
			return id, fmt.Errorf("opening the key of %s: %w", name, err)
		}
		if id.Key != nil && !matches(id.Key, cert.PublicKey) {
			return id, fmt.Errorf("%w: %s", ErrMismatch, name)
		}
	}
	for _, issuer := range issuers {
		if checkIssued(cert, issuer.cert) == nil {
			return id, nil
		}
	}
	return id, fmt.Errorf("%w: certificate of %s is not signed by %s", ErrMismatch, name, role.issuer)
}

// checkIssued checks a certificate of either hierarchy against its issuer's.
func checkIssued(cert, issuer *gm.Certificate) error {
	if gm.IsSM2(issuer.PublicKey) {
		return gm.CheckIssued(cert, issuer)
	}
	return cert.CheckSignatureFrom(issuer)
}
