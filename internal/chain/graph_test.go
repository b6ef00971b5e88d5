package chain_test

import (
	"slices"
	"testing"
	"time"

	"yinzheng/internal/chain"
	"yinzheng/internal/gm"
)

func TestLoops(t *testing.T) {
	prove(t, []claim{
		{"two CAs that certify each other lead nowhere", func(s *scene) {
			a, b := s.self("A"), s.self("B")
			s.cross(a, b)
			s.cross(b, a)
			s.end(a)
		}, chain.WhyLoop},
		{"three CAs in a circle lead nowhere", func(s *scene) {
			a, b, c := s.self("A"), s.self("B"), s.self("C")
			s.cross(a, b)
			s.cross(b, c)
			s.cross(c, a)
			s.end(a)
		}, chain.WhyLoop},
		{"circle with a way out is valid", func(s *scene) {
			a, b := s.self("A"), s.self("B")
			s.cross(a, b)
			s.cross(b, a)
			s.cross(s.root, b)
			s.end(a)
		}, ""},
		{"self-signed CA that is no root leads nowhere", func(s *scene) {
			a := s.self("A")
			s.others = append(s.others, a.cert)
			s.end(a)
		}, chain.WhyIssuer},
		{"CA that certifies its own key again and again leads nowhere", func(s *scene) {
			a := s.self("A")
			s.cross(a, a)
			s.cross(a, a)
			s.end(a)
		}, chain.WhyLoop},
		{"two keys of one name that certify each other lead nowhere", func(s *scene) {
			a, b := s.self("A"), s.self("A")
			s.cross(a, b)
			s.cross(b, a)
			s.end(a)
		}, chain.WhyLoop},
		{"leaf with the name and the key of its issuer is a circle", func(s *scene) {
			ca := s.ca(s.root, "CA")
			s.end(ca, subject(ca.cert.Subject), keyOf(ca))
		}, chain.WhyLoop},
		{"root that is certified by its own CA is still the root", func(s *scene) {
			ca := s.ca(s.root, "CA")
			s.cross(ca, s.root)
			s.end(ca)
		}, ""},
	})
}

// abroad makes another region: its root, which is not ours, and its issuing CA in the pool.
func (s *scene) abroad(changes ...change) (root, ca party) {
	s.t.Helper()
	root = s.self("Region B")
	return root, s.ca(root, "CA of B", changes...)
}

