package licences_test

import (
	"bufio"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"yinzheng/archive"
	"yinzheng/internal/audit"
	"yinzheng/internal/auth"
	"yinzheng/internal/blob"
	"yinzheng/internal/gm"
	"yinzheng/internal/ledger"
	"yinzheng/internal/ledger/embedded"
	"yinzheng/internal/receipt"
	"yinzheng/internal/store"
	"yinzheng/licences"
	"yinzheng/licences/licencestest"
)

// A child of this test binary issues licences in a data folder and kills itself right after one step. The books, the
// content and the ledger are the real ones; only the seal is of licencestest.
const (
	crashDir    = "YINZHENG_LICENCES_CRASH_DIR"
	crashStep   = "YINZHENG_LICENCES_CRASH_STEP"
	crashKeys   = 4 // licences that a child asks for, one Idempotency-Key each
	crashAfter  = 2 // the child dies the second time that the step is done
	crashRegion = "450000"
	crashOrigin = "example.test/log"
	passphrase  = "a passphrase for tests only"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		if err := issueUntilKilled(dir, os.Getenv(crashStep)); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// disk is a service on a data folder.
type disk struct {
	*licences.Service
	db      *store.DB
	archive *archive.Archive
	ledger  *ledger.Ledger
	log     *embedded.Log
	keys    receipt.Keys
	kind    *licences.Kind
	by      auth.Caller
	stop    func() error
}

// makeKeys makes what a region makes once: the ledger's key and the log's.
func makeKeys(dir string) error {
	key, err := gm.GenerateKey()
	if err != nil {
		return err
	}
	sealed, err := gm.SealKey(key, []byte(passphrase))
	if err != nil {
		return err
	}
	signer, verifier, err := note.GenerateKey(rand.Reader, crashOrigin)
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{"ledger.pem": sealed, "log.key": []byte(signer), "log.pub": []byte(verifier)} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func readKeys(dir string) (key crypto.Signer, signer string, keys receipt.Keys, err error) {
	sealed, e1 := os.ReadFile(filepath.Join(dir, "ledger.pem"))
	secret, e2 := os.ReadFile(filepath.Join(dir, "log.key"))
	public, e3 := os.ReadFile(filepath.Join(dir, "log.pub"))
	if err := errors.Join(e1, e2, e3); err != nil {
		return nil, "", keys, err
	}
	if key, err = gm.OpenKey(sealed, []byte(passphrase)); err != nil {
		return nil, "", keys, err
	}
	pub, ok := key.Public().(*ecdsa.PublicKey)
	if !ok {
		return nil, "", keys, errors.New("the ledger's key is not SM2")
	}
	return key, string(secret), receipt.Keys{Region: crashRegion, Ledger: []*ecdsa.PublicKey{pub}, LogVerifiers: []string{string(public)}}, nil
}

// openDisk opens a data folder and runs ledger and service on it until stop.
func openDisk(dir string, onStep func(string)) (*disk, error) {
	ctx, cancel := context.WithCancel(context.Background())
	key, signer, keys, err := readKeys(dir)
	if err != nil {
		cancel()
		return nil, err
	}
	db, e1 := store.Open(ctx, store.Config{URL: filepath.Join(dir, "books.db")})
	blobs, e2 := blob.OpenDir(filepath.Join(dir, "blobs"))
	log, e3 := embedded.Open(ctx, embedded.Config{Dir: filepath.Join(dir, "log"), Origin: crashOrigin, Key: embedded.SecretKey(signer)})
	kinds, e4 := licences.Builtin()
	if err := errors.Join(e1, e2, e3, e4); err != nil {
		cancel()
		return nil, err
	}
	d := &disk{db: db, log: log, keys: keys, archive: archive.New(archive.Config{Blobs: blobs, Index: db, Now: time.Now})}
	d.ledger, e1 = ledger.New(ledger.Config{Region: crashRegion, Key: key, Driver: log, Store: db, Books: db, Now: time.Now, Pool: 10 * time.Millisecond})
	for _, k := range kinds.All() {
		if k.Name == food {
			d.kind = k
		}
	}
	office := d.kind.Examples[0].Issuer
	d.by = auth.Caller{ID: "example-system", Office: office.Code, Actions: []auth.Action{auth.IssueLicence, auth.ReadLicence}}
	sealer := &licencestest.Sealer{Owner: office.Name, Now: time.Now}
	d.Service, e2 = licences.New(licences.Config{
		Kinds: kinds, Store: db, Register: db, Presentations: db, Seals: sealer, Sealer: sealer, Ledger: d.ledger, Blobs: blobs,
		Archive: d.archive, Audit: db, Judge: licencestest.Judge, CheckURL: "https://example.test/c/", Region: crashRegion,
		OnStep: onStep, Sweep: 50 * time.Millisecond, Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	if err := errors.Join(e1, e2); err != nil {
		cancel()
		return nil, err
	}
	running := make(chan error, 2)
	go func() { running <- d.ledger.Run(ctx) }()
	go func() { running <- d.Run(ctx) }()
	d.stop = func() error {
		cancel()
		return errors.Join(<-running, <-running, log.Close(), db.Close())
	}
	return d, nil
}

func (d *disk) request(key string) licences.Request {
	e := d.kind.Examples[0]
	return licences.Request{
		Kind: d.kind.Code, Number: e.Number, Holder: e.Holder, Fields: e.Fields, IssuedOn: e.IssuedOn, ValidFrom: e.ValidFrom, ValidTo: e.ValidTo, Key: key,
	}
}

// issueUntilKilled prints "key ID document" for every acknowledged licence and returns only if it was not killed.
func issueUntilKilled(dir, step string) error {
	seen := make(chan struct{}, crashAfter)
	d, err := openDisk(dir, func(s string) {
		if s != step {
			return
		}
		seen <- struct{}{}
		if len(seen) == crashAfter {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // nothing may happen between the step and the end
		}
	})
	if err != nil {
		return err
	}
	var issued []string
	for n := range crashKeys {
		l, err := d.Issue(context.Background(), d.by, d.request(fmt.Sprint("key-", n)))
		if err != nil {
			return err
		}
		fmt.Printf("key-%d %s %s\n", n, l.ID, l.Document) // one write: a line is whole or absent
		issued = append(issued, l.ID)
	}
	for _, id := range issued {
		if _, err := d.Settle(context.Background(), id); err != nil {
			return err
		}
	}
	return fmt.Errorf("step %s was done fewer than %d times", step, crashAfter)
}

func TestKilledAfterAnyStepLosesAndDoublesNothing(t *testing.T) {
	for _, step := range []string{"1", "2", "3", "4", "5", "5a", "6a", "6", "7", "8", "8a"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := makeKeys(dir); err != nil {
				t.Fatal(err)
			}
			acknowledged := killedAt(t, dir, step)
			d, err := openDisk(dir, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := d.stop(); err != nil {
					t.Error(err)
				}
			}()
			d.checkAfterCrash(t, acknowledged)
		})
	}
}

// killedAt runs a child until it kills itself and returns the lines that it printed, by key.
func killedAt(t *testing.T, dir, step string) map[string][]string {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), crashDir+"="+dir, crashStep+"="+step)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := map[string][]string{}
	for r := bufio.NewReader(out); ; {
		line, err := r.ReadString('\n')
		if errors.Is(err, io.EOF) {
			break // a line without its end was not acknowledged
		}
		if err != nil {
			t.Fatal(err)
		}
		parts := strings.Fields(line)
		lines[parts[0]] = parts
	}
	err = child.Wait()
	var ended *exec.ExitError
	if !errors.As(err, &ended) || ended.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL { //nolint:forcetypeassert // on Linux it is
		t.Fatalf("the child was not killed: %v", err)
	}
	return lines
}

