package revocation_test

import (
	"encoding/asn1"
	"errors"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yinzheng/ca"
	"yinzheng/ca/revocation"
	"yinzheng/internal/gm"
	"yinzheng/internal/ocsp"
)

func TestRevocationShowsAtOnceAfterNotice(t *testing.T) {
	for _, name := range bothAlgs {
		w := newWorld(t)
		w.record(name, 35, ca.Good, 0)
		p := w.publisher()
		shown := func() []bool {
			full, err := p.CRL(t.Context(), name)
			a := w.read(name, full, err)
			delta, err := p.Delta(t.Context(), name)
			b := w.read(name, delta, err)
			part, err := p.Partition(t.Context(), name, 3)
			c := w.read(name, part, err)
			return []bool{slices.Contains(serials(a), 35), slices.Contains(serials(b), 35), slices.Contains(serials(c), 35),
				w.status(p, name, 35).Status == ocsp.Revoked}
		}
		if got := shown(); slices.Contains(got, true) {
			t.Errorf("%s: before: %v", name, got)
		}
		w.revoke(name, 35)
		if got := shown(); slices.Contains(got, true) {
			t.Errorf("%s: the clock stands still and nobody told, yet %v: the test proves nothing", name, got)
		}
		p.Notice()
		if got := shown(); slices.Contains(got, false) {
			t.Errorf("%s: after: %v", name, got)
		}
	}
}

func TestRevocationByAnotherProcessShowsWithinMaxBlind(t *testing.T) {
	if total := revocation.WatchEvery + revocation.MaxBlind + revocation.CacheFor; total > 5*time.Second {
		t.Errorf("it may take %v", total)
	}
	w := newWorld(t)
	w.record("sm2", 7, ca.Good, 0)
	p := w.publisher()
	if got := w.status(p, "sm2", 7).Status; got != ocsp.Good {
		t.Errorf("before: %v", got)
	}
	w.revoke("sm2", 7)
	w.pass(revocation.MaxBlind)
	if got := w.status(p, "sm2", 7).Status; got != ocsp.Revoked {
		t.Errorf("after: %v", got)
	}
	full, err := p.CRL(t.Context(), "sm2")
	if got := serials(w.read("sm2", full, err)); !slices.Contains(got, 7) {
		t.Errorf("the list has %v", got)
	}
}

func TestNumbersNeverRepeatOrGoBackAcrossRestarts(t *testing.T) {
	w := newWorld(t)
	last := big.NewInt(-1)
	for serial := range int64(4) {
		p := w.publisher()
		for again := range int64(3) {
			w.revoke("tls", 100*serial+again)
			p.Notice()
			b, err := p.CRL(t.Context(), "tls")
			l := w.read("tls", b, err)
			if l.Number.Cmp(last) <= 0 {
				t.Fatalf("number %s after %s", l.Number, last)
			}
			last = l.Number
		}
	}
}

func TestNumberThatGoesBackIsRefused(t *testing.T) {
	w := newWorld(t)
	w.numbers.set("crl sm2", 10)
	p := w.publisher()
	before, err := p.CRL(t.Context(), "sm2")
	w.read("sm2", before, err)
	w.numbers.set("crl sm2", 3)
	w.revoke("sm2", 5)
	p.Notice()
	after, err := p.CRL(t.Context(), "sm2")
	if err != nil || !slices.Equal(before, after) {
		t.Errorf("a new list, or %v", err)
	}
	if !strings.Contains(w.log.String(), revocation.ErrNumber.Error()) {
		t.Errorf("the log says %q", w.log.String())
	}
}

func TestFullAndDeltaMadeTogetherShareTheirNumber(t *testing.T) {
	w := newWorld(t)
	p := w.publisher()
	for range 3 {
		b, err := p.CRL(t.Context(), "sm2")
		full := w.read("sm2", b, err)
		b, err = p.Delta(t.Context(), "sm2")
		delta := w.read("sm2", b, err)
		if full.Number.Cmp(delta.Number) != 0 || !full.ThisUpdate.Equal(delta.ThisUpdate) {
			t.Errorf("full %s of %s, delta %s of %s", full.Number, full.ThisUpdate, delta.Number, delta.ThisUpdate)
		}
		w.pass(13 * time.Hour)
	}
}

