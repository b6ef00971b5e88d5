// Package tokentest makes PKCS#11 tokens of SoftHSM2 for tests.
package tokentest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"yinzheng/internal/keys/token"
)

const (
	pin   = "pin-of-tests"
	label = "yinzheng tests"
)

// library finds SoftHSM's library near its tool.
func library(t *testing.T) (tool, module string) {
	t.Helper()
	tool, err := exec.LookPath("softhsm2-util")
	if err != nil {
		t.Fatalf("SoftHSM2 is needed: %v", err)
	}
	prefix := filepath.Dir(filepath.Dir(tool))
	for _, pattern := range []string{"lib*/softhsm/libsofthsm2.so", "lib/*/softhsm/libsofthsm2.so", "lib*/libsofthsm2.so", "lib/*/libsofthsm2.so"} {
		if found, err := filepath.Glob(filepath.Join(prefix, pattern)); err == nil && len(found) > 0 {
			return tool, found[0]
		}
	}
	t.Fatalf("SoftHSM2 is needed: its library is not below %s", prefix)
	return "", ""
}

// New makes a token without any key in it, which is gone after the test.
func New(t *testing.T) token.Config {
	t.Helper()
	tool, module := library(t)
	dir := t.TempDir()
	conf := filepath.Join(dir, "softhsm2.conf")
	err := os.WriteFile(conf, []byte("directories.tokendir = "+dir+"\nobjectstore.backend = file\nlog.level = ERROR\n"), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("SOFTHSM2_CONF", conf)
	out, err := exec.CommandContext(t.Context(), tool, "--init-token", "--free", "--label", label, "--pin", pin, "--so-pin", pin).CombinedOutput()
	if err != nil {
		t.Fatalf("making a token: %v: %s", err, out)
	}
	return token.Config{Module: module, TokenLabel: label, KeyLabel: "kek", PIN: pin}
}
