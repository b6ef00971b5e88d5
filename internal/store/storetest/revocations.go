package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yinzheng/ca"
	"yinzheng/internal/gm"
)

func revision(t *testing.T, b AuthorityBook, want int64) {
	t.Helper()
	if got, err := b.Revision(t.Context()); err != nil || got != want {
		t.Errorf("revision %d, %v; want %d", got, err, want)
	}
}

func revokeOnce(t *testing.T, b AuthorityBook) {
	ctx, i := t.Context(), intent(1)
	revision(t, b, 0)
	if err := b.Revoke(ctx, i.Authority, i.Serial, 1, noon()); !errors.Is(err, ca.ErrNoCertificate) {
		t.Errorf("unknown = %v, want ErrNoCertificate", err)
	}
	intend(t, b, i)
	if err := b.Revoke(ctx, i.Authority, i.Serial, 1, noon()); !errors.Is(err, ca.ErrNoCertificate) {
		t.Errorf("an intent = %v, want ErrNoCertificate", err)
	}
	if err := b.Settle(ctx, i.Authority, i.Serial, derOf(i)); err != nil {
		t.Fatal(err)
	}
	if err := b.Revoke(ctx, i.Authority, i.Serial, 1, time.Time{}); err == nil {
		t.Error("revoked at no time")
	}
	revision(t, b, 0)
	if err := b.Revoke(ctx, i.Authority, i.Serial, 1, noon()); err != nil {
		t.Fatal(err)
	}
	if err := b.Revoke(ctx, i.Authority, i.Serial, 4, noon().Add(time.Hour)); !errors.Is(err, ca.ErrRevoked) {
		t.Errorf("again = %v, want ErrRevoked", err)
	}
	has(t, b, ca.Record{Intent: i, State: ca.Revoked, DER: derOf(i), RevokedAt: noon(), Reason: 1})
	revision(t, b, 1)
	other := issued(t, b, intent(2))
	if err := b.Revoke(ctx, other.Authority, other.Serial, 0, noon()); err != nil {
		t.Fatal(err)
	}
	revision(t, b, 2)
}

func revokeRace(t *testing.T, b AuthorityBook) {
	i := issued(t, b, intent(1))
	n := oneWins(t, ca.ErrRevoked, func(n int) error {
		return b.Revoke(t.Context(), i.Authority, i.Serial, n, noon().Add(time.Duration(n)*time.Second))
	})
	has(t, b, ca.Record{Intent: i, State: ca.Revoked, DER: derOf(i), RevokedAt: noon().Add(time.Duration(n) * time.Second), Reason: n})
	revision(t, b, 1)
}

func revokedListed(t *testing.T, b AuthorityBook) {
	ctx := t.Context()
	for _, serial := range []string{"900", "1000000000000000000000000000001", "1000", "7", "10"} {
		i := intent(len(serial) + int(serial[0]))
		i.Serial = serial
		if serial == "10" {
			i.NotAfter = noon().Add(time.Hour)
		}
		if issued(t, b, i); serial == "900" {
			continue // good
		}
		if err := b.Revoke(ctx, i.Authority, i.Serial, 5, noon()); err != nil {
			t.Fatal(err)
		}
	}
	elsewhere := intent(40)
	elsewhere.Authority = "bb"
	issued(t, b, elsewhere)
	if err := b.Revoke(ctx, "bb", elsewhere.Serial, 5, noon()); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		at   time.Time
		want []string
	}{
		"now":           {noon(), []string{"7", "10", "1000", "1000000000000000000000000000001"}},
		"at its end":    {noon().Add(time.Hour), []string{"7", "10", "1000", "1000000000000000000000000000001"}},
		"after its end": {noon().Add(time.Hour + time.Microsecond), []string{"7", "1000", "1000000000000000000000000000001"}},
		"in ten years":  {noon().AddDate(10, 0, 0), nil},
	} {
		records, err := b.Revoked(ctx, authority, c.at)
		var got []string
		for _, r := range records {
			if r.State != ca.Revoked || r.Reason != 5 || !r.RevokedAt.Equal(noon()) || r.Authority != authority || r.NotAfter.IsZero() {
				t.Errorf("%s: certificate %s is listed so: %+v", name, r.Serial, r)
			}
			got = append(got, r.Serial)
		}
		if err != nil || !cmp.Equal(got, c.want) {
			t.Errorf("%s = %v, %v; want %v", name, got, err, c.want)
		}
	}
}

