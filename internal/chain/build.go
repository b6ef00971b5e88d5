package chain

import (
	"bytes"
	"slices"

	"yinzheng/internal/gm"
)

// Build returns a path from leaf (first) to a root of the pool (last), or an *Error with the most telling reason why there
// is none. Of every issuer it checks: its key signed the certificate below, names and key identifiers chain, validity,
// version, basicConstraints, keyUsage, path length, name constraints, critical extensions, revocation; of the leaf: its
// names, its critical extensions and, unless LeafApart, its validity and revocation. What the leaf's key may be used for is
// for the caller.
func (p *Pool) Build(leaf *gm.Certificate, o Options) ([]*gm.Certificate, error) {
	s := search{pool: p, o: o}
	path := s.run(p.member(leaf))
	switch {
	case path != nil:
		certs := make([]*gm.Certificate, len(path))
		for i, m := range path {
			certs[i] = m.cert
		}
		return certs, nil
	case s.exhausted():
		return nil, &Error{Why: WhyWork, Name: Name(leaf)}
	}
	return nil, s.best
}

// search is the state of one Build.
type search struct {
	pool        *Pool
	o           Options
	steps       int
	signatures  int
	comparisons int
	best        *Error
}

func (s *search) run(leaf *member) []*member {
	switch {
	case leaf.unknown != "":
		s.fail(WhyExtension, leaf, leaf.unknown)
		return nil
	case !s.o.LeafApart && !Valid(leaf.cert, s.o.At):
		s.fail(WhyTime, leaf, "")
		return nil
	}
	return s.extend([]*member{leaf})
}

func (s *search) exhausted() bool {
	return s.steps > MaxSteps || s.signatures > MaxSignatures || s.comparisons > MaxComparisons
}

// fail keeps the most telling reason; it returns false.
func (s *search) fail(why string, m *member, detail string) bool {
	s.note(&Error{Why: why, Name: Name(m.cert), Detail: detail})
	return false
}

func (s *search) note(e *Error) {
	if s.best == nil || rank(e.Why) > rank(s.best.Why) {
		s.best = e
	}
}

// anchors reports whether a path may end in m.
func (s *search) anchors(m *member) bool {
	return m.root && (s.o.Root.IsZero() || m.digest == s.o.Root)
}

// extend carries a path, all of whose links hold, on to a root, depth first; nil when nothing leads there or the work is
// used up. The depth is at most MaxPath.
func (s *search) extend(path []*member) []*member {
	last := path[len(path)-1]
	if len(path) > 1 && s.anchors(last) {
		return path
	}
	tried, circle := false, false
	for _, issuer := range s.pool.bySubject[string(last.cert.RawIssuer)] {
		if s.exhausted() {
			return nil
		}
		s.steps++
		if !keyFits(last.cert, issuer.cert) || bytes.Equal(issuer.cert.Raw, last.cert.Raw) || issuer.root && !s.anchors(issuer) {
			continue // a root that is not the one believed anchors nothing
		}
		if slices.ContainsFunc(path, func(m *member) bool { return m.identity == issuer.identity }) {
			circle = true
			continue
		}
		tried = true
		if !s.link(path, issuer) {
			continue
		}
		if whole := s.extend(append(slices.Clip(path), issuer)); whole != nil {
			return whole
		}
	}
	switch {
	case tried:
	case circle:
		s.fail(WhyLoop, last, "")
	default:
		s.note(&Error{Why: WhyIssuer, Name: last.cert.Issuer.String()})
	}
	return nil
}

// keyFits reports whether the key identifiers do not rule out that issuer's key signed c (RFC 5280, 4.2.1.1).
func keyFits(c, issuer *gm.Certificate) bool {
	return len(c.AuthorityKeyId) == 0 || bytes.Equal(c.AuthorityKeyId, issuer.SubjectKeyId)
}

// link reports whether issuer may stand above the last certificate of a path. The signature comes first: an issuer that did
// not sign says nothing about why there is no path.
func (s *search) link(path []*member, issuer *member) bool {
	last := path[len(path)-1]
	if !issuer.sm2 && !s.o.P256 && !s.o.Foreign {
		return s.fail(WhyAlgorithm, issuer, "")
	}
	if ours := issuer.sm2 || issuer.p256 && last.cert.SignatureAlgorithm == gm.ECDSAWithSHA256; !ours && !s.o.Foreign {
		return s.fail(WhyAlgorithm, issuer, "")
	}
	if weak := issuer.weak; weak != "" {
		return s.fail(WhyAlgorithm, issuer, weak)
	}
	why, fresh := s.pool.signed(last, issuer)
	if fresh {
		s.signatures++
	}
	switch {
	case why == WhyAlgorithm:
		return s.fail(why, last, last.cert.SignatureAlgorithm.String())
	case why != "":
		return s.fail(why, issuer, "")
	case issuer.flaw != "":
		return s.fail(issuer.flaw, issuer, issuer.unknown)
	case !Valid(issuer.cert, s.o.At):
		return s.fail(WhyIssuerTime, issuer, "")
	case issuer.limited && below(path) > issuer.cert.MaxPathLen, len(path) == s.o.maxLength():
		return s.fail(WhyPath, issuer, "")
	}
	if s.o.Revoked != nil && (len(path) > 1 || !s.o.LeafApart) {
		if why := s.o.Revoked(last.cert, issuer.cert); why != "" {
			return s.fail(why, last, "")
		}
	}
	return s.namesAllowed(path, issuer)
}

// below counts the intermediate CAs of a path that begins with a leaf; self-issued ones do not count (RFC 5280, 4.2.1.9).
func below(path []*member) int {
	n := 0
	for _, m := range path[1:] {
		if !m.selfIssued {
			n++
		}
	}
	return n
}

// namesAllowed reports whether issuer's name constraints let every certificate below it pass. A self-issued one passes
// unless it is the leaf (RFC 5280, 6.1.3 b and c). Holding each certificate against the constraints of each CA above it is
// the same as intersecting the constraints on the way down.
func (s *search) namesAllowed(path []*member, issuer *member) bool {
	if issuer.constraints == nil {
		return true
	}
	for i, m := range path {
		if i > 0 && m.selfIssued {
			continue
		}
		if refused := issuer.constraints.refuse(m, &s.comparisons); refused != "" {
			return s.fail(WhyNames, issuer, refused)
		}
	}
	return true
}
