package verify_test

import (
	"bytes"
	"runtime"
	"sync"
	"testing"
)

// flip changes one byte at a time (every bit of its lowest and its sixth, which turns letters' case, and all of them) and
// reports every place where the change was not noticed. It takes every step-th byte.
func flip(t *testing.T, b []byte, step int, noticed func([]byte) bool) {
	t.Helper()
	var group sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for worker := range workers {
		group.Go(func() {
			changed := bytes.Clone(b)
			for i := worker * step; i < len(b); i += workers * step {
				for _, mask := range []byte{0x01, 0x20, 0xff} {
					changed[i] = b[i] ^ mask
					if !noticed(changed) {
						t.Errorf("byte %d (%#02x, around %q) changed by %#02x was not noticed", i, b[i], b[max(0, i-20):min(len(b), i+20)], mask)
					}
				}
				changed[i] = b[i]
			}
		})
	}
	group.Wait()
}
