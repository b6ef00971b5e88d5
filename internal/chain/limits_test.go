package chain_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"yinzheng/internal/chain"
	"yinzheng/internal/gm"
)

func TestManyIssuersOfOneNameCostABoundedNumberOfSignatureChecks(t *testing.T) {
	s := newScene(t)
	same := func(d *draft) { d.SubjectKeyId = []byte{7} }
	issuer := s.ca(s.root, "CA", same)
	key := sm2Key(t)
	s.others = nil
	for i := range 2 * chain.MaxSignatures {
		// Each of them could have signed, as far as can be told without trying.
		s.ca(s.root, "CA", withKey(key), same, between(from, to.AddDate(0, 0, i)))
	}
	s.end(issuer)
	found, work := s.pool().Measure(s.leaf, s.o)
	if found || work.Signatures != chain.MaxSignatures+1 {
		t.Errorf("found %v after %+v", found, work)
	}
	if _, err := s.pool().Build(s.leaf, s.o); why(err) != chain.WhyWork {
		t.Errorf("got %v, want %s", err, chain.WhyWork)
	}
}

// layers makes a pool in which every CA of a layer is certified by every CA of the next, and the last by nobody we know.
func layers(s *scene, width, depth int, changes ...change) {
	s.t.Helper()
	above := make([]party, width)
	for i := range above {
		above[i] = s.self(fmt.Sprintf("%d/%d", depth, i))
	}
	for d := depth - 1; d >= 0; d-- {
		layer := make([]party, width)
		for i := range layer {
			layer[i] = s.ca(above[0], fmt.Sprintf("%d/%d", d, i), changes...)
			for _, a := range above[1:] {
				s.cross(a, layer[i], changes...)
			}
		}
		above = layer
	}
	s.end(above[0])
}

func TestPoolWithABillionPathsIsGivenUpAfterABoundedNumberOfSteps(t *testing.T) {
	s := newScene(t)
	layers(s, 5, 7)
	pool := s.pool()
	var work chain.Work
	for range 4 { // the signatures that one search verified cost the next one nothing, so it goes further
		found, did := pool.Measure(s.leaf, s.o)
		if work = did; found || work.Steps > chain.MaxSteps+1 || work.Signatures > chain.MaxSignatures+1 {
			t.Errorf("found %v after %+v", found, work)
		}
	}
	if work.Steps != chain.MaxSteps+1 {
		t.Errorf("the last search ended after %+v", work)
	}
	if _, err := pool.Build(s.leaf, s.o); why(err) != chain.WhyWork {
		t.Errorf("got %v, want %s", err, chain.WhyWork)
	}
}

func TestManyNamesUnderManyConstraintsCostABoundedNumberOfComparisons(t *testing.T) {
	s := newScene(t)
	permitted := make([]general, 120)
	for i := range permitted {
		permitted[i] = dns(fmt.Sprintf("%d.cn", i))
	}
	names := make([]general, 120)
	for i := range names {
		names[i] = dns("119.cn")
	}
	layers(s, 3, 5, permit(permitted...), alternative(false, names...))
	found, work := s.pool().Measure(s.leaf, s.o)
	if found || work.Comparisons <= chain.MaxComparisons || work.Comparisons > chain.MaxComparisons+2*chain.MaxNames {
		t.Errorf("found %v after %+v", found, work)
	}
}

func TestOneSignatureALinkIsVerifiedAndNeverAgain(t *testing.T) {
	s := newScene(t)
	s.end(s.deep(s.root, 2))
	pool := chain.New(s.roots, s.others, []*gm.Certificate{s.leaf})
	for i, want := range []int{3, 0, 0} {
		if found, work := pool.Measure(s.leaf, s.o); !found || work.Signatures != want {
			t.Errorf("search %d: found %v after %d signatures, want %d", i, found, work.Signatures, want)
		}
	}
	stranger := parse(t, s.leaf.Raw)
	for i := range 2 {
		if found, work := pool.Measure(stranger, s.o); !found || work.Signatures != 0 && work.Signatures != 1 {
			t.Errorf("search %d: found %v after %d signatures, want at most the leaf's", i, found, work.Signatures)
		}
	}
}

func TestFailedSignatureIsRememberedAsFailed(t *testing.T) {
	s := newScene(t)
	s.end(s.ca(s.root, "CA"))
	s.others[0] = forged(t, s.others[0])
	pool := s.pool()
	for range 3 {
		if _, err := pool.Build(s.leaf, s.o); why(err) != chain.WhySignature {
			t.Fatalf("got %v, want %s", err, chain.WhySignature)
		}
	}
}

func TestPoolRemembersNothingThatDependsOnTheQuestion(t *testing.T) {
	s := newScene(t)
	ca := s.ca(s.root, "CA")
	s.end(ca)
	pool := chain.New(s.roots, s.others, []*gm.Certificate{s.leaf})
	ask := func(o chain.Options) string {
		_, err := pool.Build(s.leaf, o)
		return why(err)
	}
	revoked := chain.Options{At: now, Revoked: func(c, _ *gm.Certificate) string { return chain.WhyRevoked }, LeafApart: true}
	for _, c := range []struct {
		o    chain.Options
		want string
	}{
		{s.o, ""}, {chain.Options{At: to.AddDate(1, 0, 0)}, chain.WhyTime}, {s.o, ""}, {revoked, chain.WhyRevoked}, {s.o, ""},
		{chain.Options{At: now, Root: gm.Sum([]byte("another"))}, chain.WhyIssuer}, {s.o, ""}, {chain.Options{At: now, MaxLength: 2}, chain.WhyPath}, {s.o, ""},
	} {
		if got := ask(c.o); got != c.want {
			t.Errorf("%+v: got %q, want %q", c.o, got, c.want)
		}
	}
}

func TestPoolServesManyAtOnce(t *testing.T) {
	s := newScene(t)
	s.end(s.deep(s.root, 3))
	pool := chain.New(s.roots, s.others, []*gm.Certificate{s.leaf})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 10 {
				if _, err := pool.Build(s.leaf, s.o); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestErrorNamesTheCertificateAtFault(t *testing.T) {
	s := newScene(t)
	s.end(s.ca(s.root, "CA", permit(directory("Nanning"))), subject(named("Haikou")))
	_, err := s.pool().Build(s.leaf, s.o)
	var e *chain.Error
	if !errors.As(err, &e) || e.Name != "CA" || !strings.Contains(e.Detail, "Haikou") || !strings.Contains(err.Error(), "Haikou") {
		t.Errorf("got %v", err)
	}
}

func why(err error) string {
	var e *chain.Error
	if errors.As(err, &e) {
		return e.Why
	}
	return ""
}
