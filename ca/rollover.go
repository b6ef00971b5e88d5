package ca

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"yinzheng/internal/durable"
	"yinzheng/internal/gm"
	"yinzheng/internal/keys"
)

// renewAhead is how long before its end a service of ours gets its next certificate: months for those that live ten years,
// and a quarter of its life for one that lives one.
const renewAhead = 90 * 24 * time.Hour

// RequestAuthority makes the key of the next generation of an issuing CA ("authority" or "tls") and its request for a
// ceremony. As long as that request is open, the same one is returned.
func (r *Region) RequestAuthority(ctx context.Context, name string) (CARequest, error) {
	role, known := roleOf(name)
	if !known || role.isRoot() || !role.offline() {
		return CARequest{}, fmt.Errorf("requesting a certificate: %w: %q is no issuing CA", ErrConstraint, name)
	}
	r.renewing.Lock()
	defer r.renewing.Unlock()
	r.mu.RLock()
	next := generation(role.name, len(r.identities[role.name])+1)
	r.mu.RUnlock()
	_, err := r.c.Keys.Create(ctx, keys.Spec{ID: next, Algorithm: role.algorithm, Use: keys.Use(role.profile)})
	if err != nil && !errors.Is(err, keys.ErrExists) {
		return CARequest{}, fmt.Errorf("making the key of %s: %w", next, err)
	}
	return r.csrOf(ctx, role, next)
}

// Import takes in what a ceremony signed: a later generation of a root or of an issuing CA, or a cross-certificate (name
// "cross"). It is checked against our roots and its key, written, and used from now on: the newest valid issuing CA issues,
// the older ones stay in the trust list and go on signing their own revocation lists. The same certificate again is no
// error.
func (r *Region) Import(ctx context.Context, name string, certificate []byte) (string, error) {
	der, err := DecodeCertificate(certificate)
	if err != nil {
		return "", fmt.Errorf("importing %s: %w", name, err)
	}
	r.renewing.Lock()
	defer r.renewing.Unlock()
	file, err := r.place(ctx, name, der)
	if err != nil {
		return "", fmt.Errorf("importing %s: %w", name, err)
	}
	if err := durable.CreateFile(r.path(certsDir, file, certSuffix), PEM(der), certMode); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("importing %s: %w", name, err)
	}
	return file, r.load(ctx)
}

// place finds the name under which a certificate belongs, having checked that it does.
func (r *Region) place(ctx context.Context, name string, der []byte) (string, error) {
	r.mu.RLock()
	roots, crossed, mine := r.identities[roleRoot], r.crossed, r.identities[name]
	r.mu.RUnlock()
	if name == "cross" {
		mine = crossed
	}
	for _, id := range mine {
		if bytes.Equal(id.Certificate, der) {
			return id.Name, nil
		}
	}
	file := generation(name, len(mine)+1)
	if name == "cross" {
		_, err := crossIdentity(file, der, roots)
		return file, err
	}
	role, known := roleOf(name)
	if !known || !role.offline() {
		return "", fmt.Errorf("%w: %q is not certified by a ceremony", ErrConstraint, name)
	}
	cert, err := gm.ParseCertificate(der)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrMismatch, err)
	}
	if !role.isRoot() {
		key, err := r.c.Keys.Signer(ctx, file)
		if err != nil {
			return "", fmt.Errorf("opening the key of %s: %w", file, err)
		}
		if !matches(key, cert.PublicKey) {
			return "", fmt.Errorf("%w: %s", ErrMismatch, file)
		}
	}
	issuers := []Identity{{cert: cert}} // two people vouch for a new root; verifiers will want to compare it for themselves
	if role.isRoot() && cert.Subject.String() != r.about.subject(role).String() {
		return "", fmt.Errorf("%w: a root of %s", ErrMismatch, cert.Subject)
	}
	if !role.isRoot() {
		r.mu.RLock()
		issuers = r.identities[role.issuer]
		r.mu.RUnlock()
	}
	for _, issuer := range issuers {
		if checkIssued(cert, issuer.cert) == nil {
			return file, nil
		}
	}
	return "", fmt.Errorf("%w: not signed by a root of ours", ErrMismatch)
}

// Renew gives every service of ours whose certificate ends soon, or whose issuing CA is not the present one any more, the
// next generation: a new key and a new certificate. Force renews the named role whatever its age. It returns what was made.
func (r *Region) Renew(ctx context.Context, force string) (made []string, err error) {
	if role, known := roleOf(force); force != "" && (!known || role.offline()) {
		return nil, fmt.Errorf("renewing: %w: %q is no service of ours", ErrConstraint, force)
	}
	r.renewing.Lock()
	defer r.renewing.Unlock()
	for _, role := range roles() {
		if role.offline() {
			continue
		}
		due, err := r.due(ctx, role)
		if err != nil {
			return made, fmt.Errorf("renewing %s: %w", role.name, err)
		}
		if role.name != force && !due {
			continue
		}
		r.mu.RLock()
		next := generation(role.name, len(r.identities[role.name])+1)
		r.mu.RUnlock()
		_, err = r.c.Keys.Create(ctx, keys.Spec{ID: next, Algorithm: role.algorithm, Use: keys.Use(role.profile)})
		if err != nil && !errors.Is(err, keys.ErrExists) {
			return made, fmt.Errorf("renewing %s: %w", role.name, err)
		}
		if err := r.certify(ctx, role, next); err != nil {
			return made, fmt.Errorf("renewing %s: %w", role.name, err)
		}
		made = append(made, next)
	}
	if len(made) == 0 {
		return nil, nil
	}
	return made, r.load(ctx)
}

// due reports whether a role's present certificate ends soon while its issuing CA would give a longer one, whether that CA has
// been followed by another, or whether the certificate was revoked.
func (r *Region) due(ctx context.Context, role role) (bool, error) {
	id, issuer := r.current(role.name), r.current(role.issuer)
	if id.cert == nil || issuer.cert == nil {
		return false, nil
	}
	if !bytes.Equal(id.cert.AuthorityKeyId, issuer.cert.SubjectKeyId) {
		return true, nil
	}
	if r.c.Now().Add(renewAhead).After(id.cert.NotAfter) && issuer.cert.NotAfter.After(id.cert.NotAfter) {
		return true, nil
	}
	good, err := r.stillGood(ctx, id.cert.Raw)
	return !good, err
}