// checkAfterCrash demands, of the folder that a killed process left: what was acknowledged is there unchanged; every key
// makes one licence; every licence comes to its end with a receipt that verifies; the ledger, the archive and the audit
// log hold nothing more and nothing less.
func (d *disk) checkAfterCrash(t *testing.T, acknowledged map[string][]string) {
	ctx := t.Context()
	for _, line := range acknowledged {
		l, err := d.db.Licence(ctx, line[1])
		if err != nil || l.State == licences.Issuing || l.Document.String() != line[2] {
			t.Errorf("acknowledged %v is %s with document %s, %v", line, l.State, l.Document, err)
		}
	}
	for n := range crashKeys {
		key := fmt.Sprint("key-", n)
		l, err := d.Issue(ctx, d.by, d.request(key))
		if err != nil {
			t.Fatalf("%s again: %v", key, err)
		}
		if line := acknowledged[key]; line != nil && line[1] != l.ID {
			t.Errorf("%s made %s and then %s", key, line[1], l.ID)
		}
	}
	all, err := d.db.Licences(ctx, "", 100)
	if err != nil || len(all) != crashKeys {
		t.Fatalf("%d licences of %d keys, %v", len(all), crashKeys, err)
	}
	for _, l := range all {
		settled, err := d.Settle(ctx, l.ID)
		if err != nil || settled.State != licences.Archived {
			t.Fatalf("%s: %s, %v", l.ID, settled.State, err)
		}
		d.checkArchived(t, settled)
	}
	d.checkNothingMore(t)
}

func (d *disk) checkArchived(t *testing.T, l licences.Licence) {
	t.Helper()
	b, _, err := d.Receipt(t.Context(), d.by, l.ID)
	if err != nil {
		t.Fatal(err)
	}
	r, err := receipt.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	if state, err := r.Verify(d.keys); err != nil || state != receipt.Logged || r.Entry.Digest != l.Document {
		t.Errorf("receipt of %s: %s, %v", l.ID, state, err)
	}
	c, _, err := d.archive.Read(t.Context(), l.Package)
	if err != nil {
		t.Fatal(err)
	}
	if c.Subject != l.ID || c.File(licences.DocumentFile).SM3 != l.Document {
		t.Errorf("the package of %s holds another document", l.ID)
	}
}

func (d *disk) checkNothingMore(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	if checked, unsound, err := d.archive.Audit(ctx, nil); checked != crashKeys || unsound != 0 || err != nil {
		t.Errorf("%d packages, %d unsound, %v", checked, unsound, err)
	}
	entries := 0
	last, err := d.db.LastBatch(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for n := range last.Root.Sequence + 1 {
		batch, err := d.db.Batch(ctx, n)
		if err != nil {
			t.Fatal(err)
		}
		entries += len(batch.Entries)
	}
	if entries != crashKeys {
		t.Errorf("%d entries in the ledger for %d licences", entries, crashKeys)
	}
	if err := audit.Verify(ctx, d.db); err != nil {
		t.Error(err)
	}
	issued := map[string]int{}
	lines, err := d.db.Entries(ctx, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range lines {
		if e.Action == "licence.issued" {
			issued[e.Object]++
		}
	}
	if len(issued) != crashKeys {
		t.Errorf("the record says that %d were issued", len(issued))
	}
}
