package worker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// TestMain is also a process that goes into the cage and then takes too much.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && strings.HasPrefix(os.Args[1], "take-") {
		os.Exit(take(os.Args[1], os.Args[2]))
	}
	os.Exit(m.Run())
}

// take ends with 0 when it got what it should not.
func take(what, file string) int {
	if err := cage(Limits{Memory: 64 << 20, CPU: 1, Output: 1 << 20}, 1); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 9
	}
	switch what {
	case "take-memory":
		var all [][]byte
		for range 100 {
			b := make([]byte, 8<<20)
			for i := range b {
				b[i] = 1
			}
			all = append(all, b)
		}
		return len(all) - 100
	case "take-time":
		for n := 0; n >= 0; n++ {
			if n == 1<<62 {
				return 1
			}
		}
	case "take-output":
		err := os.WriteFile(file, make([]byte, 2<<20), 0o600)
		if errors.Is(err, syscall.EFBIG) {
			return 7
		}
	case "take-files":
		for range 100 {
			if _, err := os.Open(file); err != nil {
				return 7
			}
		}
	}
	return 0
}

func TestTheCageHoldsWhateverIsTaken(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	for _, c := range []struct {
		what string
		says []string
	}{
		{"take-memory", []string{"memory", "SIGXCPU", "killed"}}, // collecting garbage may use up the time first
		{"take-time", []string{"SIGXCPU", "killed"}},
		{"take-output", []string{"exit status 7"}},
		{"take-files", []string{"exit status 7"}},
	} {
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		var said strings.Builder
		cmd := exec.CommandContext(context.Background(), os.Args[0], c.what, file)
		cmd.Stderr = &said
		err := cmd.Run()
		if err == nil || !slices.ContainsFunc(c.says, func(s string) bool { return strings.Contains(said.String()+err.Error(), s) }) {
			t.Errorf("%s: %v, %.300s", c.what, err, said.String())
		}
	}
}
