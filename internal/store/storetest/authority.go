package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yinzheng/ca"
	"yinzheng/internal/gm"
)

// AuthorityBook is the register of an authority.
type AuthorityBook interface {
	ca.Register
	ca.Revocations
	// LatestIssue returns the greatest time of any intent, or zero.
	LatestIssue(ctx context.Context) (time.Time, error)
}

// Authority runs the contract of ca.Register and ca.Revocations; open returns an empty book.
func Authority(t *testing.T, open func(t *testing.T) AuthorityBook) {
	for name, claim := range map[string]func(*testing.T, AuthorityBook){
		"EveryFieldComesBack":                certificateComesBack,
		"SerialIsNeverUsedTwice":             serialOnce,
		"KeyIsNeverCertifiedTwice":           keyOnce,
		"OneOfManyHasTheSerialNumber":        serialRace,
		"OneOfManyHasTheKey":                 keyRace,
		"OnlyAnIntentIsSettledAndOnce":       settleOnce,
		"OneOfManyCertificatesIsTheSettled":  settleRace,
		"OnlyWhatIsGoodIsRevokedAndOnce":     revokeOnce,
		"OneOfManyRevokesAndIsCounted":       revokeRace,
		"RevokedAreListedUntilTheyExpire":    revokedListed,
		"VoidFreesTheKeyAndNeverTheSerial":   voidFrees,
		"PagesCoverTheRegisterInOrder":       registerPages,
		"FiltersSelect":                      registerFilters,
		"LatestIssueIsTheGreatestNotTheLast": latestIssue,
		"WhatIsNoIntentIsRefused":            intentRefused,
		"ManyIssueAtOnce":                    issueAtOnce,
	} {
		t.Run(name, func(t *testing.T) { claim(t, open(t)) })
	}
}

// authority is the key identifier of the authority that most intents are for.
const authority = "00a1ff"

func intent(n int) ca.Intent {
	return ca.Intent{Authority: authority, Serial: fmt.Sprint(1000 + n), Key: gm.Sum(fmt.Append(nil, "key", n)),
		Profile: "office-seal", Name: fmt.Sprint("name ", n%3), By: "clerk", At: noon().Add(time.Duration(n) * time.Second),
		NotBefore: noon(), NotAfter: noon().AddDate(1, 0, n)}
}

func derOf(i ca.Intent) []byte {
	return fmt.Appendf(nil, "\x30\x00certificate %s of %s", i.Serial, i.Authority)
}

func intend(t *testing.T, b AuthorityBook, i ca.Intent) ca.Intent {
	t.Helper()
	if err := b.Intend(t.Context(), i); err != nil {
		t.Fatalf("Intend(%s): %v", i.Serial, err)
	}
	return i
}

func issued(t *testing.T, b AuthorityBook, i ca.Intent) ca.Intent {
	t.Helper()
	intend(t, b, i)
	if err := b.Settle(t.Context(), i.Authority, i.Serial, derOf(i)); err != nil {
		t.Fatalf("Settle(%s): %v", i.Serial, err)
	}
	return i
}

func has(t *testing.T, b AuthorityBook, want ca.Record) {
	t.Helper()
	got, err := b.Certificate(t.Context(), want.Authority, want.Serial)
	if err != nil || !cmp.Equal(got, want) {
		t.Errorf("certificate %s: %v (-want +got):\n%s", want.Serial, err, cmp.Diff(want, got))
	}
}

func certificateComesBack(t *testing.T, b AuthorityBook) {
	ctx, i := t.Context(), filled[ca.Intent](t)
	i.Authority, i.Serial = authority, "1461501637330902918203684832716283019655932542975" // 2^160 - 1
	intend(t, b, i)
	has(t, b, ca.Record{Intent: i, State: ca.Intended})
	der := []byte{0x30, 0, 0xff, 0x80}
	if err := b.Settle(ctx, i.Authority, i.Serial, der); err != nil {
		t.Fatal(err)
	}
	has(t, b, ca.Record{Intent: i, State: ca.Good, DER: der})
	at := noon().Add(time.Hour)
	if err := b.Revoke(ctx, i.Authority, i.Serial, 4, at); err != nil {
		t.Fatal(err)
	}
	has(t, b, ca.Record{Intent: i, State: ca.Revoked, DER: der, RevokedAt: at, Reason: 4})
	for _, of := range [][2]string{{authority, "1"}, {"ff", i.Serial}, {"", ""}} {
		if _, err := b.Certificate(ctx, of[0], of[1]); !errors.Is(err, ca.ErrNoCertificate) {
			t.Errorf("Certificate(%q) = %v, want ErrNoCertificate", of, err)
		}
	}
	least := intend(t, b, ca.Intent{Authority: authority, Serial: "1", Key: gm.Sum(nil), At: noon(), NotAfter: noon()})
	has(t, b, ca.Record{Intent: least, State: ca.Intended})
}

