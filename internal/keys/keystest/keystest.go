// Package keystest is the contract of keys.Holder: every holder runs it.
package keystest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"yinzheng/internal/gm"
	"yinzheng/internal/keys"
)

// Holder is a holder with everything a holder may have.
type Holder interface {
	keys.Holder
	keys.Enveloper
	keys.Finder
}

// Run checks a holder; open returns an empty one, on which every change is allowed, and the folder in which its keys rest.
func Run(t *testing.T, open func(t *testing.T) (h Holder, dir string)) {
	for claim, check := range map[string]func(*testing.T, Holder){
		"a key that was made is in the inventory":                        made,
		"a wrong description makes no key":                               wrongSpec,
		"an ID is used once":                                             once,
		"an unknown key is ErrNoKey":                                     unknown,
		"signatures verify":                                              signatures,
		"another kind of signature is refused and not counted":           wrongOptions,
		"every signature is counted":                                     counted,
		"a quota holds exactly while many sign":                          quota,
		"a changed quota counts for signers got before":                  changedQuota,
		"a retired key signs no more until it is active again":           retired,
		"a destroyed key never comes back":                               destroyed,
		"a wrong change changes nothing":                                 wrongChange,
		"an encryption key reaches its owner and never signs":            enveloped,
		"nothing else is enveloped":                                      notEnveloped,
		"an ended context does nothing":                                  ended,
		"making, signing, changing and listing go on at the same time":   busy,
		"a key destroyed while many sign signs nothing after the return": destroyedWhileSigning,
	} {
		t.Run(claim, func(t *testing.T) {
			h, dir := open(t)
			check(t, h)
			recorded(t, h, dir)
		})
	}
	t.Run("destruction leaves nothing of the private key", func(t *testing.T) {
		h, dir := open(t)
		gone(t, h, dir)
	})
}

// recorded checks what every check leaves: the journal has each use that the inventory counts, and is whole.
func recorded(t *testing.T, h Holder, dir string) {
	t.Helper()
	var used int64
	for _, k := range list(t, h) {
		used += k.Used
	}
	report, err := keys.VerifyJournal(dir)
	if err != nil || report.Uses != used {
		t.Errorf("the journal has %d uses, %v; the inventory counts %d", report.Uses, err, used)
	}
}

func spec(id string, a keys.Algorithm) keys.Spec {
	return keys.Spec{ID: id, Algorithm: a, Use: "office-seal"}
}

