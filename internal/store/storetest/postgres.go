//go:build tools

package storetest

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// postgresBin is where Debian's package postgresql puts the programs of each version; the newest is taken.
const postgresBin = "/usr/lib/postgresql/*/bin"

// StartPostgres starts a PostgreSQL of the test's own, with fsync, on a socket in a temporary folder, and returns its URL.
// It ends with the test. A machine without PostgreSQL fails the test: it is never skipped. As root, which PostgreSQL refuses
// to run as, it runs as the user postgres.
func StartPostgres(t testing.TB) string {
	t.Helper()
	found, err := filepath.Glob(postgresBin)
	if err != nil || len(found) == 0 {
		t.Fatalf("no PostgreSQL in %s: install the package postgresql", postgresBin)
	}
	bin := found[len(found)-1]
	dir, err := os.MkdirTemp("", "yzpg") // short: a socket's path has at most 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	as, ctx := owner(t, dir), context.WithoutCancel(t.Context()) // the server outlives the context, to end in good order
	data := filepath.Join(dir, "data")
	// A collation that is not that of bytes, so that no query comes to depend on one.
	initdb := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
		"--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=zh-CN")
	initdb.Dir, initdb.SysProcAttr = dir, as
	if out, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	server := exec.CommandContext(ctx, filepath.Join(bin, "postgres"), "-D", data, "-k", dir, "-c", "listen_addresses=",
		"-c", "max_connections=200", "-c", "fsync=on")
	server.Dir, server.SysProcAttr, server.Stdout, server.Stderr = dir, as, log, log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGINT) // fast shutdown
		_ = server.Wait()
	})
	ready := filepath.Join(bin, "pg_isready")
	for range 300 {
		if exec.CommandContext(ctx, ready, "-h", dir).Run() == nil {
			return (&url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/postgres",
				RawQuery: url.Values{"host": {dir}}.Encode()}).String()
		}
		time.Sleep(100 * time.Millisecond)
	}
	text, _ := os.ReadFile(log.Name())
	t.Fatalf("PostgreSQL did not start:\n%s", text)
	return ""
}

// owner gives the folder to the user that PostgreSQL is to run as, and says how.
func owner(t testing.TB, dir string) *syscall.SysProcAttr {
	t.Helper()
	as := &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT}
	if os.Getuid() != 0 {
		return as
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		t.Fatalf("running as root without a user postgres: %v", err)
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	if err1 != nil || err2 != nil {
		t.Fatalf("user postgres is %s:%s", u.Uid, u.Gid)
	}
	if err := os.Chown(dir, int(uid), int(gid)); err != nil {
		t.Fatal(err)
	}
	as.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return as
}
