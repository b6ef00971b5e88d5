package worker

import (
	"bytes"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"strconv"

	"golang.org/x/sys/unix"
)

// Sizes of the cage that are not the request's.
const (
	stackBytes   = 64 << 20  // of one goroutine; honest files stay under 1 MiB
	arenaBytes   = 512 << 20 // address space that Go reserves ahead of use
	spareHandles = 16        // descriptors besides the request's
)

// cage limits this process for good. It is called before any file is read.
func cage(l Limits, inputs int) error {
	space, data, err := held()
	if err != nil {
		return err
	}
	signal.Ignore(unix.SIGXFSZ) // writing too much is an error, not a death
	debug.SetMaxStack(stackBytes)
	debug.SetMemoryLimit(l.Memory * 3 / 4) // collect in time; the limits below do not ask
	debug.SetTraceback("single")
	for _, r := range []struct {
		name     string
		resource int
		soft     uint64
		hard     uint64
	}{
		{"core", unix.RLIMIT_CORE, 0, 0},
		{"files", unix.RLIMIT_NOFILE, uint64(inputs + spareHandles), uint64(inputs + spareHandles)},
		{"file size", unix.RLIMIT_FSIZE, uint64(l.Output), uint64(l.Output)},
		{"processor time", unix.RLIMIT_CPU, uint64(l.CPU), uint64(l.CPU) + 2},
		{"data", unix.RLIMIT_DATA, data + uint64(l.Memory), data + uint64(l.Memory)},
		{"address space", unix.RLIMIT_AS, space + uint64(l.Memory) + arenaBytes, space + uint64(l.Memory) + arenaBytes},
	} {
		if err := unix.Setrlimit(r.resource, &unix.Rlimit{Cur: r.soft, Max: r.hard}); err != nil {
			return fmt.Errorf("limiting %s: %w", r.name, err)
		}
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("giving up privileges: %w", err)
	}
	return nil
}

// held is the address space and the writable data this process has now, in bytes: proc(5), /proc/pid/statm.
func held() (space, data uint64, err error) {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, 0, fmt.Errorf("measuring this process: %w", err)
	}
	fields := bytes.Fields(b)
	if len(fields) < 6 {
		return 0, 0, fmt.Errorf("measuring this process: %d fields", len(fields))
	}
	page := uint64(os.Getpagesize())
	space, err = strconv.ParseUint(string(fields[0]), 10, 64)
	if err != nil {
		return 0, 0, fmt.Errorf("measuring this process: %w", err)
	}
	data, err = strconv.ParseUint(string(fields[5]), 10, 64)
	if err != nil {
		return 0, 0, fmt.Errorf("measuring this process: %w", err)
	}
	return space * page, data * page, nil
}
