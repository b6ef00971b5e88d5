package ceremony_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"yinzheng/ca/ceremony"
)

const resharePlan = head + "act: reshare\nofficers: {threshold: 2, labels: [officer-1, officer-4]}\n"

func newPass(officer string) []byte { return []byte("another passphrase of " + officer) }

// reshareInput gives the roots to officer-1, with another passphrase, and officer-4.
func (b *bench) reshareInput() ceremony.Input {
	in := b.input(resharePlan)
	in.Shares = []ceremony.ShareInput{b.share("officer-1"), b.share("officer-2")}
	in.Passphrases = map[string][]byte{"officer-1": newPass("officer-1"), "officer-4": newPass("officer-4")}
	return in
}

// newShares are the shares that a reshare with a transcript's number gave out.
func (b *bench) newShares(number string) []ceremony.ShareInput {
	b.t.Helper()
	var out []ceremony.ShareInput
	for _, o := range []string{"officer-1", "officer-4"} {
		out = append(out, ceremony.ShareInput{File: b.file(o + "-" + number + ".share"), Passphrase: newPass(o)})
	}
	return out
}

func TestAfterAReshareNewSharesOpenTheSameRootsAndOldOnesNothing(t *testing.T) {
	b := made(t)
	root, oldKey := b.file("root.pem"), b.file("root.key")
	out, err := ceremony.Perform(context.Background(), b.reshareInput())
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Files) != 2 || !strings.HasSuffix(out.Files[1], "officer-4-2.share") {
		t.Errorf("made %v", out.Files)
	}
	if _, err := b.perform(b.issuePlan(both(t)...)); !errors.Is(err, ceremony.ErrShare) {
		t.Errorf("with the old shares: %v", err)
	}
	in := b.input(b.issuePlan(both(t)...))
	in.Shares = b.newShares("2")
	if _, err := ceremony.Perform(context.Background(), in); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(root, b.file("root.pem")) {
		t.Error("the root is another")
	}
	files, err := snapshot(b.dir)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		if content == string(oldKey) {
			t.Errorf("the old key file is still there: %s", name)
		}
	}
	r, err := ceremony.ReadRecord(b.dir)
	if err != nil || r.Sharing != 2 || strings.Join(r.Officers, " ") != "officer-1 officer-4" {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestReshareTwiceAndMixedSharesOpenNothing(t *testing.T) {
	b := made(t)
	if _, err := ceremony.Perform(context.Background(), b.reshareInput()); err != nil {
		t.Fatal(err)
	}
	in := b.reshareInput()
	in.Shares = b.newShares("2")
	if _, err := ceremony.Perform(context.Background(), in); err != nil {
		t.Fatal(err)
	}
	in = b.input(b.issuePlan(both(t)...))
	in.Shares = []ceremony.ShareInput{b.newShares("2")[0], b.newShares("3")[1]}
	if _, err := ceremony.Perform(context.Background(), in); !errors.Is(err, ceremony.ErrShare) {
		t.Errorf("mixed: %v", err)
	}
	in.Shares = b.newShares("3")
	if _, err := ceremony.Perform(context.Background(), in); err != nil {
		t.Error(err)
	}
}

func TestReshareWithoutPassphrasesOrOverAFileIsRefusedBeforeAnythingIsBegun(t *testing.T) {
	b := made(t)
	in := b.reshareInput()
	delete(in.Passphrases, "officer-4")
	if _, err := ceremony.Perform(context.Background(), in); !errors.Is(err, ceremony.ErrPassphrases) {
		t.Errorf("no passphrase: %v", err)
	}
	b.write("officer-4-2.share", []byte("something"))
	if _, err := ceremony.Perform(context.Background(), b.reshareInput()); !errors.Is(err, ceremony.ErrExists) {
		t.Errorf("a file is in the way: %v", err)
	}
	if _, err := os.Stat(filepath.Join(b.dir, "transcript-2.json")); err == nil {
		t.Error("something was begun")
	}
}

// TestReshareKilledAtEachStepLeavesExactlyOneSetOfSharesThatCounts kills a reshare at each step and then issues: with the old
// shares until the transcript was signed, with the new ones from there on, never with the others.
func TestReshareKilledAtEachStepLeavesExactlyOneSetOfSharesThatCounts(t *testing.T) {
	t.Parallel()
	template := made(t)
	plan := template.issuePlan(both(t)...)
	files, err := snapshot(template.dir)
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; ; n += stride() {
		b := &bench{t: t, dir: filepath.Join(t.TempDir(), "c"), desk: template.desk, now: template.now}
		restore(t, b.dir, files)
		in := b.reshareInput()
		step, err := b.until(n, func() error {
			in.OnStep = b.step
			_, err := ceremony.Perform(context.Background(), in)
			return err
		})
		signed := step == "signature" || strings.HasPrefix(step, "removed ")
		if step == "" {
			if err != nil || n < 15 {
				t.Errorf("%d steps: %v", n, err)
			}
			return
		}
		old := []ceremony.ShareInput{b.share("officer-1"), b.share("officer-2")}
		fresh := old
		if _, err := os.Stat(filepath.Join(b.dir, "officer-4-2.share")); err == nil {
			fresh = b.newShares("2")
		}
		good, bad := old, fresh
		if signed {
			good, bad = fresh, old
		}
		next := b.input(plan)
		if next.Shares = bad; &bad[0] != &good[0] {
			if _, err := ceremony.Perform(context.Background(), next); !errors.Is(err, ceremony.ErrShare) {
				t.Errorf("killed after %s, the other shares: %v", step, err)
			}
		}
		next.Shares = good
		if _, err := ceremony.Perform(context.Background(), next); err != nil {
			t.Errorf("killed after %s: %v", step, err)
		}
		keys, err := filepath.Glob(filepath.Join(b.dir, "*.key"))
		if err != nil || len(keys) != 2 {
			t.Errorf("killed after %s: keys %v", step, keys)
		}
	}
}

func TestShareIsWrittenOnceWithoutHardLinks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "officer-1.share")
	if err := ceremony.CreatePlain(path, []byte("a share")); err != nil {
		t.Fatal(err)
	}
	if err := ceremony.CreatePlain(path, []byte("another")); !errors.Is(err, ceremony.ErrExists) {
		t.Error(err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "a share" {
		t.Errorf("%q, %v", got, err)
	}
}