func TestCrossCertificates(t *testing.T) {
	expired := between(from, now.Add(-time.Hour))
	prove(t, []claim{
		{"leaf of another region is valid through a cross-certificate", func(s *scene) {
			root, ca := s.abroad(pathLen(0))
			s.cross(s.root, root, pathLen(1))
			s.end(ca)
		}, ""},
		{"leaf of another region without a cross-certificate leads nowhere", func(s *scene) {
			_, ca := s.abroad()
			s.end(ca)
		}, chain.WhyIssuer},
		{"cross-certificate of path length 0 lets the other region's issuing CA not through", func(s *scene) {
			root, ca := s.abroad()
			s.cross(s.root, root, pathLen(0))
			s.end(ca)
		}, chain.WhyPath},
		{"cross-certificate of path length 0 for the issuing CA itself is enough", func(s *scene) {
			_, ca := s.abroad()
			s.cross(s.root, ca, pathLen(0))
			s.end(ca)
		}, ""},
		{"cross-certificate lets through the names that it permits", func(s *scene) {
			root := s.self("", subject(named("Hainan", "Root")))
			s.cross(s.root, root, permit(directory("Hainan")))
			s.end(s.ca(root, "", subject(named("Hainan", "CA"))), subject(named("Hainan", "Market")))
		}, ""},
		{"cross-certificate stops a name that it does not permit", func(s *scene) {
			root := s.self("", subject(named("Hainan", "Root")))
			s.cross(s.root, root, permit(directory("Hainan")))
			s.end(s.ca(root, "", subject(named("Hainan", "CA"))), subject(named("Guangxi", "Market")))
		}, chain.WhyNames},
		{"expired cross-certificate is refused", func(s *scene) {
			root, ca := s.abroad()
			s.cross(s.root, root, expired)
			s.end(ca)
		}, chain.WhyIssuerTime},
		{"expired cross-certificate beside a renewed one does no harm", func(s *scene) {
			root, ca := s.abroad()
			s.cross(s.root, root, expired)
			s.cross(s.root, root)
			s.end(ca)
		}, ""},
		{"way that a constraint closes is left for one that is open", func(s *scene) {
			root, ca := s.abroad()
			bridge := s.ca(s.root, "Bridge")
			s.cross(s.root, root, permit(directory("Hainan")))
			s.cross(bridge, root)
			s.end(ca)
		}, ""},
		{"way back from a dead end two certificates deep is found", func(s *scene) {
			root, ca := s.abroad()
			closed, open := s.ca(s.root, "Closed", pathLen(0)), s.ca(s.root, "Open")
			s.cross(closed, root)
			s.cross(open, root)
			s.end(ca)
		}, ""},
		{"bridge between regions is valid", func(s *scene) {
			root, ca := s.abroad()
			bridge := s.self("Bridge")
			s.cross(s.root, bridge)
			s.cross(bridge, s.root)
			s.cross(bridge, root)
			s.cross(root, bridge)
			s.end(ca)
		}, ""},
		{"root that is not the one believed anchors nothing", func(s *scene) {
			root, ca := s.abroad()
			s.roots = append(s.roots, root.cert)
			s.o.Root = gm.Sum(s.root.cert.Raw)
			s.end(ca)
		}, chain.WhyIssuer},
		{"root that is not the one believed is reached through a cross-certificate", func(s *scene) {
			root, ca := s.abroad()
			s.roots = append(s.roots, root.cert)
			s.cross(s.root, root)
			s.o.Root = gm.Sum(s.root.cert.Raw)
			s.end(ca)
		}, ""},
	})
}

func TestCrossCertificateIsNotTakenWhereTheRegionsOwnRootIsBelieved(t *testing.T) {
	s := newScene(t)
	root, ca := s.abroad()
	s.cross(s.root, root)
	s.roots = append(s.roots, root.cert)
	s.end(ca)
	path, err := s.pool().Build(s.leaf, s.o)
	if err != nil || len(path) != 3 || path[2] != root.cert {
		t.Errorf("got a path of %d, %v; want leaf, CA and root of its region", len(path), err)
	}
}

func TestShortestWayIsTakenAmongRegionsThatAllCertifyEachOther(t *testing.T) {
	s := newScene(t)
	regions := []party{s.root}
	for range 6 {
		regions = append(regions, s.self("Region "+string(rune('A'+len(regions)))))
	}
	for _, a := range regions {
		for _, b := range regions[1:] {
			s.cross(a, b)
		}
	}
	slices.Reverse(s.others)
	s.end(s.ca(regions[6], "CA"))
	path, err := s.pool().Build(s.leaf, s.o)
	if err != nil || len(path) != 4 {
		t.Errorf("got a path of %d, %v; want leaf, CA, cross-certificate, root", len(path), err)
	}
}

// revoking answers that these certificates are revoked.
func revoking(s *scene, revoked ...party) {
	s.o.Revoked = func(c, issuer *gm.Certificate) string {
		if gm.CheckIssued(c, issuer) != nil {
			s.t.Errorf("asked about %s under %s, who did not issue it", chain.Name(c), chain.Name(issuer))
		}
		if slices.ContainsFunc(revoked, func(p party) bool { return p.cert == c }) {
			return chain.WhyRevoked
		}
		return ""
	}
}

