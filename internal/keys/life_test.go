package keys_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/keys"
	"yinzheng/internal/keys/keystest"
)

type quick = keystest.Plain

// life is one of everything that is done to a folder, in order. Each step is told once it is done: "create a", "sign a", …
type life struct {
	dir  string
	step func(string) error
	told io.Writer
}

func (l life) open(q quick) (*keys.Folder, error) {
	c := keys.FolderConfig{Dir: l.dir, Sealing: q, Now: time.Now, JournalSize: 1000} // a new journal file every few uses
	return keys.OpenFolderAt(c, l.step)
}

// tell acknowledges, in one write.
func (l life) tell(what string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	_, err = io.WriteString(l.told, what+"\n")
	return err
}

func (l life) live(ctx context.Context) error {
	f, err := l.open("one")
	if err != nil {
		return err
	}
	for _, do := range []func(context.Context, *keys.Folder) error{l.creates, l.uses, l.changes, l.replaces} {
		if err := do(ctx, f); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	return f.Close()
}

func (l life) creates(ctx context.Context, f *keys.Folder) error {
	for _, s := range []keys.Spec{
		{ID: "a", Algorithm: keys.SM2, Use: "office-seal", Quota: 100},
		{ID: "b", Algorithm: keys.Ed25519, Use: "log"},
		{ID: "e", Algorithm: keys.SM2, Use: keys.UseEncryption},
	} {
		_, err := f.Create(ctx, s)
		if err := l.tell("create "+s.ID, err); err != nil {
			return err
		}
	}
	return nil
}

func (l life) sign(ctx context.Context, f *keys.Folder, id string) error {
	s, err := f.Signer(ctx, id)
	if err == nil {
		err = signOnce(s)
	}
	return l.tell("sign "+id, err)
}

func signOnce(s crypto.Signer) error {
	switch pub := s.Public().(type) {
	case ed25519.PublicKey:
		_, err := s.Sign(nil, []byte("message"), crypto.Hash(0))
		return err
	case *ecdsa.PublicKey:
		if !gm.IsSM2(pub) {
			_, err := s.Sign(nil, make([]byte, 32), crypto.SHA256)
			return err
		}
	}
	_, err := gm.Sign(s, []byte("message"))
	return err
}

func (l life) uses(ctx context.Context, f *keys.Folder) error {
	for range 3 {
		for _, id := range []string{"a", "b"} {
			if err := l.sign(ctx, f, id); err != nil {
				return err
			}
		}
	}
	_, err := f.Envelop(ctx, "e", recipient)
	return l.tell("sign e", err)
}

func (l life) change(ctx context.Context, f *keys.Folder, id string, state keys.State) error {
	_, err := f.Change(ctx, id, keys.Change{State: &state})
	return l.tell(string(state)+" "+id, err)
}

func (l life) changes(ctx context.Context, f *keys.Folder) error {
	for _, do := range []func() error{
		func() error {
			_, err := f.Change(ctx, "a", keys.Change{Quota: ptr(int64(50))})
			return l.tell("quota a", err)
		},
		func() error { return l.change(ctx, f, "a", keys.Retired) },
		func() error { return l.change(ctx, f, "a", keys.Active) },
		func() error { return l.sign(ctx, f, "a") },
		func() error { return l.change(ctx, f, "e", keys.Destroyed) },
	} {
		if err := do(); err != nil {
			return err
		}
	}
	return nil
}

func (l life) replaces(ctx context.Context, f *keys.Folder) error {
	_, err := f.Rotate(ctx, "a", "a-2")
	if err = l.tell("rotate a", err); err != nil {
		return err
	}
	if err = l.tell("reseal", f.Reseal(ctx, quick("two"))); err != nil {
		return err
	}
	if err := l.sign(ctx, f, "a-2"); err != nil {
		return err
	}
	return l.sign(ctx, f, "b")
}

// recipient is a public key for envelopes.
var recipient = func() []byte {
	key, err := gm.GenerateKey()
	if err != nil {
		return nil
	}
	spki, err := gm.MarshalPublicKey(key.Public())
	if err != nil {
		return nil
	}
	return spki
}()

// promised is what was acknowledged of a key.
type promised struct {
	uses  int64
	state keys.State
}

// wholeLife is everything that life tells.
func wholeLife(t *testing.T) string {
	t.Helper()
	var told strings.Builder
	if err := (life{dir: t.TempDir(), step: func(string) error { return nil }, told: &told}).live(t.Context()); err != nil {
		t.Fatal(err)
	}
	return told.String()
}

func promises(t *testing.T, told string) (all map[string]promised, resealed bool) {
	t.Helper()
	all = map[string]promised{}
	for line := range strings.Lines(told) {
		what, id, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		p := all[id]
		switch what {
		case "create":
			p.state = keys.Active
		case "sign":
			p.uses++
		case "rotate":
			p.state = keys.Retired
			all[id+"-2"] = promised{state: keys.Active}
		case "reseal":
			resealed = true
			continue
		case "backup":
			continue
		case "quota":
		default:
			p.state = keys.State(what)
		}
		all[id] = p
	}
	return all, resealed
}

// intact opens a folder after something interrupted what was told, whole if it had not been, and compares it with what was
// acknowledged. The one step that was at work may have been done or not.
func intact(t *testing.T, dir, told, whole string) {
	t.Helper()
	f := reopened(t, dir)
	defer func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if _, err := keys.VerifyJournal(dir); err != nil {
			t.Error(err)
		}
	}()
	all, err := f.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want, resealed := promises(t, told)
	atWork, ok := strings.CutPrefix(whole, told)
	if !ok {
		t.Fatalf("told %q, which is no part of %q", told, whole)
	}
	next, _, _ := strings.Cut(atWork, "\n")
	also, _ := promises(t, told+next)
	for id := range want {
		if !slices.ContainsFunc(all, func(k keys.Info) bool { return k.ID == id }) {
			t.Errorf("the key %s is lost", id)
		}
	}
	for _, k := range all {
		p, or := want[k.ID], also[k.ID]
		if k.Used != p.uses && k.Used != or.uses {
			t.Errorf("%s counts %d, acknowledged were %d", k.ID, k.Used, p.uses)
		}
		if k.State != p.state && k.State != or.state {
			t.Errorf("%s is %s, acknowledged was %s", k.ID, k.State, p.state)
		}
		if resealed && k.State != keys.Destroyed && k.Protected != "two" {
			t.Errorf("%s is sealed as %q", k.ID, k.Protected)
		}
		works(t, f, k)
	}
	if left, err := keys.Leftovers(dir); err != nil || len(left) > 0 {
		t.Errorf("in the folder: %v, %v", left, err)
	}
}