func create(t *testing.T, h Holder, s keys.Spec) keys.Info {
	t.Helper()
	info, err := h.Create(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func made(t *testing.T, h Holder) {
	var want []keys.Info
	for _, s := range []keys.Spec{
		{ID: "z.9-a", Algorithm: keys.SM2, Use: "issuing-ca", Quota: 7}, spec("log", keys.Ed25519), spec("tls", keys.P256),
		{ID: "enc-1", Algorithm: keys.SM2, Use: keys.UseEncryption},
	} {
		info := create(t, h, s)
		if info.Spec != s || info.State != keys.Active || info.Used != 0 || !info.LastUsed.IsZero() || info.Protected == "" {
			t.Errorf("made %+v of %+v", info, s)
		}
		if info.Created.IsZero() || !info.Changed.Equal(info.Created) {
			t.Errorf("%s was made %s and changed %s", s.ID, info.Created, info.Changed)
		}
		if _, err := keys.ParsePublic(s.Algorithm, info.Public); err != nil {
			t.Error(err)
		}
		found, err := h.Info(t.Context(), s.ID)
		if err != nil || !equal(found, info) {
			t.Errorf("found %+v, %v; made %+v", found, err, info)
		}
		want = append(want, info)
	}
	slices.SortFunc(want, func(a, b keys.Info) int { return strings.Compare(a.ID, b.ID) })
	if got := list(t, h); !slices.EqualFunc(got, want, equal) {
		t.Errorf("listed %+v, made %+v", got, want)
	}
}

func list(t *testing.T, h Holder) []keys.Info {
	t.Helper()
	all, err := h.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func equal(a, b keys.Info) bool {
	return a.Spec == b.Spec && a.State == b.State && string(a.Public) == string(b.Public) && a.Created.Equal(b.Created) &&
		a.Changed.Equal(b.Changed) && a.Used == b.Used && a.LastUsed.Equal(b.LastUsed) && a.Protected == b.Protected
}

func wrongSpec(t *testing.T, h Holder) {
	long := strings.Repeat("a", keys.MaxID+1)
	for _, s := range []keys.Spec{
		{}, spec("", keys.SM2), spec("../x", keys.SM2), spec(".x", keys.SM2), spec("-x", keys.SM2), spec("A", keys.SM2), spec("a b", keys.SM2),
		spec("a\n", keys.SM2), spec("键", keys.SM2), spec(long, keys.SM2), spec("a", ""), spec("a", "RSA"),
		{ID: "a", Algorithm: keys.SM2}, {ID: "a", Algorithm: keys.SM2, Use: "A b"}, {ID: "a", Algorithm: keys.SM2, Use: keys.Use(long)},
		{ID: "a", Algorithm: keys.SM2, Use: "log", Quota: -1}, {ID: "a", Algorithm: keys.P256, Use: keys.UseEncryption},
	} {
		if _, err := h.Create(t.Context(), s); !errors.Is(err, keys.ErrSpec) {
			t.Errorf("%+v: %v, want ErrSpec", s, err)
		}
	}
	if got := list(t, h); len(got) != 0 {
		t.Errorf("listed %+v", got)
	}
}

func once(t *testing.T, h Holder) {
	var wins atomic.Int64
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			_, err := h.Create(t.Context(), spec("one", keys.P256))
			if err == nil {
				wins.Add(1)
			} else if !errors.Is(err, keys.ErrExists) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := wins.Load(); got != 1 {
		t.Errorf("%d were made", got)
	}
	if got := list(t, h); len(got) != 1 {
		t.Errorf("listed %+v", got)
	}
}

func unknown(t *testing.T, h Holder) {
	create(t, h, spec("a", keys.Ed25519))
	owner, err := gm.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	spki, err := gm.MarshalPublicKey(owner.Public())
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"b", "", "../a", "A", "a ", strings.Repeat("a", 1000)} {
		if _, err := h.Signer(t.Context(), id); !errors.Is(err, keys.ErrNoKey) {
			t.Errorf("signer of %q: %v, want ErrNoKey", id, err)
		}
		if _, err := h.Info(t.Context(), id); !errors.Is(err, keys.ErrNoKey) {
			t.Errorf("info of %q: %v, want ErrNoKey", id, err)
		}
		if _, err := h.Change(t.Context(), id, keys.Change{}); !errors.Is(err, keys.ErrNoKey) {
			t.Errorf("change of %q: %v, want ErrNoKey", id, err)
		}
		if _, err := h.Envelop(t.Context(), id, spki); !errors.Is(err, keys.ErrNoKey) {
			t.Errorf("envelope of %q: %v, want ErrNoKey", id, err)
		}
	}
}

func ended(t *testing.T, h Holder) {
	create(t, h, spec("a", keys.Ed25519))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.Create(ctx, spec("b", keys.Ed25519)); !errors.Is(err, context.Canceled) {
		t.Errorf("create: %v", err)
	}
	if _, err := h.Signer(ctx, "a"); !errors.Is(err, context.Canceled) {
		t.Errorf("signer: %v", err)
	}
	if _, err := h.List(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("list: %v", err)
	}
	if _, err := h.Change(ctx, "a", keys.Change{State: ptr(keys.Retired)}); !errors.Is(err, context.Canceled) {
		t.Errorf("change: %v", err)
	}
	if got := list(t, h); len(got) != 1 || got[0].State != keys.Active {
		t.Errorf("listed %+v", got)
	}
}

func ptr[T any](v T) *T { return &v }
