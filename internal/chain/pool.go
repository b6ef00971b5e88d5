package chain

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"errors"
	"slices"
	"sync"

	"yinzheng/internal/gm"
)

// Pool holds the CA certificates that paths are made of, and remembers which of their signatures verified. It may be used
// by several goroutines at once. Its certificates must not be changed.
type Pool struct {
	bySubject map[string][]*member        // raw subject: nearest to a root first
	known     map[*gm.Certificate]*member // by pointer: a certificate that is asked for again is found without reading it

	mu       sync.Mutex
	verified map[[2]*member]string // certificate, issuer: why its signature is not the issuer's, "" if it is
}

// New makes a pool. Roots anchor paths (Options.Root may narrow that); intermediates are all other CA certificates, among
// them cross-certificates; leaves are the certificates that will be asked for again and again, whose signatures are worth
// remembering. A certificate that is there twice counts once, as a root if it is one. Nothing is verified yet.
func New(roots, intermediates, leaves []*gm.Certificate) *Pool {
	p := &Pool{bySubject: map[string][]*member{}, known: map[*gm.Certificate]*member{}, verified: map[[2]*member]string{}}
	seen := map[string]*member{}
	var anchors []*member
	for i, list := range [][]*gm.Certificate{roots, intermediates, leaves} {
		for _, c := range list {
			if m := seen[string(c.Raw)]; m != nil {
				p.known[c] = m
				continue
			}
			m := newMember(c)
			p.known[c], seen[string(c.Raw)] = m, m
			if i == 0 {
				m.root, m.digest = true, gm.Sum(c.Raw)
				anchors = append(anchors, m)
			}
			if i < 2 {
				p.bySubject[string(c.RawSubject)] = append(p.bySubject[string(c.RawSubject)], m)
			}
		}
	}
	p.order(anchors)
	return p
}

// order puts the candidates of every name into the order in which they are tried: how many certificates are, by name, between
// them and a root. So the shortest path is usually found at once, however many cross-certificates there are.
func (p *Pool) order(anchors []*member) {
	const far = MaxPath + 1
	byIssuer := map[string][]*member{}
	for _, list := range p.bySubject {
		for _, m := range list {
			m.distance = far
			byIssuer[string(m.cert.RawIssuer)] = append(byIssuer[string(m.cert.RawIssuer)], m)
		}
	}
	for _, m := range anchors {
		m.distance = 0
	}
	for next := anchors; len(next) > 0; {
		m := next[0]
		next = next[1:]
		for _, below := range byIssuer[string(m.cert.RawSubject)] {
			if below.distance > m.distance+1 {
				below.distance = m.distance + 1
				next = append(next, below)
			}
		}
	}
	for _, list := range p.bySubject {
		slices.SortStableFunc(list, func(a, b *member) int { return a.distance - b.distance })
	}
}

// member returns what is known of a certificate, which need not be in the pool.
func (p *Pool) member(c *gm.Certificate) *member {
	if m := p.known[c]; m != nil {
		return m
	}
	return newMember(c)
}

// signed returns why c's signature is not issuer's; "" if it is. fresh reports that it had to be verified now.
func (p *Pool) signed(c, issuer *member) (why string, fresh bool) {
	pair, remember := [2]*member{c, issuer}, p.known[c.cert] == c
	if remember {
		p.mu.Lock()
		why, ok := p.verified[pair]
		p.mu.Unlock()
		if ok {
			return why, false
		}
	}
	why = checkSignature(c.cert, issuer)
	if remember {
		p.mu.Lock()
		p.verified[pair] = why
		p.mu.Unlock()
	}
	return why, true
}

// checkSignature verifies c's signature by issuer's key, with an algorithm that goes with that key.
func checkSignature(c *gm.Certificate, issuer *member) string {
	switch err := gm.CheckSignatureAny(issuer.cert.PublicKey, c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature); {
	case errors.Is(err, gm.ErrWeak), errors.Is(err, gm.ErrAlgorithm):
		return WhyAlgorithm
	case err != nil:
		return WhySignature
	}
	return ""
}

func isP256(c *gm.Certificate) bool {
	key, ok := c.PublicKey.(*ecdsa.PublicKey)
	return ok && key.Curve == elliptic.P256()
}
