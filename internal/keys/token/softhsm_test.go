//go:build tools && cgo

package token_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/miekg/pkcs11"

	"yinzheng/internal/gm"
	"yinzheng/internal/keys"
	"yinzheng/internal/keys/keystest"
	"yinzheng/internal/keys/token"
	"yinzheng/internal/keys/token/tokentest"
)

// newToken makes a token with its key-encryption key, which is gone after the test.
func newToken(t *testing.T) token.Config {
	t.Helper()
	c := tokentest.New(t)
	if made, err := token.Init(c); err != nil || !made {
		t.Fatalf("made %t, %v", made, err)
	}
	return c
}

func openToken(t *testing.T, c token.Config) *token.Token {
	t.Helper()
	k, err := token.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := k.Close(); err != nil {
			t.Error(err)
		}
	})
	return k
}

func openFolder(t *testing.T, dir string, s keys.Sealing) *keys.Folder {
	t.Helper()
	f, err := keys.OpenFolder(keys.FolderConfig{Dir: dir, Sealing: s, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func TestFolderUnderATokenKeepsTheContract(t *testing.T) {
	k := openToken(t, newToken(t))
	keystest.Run(t, func(t *testing.T) (keystest.Holder, string) {
		dir := t.TempDir()
		return openFolder(t, dir, k), dir
	})
}

func signers(t *testing.T) map[string]crypto.Signer {
	t.Helper()
	sm2, err := gm.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]crypto.Signer{"sm2": sm2, "p256": p256, "ed25519": ed}
}

func TestSealedKeysOpenUnderTheirIDInTheirTokenOnly(t *testing.T) {
	c := newToken(t)
	k := openToken(t, c)
	for id, key := range signers(t) {
		file, err := k.Seal(id, key)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := k.Seal(id, key); err != nil || bytes.Equal(again, file) {
			t.Errorf("%s sealed twice gives the same file, %v", id, err)
		}
		opened, err := k.Open(id, file)
		if err != nil || !opened.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(key.Public()) {
			t.Errorf("%s: %v", id, err)
		}
		if _, err := k.Open(id+"2", file); !errors.Is(err, token.ErrSealed) {
			t.Errorf("%s under another ID: %v, want ErrSealed", id, err)
		}
		plain, err := gm.EncodeKey(key)
		if err != nil || bytes.Contains(file, plain[len(plain)/2:]) {
			t.Errorf("%s: the file holds the plain key; %v", id, err)
		}
		for at := range file {
			b := bytes.Clone(file)
			b[at] ^= 1
			if _, err := k.Open(id, b); !errors.Is(err, token.ErrSealed) {
				t.Errorf("%s with byte %d changed: %v, want ErrSealed", id, at, err)
			}
		}
	}
	file, err := k.Seal("a", signers(t)["sm2"])
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	other := c
	other.KeyLabel = "another"
	if made, err := token.Init(other); err != nil || !made {
		t.Fatalf("made %t, %v", made, err)
	}
	if _, err := openToken(t, other).Open("a", file); !errors.Is(err, token.ErrSealed) {
		t.Errorf("under another key-encryption key: %v, want ErrSealed", err)
	}
}

func TestKeyOutsideOfMemoryIsNotSealed(t *testing.T) {
	k := openToken(t, newToken(t))
	key := signers(t)["sm2"]
	elsewhere := gm.NewSigner(key.Public().(*ecdsa.PublicKey), func(gm.Digest) ([]byte, error) { return nil, nil })
	if _, err := k.Seal("a", elsewhere); !errors.Is(err, gm.ErrKeyType) {
		t.Errorf("got %v", err)
	}
}

func TestTokenThatIsNotThereIsNamed(t *testing.T) {
	c := newToken(t)
	for name, change := range map[string]struct {
		to   func(*token.Config)
		want error
	}{
		"no library":          {func(c *token.Config) { c.Module = filepath.Join(t.TempDir(), "none.so") }, token.ErrToken},
		"no PKCS#11 library":  {func(c *token.Config) { c.Module = os.Args[0] }, token.ErrToken},
		"another token":       {func(c *token.Config) { c.TokenLabel = "another" }, token.ErrToken},
		"wrong PIN":           {func(c *token.Config) { c.PIN = "another-pin" }, token.ErrPIN},
		"short PIN":           {func(c *token.Config) { c.PIN = "1" }, token.ErrPIN},
		"no PIN":              {func(c *token.Config) { c.PIN = "" }, token.ErrPIN},
		"another label a key": {func(c *token.Config) { c.KeyLabel = "another" }, token.ErrNoKEK},
	} {
		wrong := c
		change.to(&wrong)
		if k, err := token.Open(wrong); !errors.Is(err, change.want) || k != nil {
			t.Errorf("%s: %v, want %v", name, err, change.want)
		}
		if errors.Is(change.want, token.ErrNoKEK) {
			continue
		}
		if made, err := token.Init(wrong); !errors.Is(err, change.want) || made {
			t.Errorf("%s: Init: %v, want %v", name, err, change.want)
		}
	}
	if made, err := token.Init(c); err != nil || made {
		t.Errorf("the right one: made %t, %v", made, err)
	}
}

func TestFolderWithoutItsTokenSaysWhy(t *testing.T) {
	c := newToken(t)
	k, err := token.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	f := openFolder(t, dir, k)
	if _, err := f.Create(t.Context(), keys.Spec{ID: "a", Algorithm: keys.SM2, Use: "office-seal"}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Close(), k.Close(), k.Close()); err != nil {
		t.Fatal(err)
	}
	again := openFolder(t, dir, k)
	if _, err := again.Signer(t.Context(), "a"); !errors.Is(err, token.ErrClosed) || !errors.Is(err, keys.ErrKeyFile) {
		t.Errorf("with a closed token: %v", err)
	}
	if _, err := again.Create(t.Context(), keys.Spec{ID: "b", Algorithm: keys.SM2, Use: "office-seal"}); !errors.Is(err, token.ErrClosed) {
		t.Errorf("making a key: %v", err)
	}
	if all, err := again.List(t.Context()); err != nil || len(all) != 1 {
		t.Errorf("%v, %v", all, err)
	}
}

func TestKeysMoveFromAPassphraseToATokenAndBackUpFromIt(t *testing.T) {
	k := openToken(t, newToken(t))
	dir := t.TempDir()
	f := openFolder(t, dir, keys.Passphrase([]byte("a passphrase of the tests")))
	if _, err := f.Create(t.Context(), keys.Spec{ID: "a", Algorithm: keys.SM2, Use: "office-seal"}); err != nil {
		t.Fatal(err)
	}
	if err := f.Reseal(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	var backup bytes.Buffer
	secret := []byte("a passphrase of a back-up")
	if err := errors.Join(f.Backup(t.Context(), &backup, secret), f.Close()); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "keys")
	err := keys.Restore(t.Context(), &backup, keys.RestoreConfig{Dir: other, Backup: secret, Sealing: k, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{dir, other} {
		f := openFolder(t, d, k)
		s, err := f.Signer(t.Context(), "a")
		if err == nil {
			_, err = gm.Sign(s, []byte("message"))
		}
		if info, infoErr := f.Info(t.Context(), "a"); err != nil || infoErr != nil || info.Protected != "pkcs11" {
			t.Errorf("%+v, %v, %v", info, err, infoErr)
		}
	}
}

// raw logs into a token beside the package under test.
func raw(t *testing.T, c token.Config) (*pkcs11.Ctx, pkcs11.SessionHandle) {
	t.Helper()
	p := pkcs11.New(c.Module)
	if p == nil {
		t.Fatal("the library does not load")
	}
	if err := p.Initialize(); err != nil && !errors.Is(err, pkcs11.Error(pkcs11.CKR_CRYPTOKI_ALREADY_INITIALIZED)) {
		t.Fatal(err)
	}
	slots, err := p.GetSlotList(true)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range slots {
		about, err := p.GetTokenInfo(s)
		if err != nil || about.Label != c.TokenLabel {
			continue
		}
		session, err := p.OpenSession(s, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
		if err != nil {
			t.Fatal(err)
		}
		err = p.Login(session, pkcs11.CKU_USER, c.PIN)
		if err != nil && !errors.Is(err, pkcs11.Error(pkcs11.CKR_USER_ALREADY_LOGGED_IN)) {
			t.Fatal(err)
		}
		return p, session
	}
	t.Fatalf("no token %q", c.TokenLabel)
	return nil, 0
}

func ended(t *testing.T, p *pkcs11.Ctx) {
	t.Helper()
	if err := p.Finalize(); err != nil {
		t.Error(err)
	}
	p.Destroy()
}

func TestKeyEncryptionKeyThatWasOrCanBeOutsideIsRefused(t *testing.T) {
	c := newToken(t)
	p, session := raw(t, c)
	put := func(label string, more ...*pkcs11.Attribute) error {
		attributes := append([]*pkcs11.Attribute{
			pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY), pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, pkcs11.CKK_AES),
			pkcs11.NewAttribute(pkcs11.CKA_LABEL, label), pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true), pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, true),
			pkcs11.NewAttribute(pkcs11.CKA_ENCRYPT, true), pkcs11.NewAttribute(pkcs11.CKA_DECRYPT, true),
		}, more...)
		_, err := p.CreateObject(session, attributes)
		return err
	}
	value := pkcs11.NewAttribute(pkcs11.CKA_VALUE, make([]byte, 32))
	sensitive, kept := pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, true), pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, false)
	err := errors.Join(
		put("imported", value, sensitive, kept),
		put("readable", value, pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, false), pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, true)),
		put("short", pkcs11.NewAttribute(pkcs11.CKA_VALUE, make([]byte, 16)), sensitive, kept),
		put("two", value, sensitive, kept), put("two", value, sensitive, kept),
	)
	if err != nil {
		t.Fatal(err)
	}
	ended(t, p)
	for _, name := range []string{"imported", "readable", "short", "two"} {
		wrong := c
		wrong.KeyLabel = name
		if _, err := token.Open(wrong); !errors.Is(err, token.ErrKEK) {
			t.Errorf("%s: %v, want ErrKEK", name, err)
		}
		if made, err := token.Init(wrong); !errors.Is(err, token.ErrKEK) || made {
			t.Errorf("%s: Init: %v, want ErrKEK", name, err)
		}
	}
}

