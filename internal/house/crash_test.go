package house_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"yinzheng/internal/auth"
	"yinzheng/internal/house"
	"yinzheng/licences"
	"yinzheng/sealing/intake"
)

const crashDir, crashStep = "YINZHENG_TEST_CRASH_DIR", "YINZHENG_TEST_CRASH_STEP"

// TestMain lets the test binary be the process that is killed.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == intake.WorkerVerb {
		os.Exit(intake.RunWorker(os.Stdin, os.Stdout))
	}
	if dir := os.Getenv(crashDir); dir != "" {
		if err := issueAndDie(dir, os.Getenv(crashStep)); err != nil {
			fmt.Println("error", err)
		}
		os.Exit(1) // it should be dead
	}
	if dir := os.Getenv(sealCrashDir); dir != "" {
		if err := lifeAndDie(dir, os.Getenv(sealCrashStep)); err != nil {
			fmt.Println("error", err)
		}
		os.Exit(1) // it should be dead
	}
	if dir := os.Getenv(signerDir); dir != "" {
		if err := signUntilStopped(dir, os.Getenv(signerSocket)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	status := m.Run()
	if dir, err := template(); err == nil {
		_ = os.RemoveAll(dir)
	}
	os.Exit(status)
}

var crashCaller = auth.Caller{ID: "crash", Office: officeCode, Actions: auth.Actions()}

// issueAndDie issues one licence and kills its own process, as a power cut would, right after the named step.
func issueAndDie(dir, step string) error {
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	c := config(dir)
	c.OnStep = func(done string) {
		if done == step {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // not one instruction more
		}
	}
	h, err := house.Open(ctx, c)
	if err != nil {
		return err
	}
	go func() { _ = h.Run(ctx) }()
	l, err := h.Licences.Issue(ctx, crashCaller, crashRequest(foodKind(h)))
	if err != nil {
		return err
	}
	fmt.Println("acknowledged", l.ID)
	_, err = h.Licences.Settle(ctx, l.ID)
	return errors.Join(err, errors.New("it came to its end"))
}

func crashRequest(kind *licences.Kind) licences.Request {
	s := kind.Examples[0]
	return licences.Request{Kind: kind.Code, Number: s.Number, Holder: s.Holder, Fields: s.Fields, Key: "crash"}
}

func TestKilledAtAnyStepNothingAcknowledgedIsLostOrDoubled(t *testing.T) {
	steps := []string{"1", "2", "3", "4", "5", "6", "7", "8"}
	if testing.Short() {
		steps = []string{"3", "5"} // the intent is stored; the acknowledgement is given
	}
	for _, step := range steps {
		t.Run("step "+step, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			c := config(dir)
			establish(t, c)
			h, err := house.Open(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			_, err = h.MakeSeal(t.Context(), officeCode, office)
			if err = errors.Join(err, h.Close()); err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
			cmd.Env = append(os.Environ(), crashDir+"="+dir, crashStep+"="+step)
			var out bytes.Buffer
			cmd.Stdout = &out
			err = cmd.Run()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || !exit.Sys().(syscall.WaitStatus).Signaled() {
				t.Fatalf("the process was not killed: %v, %s", err, &out)
			}
			afterCrash(t, dir, strings.TrimPrefix(strings.TrimSpace(out.String()), "acknowledged "))
		})
	}
}

// afterCrash starts again, asks again with the same key, and demands one licence, complete, and a clean house.
func afterCrash(t *testing.T, dir, acknowledged string) {
	w := openWorld(t, dir, nil)
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	l, err := w.Licences.Issue(ctx, crashCaller, crashRequest(w.kind))
	if err != nil {
		t.Fatalf("asking again: %v", err)
	}
	if acknowledged != "" && l.ID != acknowledged {
		t.Errorf("acknowledged was %s, asked again it is %s", acknowledged, l.ID)
	}
	if l, err = w.Licences.Settle(ctx, l.ID); err != nil || l.State != licences.Archived {
		t.Fatalf("the licence is %s, %v", l.State, err)
	}
	all, err := w.DB.Licences(ctx, "", 10)
	if err != nil || len(all) != 1 {
		t.Errorf("%d licences, %v; want one", len(all), err)
	}
	found, err := w.Inspect(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found.Faults {
		t.Errorf("%s: %s", f.Where, f.What)
	}
	if found.Receipts != 1 || found.Packages != 1 {
		t.Errorf("re-derived %d receipts and %d packages, want one each", found.Receipts, found.Packages)
	}
}

func TestInspectFindsADamagedDocumentAndALostLog(t *testing.T) {
	dir := t.TempDir()
	w := openWorld(t, dir, nil)
	l := w.issue(t, "k1")
	name := dir + "/blobs/sm3/" + l.Document[:2] + "/" + l.Document[2:4] + "/" + l.Document
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	content[100] ^= 1
	if err := os.Chmod(name, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	found, err := w.Inspect(t.Context())
	if err != nil || len(found.Faults) == 0 {
		t.Errorf("a changed document was not found: %+v, %v", found, err)
	}
}
