package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestEnrolGetsRenewsAndKeepsAClientCertificate goes from an operator's token to a renewed certificate by commands alone.
func TestEnrolGetsRenewsAndKeepsAClientCertificate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "srv")
	plain, secure := freeAddress(t), freeAddress(t)
	if status, _, errs := run(t, "init", "--data", dir, "--ceremony", dir+"-root", "--clock-unchecked"); status != exitOK {
		t.Fatal(errs)
	}
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	config := file(configFile, fmt.Sprintf("listen: %s\nregion: {code: '450000', name: 广西壮族自治区}\ndata: .\nclock: unchecked\ntls: {listen: '%s', hosts: ['127.0.0.1']}\n", plain, secure))
	status, key, errs := run(t, "key", "add", "--config", config, "--caller", "operator-1", "--may", "ca.operate")
	if status != exitOK {
		t.Fatal(errs)
	}
	operator := file("operator", key)
	status, token, errs := run(t, "ca", "token", "--config", config, "--operator", operator, "--caller", "approval-system-1", "--may", "licence.read")
	if status != exitOK {
		t.Fatal(errs)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	var out, complaints bytes.Buffer
	go func() {
		p := &program{out: &out, err: &complaints, now: time.Now, log: slog.New(slog.DiscardHandler)}
		ended <- p.main(ctx, []string{"serve", "--config", config})
	}()
	t.Cleanup(func() {
		stop()
		if status := <-ended; status != exitOK {
			t.Errorf("serve ended with %d: %s", status, &complaints)
		}
	})
	answers(t, secure)

	root := filepath.Join(dir, "region", "certs", "tls-root.pem")
	line := []string{"enrol", "--server", "https://" + secure, "--ca", root, "--dir", filepath.Join(t.TempDir(), "identity")}
	enrol := func(more ...string) (int, string, string) {
		t.Helper()
		return run(t, append(append([]string{}, line...), more...)...)
	}
	if status, _, errs := enrol(); status != exitFailed || !strings.Contains(errs, "hint: ") {
		t.Errorf("without a token: %d %s", status, errs)
	}
	used := file("token", token)
	status, first, errs := enrol("--token", used)
	if status != exitOK || !strings.HasPrefix(first, "approval-system-1 : serial number ") {
		t.Fatalf("%d %s %s", status, first, errs)
	}
	if status, again, errs := enrol("--token", used); status != exitOK || again != first {
		t.Errorf("the same line again: %d %s %s", status, again, errs)
	}
	status, second, errs := enrol("--renew")
	if status != exitOK || second == first {
		t.Errorf("renewing: %d %s %s", status, second, errs)
	}
	if status, _, errs := enrol("--renew", "--token", used); status != exitFailed || !strings.Contains(errs, "token") {
		t.Errorf("the used token: %d %s", status, errs)
	}
	watching, cancel := context.WithCancel(t.Context())
	var said bytes.Buffer
	p := &program{out: writer(func(b []byte) { said.Write(b); cancel() }), err: &said, now: time.Now, log: slog.New(slog.DiscardHandler)}
	if status := p.main(watching, append(append([]string{}, line...), "--watch")); status != exitOK || said.String() != second {
		t.Errorf("watching: %d %s", status, &said)
	}
	for _, bad := range [][]string{{"enrol"}, {"enrol", "--server", "http://127.0.0.1", "--ca", root, "--dir", t.TempDir()}, {"enrol", "more"}} {
		if status, _, errs := run(t, bad...); status != exitUsage {
			t.Errorf("%q: %d %s", bad, status, errs)
		}
	}
}

// writer calls a function for what is written.
type writer func(b []byte)

func (w writer) Write(b []byte) (int, error) {
	w(b)
	return len(b), nil
}

// answers waits until something listens.
func answers(t *testing.T, address string) {
	t.Helper()
	for range 200 {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		if err == nil {
			if err := conn.Close(); err != nil {
				t.Fatal(err)
			}
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("the service does not get ready")
}