// works uses a key as its state says, and its count goes on.
func works(t *testing.T, f *keys.Folder, k keys.Info) {
	t.Helper()
	if k.State == keys.Destroyed {
		return
	}
	if k.State == keys.Retired {
		active := keys.Active
		if _, err := f.Change(t.Context(), k.ID, keys.Change{State: &active}); err != nil {
			t.Error(err)
		}
	}
	var err error
	if k.Use == keys.UseEncryption {
		_, err = f.Envelop(t.Context(), k.ID, recipient)
	} else {
		var s crypto.Signer
		if s, err = f.Signer(t.Context(), k.ID); err == nil {
			err = signOnce(s)
		}
	}
	after, infoErr := f.Info(t.Context(), k.ID)
	if err = errors.Join(err, infoErr); err != nil || after.Used != k.Used+1 {
		t.Errorf("using %s: %v; it counts %d after %d", k.ID, err, after.Used, k.Used)
	}
}

// reopened opens a folder of life under the sealing in which it is, which must be one of all its keys.
func reopened(t *testing.T, dir string) *keys.Folder {
	t.Helper()
	sealing := quick("one")
	if b, err := os.ReadFile(filepath.Join(dir, ".reseal")); err == nil {
		sealing = quick(b)
	}
	f, err := life{dir: dir, step: func(string) error { return nil }}.open(sealing)
	if err != nil {
		t.Fatal(err)
	}
	all, err := f.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range all {
		if k.State != keys.Destroyed && k.Protected != string(sealing) && sealing == "one" {
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
			if f, err = (life{dir: dir, step: func(string) error { return nil }}).open("two"); err != nil {
				t.Fatal(err)
			}
			break
		}
	}
	return f
}
