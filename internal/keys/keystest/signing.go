package keystest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/keys"
)

var message = []byte("what is signed")

func signer(t *testing.T, h Holder, id string) crypto.Signer {
	t.Helper()
	s, err := h.Signer(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// sign signs message as the algorithm of the key has it, and verifies.
func sign(s crypto.Signer) error {
	switch pub := s.Public().(type) {
	case ed25519.PublicKey:
		sig, err := s.Sign(rand.Reader, message, crypto.Hash(0))
		if err == nil && !ed25519.Verify(pub, message, sig) {
			err = errors.New("the signature does not verify")
		}
		return err
	case *ecdsa.PublicKey:
		if gm.IsSM2(pub) {
			sig, err := gm.Sign(s, message)
			if err == nil {
				err = gm.Verify(pub, message, sig)
			}
			return err
		}
		digest := sha256.Sum256(message)
		sig, err := s.Sign(rand.Reader, digest[:], crypto.SHA256)
		if err == nil && !ecdsa.VerifyASN1(pub, digest[:], sig) {
			err = errors.New("the signature does not verify")
		}
		return err
	default:
		return errors.New("a public key of another kind")
	}
}

func signatures(t *testing.T, h Holder) {
	for _, a := range []keys.Algorithm{keys.SM2, keys.P256, keys.Ed25519} {
		id := map[keys.Algorithm]string{keys.SM2: "sm2", keys.P256: "p256", keys.Ed25519: "ed"}[a]
		info := create(t, h, spec(id, a))
		s := signer(t, h, id)
		spki, err := keys.MarshalPublic(s.Public())
		if err != nil || string(spki) != string(info.Public) {
			t.Errorf("%s: the signer has another public key: %v", a, err)
		}
		if err := sign(s); err != nil {
			t.Errorf("%s: %v", a, err)
		}
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "example"}, NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1, 0),
	}
	for _, id := range []string{"p256", "ed"} { // as the standard library calls them
		s := signer(t, h, id)
		if _, err := x509.CreateCertificate(rand.Reader, template, template, s.Public(), s); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
	e, err := gm.DigestToSign(signer(t, h, "sm2").Public().(*ecdsa.PublicKey), message)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gm.SignDigest(signer(t, h, "sm2"), e); err != nil {
		t.Error(err)
	}
}

func wrongOptions(t *testing.T, h Holder) {
	for id, a := range map[string]keys.Algorithm{"sm2": keys.SM2, "p256": keys.P256, "ed": keys.Ed25519} {
		create(t, h, spec(id, a))
	}
	digest := sha256.Sum256(message)
	for _, c := range []struct {
		id   string
		msg  []byte
		opts crypto.SignerOpts
		want error
	}{
		{"sm2", digest[:], crypto.SHA256, gm.ErrOptions},
		{"sm2", message, crypto.Hash(0), gm.ErrOptions},
		{"sm2", message, nil, gm.ErrOptions},
		{"sm2", message, gm.HashedWithZ{}, gm.ErrOptions},
		{"p256", digest[:], crypto.Hash(0), keys.ErrOptions},
		{"p256", digest[:31], crypto.SHA256, keys.ErrOptions},
		{"p256", digest[:20], crypto.SHA1, keys.ErrOptions},
		{"p256", digest[:], nil, keys.ErrOptions},
		{"ed", digest[:], crypto.SHA256, keys.ErrOptions},
		{"ed", make([]byte, 64), crypto.SHA512, keys.ErrOptions},
		{"ed", message, &ed25519.Options{Context: "other"}, keys.ErrOptions},
		{"ed", message, nil, keys.ErrOptions},
	} {
		if _, err := signer(t, h, c.id).Sign(rand.Reader, c.msg, c.opts); !errors.Is(err, c.want) {
			t.Errorf("%s with %v: %v, want %v", c.id, c.opts, err, c.want)
		}
	}
	for _, k := range list(t, h) {
		if k.Used != 0 {
			t.Errorf("%s counts %d", k.ID, k.Used)
		}
	}
}

func counted(t *testing.T, h Holder) {
	create(t, h, spec("a", keys.SM2))
	create(t, h, spec("b", keys.Ed25519))
	a, b := signer(t, h, "a"), signer(t, h, "b")
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if err := sign(a); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if err := sign(b); err != nil {
		t.Error(err)
	}
	got := list(t, h)
	if got[0].Used != 20 || got[1].Used != 1 || got[0].LastUsed.IsZero() || got[1].LastUsed.IsZero() {
		t.Errorf("listed %+v", got)
	}
}

func quota(t *testing.T, h Holder) {
	s := spec("a", keys.P256)
	s.Quota = 10
	create(t, h, s)
	k := signer(t, h, "a")
	var all sync.WaitGroup
	var done, refused atomic.Int64
	for range 25 {
		all.Go(func() {
			err := sign(k)
			switch {
			case err == nil:
				done.Add(1)
			case errors.Is(err, keys.ErrQuota):
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if done.Load() != 10 || refused.Load() != 15 {
		t.Errorf("%d signed, %d refused, want 10 and 15", done.Load(), refused.Load())
	}
	if got := list(t, h)[0].Used; got != 10 {
		t.Errorf("counted %d", got)
	}
}

func change(t *testing.T, h Holder, id string, c keys.Change) keys.Info {
	t.Helper()
	info, err := h.Change(t.Context(), id, c)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func changedQuota(t *testing.T, h Holder) {
	create(t, h, spec("a", keys.Ed25519))
	s := signer(t, h, "a")
	for range 2 {
		if err := sign(s); err != nil {
			t.Fatal(err)
		}
	}
	if info := change(t, h, "a", keys.Change{Quota: ptr(int64(1))}); info.Quota != 1 || info.Used != 2 {
		t.Errorf("changed to %+v", info)
	}
	if err := sign(s); !errors.Is(err, keys.ErrQuota) {
		t.Errorf("over the quota: %v", err)
	}
	change(t, h, "a", keys.Change{Quota: ptr(int64(3))})
	if err := sign(s); err != nil {
		t.Error(err)
	}
	if err := sign(s); !errors.Is(err, keys.ErrQuota) {
		t.Errorf("over the raised quota: %v", err)
	}
	change(t, h, "a", keys.Change{Quota: ptr(int64(0))})
	if err := sign(s); err != nil {
		t.Error(err)
	}
}

func retired(t *testing.T, h Holder) {
	create(t, h, spec("a", keys.SM2))
	s := signer(t, h, "a")
	if info := change(t, h, "a", keys.Change{State: ptr(keys.Retired)}); info.State != keys.Retired || info.Changed.Before(info.Created) {
		t.Errorf("changed to %+v", info)
	}
	if err := sign(s); !errors.Is(err, keys.ErrState) {
		t.Errorf("a signer got before: %v, want ErrState", err)
	}
	if _, err := h.Signer(t.Context(), "a"); !errors.Is(err, keys.ErrState) {
		t.Errorf("a signer: %v, want ErrState", err)
	}
	change(t, h, "a", keys.Change{State: ptr(keys.Active)})
	if err := sign(s); err != nil {
		t.Error(err)
	}
	if got := list(t, h)[0].Used; got != 1 {
		t.Errorf("counted %d, want 1", got)
	}
}

func destroyed(t *testing.T, h Holder) {
	before := create(t, h, spec("a", keys.SM2))
	s := signer(t, h, "a")
	if info := change(t, h, "a", keys.Change{State: ptr(keys.Destroyed)}); info.State != keys.Destroyed || string(info.Public) != string(before.Public) {
		t.Errorf("changed to %+v", info)
	}
	if err := sign(s); !errors.Is(err, keys.ErrState) {
		t.Errorf("a signer got before: %v, want ErrState", err)
	}
	if _, err := h.Signer(t.Context(), "a"); !errors.Is(err, keys.ErrState) {
		t.Errorf("a signer: %v, want ErrState", err)
	}
	for _, c := range []keys.Change{{State: ptr(keys.Active)}, {State: ptr(keys.Retired)}, {Quota: ptr(int64(5))}} {
		if _, err := h.Change(t.Context(), "a", c); !errors.Is(err, keys.ErrState) {
			t.Errorf("changing it: %v, want ErrState", err)
		}
	}
	if _, err := h.Create(t.Context(), spec("a", keys.SM2)); !errors.Is(err, keys.ErrExists) {
		t.Errorf("making it again: %v, want ErrExists", err)
	}
	if got := list(t, h); len(got) != 1 || got[0].State != keys.Destroyed || string(got[0].Public) != string(before.Public) {
		t.Errorf("listed %+v", got)
	}
}

func wrongChange(t *testing.T, h Holder) {
	before := create(t, h, spec("a", keys.Ed25519))
	for _, c := range []keys.Change{{State: ptr(keys.State("lost"))}, {State: ptr(keys.State(""))}, {Quota: ptr(int64(-1))}} {
		if _, err := h.Change(t.Context(), "a", c); !errors.Is(err, keys.ErrSpec) {
			t.Errorf("%v: %v, want ErrSpec", c, err)
		}
	}
	if got := change(t, h, "a", keys.Change{}); !equal(got, before) {
		t.Errorf("changed to %+v", got)
	}
}

func recipient(t *testing.T) (crypto.Signer, []byte) {
	t.Helper()
	owner, err := gm.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	spki, err := gm.MarshalPublicKey(owner.Public())
	if err != nil {
		t.Fatal(err)
	}
	return owner, spki
}

func enveloped(t *testing.T, h Holder) {
	info := create(t, h, keys.Spec{ID: "enc", Algorithm: keys.SM2, Use: keys.UseEncryption, Quota: 2})
	owner, spki := recipient(t)
	b, err := h.Envelop(t.Context(), "enc", spki)
	if err != nil {
		t.Fatal(err)
	}
	key, err := gm.OpenEnvelope(owner, b)
	if err != nil {
		t.Fatal(err)
	}
	if public, err := keys.MarshalPublic(key.Public()); err != nil || string(public) != string(info.Public) {
		t.Errorf("another key came out: %v", err)
	}
	if _, err := h.Signer(t.Context(), "enc"); !errors.Is(err, keys.ErrState) {
		t.Errorf("signing with it: %v, want ErrState", err)
	}
	if got := list(t, h)[0]; got.Used != 1 || got.LastUsed.IsZero() {
		t.Errorf("listed %+v", got)
	}
	for _, c := range []struct {
		state keys.State
		want  error
	}{{keys.Retired, keys.ErrState}, {keys.Active, nil}, {keys.Active, keys.ErrQuota}, {keys.Destroyed, keys.ErrState}} {
		change(t, h, "enc", keys.Change{State: &c.state})
		if _, err := h.Envelop(t.Context(), "enc", spki); !errors.Is(err, c.want) {
			t.Errorf("enveloping it %s: %v, want %v", c.state, err, c.want)
		}
	}
}

func notEnveloped(t *testing.T, h Holder) {
	create(t, h, spec("sig", keys.SM2))
	create(t, h, keys.Spec{ID: "enc", Algorithm: keys.SM2, Use: keys.UseEncryption})
	other := create(t, h, spec("tls", keys.P256))
	_, spki := recipient(t)
	if _, err := h.Envelop(t.Context(), "sig", spki); !errors.Is(err, keys.ErrState) {
		t.Errorf("a signing key: %v, want ErrState", err)
	}
	for name, to := range map[string][]byte{"no key": nil, "noise": {0x30, 0x80}, "a P-256 key": other.Public, "a long one": make([]byte, 1<<20)} {
		if _, err := h.Envelop(t.Context(), "enc", to); !errors.Is(err, keys.ErrSpec) {
			t.Errorf("for %s: %v, want ErrSpec", name, err)
		}
	}
	for _, k := range list(t, h) {
		if k.Used != 0 {
			t.Errorf("%s counts %d", k.ID, k.Used)
		}
	}
}
