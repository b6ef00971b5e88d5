package verify

import (
	"slices"
	"time"

	"yinzheng/internal/chain"
	"yinzheng/internal/gm"
	"yinzheng/internal/ocsp"
)

// paths are the certificates and statements that a document carries, read once for each judgement. They anchor nothing: a
// path made of them must end in a root that is believed, and a statement counts only under its issuer's key.
type paths struct {
	certificates []*gm.Certificate
	crls, ocsps  [][]byte
	pools        map[bool]*chain.Pool              // by whether for SM2
	told         map[[2]*gm.Certificate]revocation // certificate, issuer: what was found
}

// maxCarried bounds what is read of each kind: a signature with its timestamps needs a dozen.
const maxCarried = 128

// carried is what the document carries for the signature in turn: its security store, and what is in the signature itself.
// What cannot be read is left out: it is no evidence for anything.
func (j *judgement) carried() *paths {
	if j.store == nil {
		j.store = &paths{pools: map[bool]*chain.Pool{}, told: map[[2]*gm.Certificate]revocation{}}
		if d := j.e.Document; d != nil && d.DSS != nil {
			j.store.add(d.DSS.Certificates, d.DSS.CRLs, d.DSS.OCSPs)
		}
	}
	if j.s == nil || j.s.cms == nil && (j.s.token == nil || len(j.s.token.Certificates) < 2) {
		return j.store
	}
	if j.s.carried == nil {
		p := &paths{
			certificates: slices.Clip(j.store.certificates), crls: slices.Clip(j.store.crls), ocsps: slices.Clip(j.store.ocsps),
			pools: map[bool]*chain.Pool{}, told: map[[2]*gm.Certificate]revocation{},
		}
		if j.s.cms != nil {
			p.add(j.s.cms.Certificates, j.s.cms.CRLs, j.s.cms.OCSPs)
		}
		if j.s.token != nil {
			p.add(j.s.token.Certificates, nil, nil)
		}
		j.s.carried = p
	}
	return j.s.carried
}

func (p *paths) add(certificates, crls, ocsps [][]byte) {
	for _, b := range certificates {
		if len(p.certificates) == maxCarried {
			break
		}
		if c, err := parseLenient(b); err == nil {
			p.certificates = append(p.certificates, c.cert)
		}
	}
	p.crls = append(p.crls, crls[:min(len(crls), maxCarried-len(p.crls))]...)
	p.ocsps = append(p.ocsps, ocsps[:min(len(ocsps), maxCarried-len(p.ocsps))]...)
}

// isSM2 reports whether a certificate was signed with SM2: then its root is one of the trust file's, and the pinned one if
// there is a pin. Any other is believed under the roots of the trust file that are not SM2, for which the file's signer
// vouches, and under those that the reader added.
func isSM2(c *gm.Certificate) bool { return c.SignatureAlgorithm == gm.SM2WithSM3 }

// path finds a path from a certificate to a root that is believed for SM2, or for the other algorithms; what the document
// carries helps.
func (j *judgement) path(c *gm.Certificate, when moment, sm2 bool) ([]*gm.Certificate, error) {
	carried := j.carried()
	if sm2 && len(carried.certificates) == 0 {
		return j.trust.path(c, when, j.policy.Root)
	}
	pool := carried.pools[sm2]
	if pool == nil {
		pool = chain.New(j.rootsFor(sm2), slices.Concat(j.trust.authorities, carried.certificates), nil)
		carried.pools[sm2] = pool
	}
	o := chain.Options{At: when.at, LeafApart: true, Revoked: func(c, issuer *gm.Certificate) string {
		r := j.trust.revokedBy(c, issuer).or(carried.statement(c, issuer))
		return r.why(when)
	}}
	if sm2 {
		o.Root = j.policy.Root
	} else {
		o = foreign(o)
	}
	return pool.Build(c, o)
}

func (j *judgement) rootsFor(sm2 bool) []*gm.Certificate {
	var roots []*gm.Certificate
	for _, c := range j.trust.roots {
		if gm.IsSM2(c.PublicKey) == sm2 {
			roots = append(roots, c)
		}
	}
	if !sm2 {
		roots = append(roots, j.policy.Anchors.list()...)
	}
	return roots
}

// authority finds the path of a timestamp's signer, or returns nil and how the row ends. One that the trust file lists is
// believed under its roots, any other under a root that the reader added.
func (j *judgement) authority(signer *gm.Certificate, at time.Time, params []string) ([]*gm.Certificate, ending) {
	cert := listed(j.trust.timestampers, signer)
	switch {
	case cert != nil && isSM2(cert):
		path, err := j.trust.path(cert, moment{at, at}, j.policy.Root)
		if err != nil {
			return nil, pathEnding(err)
		}
		return path, pass(params...)
	case cert != nil:
		path, err := j.path(cert, moment{at, at}, false)
		if err != nil {
			return nil, pathEnding(err)
		}
		return path, pass(params...)
	}
	if path, err := j.path(signer, moment{at, at}, false); err == nil && j.policy.Anchors.holds(path) {
		return path, ending{Pass, "anchored", pairs(params)}
	}
	return nil, unknown("unlisted", params...)
}

// revocation is what is known about a certificate: from the trust file, and from what the document carries when its issuer
// is known by a path.
func (j *judgement) revocation(c *gm.Certificate, path []*gm.Certificate) revocation {
	r := j.trust.revocation(c)
	if len(path) > 1 && path[0].Equal(c) {
		r = r.or(j.carried().statement(c, path[1]))
	}
	return r
}

// statement is the best of what the document carries about a certificate, under its issuer's key.
func (p *paths) statement(c, issuer *gm.Certificate) revocation {
	pair := [2]*gm.Certificate{c, issuer}
	if r, found := p.told[pair]; found {
		return r
	}
	var r revocation
	for _, list := range p.crls {
		if s, err := ocsp.JudgeCRL(list, c, issuer); err == nil {
			r = r.or(toldBy(s))
		}
	}
	for _, answer := range p.ocsps {
		if s, err := ocsp.Judge(answer, c, issuer); err == nil {
			r = r.or(toldBy(s))
		}
	}
	p.told[pair] = r
	return r
}

func toldBy(s ocsp.Statement) revocation {
	return revocation{known: s.Status != ocsp.Unknown, revoked: s.Status == ocsp.Revoked, at: s.RevokedAt, updated: s.ThisUpdate, next: s.NextUpdate}
}

// or joins two statements: a revocation counts whoever tells of it, the earliest; else the newest is the best.
func (r revocation) or(o revocation) revocation {
	switch {
	case !o.known:
		return r
	case !r.known:
		return o
	case r.revoked && o.revoked && o.at.Before(r.at), !r.revoked && o.revoked:
		return o
	case r.revoked:
		return r
	case o.updated.After(r.updated):
		return o
	}
	return r
}

// why is what a path search is told.
func (r revocation) why(when moment) string {
	switch {
	case r.revoked && !r.at.After(when.at):
		return chain.WhyRevoked
	case r.revoked && (when.proved.IsZero() || !r.at.After(when.proved)):
		return whyIssuerLater
	}
	return ""
}

// foreign are options that believe other algorithms than SM2.
func foreign(o chain.Options) chain.Options {
	o.Foreign = true
	return o
}