func TestTokenGivesItsKeyToNobody(t *testing.T) {
	c := newToken(t)
	p, session := raw(t, c)
	defer ended(t, p)
	if err := p.FindObjectsInit(session, []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_LABEL, c.KeyLabel)}); err != nil {
		t.Fatal(err)
	}
	found, _, err := p.FindObjects(session, 2)
	if err = errors.Join(err, p.FindObjectsFinal(session)); err != nil || len(found) != 1 {
		t.Fatalf("%d keys, %v", len(found), err)
	}
	got, err := p.GetAttributeValue(session, found[0], []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_VALUE, nil)})
	if !errors.Is(err, pkcs11.Error(pkcs11.CKR_ATTRIBUTE_SENSITIVE)) {
		t.Errorf("reading it: %v, %v", got, err)
	}
}

// TestSessionThatEndedIsOpenedAnew ends all sessions of the process behind the token's back, while several use it.
func TestSessionThatEndedIsOpenedAnew(t *testing.T) {
	c := newToken(t)
	k := openToken(t, c)
	key := signers(t)["sm2"]
	file, err := k.Seal("a", key)
	if err != nil {
		t.Fatal(err)
	}
	p := pkcs11.New(c.Module) // shares the library, which k opened
	slots, err := p.GetSlotList(true)
	if err != nil {
		t.Fatal(err)
	}
	for round := range 3 {
		for _, s := range slots {
			if err := p.CloseAllSessions(s); err != nil {
				t.Fatal(err)
			}
		}
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if _, err := k.Open("a", file); err != nil {
					t.Error(fmt.Errorf("round %d: %w", round, err))
				}
			})
		}
		all.Wait()
	}
}
