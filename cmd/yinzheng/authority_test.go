package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/httpapi"
)

// authorityAt is a service set up by commands, with two people.
type authorityAt struct {
	t                    *testing.T
	dir, config, address string
	where                []string // --config or --server
	zhang, li            string   // files with the keys of an operator and an approver
}

func newAuthority(t *testing.T) *authorityAt {
	t.Helper()
	a := &authorityAt{t: t, dir: t.TempDir(), address: freeAddress(t)}
	data := filepath.Join(a.dir, "srv")
	a.ok("init", "--data", data, "--ceremony", data+"-root", "--clock-unchecked")
	a.config = filepath.Join(data, configFile)
	text := fmt.Sprintf("listen: %s\nregion: {code: '450000', name: 广西壮族自治区}\ndata: .\nclock: unchecked\n", a.address)
	if err := os.WriteFile(a.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	a.where = []string{"--config", a.config}
	a.zhang = a.file("operator.key", a.ok("key", "add", "--config", a.config, "--caller", "operator-1", "--may", "ca.operate"))
	a.li = a.file("approver.key", a.ok("key", "add", "--config", a.config, "--caller", "approver-1", "--may", "ca.approve"))
	return a
}

func (a *authorityAt) file(name, content string) string {
	a.t.Helper()
	file := filepath.Join(a.dir, name)
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		a.t.Fatal(err)
	}
	return file
}

// ok runs a command that must succeed and returns what it prints.
func (a *authorityAt) ok(args ...string) string {
	a.t.Helper()
	status, out, errs := run(a.t, args...)
	if status != exitOK {
		a.t.Fatalf("%v: status %d: %s", args, status, errs)
	}
	return out
}

// as runs a verb at the counter as one of the two.
func (a *authorityAt) as(key string, args ...string) (int, string, string) {
	verb, rest := args[:2], args[2:]
	return run(a.t, append(append(append([]string{}, verb...), append(a.where, "--operator", key)...), rest...)...)
}

func (a *authorityAt) must(key string, args ...string) string {
	a.t.Helper()
	status, out, errs := a.as(key, args...)
	if status != exitOK {
		a.t.Fatalf("%v: status %d: %s", args, status, errs)
	}
	return out
}

// agreed proposes as the operator and approves as the approver.
func (a *authorityAt) agreed(args ...string) {
	a.t.Helper()
	id, _, _ := strings.Cut(a.must(a.zhang, args...), " ")
	if status, _, errs := a.as(a.zhang, "ca", "approve", id); status == exitOK || !strings.Contains(errs, "enied") && !strings.Contains(errs, "DENIED") {
		a.t.Errorf("%v: approved by who may not: %s", args, errs)
	}
	if out := a.must(a.li, "ca", "approve", id); !strings.Contains(out, "done") {
		a.t.Errorf("%v: %s", args, out)
	}
}

func (a *authorityAt) csr(name string, key *ecdsa.PrivateKey) string {
	a.t.Helper()
	var der []byte
	var err error
	if key != nil {
		der, err = gm.CreateRequest(pkix.Name{CommonName: name}, nil, key)
	} else {
		sm2, failed := gm.GenerateKey()
		if failed != nil {
			a.t.Fatal(failed)
		}
		der, err = gm.CreateRequest(pkix.Name{Country: []string{"CN"}, CommonName: name}, nil, sm2)
	}
	if err != nil {
		a.t.Fatal(err)
	}
	return a.file(name+".csr", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})))
}