func voidFrees(t *testing.T, b AuthorityBook) {
	ctx := t.Context()
	old, good, young := intend(t, b, intent(1)), issued(t, b, intent(2)), intend(t, b, intent(3))
	at := noon().Add(time.Hour)
	if n, err := b.Void(ctx, old.At, at); n != 0 || err != nil { // not from before its own time
		t.Errorf("Void = %d, %v; want 0", n, err)
	}
	revision(t, b, 0)
	if n, err := b.Void(ctx, young.At, at); n != 1 || err != nil {
		t.Errorf("Void = %d, %v; want 1", n, err)
	}
	revision(t, b, 1)
	if n, err := b.Void(ctx, young.At, at.Add(time.Hour)); n != 0 || err != nil {
		t.Errorf("Void again = %d, %v; want 0", n, err)
	}
	void := ca.Record{Intent: old, State: ca.Void, RevokedAt: at}
	has(t, b, void)
	has(t, b, ca.Record{Intent: good, State: ca.Good, DER: derOf(good)})
	has(t, b, ca.Record{Intent: young, State: ca.Intended})
	if listed, err := b.Revoked(ctx, authority, at); err != nil || len(listed) != 1 || listed[0].Serial != old.Serial || listed[0].State != ca.Void {
		t.Errorf("Revoked = %v, %v; want the void one", listed, err)
	}
	if err := b.Settle(ctx, old.Authority, old.Serial, derOf(old)); err == nil {
		t.Error("a void intent was settled")
	}
	if err := b.Revoke(ctx, old.Authority, old.Serial, 1, at); !errors.Is(err, ca.ErrRevoked) {
		t.Errorf("revoking what is void = %v, want ErrRevoked", err)
	}
	again := intent(4)
	again.Key = old.Key
	issued(t, b, again) // the requester tries again with the same key
	if err := b.Intend(ctx, ca.Intent{Authority: authority, Serial: "5", Key: old.Key, At: at, NotAfter: at}); !errors.Is(err, ca.ErrKeyUsed) {
		t.Errorf("the key a third time = %v, want ErrKeyUsed", err)
	}
	old.Key = gm.Sum([]byte("another"))
	if err := b.Intend(ctx, old); !errors.Is(err, ca.ErrSerialUsed) {
		t.Errorf("the void serial number = %v, want ErrSerialUsed", err)
	}
	has(t, b, void)
}

// Tokens runs the contract of ca.Tokens; open returns an empty book.
func Tokens(t *testing.T, open func(t *testing.T) ca.Tokens) {
	put := func(t *testing.T, b ca.Tokens) ca.Token {
		t.Helper()
		token := filled[ca.Token](t)
		token.Used, token.Expires = time.Time{}, noon().Add(time.Hour)
		if err := b.PutToken(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		return token
	}
	key, other := gm.Sum([]byte("key")), gm.Sum([]byte("another key"))
	t.Run("WorksForOneKeyAndComesBack", func(t *testing.T) {
		b := open(t)
		token := put(t, b)
		if err := b.PutToken(t.Context(), token); err == nil {
			t.Error("one token was stored twice")
		}
		at := noon().Add(time.Minute)
		got, err := b.UseToken(t.Context(), token.Digest, key, at)
		token.Used = at
		if err != nil || !cmp.Equal(got, token) {
			t.Errorf("%v (-want +got):\n%s", err, cmp.Diff(token, got))
		}
		if got, err := b.UseToken(t.Context(), token.Digest, other, at); !errors.Is(err, ca.ErrToken) || got.Name != "" {
			t.Errorf("for another key = %q, %v; want ErrToken", got.Name, err)
		}
		if got, err := b.UseToken(t.Context(), token.Digest, key, at.Add(time.Minute)); err != nil || !cmp.Equal(got, token) {
			t.Errorf("a repeat: %v (-want +got):\n%s", err, cmp.Diff(token, got))
		}
		if _, err := b.UseToken(t.Context(), token.Digest, key, token.Expires.Add(time.Microsecond)); !errors.Is(err, ca.ErrToken) {
			t.Errorf("a repeat after its end = %v, want ErrToken", err)
		}
	})
	t.Run("WorksUntilItsEnd", func(t *testing.T) {
		b := open(t)
		token := put(t, b)
		if _, err := b.UseToken(t.Context(), token.Digest, key, token.Expires.Add(time.Microsecond)); !errors.Is(err, ca.ErrToken) {
			t.Errorf("after its end = %v, want ErrToken", err)
		}
		if _, err := b.UseToken(t.Context(), token.Digest, key, token.Expires); err != nil {
			t.Errorf("at its end: %v", err)
		}
	})
	t.Run("OneOfManyUsesIt", func(t *testing.T) {
		b := open(t)
		token := put(t, b)
		oneWins(t, ca.ErrToken, func(n int) error {
			_, err := b.UseToken(t.Context(), token.Digest, gm.Sum([]byte{byte(n)}), noon())
			return err
		})
	})
	t.Run("WhatWasNeverStoredDoesNotWork", func(t *testing.T) {
		b := open(t)
		for _, d := range []gm.Digest{{}, gm.Sum([]byte("guess"))} {
			if _, err := b.UseToken(t.Context(), d, key, noon()); !errors.Is(err, ca.ErrToken) {
				t.Errorf("UseToken = %v, want ErrToken", err)
			}
		}
		if err := b.PutToken(t.Context(), ca.Token{Name: "x", Expires: noon()}); err == nil {
			t.Error("a token without a digest was stored")
		}
	})
}
