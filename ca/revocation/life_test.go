package revocation_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"yinzheng/ca"
	"yinzheng/ca/revocation"
	"yinzheng/internal/der"
	"yinzheng/internal/gm"
	"yinzheng/internal/ocsp"
)

func TestListsAreSignedAgainAtHalfTheirLife(t *testing.T) {
	w := newWorld(t)
	p := w.publisher()
	at := func(get func(context.Context, string) ([]byte, error)) time.Time {
		b, err := get(t.Context(), "sm2")
		return w.read("sm2", b, err).ThisUpdate
	}
	part := func(ctx context.Context, name string) ([]byte, error) { return p.Partition(ctx, name, 0) }
	if got := at(p.CRL); !got.Equal(start) {
		t.Fatal(got)
	}
	w.pass(revocation.DeltaLife/2 - time.Second)
	if at(p.Delta) != start || at(p.CRL) != start {
		t.Error("signed again too early")
	}
	w.pass(time.Second)
	if now := w.clock(); at(p.Delta) != now || at(p.CRL) != now {
		t.Error("not signed again at half the life of the delta")
	}
	if at(part) != start {
		t.Error("an unchanged partition was signed again")
	}
	w.pass(revocation.FullLife/2 - revocation.DeltaLife/2)
	if at(part) != w.clock() {
		t.Error("a partition was not signed again at half its life")
	}
}

func TestRevocationSignsItsOwnPartitionOnly(t *testing.T) {
	w := newWorld(t)
	p := w.publisher()
	numbers := func() (out []int64) {
		for n := range revocation.CertificatePartitions {
			b, err := p.Partition(t.Context(), "tls", n)
			out = append(out, w.read("tls", b, err).Number.Int64())
		}
		return out
	}
	before := numbers()
	w.revoke("tls", 32+6)
	p.Notice()
	for n, number := range numbers() {
		if isNew := number != before[n]; isNew != (n == 6) {
			t.Errorf("partition %d: %d, then %d", n, before[n], number)
		}
	}
}

func TestNoticeWithoutAChangeSignsNothing(t *testing.T) {
	w := newWorld(t)
	p := w.publisher()
	before, err := p.CRL(t.Context(), "sm2")
	w.read("sm2", before, err)
	p.Notice()
	after, err := p.CRL(t.Context(), "sm2")
	if err != nil || !slices.Equal(before, after) {
		t.Errorf("another list, or %v", err)
	}
}

func TestOldListIsServedWhileTheRegisterFailsAndRefusedAfterItsNextUpdate(t *testing.T) {
	w := newWorld(t)
	p := w.publisher()
	full, err := p.CRL(t.Context(), "sm2")
	w.read("sm2", full, err)
	delta, err := p.Delta(t.Context(), "sm2")
	w.read("sm2", delta, err)
	w.book.fail(true)
	p.Notice()
	w.pass(revocation.DeltaLife - time.Second)
	if got, err := p.Delta(t.Context(), "sm2"); err != nil || !slices.Equal(got, delta) {
		t.Errorf("the delta before its end: %v", err)
	}
	w.pass(time.Second)
	if got, err := p.Delta(t.Context(), "sm2"); !errors.Is(err, revocation.ErrStale) || !errors.Is(err, errBook) || got != nil {
		t.Errorf("the delta after its end: %v", err)
	}
	if got, err := p.CRL(t.Context(), "sm2"); err != nil || !slices.Equal(got, full) {
		t.Errorf("the full list before its end: %v", err)
	}
	w.pass(revocation.FullLife)
	if _, err := p.CRL(t.Context(), "sm2"); !errors.Is(err, revocation.ErrStale) {
		t.Errorf("the full list after its end: %v", err)
	}
	if n := strings.Count(w.log.String(), "making revocation lists; trying again"); n != 1 {
		t.Errorf("the log was told %d times", n)
	}
	w.book.fail(false)
	w.pass(revocation.RetryAfter)
	if got, err := p.CRL(t.Context(), "sm2"); err != nil || slices.Equal(got, full) {
		t.Errorf("when the register is back: %v", err)
	}
}

func TestWithoutAnyListTheReasonIsTold(t *testing.T) {
	w := newWorld(t)
	w.book.fail(true)
	if _, err := w.publisher().CRL(t.Context(), "sm2"); !errors.Is(err, errBook) {
		t.Errorf("got %v", err)
	}
	if _, err := w.publisher().CRL(t.Context(), "sm9"); !errors.Is(err, revocation.ErrAuthority) {
		t.Errorf("got %v", err)
	}
}

