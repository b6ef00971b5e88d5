package store_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"yinzheng/internal/audit"
	"yinzheng/internal/gm"
	"yinzheng/internal/receipt"
	"yinzheng/internal/store"
	"yinzheng/licences"
)

// crashVariable says what a child of this test binary writes until it is killed, and into which books: "work:path".
const crashVariable = "YINZHENG_STORE_CRASH_CHILD"

// crashWork is what children do, over and over: each works through the steps of one ID and prints what is durable.
var crashWork = map[string]func(db *store.DB, id string) error{"licences": issue, "certificates": certify, "sealings": seal}

func TestMain(m *testing.M) {
	if work, path, ok := strings.Cut(os.Getenv(crashVariable), ":"); ok {
		if err := writeUntilKilled(crashWork[work], path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// writeUntilKilled has 16 writers work.
func writeUntilKilled(work func(*store.DB, string) error, path string) error {
	db, err := store.Open(context.Background(), store.Config{URL: path})
	if err != nil {
		return err
	}
	failed := make(chan error)
	for w := range 16 {
		go func() {
			for n := 0; ; n++ {
				if err := work(db, fmt.Sprintf("%d-%d-%d", os.Getpid(), w, n)); err != nil {
					failed <- err
					return
				}
			}
		}()
	}
	return <-failed
}

// issue stores, seals, logs and anchors a licence, and prints its ID after the last commit.
func issue(db *store.DB, id string) error {
	ctx, at, digest := context.Background(), time.Unix(1772452800, 0), gm.Sum([]byte(id))
	if _, err := db.Append(ctx, audit.Entry{At: at, Caller: "c", Action: "requested", Object: id}); err != nil {
		return err
	}
	_, err := db.Create(ctx, licences.Licence{ID: id, Identifier: id, CheckCode: id, Caller: "c", Key: id,
		Status: licences.InForce, Created: at, Fields: []byte(strings.Repeat("x", 1000))})
	if err != nil {
		return err
	}
	if _, err := db.Accept(ctx, receipt.Entry{Kind: "licence", Digest: digest}, receipt.Promise{Region: "450000"}); err != nil {
		return err
	}
	err = db.Advance(ctx, id, licences.Issuing, licences.Sealed, licences.Patch{Document: digest, At: at})
	if err == nil {
		fmt.Println(id) // one write: a line is whole or absent
	}
	return err
}

func TestNothingAcknowledgedIsLostWhenKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "crash.db")
	var acknowledged []string
	for round := range 6 {
		acknowledged = append(acknowledged, killAfter(t, "licences:"+path, 100+150*round)...)
	}
	db := openAt(t, path)
	ctx := t.Context()
	for _, id := range acknowledged {
		l, err := db.Licence(ctx, id)
		if err != nil || l.State != licences.Sealed || l.Document != gm.Sum([]byte(id)) {
			t.Fatalf("acknowledged licence %s is %s, %v", id, l.State, err)
		}
		if _, _, _, err := db.Find(ctx, "licence", gm.Sum([]byte(id))); err != nil {
			t.Errorf("entry of %s: %v", id, err)
		}
	}
	consistent(t, db)
	if err := audit.Verify(ctx, db); err != nil {
		t.Error(err)
	}
	if err := db.Check(ctx); err != nil {
		t.Error(err)
	}
	last, _, err := db.AuditHead(ctx)
	if err != nil || last < int64(len(acknowledged)) {
		t.Errorf("%d audit entries for %d licences, %v", last, len(acknowledged), err)
	}
	t.Logf("%d acknowledged in 6 lives, none lost", len(acknowledged))
}

// consistent checks that every licence, acknowledged or not, has the history of its state: a change and its line are one.
func consistent(t *testing.T, db *store.DB) {
	t.Helper()
	lines := map[licences.State]int{licences.Issuing: 1, licences.Sealed: 2}
	for after := ""; ; {
		page, err := db.Licences(t.Context(), after, 500)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			return
		}
		for _, l := range page {
			if h, err := db.History(t.Context(), l.ID); err != nil || len(h) != lines[l.State] {
				t.Errorf("licence %s is %s and has %d lines of history, %v", l.ID, l.State, len(h), err)
			}
			after = l.ID
		}
	}
}

// killAfter runs a child, kills it once it has printed so many lines, and returns every line that it printed.
func killAfter(t *testing.T, work string, lines int) []string {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), crashVariable+"="+work)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var ids []string
	r := bufio.NewReader(out)
	for {
		line, err := r.ReadString('\n')
		if err == io.EOF {
			break // a line without its end was not acknowledged
		}
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, strings.TrimSuffix(line, "\n"))
		if len(ids) == lines {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = child.Wait() // killed
	if len(ids) < lines {
		t.Fatalf("the child ended by itself after %d lines", len(ids))
	}
	return ids
}