func serialOnce(t *testing.T, b AuthorityBook) {
	i := intend(t, b, intent(1))
	if err := b.Intend(t.Context(), i); !errors.Is(err, ca.ErrSerialUsed) {
		t.Errorf("the same intent again = %v, want ErrSerialUsed", err)
	}
	i.Key = gm.Sum([]byte("another"))
	if err := b.Intend(t.Context(), i); !errors.Is(err, ca.ErrSerialUsed) {
		t.Errorf("another key = %v, want ErrSerialUsed", err)
	}
	i.Authority = "bb"
	intend(t, b, i) // each authority numbers by itself
}

func keyOnce(t *testing.T, b AuthorityBook) {
	first := issued(t, b, intent(1))
	again := intent(2)
	again.Key = first.Key
	for _, by := range []string{authority, "bb"} {
		again.Authority = by
		if err := b.Intend(t.Context(), again); !errors.Is(err, ca.ErrKeyUsed) {
			t.Errorf("the key again by %s = %v, want ErrKeyUsed", by, err)
		}
	}
	if err := b.Revoke(t.Context(), first.Authority, first.Serial, 1, noon()); err != nil {
		t.Fatal(err)
	}
	if err := b.Intend(t.Context(), again); !errors.Is(err, ca.ErrKeyUsed) {
		t.Errorf("the key of a revoked certificate = %v, want ErrKeyUsed", err)
	}
	if _, err := b.Certificate(t.Context(), again.Authority, again.Serial); !errors.Is(err, ca.ErrNoCertificate) {
		t.Errorf("a refused intent left something: %v", err)
	}
}

const racers = 64

// oneWins runs a call by many at once: one succeeds, all others have the error.
func oneWins(t *testing.T, lost error, call func(n int) error) (winner int) {
	t.Helper()
	var won, refused atomic.Int32
	var who atomic.Int64
	var wg sync.WaitGroup
	for n := range racers {
		wg.Go(func() {
			switch err := call(n); {
			case err == nil:
				won.Add(1)
				who.Store(int64(n))
			case errors.Is(err, lost):
				refused.Add(1)
			default:
				t.Errorf("caller %d: %v", n, err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 || refused.Load() != racers-1 {
		t.Errorf("%d won and %d lost of %d", won.Load(), refused.Load(), racers)
	}
	return int(who.Load())
}

func serialRace(t *testing.T, b AuthorityBook) {
	at := func(n int) ca.Intent {
		i := intent(n)
		i.Serial = "77"
		return i
	}
	n := oneWins(t, ca.ErrSerialUsed, func(n int) error { return b.Intend(t.Context(), at(n)) })
	has(t, b, ca.Record{Intent: at(n), State: ca.Intended})
}

func keyRace(t *testing.T, b AuthorityBook) {
	with := func(n int) ca.Intent {
		i := intent(n)
		i.Key = gm.Sum([]byte("one"))
		return i
	}
	n := oneWins(t, ca.ErrKeyUsed, func(n int) error { return b.Intend(t.Context(), with(n)) })
	has(t, b, ca.Record{Intent: with(n), State: ca.Intended})
}

func settleOnce(t *testing.T, b AuthorityBook) {
	ctx := t.Context()
	if err := b.Settle(ctx, authority, "1", []byte{1}); !errors.Is(err, ca.ErrNoCertificate) {
		t.Errorf("without an intent = %v, want ErrNoCertificate", err)
	}
	i := intend(t, b, intent(1))
	if err := b.Settle(ctx, i.Authority, i.Serial, nil); err == nil {
		t.Error("settled with nothing")
	}
	if err := b.Settle(ctx, i.Authority, i.Serial, make([]byte, 1<<20)); err == nil {
		t.Error("settled with a megabyte")
	}
	has(t, b, ca.Record{Intent: i, State: ca.Intended})
	for range 2 {
		if err := b.Settle(ctx, i.Authority, i.Serial, derOf(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Settle(ctx, i.Authority, i.Serial, []byte("another")); err == nil {
		t.Error("settled with another certificate")
	}
	has(t, b, ca.Record{Intent: i, State: ca.Good, DER: derOf(i)})
	if err := b.Revoke(ctx, i.Authority, i.Serial, 1, noon()); err != nil {
		t.Fatal(err)
	}
	if err := b.Settle(ctx, i.Authority, i.Serial, derOf(i)); err != nil {
		t.Errorf("the same bytes once it is revoked: %v", err)
	}
	has(t, b, ca.Record{Intent: i, State: ca.Revoked, DER: derOf(i), RevokedAt: noon(), Reason: 1})
}

func settleRace(t *testing.T, b AuthorityBook) {
	i := intend(t, b, intent(1))
	der := func(n int) []byte { return fmt.Append(nil, "certificate ", n) }
	var won atomic.Int32
	var wg sync.WaitGroup
	for n := range racers {
		wg.Go(func() {
			if b.Settle(t.Context(), i.Authority, i.Serial, der(n)) == nil {
				won.Add(1)
			}
		})
	}
	wg.Wait()
	got, err := b.Certificate(t.Context(), i.Authority, i.Serial)
	if err != nil || won.Load() != 1 || !bytes.HasPrefix(got.DER, []byte("certificate ")) {
		t.Errorf("%d of %d settled one intent, %v", won.Load(), racers, err)
	}
}