func TestAuthorityThatIsOverListsNothing(t *testing.T) {
	w := newWorld(t)
	w.pass(11 * 366 * 24 * time.Hour)
	if _, err := w.publisher().CRL(t.Context(), "sm2"); !errors.Is(err, revocation.ErrAuthority) {
		t.Errorf("got %v", err)
	}
}

func TestAuthoritiesWhoseAddressesCollideAreRefused(t *testing.T) {
	w := newWorld(t)
	second := w.authorities[0]
	for _, name := range []string{w.authorities[0].Name, w.authorities[0].Name + "-p3", w.authorities[0].Name + "-delta", "a/b", ""} {
		second.Name = name
		w.authorities = append(w.authorities[:2:2], second)
		if _, err := w.publisher().CRL(t.Context(), "sm2"); !errors.Is(err, revocation.ErrNames) {
			t.Errorf("%q: %v", name, err)
		}
	}
	second.Name = w.authorities[0].Name + "-p16" // no partition has that number
	w.authorities = append(w.authorities[:2:2], second)
	if _, err := w.publisher().CRL(t.Context(), "sm2"); err != nil {
		t.Error(err)
	}
}

func TestNewAuthorityIsPublishedWithoutARestart(t *testing.T) {
	w := newWorld(t)
	p := w.publisher()
	b, err := p.CRL(t.Context(), "sm2")
	w.read("sm2", b, err)
	next := makeAuthority(t, "sm2-g2", gm.GenerateKey, start)
	w.authorities = append(w.authorities, next)
	w.certs[next.Name] = mustParse(t, next.Certificate)
	w.record(next.Name, 77, ca.Good, 0)
	b, err = p.CRL(t.Context(), next.Name)
	w.read(next.Name, b, err)
	if got := w.status(p, next.Name, 77).Status; got != ocsp.Good {
		t.Errorf("its certificate is %v", got)
	}
}

// TestRunShowsARevocationByAnotherProcess lets the clock stand still, so that only Run can see it.
func TestRunShowsARevocationByAnotherProcess(t *testing.T) {
	w := newWorld(t)
	w.record("tls", 9, ca.Good, 0)
	p := w.publisher()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	if got := w.status(p, "tls", 9).Status; got != ocsp.Good {
		t.Errorf("before: %v", got)
	}
	w.revoke("tls", 9)
	for w.status(p, "tls", 9).Status != ocsp.Revoked { // the test's own deadline ends this when it never comes
		time.Sleep(20 * time.Millisecond)
	}
	b, err := p.CRL(t.Context(), "tls")
	if got := serials(w.read("tls", b, err)); !slices.Contains(got, 9) {
		t.Errorf("the list has %v", got)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestRunSignsListsBeforeAnybodyAsks(t *testing.T) {
	w := newWorld(t)
	p := w.publisher()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	made := func() bool {
		w.numbers.mu.Lock()
		defer w.numbers.mu.Unlock()
		return w.numbers.last["crl sm2"] == 1 && w.numbers.last["crl tls"] == 1
	}
	for !made() {
		time.Sleep(5 * time.Millisecond)
	}
	stop()
	<-ended
}

func TestManyAskWhileCertificatesAreRevoked(t *testing.T) {
	w := newWorld(t)
	const certificates = 24
	for serial := range int64(certificates) {
		w.record("sm2", serial, ca.Good, 0)
		w.record("tls", serial, ca.Good, 0)
	}
	p := w.publisher()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	var asking sync.WaitGroup
	for worker := range 4 {
		asking.Go(func() {
			name := bothAlgs[worker%2]
			for i := range int64(60) {
				serial := (i + int64(worker)) % certificates
				if _, _, err := p.OCSP(ctx, w.request(name, der.SHA256, nil, serial)); err != nil {
					t.Error(err)
				}
				if _, err := p.Partition(ctx, name, int(serial%16)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for serial := range int64(certificates) {
		name := bothAlgs[serial%2]
		w.revoke(name, serial)
		p.Notice()
		if got := w.status(p, name, serial).Status; got != ocsp.Revoked {
			t.Errorf("%d is %v after Notice", serial, got)
		}
	}
	asking.Wait()
	stop()
	<-ended
}
