package verify_test

import (
	"bytes"
	"runtime"
	"sync"
	"testing"
)

// flip changes one byte at a time, at the places that are given, by its lowest bit and by the bit that turns a letter's
// case, and reports every change that was not noticed.
func flip(t *testing.T, b []byte, places []int, noticed func([]byte) bool) {
	t.Helper()
	var group sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for worker := range workers {
		group.Go(func() {
			changed := bytes.Clone(b)
			for n := worker; n < len(places); n += workers {
				i := places[n]
				for _, mask := range []byte{0x01, 0x20} {
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

// every returns every step-th place of b.
func every(b []byte, step int) []int {
	var places []int
	for i := 0; i < len(b); i += step {
		places = append(places, i)
	}
	return places
}

// structure returns every place of a PDF outside its streams, and every step-th inside: a stream's bytes are all alike, the
// signature covers them and nothing else looks at most of them.
func structure(pdf []byte, step int) []int {
	var places []int
	inside, end := false, 0
	for i := range pdf {
		switch {
		case !inside && bytes.HasSuffix(pdf[:i], []byte("\nstream\n")):
			inside, end = true, i+bytes.Index(pdf[i:], []byte("\nendstream"))
		case inside && i >= end:
			inside = false
		}
		if !inside || i%step == 0 {
			places = append(places, i)
		}
	}
	return places
}