func TestRevocation(t *testing.T) {
	prove(t, []claim{
		{"revoked intermediate is refused", func(s *scene) {
			ca := s.ca(s.root, "CA")
			s.end(ca)
			revoking(s, ca)
		}, chain.WhyRevoked},
		{"revoked CA above the issuing CA is refused", func(s *scene) {
			ca := s.ca(s.root, "CA")
			s.end(s.ca(ca, "Sub"))
			revoking(s, ca)
		}, chain.WhyRevoked},
		{"nothing revoked is valid", func(s *scene) {
			s.end(s.ca(s.root, "CA"))
			revoking(s)
		}, ""},
		{"nobody but who believes in a root speaks about it", func(s *scene) {
			s.end(s.ca(s.root, "CA"))
			revoking(s, s.root)
		}, ""},
		{"revoked leaf is refused", func(s *scene) {
			s.end(s.ca(s.root, "CA"))
			revoking(s, party{cert: s.leaf})
		}, chain.WhyRevoked},
		{"leaf's revocation may be left to the caller", func(s *scene) {
			s.end(s.ca(s.root, "CA"))
			s.o.LeafApart = true
			revoking(s, party{cert: s.leaf})
		}, ""},
		{"revoked cross-certificate is refused", func(s *scene) {
			root, ca := s.abroad()
			cross := s.cross(s.root, root)
			s.end(ca)
			revoking(s, cross)
		}, chain.WhyRevoked},
		{"revoked cross-certificate beside another one does no harm", func(s *scene) {
			root, ca := s.abroad()
			cross := s.cross(s.root, root)
			s.cross(s.root, root)
			s.end(ca)
			revoking(s, cross)
		}, ""},
		{"revoked CA whose key another CA certifies too is valid through that one", func(s *scene) {
			ca := s.ca(s.root, "CA")
			s.cross(s.ca(s.root, "Other"), ca)
			s.end(ca)
			revoking(s, ca)
		}, ""},
	})
}

func TestRevocationMayGiveReasonsOfItsOwn(t *testing.T) {
	s := newScene(t)
	s.end(s.ca(s.root, "CA"))
	s.o.Revoked = func(c, _ *gm.Certificate) string {
		if c == s.leaf {
			return ""
		}
		return "no_list"
	}
	_, err := s.pool().Build(s.leaf, s.o)
	if want := (&chain.Error{Why: "no_list", Name: "CA"}); err == nil || err.Error() != want.Error() {
		t.Errorf("got %v, want %v", err, want)
	}
}

func TestKeyRollover(t *testing.T) {
	prove(t, []claim{
		{"leaf under the new key is valid through the old root", func(s *scene) {
			renewed := s.self("Root")
			s.cross(s.root, renewed)
			s.end(renewed)
		}, ""},
		{"leaf under the old key is valid through the new root", func(s *scene) {
			renewed := s.self("Root")
			s.cross(renewed, s.root)
			s.roots = []*gm.Certificate{renewed.cert}
			s.end(s.root)
		}, ""},
		{"leaf under the new key leads nowhere without a link certificate", func(s *scene) {
			s.end(s.self("Root"))
		}, chain.WhyIssuer},
		{"issuing CA with two keys issues with both", func(s *scene) {
			s.ca(s.root, "CA")
			s.end(s.ca(s.root, "CA"))
		}, ""},
		{"issuing CA with two keys is told apart by signature where both claim one identifier", func(s *scene) {
			same := func(d *draft) { d.SubjectKeyId = []byte{7, 7} }
			s.ca(s.root, "CA", same)
			s.end(s.ca(s.root, "CA", same))
		}, ""},
		{"revoked old key leaves the new one valid", func(s *scene) {
			old := s.ca(s.root, "CA")
			s.end(s.ca(s.root, "CA"))
			revoking(s, old)
		}, ""},
		{"revoked new key is not saved by the old one", func(s *scene) {
			s.ca(s.root, "CA")
			renewed := s.ca(s.root, "CA")
			s.end(renewed)
			revoking(s, renewed)
		}, chain.WhyRevoked},
		{"link certificates do not count for the path length", func(s *scene) {
			ca := s.ca(s.root, "CA", pathLen(0))
			second := s.ca(ca, "CA", pathLen(0))
			s.end(s.ca(second, "CA", pathLen(0)))
		}, ""},
	})
}
