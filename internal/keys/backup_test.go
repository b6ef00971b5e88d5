package keys_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/keys"
)

// backedUp is a folder with a key in every state, and its back-up.
func backedUp(t testing.TB) (f *keys.Folder, dir string, backup []byte) {
	t.Helper()
	dir = t.TempDir()
	f = open(t, config(dir))
	for _, s := range []keys.Spec{
		{ID: "a", Algorithm: keys.SM2, Use: "office-seal", Quota: 9},
		{ID: "b", Algorithm: keys.P256, Use: "tls-server"},
		{ID: "c", Algorithm: keys.Ed25519, Use: "log"},
		{ID: "d", Algorithm: keys.Ed25519, Use: "log"},
	} {
		if _, err := f.Create(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	sign(t, f, "a", 3)
	for id, state := range map[string]keys.State{"c": keys.Retired, "d": keys.Destroyed} {
		if _, err := f.Change(t.Context(), id, keys.Change{State: &state}); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := f.Backup(t.Context(), &out, backupSecret); err != nil {
		t.Fatal(err)
	}
	return f, dir, out.Bytes()
}

func restoring(dir string) keys.RestoreConfig {
	return keys.RestoreConfig{Dir: dir, Backup: backupSecret, Sealing: quick("two"), Now: time.Now}
}

func TestRestoredKeysAreTheSameAndTheJournalGoesOn(t *testing.T) {
	f, _, backup := backedUp(t)
	before, err := f.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "new", "keys")
	if err := keys.Restore(t.Context(), bytes.NewReader(backup), restoring(dir)); err != nil {
		t.Fatal(err)
	}
	report, err := keys.VerifyJournal(dir)
	if err != nil || report.Uses != 0 {
		t.Errorf("%+v, %v", report, err)
	}
	c := config(dir)
	c.Sealing = quick("two")
	again := open(t, c)
	after, err := again.List(t.Context())
	if err != nil || len(after) != len(before) {
		t.Fatalf("%+v, %v", after, err)
	}
	for i, k := range after {
		want := before[i]
		if k.State != keys.Destroyed {
			want.Protected = "two"
		}
		if k.Spec != want.Spec || k.State != want.State || !bytes.Equal(k.Public, want.Public) || k.Used != want.Used ||
			!k.Created.Equal(want.Created) || !k.Changed.Equal(want.Changed) || !k.LastUsed.Equal(want.LastUsed) || k.Protected != want.Protected {
			t.Errorf("restored %+v, was %+v", k, want)
		}
	}
	sign(t, again, "a", 1)
	if k, err := again.Info(t.Context(), "a"); err != nil || k.Used != 4 {
		t.Errorf("%+v, %v", k, err)
	}
}

// TestBackupHoldsNoKeyThatIsNotEncrypted looks for the plain private keys in it.
func TestBackupHoldsNoKeyThatIsNotEncrypted(t *testing.T) {
	_, dir, backup := backedUp(t)
	for _, id := range []string{"a", "b", "c"} {
		plain, ok := bytes.CutPrefix(read(t, filepath.Join(dir, id+".key")), []byte("one "+id+"\n"))
		if !ok || len(plain) < 40 {
			t.Fatalf("the test sealing of %s has changed", id)
		}
		for from := 0; from+24 <= len(plain); from += 8 {
			if part := plain[from : from+24]; bytes.Contains(backup, part) && !bytes.Contains(plain[len(plain)-70:], part) {
				t.Errorf("bytes %d… of the plain key %s are in the back-up", from, id)
			}
		}
	}
	if strings.Contains(string(backup), "d.key") {
		t.Error("a destroyed key is in it")
	}
}

func TestEveryKeyThatLeavesInABackupIsRecorded(t *testing.T) {
	_, dir, _ := backedUp(t)
	ids := ""
	for _, l := range readJournal(t, filepath.Join(dir, "journal", "000001.log")) {
		if l.Op == keys.OpBackup {
			ids += l.ID
		}
	}
	if ids != "abc" {
		t.Errorf("recorded for %q", ids)
	}
}

func TestChangedBackupsRestoreNothing(t *testing.T) {
	_, _, backup := backedUp(t)
	forge := func(change func(name string, body []byte) []byte) []byte {
		b, err := keys.ForgeBackup(backup, change)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	cases := map[string][]byte{
		"empty": {}, "cut": backup[:len(backup)-1], "longer": append(bytes.Clone(backup), 0), "noise": bytes.Repeat([]byte{0xa5}, 4096),
		"a raised quota": forge(func(_ string, b []byte) []byte {
			return bytes.Replace(b, []byte(`"quota": 9`), []byte(`"quota": 0`), 1)
		}),
		"a key revived": forge(func(name string, b []byte) []byte {
			if name == "c.json" {
				return bytes.Replace(b, []byte(`"retired"`), []byte(`"active"`), 1)
			}
			return b
		}),
	}
	for at := 0; at < len(backup); at += len(backup)/40 + 1 {
		b := bytes.Clone(backup)
		b[at] ^= 0x10
		cases[fmt.Sprintf("byte %d changed", at)] = b
	}
	for name, b := range cases {
		nothingRestored(t, name, b, restoring(filepath.Join(t.TempDir(), "keys")), keys.ErrBackup)
	}
}

func nothingRestored(t *testing.T, name string, backup []byte, c keys.RestoreConfig, want error) {
	t.Helper()
	err := keys.Restore(t.Context(), bytes.NewReader(backup), c)
	if !errors.Is(err, want) && !(errors.Is(err, gm.ErrPassphrase) && strings.HasPrefix(name, "byte")) { // the seal itself was hit
		t.Errorf("%s: %v, want %v", name, err, want)
	}
	names, err := os.ReadDir(filepath.Dir(c.Dir))
	if err != nil || len(names) > 0 {
		t.Errorf("%s: left %v, %v", name, names, err)
	}
}

func TestRestoreRefuses(t *testing.T) {
	_, _, backup := backedUp(t)
	wrong := restoring(filepath.Join(t.TempDir(), "keys"))
	wrong.Backup = []byte("another passphrase of a back-up")
	nothingRestored(t, "another passphrase", backup, wrong, gm.ErrPassphrase)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := keys.Restore(ctx, bytes.NewReader(backup), restoring(filepath.Join(t.TempDir(), "keys"))); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context: %v", err)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "something"), nil)
	if err := keys.Restore(t.Context(), bytes.NewReader(backup), restoring(dir)); !errors.Is(err, keys.ErrNotEmpty) {
		t.Errorf("into a folder with something in it: %v", err)
	}
	if err := keys.Restore(t.Context(), bytes.NewReader(backup), keys.RestoreConfig{Dir: t.TempDir(), Backup: backupSecret}); err == nil {
		t.Error("without a sealing")
	}
}

func TestRestoreHasItsPlaceForItself(t *testing.T) {
	_, _, backup := backedUp(t)
	dir := filepath.Join(t.TempDir(), "keys")
	second := error(nil)
	err := keys.RestoreAt(t.Context(), bytes.NewReader(backup), restoring(dir), func(step string) error {
		if step == "restore: filled" {
			second = keys.Restore(t.Context(), bytes.NewReader(backup), restoring(dir))
		}
		return nil
	})
	if err != nil || !errors.Is(second, keys.ErrLocked) {
		t.Errorf("the first: %v; the second: %v, want ErrLocked", err, second)
	}
	late := filepath.Join(t.TempDir(), "keys")
	err = keys.RestoreAt(t.Context(), bytes.NewReader(backup), restoring(late), func(step string) error {
		if step == "restore: filled" { // a service is started meanwhile
			return os.MkdirAll(filepath.Join(late, "journal"), 0o700)
		}
		return nil
	})
	if _, stat := os.Stat(late + ".restoring"); !errors.Is(err, keys.ErrNotEmpty) || !errors.Is(stat, os.ErrNotExist) {
		t.Errorf("over a folder that came meanwhile: %v; what it had: %v", err, stat)
	}
}

func TestShortPassphraseBacksNothingUp(t *testing.T) {
	f, _, _ := backedUp(t)
	var out bytes.Buffer
	if err := f.Backup(t.Context(), &out, []byte("short")); !errors.Is(err, gm.ErrWeakPassphrase) || out.Len() > 0 {
		t.Errorf("%d bytes, %v", out.Len(), err)
	}
}

func TestRotationMakesANewKeyAndRetiresTheOld(t *testing.T) {
	f := open(t, config(t.TempDir()))
	old, err := f.Create(t.Context(), keys.Spec{ID: "seal", Algorithm: keys.SM2, Use: "office-seal", Quota: 7})
	if err != nil {
		t.Fatal(err)
	}
	create(t, f, "other")
	for range 2 { // again, as after a crash
		made, err := f.Rotate(t.Context(), "seal", "seal-2")
		if err != nil || made.Algorithm != keys.SM2 || made.Use != "office-seal" || made.Quota != 7 || made.Used != 0 ||
			bytes.Equal(made.Public, old.Public) {
			t.Errorf("%+v, %v", made, err)
		}
		if k, err := f.Info(t.Context(), "seal"); err != nil || k.State != keys.Retired {
			t.Errorf("the old one: %+v, %v", k, err)
		}
	}
	sign(t, f, "seal-2", 1)
	if _, err := f.Rotate(t.Context(), "seal", "other"); !errors.Is(err, keys.ErrExists) {
		t.Errorf("to a key of its own: %v", err)
	}
	if _, err := f.Rotate(t.Context(), "none", "none-2"); !errors.Is(err, keys.ErrNoKey) {
		t.Errorf("of no key: %v", err)
	}
	if _, err := f.Change(t.Context(), "seal", keys.Change{State: ptr(keys.Destroyed)}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Rotate(t.Context(), "seal", "seal-3"); !errors.Is(err, keys.ErrState) {
		t.Errorf("of a destroyed key: %v", err)
	}
}

func TestKeysSealedAnewOpenUnderTheNewSealingOnly(t *testing.T) {
	f, dir, _ := backedUp(t)
	to := keys.Passphrase(secret)
	s, err := f.Signer(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Reseal(t.Context(), to); err != nil {
		t.Fatal(err)
	}
	if err := signOnce(s); err != nil {
		t.Errorf("a signer got before: %v", err)
	}
	create(t, f, "new")
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if left, err := keys.Leftovers(dir); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
	c := config(dir)
	if err := signWith(t.Context(), open2(t, c), "a"); !errors.Is(err, keys.ErrKeyFile) {
		t.Errorf("under the old sealing: %v", err)
	}
	c.Sealing = to
	again := open2(t, c)
	all, err := again.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range all {
		if k.State != keys.Destroyed && k.Protected != "passphrase" {
			t.Errorf("%s: %q", k.ID, k.Protected)
		}
		works(t, again, k)
	}
}

func TestKeysThatCannotBeSealedAnewStayAsTheyAre(t *testing.T) {
	f, dir, _ := backedUp(t)
	if err := f.Reseal(t.Context(), keys.Passphrase([]byte("short"))); !errors.Is(err, gm.ErrWeakPassphrase) {
		t.Errorf("under a short passphrase: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.Reseal(ctx, quick("two")); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context: %v", err)
	}
	if left, err := keys.Leftovers(dir); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
	if _, err := f.Change(t.Context(), "c", keys.Change{State: ptr(keys.Active)}); err != nil {
		t.Error(err)
	}
	for _, id := range []string{"a", "b", "c"} {
		if err := useAny(t, f, id); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func useAny(t *testing.T, f *keys.Folder, id string) error {
	t.Helper()
	k, err := f.Info(t.Context(), id)
	if err == nil {
		works(t, f, k)
	}
	return err
}