func TestPartitionsTogetherEqualTheFullList(t *testing.T) {
	w := newWorld(t)
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		w.record("sm2", random.Int64(), ca.Revoked, []int{0, 1, 3, 4, 5, 9}[random.IntN(6)])
	}
	p := w.publisher()
	b, err := p.CRL(t.Context(), "sm2")
	want := entriesOf(w.read("sm2", b, err))
	got := map[string]string{}
	for n := range revocation.CertificatePartitions {
		b, err := p.Partition(t.Context(), "sm2", n)
		for serial, about := range entriesOf(w.read("sm2", b, err)) {
			if _, twice := got[serial]; twice {
				t.Errorf("%s is on two lists", serial)
			}
			got[serial] = about
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || len(got) != 200 {
		t.Errorf("%d entries; %s", len(got), diff)
	}
}

// entriesOf returns what a list says about each serial number.
func entriesOf(l *gm.CRL) map[string]string {
	out := map[string]string{}
	for _, e := range l.RevokedCertificateEntries {
		out[e.SerialNumber.String()] = e.RevocationTime.String() + " " + string(rune('0'+e.ReasonCode))
	}
	return out
}

func TestBaseAndDeltaTogetherEqualTheFullList(t *testing.T) {
	w := newWorld(t)
	p := w.publisher()
	bases := map[string]map[string]string{} // complete lists that a relying party may hold, by number
	small := false
	for hour := range int64(24 * 4) {
		w.revoke("sm2", 1000+hour)
		w.pass(time.Hour)
		p.Notice()
		b, err := p.CRL(t.Context(), "sm2")
		full := w.read("sm2", b, err)
		bases[full.Number.String()] = entriesOf(full)
		b, err = p.Delta(t.Context(), "sm2")
		delta := w.read("sm2", b, err)
		from := deltaBase(t, delta)
		held, known := bases[from.String()]
		if !known {
			t.Fatalf("hour %d: the base %s is no list that was published", hour, from)
		}
		both := entriesOf(delta)
		small = small || len(both) < len(held)
		for serial, about := range held {
			both[serial] = about
		}
		if diff := cmp.Diff(bases[full.Number.String()], both); diff != "" {
			t.Fatalf("hour %d: %s", hour, diff)
		}
	}
	if !small {
		t.Error("no delta was ever smaller than its base")
	}
}

func deltaBase(t *testing.T, l *gm.CRL) *big.Int {
	t.Helper()
	for _, e := range l.Extensions {
		if e.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, 27}) && e.Critical {
			base := new(big.Int)
			if rest, err := asn1.Unmarshal(e.Value, &base); err != nil || len(rest) != 0 {
				t.Fatal(err)
			}
			return base
		}
	}
	t.Fatal("no critical deltaCRLIndicator")
	return nil
}

func TestBaseOfADeltaIsTheLastListOfTheDayBefore(t *testing.T) {
	w := newWorld(t)
	p := w.publisher()
	var last *big.Int
	for range 3 { // 9:00, 15:00, 21:00
		w.revoke("sm2", int64(w.clock().Hour()))
		p.Notice()
		b, err := p.CRL(t.Context(), "sm2")
		last = w.read("sm2", b, err).Number
		w.pass(6 * time.Hour)
	}
	for range 2 { // the next day
		w.revoke("sm2", 100+int64(w.clock().Hour()))
		p.Notice()
		b, err := p.Delta(t.Context(), "sm2")
		delta := w.read("sm2", b, err)
		if got := deltaBase(t, delta); got.Cmp(last) != 0 {
			t.Errorf("counts from %s, not from %s", got, last)
		}
		if got := serials(delta); slices.Contains(got, 9) || !slices.Contains(got, 103) {
			t.Errorf("the delta has %v", got)
		}
		w.pass(6 * time.Hour)
	}
}