// story is what operators do, by the verbs.
func (a *authorityAt) story() {
	t := a.t
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert := filepath.Join(a.dir, "node.pem")
	a.must(a.zhang, "ca", "issue", "--profile", "tls-server", "--csr", a.csr("node.example", key), "--host", "node.example", "--out", cert)
	a.ok("ca", "lint", "--profile", "tls-server", cert)
	pair := filepath.Join(a.dir, "pair")
	a.must(a.zhang, "ca", "dual", "--csr", a.csr("示例经办人", nil), "--out", pair)
	a.ok("ca", "lint", "--profile", "dual-sign", "--issuer", filepath.Join(a.dir, "srv", "region", "certs", "authority.pem"), pair+".sign.pem")
	var listed []httpapi.CertificateBody
	if err := json.Unmarshal([]byte(a.must(a.zhang, "ca", "list", "--json", "--profile", "dual-sign")), &listed); err != nil || len(listed) != 1 {
		t.Fatalf("%d certificates, %v", len(listed), err)
	}
	a.must(a.zhang, "ca", "revoke", "--authority", listed[0].Authority, "--serial", listed[0].Serial, "--reason", "1")
	crl := filepath.Join(a.dir, "authority.crl")
	a.must(a.zhang, "ca", "crl", "--name", "authority", "--out", crl)
	list, err := os.ReadFile(crl)
	if err != nil {
		t.Fatal(err)
	}
	if l, err := gm.ParseCRL(list); err != nil || len(l.RevokedCertificateEntries) != 1 {
		t.Errorf("the list: %v", err)
	}
	if token := a.must(a.zhang, "ca", "token", "--caller", "approval-1", "--may", "licence.issue"); !strings.HasPrefix(token, "yzt_") {
		t.Errorf("token %q", token)
	}
	if status, _, errs := a.as(a.zhang, "ca", "token", "--caller", "x", "--may", "ca.approve"); status == exitOK {
		t.Errorf("an approver enrolled by one person: %s", errs)
	}
	a.agreed("ca", "rollover", "authority")
	a.agreed("ca", "renew", "trust-list")
	a.agreed("key", "quota", "seal-maker", "1000")
	if status, _, errs := a.as(a.zhang, "key", "retire", "timestamper"); status == exitOK {
		t.Errorf("a key in use is to go: %s", errs)
	}
	a.agreed("key", "retire", "trust-list")
	a.agreed("key", "activate", "trust-list")
	if out := a.must(a.zhang, "key", "list"); !strings.Contains(out, "seal-maker") || !strings.Contains(out, "1000") || !strings.Contains(out, "trust-list-2") {
		t.Errorf("inventory:\n%s", out)
	}
	id, _, _ := strings.Cut(a.must(a.zhang, "ca", "propose", "ca.renew", `{"name":"ocsp"}`), " ")
	if out := a.must(a.li, "ca", "reject", id); !strings.Contains(out, "rejected") {
		t.Errorf("%s", out)
	}
	if out := a.must(a.li, "ca", "proposals"); strings.Count(out, "done") != 5 || !strings.Contains(out, "rejected") {
		t.Errorf("proposals:\n%s", out)
	}
	// what fails is said, with the reason, and is on the proposal
	id, _, _ = strings.Cut(a.must(a.zhang, "key", "destroy", "no-such-key"), " ")
	if status, out, errs := a.as(a.li, "ca", "approve", id); status != exitFailed || !strings.Contains(out+errs, "no such key") {
		t.Errorf("status %d: %s %s", status, out, errs)
	}
}

func TestOperatorsRunTheAuthorityByCommands(t *testing.T) {
	a := newAuthority(t)
	a.story()
	backup := filepath.Join(a.dir, "keys.backup")
	secret, own := a.file("backup.secret", "a passphrase for the back-up\n"), a.file("own.secret", "another passphrase for the keys\n")
	next := a.file("next.yaml", fmt.Sprintf("listen: %s\nregion: {code: '450000', name: 广西壮族自治区}\ndata: %s\nclock: unchecked\npassphrase: %s\n", a.address, filepath.Dir(a.config), own))
	a.ok("key", "reseal", "--config", a.config, "--to", next)
	if status, _, errs := run(t, "key", "list", "--config", a.config, "--operator", a.zhang); status == exitOK {
		t.Errorf("the old passphrase still opens the keys: %s", errs)
	}
	a.config, a.where = next, []string{"--config", next}
	a.ok("key", "backup", "--config", a.config, "--out", backup, "--backup-passphrase", secret)
	restored := filepath.Join(a.dir, "restored")
	if err := os.Mkdir(restored, 0o700); err != nil {
		t.Fatal(err)
	}
	elsewhere := a.file("restored.yaml", fmt.Sprintf("listen: %s\nregion: {code: '450000', name: 广西壮族自治区}\ndata: %s\npassphrase: %s\n", a.address, restored, own))
	a.ok("key", "restore", "--config", elsewhere, "--from", backup, "--backup-passphrase", secret)
	if out := a.ok("key", "verify", "--config", a.config); !strings.Contains(out, "whole") {
		t.Errorf("%s", out)
	}
	if out := a.ok("fsck", "--config", a.config); !strings.Contains(out, "clean") {
		t.Errorf("%s", out)
	}
}

func TestOperatorsRunTheAuthorityOfARunningService(t *testing.T) {
	a := newAuthority(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	var complaints bytes.Buffer
	go func() {
		p := &program{out: &bytes.Buffer{}, err: &complaints, now: time.Now, log: slog.New(slog.DiscardHandler)}
		ended <- p.main(ctx, []string{"serve", "--config", a.config})
	}()
	for range 400 {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+a.address+"/readyz", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(r)
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				break
			}
		}
		time.Sleep(25 * time.Millisecond)
	}
	a.where = []string{"--server", "http://" + a.address}
	a.story()
	stop()
	if status := <-ended; status != exitOK {
		t.Errorf("serve ended with %d: %s", status, &complaints)
	}
	if out := a.ok("fsck", "--config", a.config); !strings.Contains(out, "clean") {
		t.Errorf("%s", out)
	}
}

func TestCounterWantsToKnowWhoIsAsking(t *testing.T) {
	for _, args := range [][]string{
		{"ca", "list"}, {"key", "list"}, {"ca", "approve", "x"}, {"ca", "revoke"}, {"ca"}, {"key"}, {"ca", "fly"}, {"ca", "approve", "--operator", "f"},
	} {
		if status, _, errs := run(t, args...); status != exitUsage || errs == "" {
			t.Errorf("%v: status %d: %s", args, status, errs)
		}
	}
}
