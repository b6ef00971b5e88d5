package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"yinzheng/licences"
)

// freeAddress is a port on loopback that was free a moment ago.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return l.Addr().String()
}

// TestServeIssuesAndEndsCleanly sets a service up by commands, serves it on SQLite, issues over HTTP, stops it and inspects it.
func TestServeIssuesAndEndsCleanly(t *testing.T) {
	kinds, err := licences.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	kind := kinds.All()[0]
	example := kind.Examples[0]
	dir := filepath.Join(t.TempDir(), "srv")
	address := freeAddress(t)
	if status, _, errs := run(t, "init", "--data", dir, "--ceremony", dir+"-root", "--clock-unchecked"); status != exitOK {
		t.Fatal(errs)
	}
	config := filepath.Join(dir, configFile)
	text := fmt.Sprintf("listen: %s\nregion: {code: '450000', name: 广西壮族自治区}\ndata: .\nclock: unchecked\n", address)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	makeSeal(t, config, example.Issuer.Code, example.Issuer.Name)
	status, key, errs := run(t, "key", "add", "--config", config, "--caller", "test", "--office", example.Issuer.Code, "--may", "licence.issue,licence.read")
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
	ask := func(method, path string, body any) (int, []byte) {
		content, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequestWithContext(t.Context(), method, "http://"+address+path, bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(key))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", "k1")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			return 0, nil
		}
		defer func() { _ = resp.Body.Close() }()
		answer, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, answer
	}
	ready := false
	for range 200 {
		if status, _ := ask(http.MethodGet, "/readyz", nil); status == http.StatusOK {
			ready = true
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if !ready {
		t.Fatal("the service does not get ready")
	}
	status, answer := ask(http.MethodPost, "/v1/licences", map[string]any{
		"kind": kind.Code, "number": example.Number, "fields": example.Fields,
		"holder": map[string]string{"name": example.Holder.Name, "code": example.Holder.Code, "code_type": example.Holder.CodeType},
	})
	if status != http.StatusCreated {
		t.Errorf("issuing: %d %s", status, answer)
	}
	stop() // at once: what was acknowledged is finished by the next run
	if status := <-ended; status != exitOK {
		t.Errorf("serve ended with %d: %s", status, &complaints)
	}
	if status, out, errs := run(t, "fsck", "--config", config); status != exitOK || !strings.Contains(out, "clean") {
		t.Errorf("fsck: %d %s %s", status, out, errs)
	}
}