func TestListsSayWhereTheyBelong(t *testing.T) {
	uri := func(e []byte) string { // the only text in these extensions
		i := slices.Index(e, 0x86)
		return string(e[i+2:])
	}
	find := func(l *gm.CRL, last int) (value []byte, critical bool) {
		for _, e := range l.Extensions {
			if e.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, last}) {
				value, critical = e.Value, e.Critical
			}
		}
		return value, critical
	}
	for _, name := range bothAlgs {
		w := newWorld(t)
		p := w.publisher()
		b, err := p.CRL(t.Context(), name)
		full := w.read(name, b, err)
		if freshest, critical := find(full, 46); freshest == nil || critical || uri(freshest) != baseURL+"/crl/"+name+"-delta.crl" {
			t.Errorf("freshestCRL %x", freshest)
		}
		if point, _ := find(full, 28); point != nil {
			t.Errorf("the complete list is limited: %x", point)
		}
		b, err = p.Partition(t.Context(), name, 11)
		point, critical := find(w.read(name, b, err), 28)
		if point == nil || !critical || uri(point) != baseURL+"/crl/"+name+"-p11.crl" {
			t.Errorf("issuingDistributionPoint %x", point)
		}
		b, err = p.Delta(t.Context(), name)
		delta := w.read(name, b, err)
		if freshest, _ := find(delta, 46); freshest != nil { // RFC 5280, 5.2.6
			t.Error("the delta has a freshestCRL")
		}
		if _, err := p.Partition(t.Context(), name, 16); !errors.Is(err, revocation.ErrList) {
			t.Errorf("partition 16: %v", err)
		}
	}
}

func TestAddressesLeadToTheirLists(t *testing.T) {
	w := newWorld(t)
	w.revoke("sm2", 16+5)
	p := w.publisher()
	want := map[string]func() ([]byte, error){
		"sm2.crl":       func() ([]byte, error) { return p.CRL(t.Context(), "sm2") },
		"sm2-delta.crl": func() ([]byte, error) { return p.Delta(t.Context(), "sm2") },
		"sm2-p5.crl":    func() ([]byte, error) { return p.Partition(t.Context(), "sm2", 5) },
		"tls-p15.crl":   func() ([]byte, error) { return p.Partition(t.Context(), "tls", 15) },
	}
	for file, direct := range want {
		a, errA := p.File(t.Context(), file)
		b, errB := direct()
		if errA != nil || errB != nil || !slices.Equal(a, b) {
			t.Errorf("%s: %v, %v", file, errA, errB)
		}
	}
	for _, file := range []string{"", ".crl", "sm2", "sm2-p16.crl", "sm2-p05.crl", "sm2-p.crl", "sm3.crl", "sm2-p5.crl.crl", "../sm2.crl", "sm2-p-1.crl"} {
		if _, err := p.File(t.Context(), file); !errors.Is(err, revocation.ErrList) {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestReasonsAreStatedAndUnspecifiedIsLeftOut(t *testing.T) {
	w := newWorld(t)
	w.record("sm2", 10, ca.Revoked, 0)
	w.record("sm2", 11, ca.Revoked, 1)
	w.record("sm2", 12, ca.Void, 5)
	w.record("sm2", 13, ca.Revoked, 8) // removeFromCRL would take it off
	w.record("sm2", 14, ca.Good, 0)
	w.record("sm2", 15, ca.Intended, 0)
	p := w.publisher()
	b, err := p.CRL(t.Context(), "sm2")
	got := map[int64]int{}
	for _, e := range w.read("sm2", b, err).RevokedCertificateEntries {
		got[e.SerialNumber.Int64()] = len(e.Extensions)*100 + e.ReasonCode
	}
	if diff := cmp.Diff(map[int64]int{10: 0, 11: 101, 12: 105, 13: 0}, got); diff != "" {
		t.Error(diff)
	}
}

func TestExpiredCertificateStaysListedForOneMoreList(t *testing.T) {
	w := newWorld(t)
	w.revoke("sm2", 8)
	w.pass(start.AddDate(1, 0, 0).Sub(start)) // it expires now
	isListed := func() bool {
		p := w.publisher()
		b, err := p.CRL(t.Context(), "sm2")
		return slices.Contains(serials(w.read("sm2", b, err)), 8)
	}
	w.pass(revocation.FullLife + time.Hour)
	if !isListed() {
		t.Error("gone before a list made after its expiry ran out")
	}
	w.pass(revocation.KeepExpired)
	if isListed() {
		t.Error("still listed")
	}
}
