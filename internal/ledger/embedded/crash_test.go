package embedded_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/merkle/testonly"
	"golang.org/x/mod/sumdb/note"

	"yinzheng/internal/ledger/embedded"
	"yinzheng/internal/receipt"
)

const childDir, childKey, childRecords = "YINZHENG_TEST_LOG", "YINZHENG_TEST_KEY", "YINZHENG_TEST_RECORDS"

// TestMain lets the test binary be the process that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := write(dir, os.Getenv(childKey), os.Getenv(childRecords)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// published is what the writer prints once it has a proof.
type published struct {
	Record []byte
	Proof  *receipt.LogProof
}

// write publishes from several goroutines, for ever or some records each, and prints every proof.
func write(dir, signer, records string) error {
	ctx := context.Background()
	l, err := embedded.Open(ctx, embedded.Config{Dir: dir, Origin: origin, Key: embedded.SecretKey(signer)})
	if err != nil {
		return err
	}
	limit := -1
	if records != "" {
		if _, err := fmt.Sscan(records, &limit); err != nil {
			return err
		}
	}
	var wg sync.WaitGroup
	out := make(chan published)
	for writer := range 7 {
		wg.Go(func() {
			for n := 0; n != limit; n++ {
				record := fmt.Appendf(nil, "record %d %d %d", os.Getpid(), writer, n)
				p, err := l.Publish(ctx, record)
				if err != nil {
					fmt.Fprintln(os.Stderr, err)
					return
				}
				out <- published{record, p}
			}
		})
	}
	go func() { wg.Wait(); close(out) }()
	enc := json.NewEncoder(os.Stdout)
	for p := range out {
		if err := enc.Encode(p); err != nil {
			return err
		}
	}
	return l.Close()
}

func child(t *testing.T, dir, signer, records string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), childDir+"="+dir, childKey+"="+signer, childRecords+"="+records)
	return cmd
}

func TestWhatWasPublishedSurvivesKills(t *testing.T) {
	dir, signer := t.TempDir(), key(t)
	verifierKey, err := embedded.VerifierKey(signer)
	if err != nil {
		t.Fatal(err)
	}
	var proofs []published
	const rounds = 8
	for round := range rounds {
		proofs = append(proofs, killed(t, child(t, dir, signer, ""), time.Duration(150+round*23)*time.Millisecond)...)
	}
	if len(proofs) == 0 {
		t.Fatal("nothing was published before any kill")
	}
	l := open(t, dir, signer, true)
	defer func() { _ = l.Close() }()
	last := []byte("one more")
	p, err := l.Publish(t.Context(), last)
	if err != nil {
		t.Fatalf("publishing after the kills: %v", err)
	}
	proofs = append(proofs, published{last, p})
	tree := testonly.New(rfc6962.DefaultHasher)
	var records [][]byte
	if err := l.Check(t.Context(), func(_ int64, record []byte) error {
		tree.AppendData(record)
		records = append(records, bytes.Clone(record))
		return nil
	}); err != nil {
		t.Fatalf("the log after the kills: %v", err)
	}
	verifier, err := note.NewVerifier(verifierKey)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range proofs {
		if err := one.Proof.Verify(one.Record, []string{verifierKey}); err != nil {
			t.Errorf("%s: %v", one.Record, err)
			continue
		}
		if at := one.Proof.Index; at >= int64(len(records)) || !bytes.Equal(records[at], one.Record) {
			t.Errorf("%s was published at %d, which is not it", one.Record, at)
		}
		c, _, _, err := log.ParseCheckpoint([]byte(one.Proof.Checkpoint), origin, verifier)
		if err != nil || c.Size > tree.Size() || !bytes.Equal(c.Hash, tree.HashAt(c.Size)) {
			t.Errorf("%s: its checkpoint is of another log: %v, %v", one.Record, c, err)
		}
	}
	t.Logf("%d kills, %d proofs, %d records", rounds, len(proofs), len(records))
}

// killed runs the writer for some time, ends it without warning, and returns what it had printed.
func killed(t *testing.T, cmd *exec.Cmd, after time.Duration) []published {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var problems bytes.Buffer
	cmd.Stderr = &problems
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	defer kill.Stop()
	var proofs []published
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var p published
		if err := json.Unmarshal(lines.Bytes(), &p); err != nil {
			break // the line that the kill cut off
		}
		proofs = append(proofs, p)
	}
	_ = cmd.Wait()
	if problems.Len() > 0 {
		t.Errorf("the writer said %q", problems.String())
	}
	return proofs
}

func TestTheLogIsQuiet(t *testing.T) {
	cmd := child(t, t.TempDir(), key(t), "2")
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil || problems.Len() > 0 || bytes.Count(out, []byte("\n")) != 14 {
		t.Errorf("%d lines, %v; standard error: %q", bytes.Count(out, []byte("\n")), err, problems.String())
	}
}
