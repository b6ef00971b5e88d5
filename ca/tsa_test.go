package ca_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"yinzheng/ca"
	"yinzheng/internal/gm"
	"yinzheng/internal/tsp"
	"yinzheng/sealing"
)

var _ sealing.Timestamper = (*ca.TSA)(nil)

func TestTimestampVerifiesAndCarriesClockAndSerial(t *testing.T) {
	r := opened(t)
	serials, err := ca.OpenSerials(filepath.Join(t.TempDir(), "tsa.serial"))
	if err != nil {
		t.Fatal(err)
	}
	tsa := r.TSA(serials)
	digest := gm.Sum([]byte("signature value"))
	for want := int64(1); want <= 2; want++ {
		token, err := tsa.Timestamp(context.Background(), digest)
		if err != nil {
			t.Fatal(err)
		}
		back, err := tsp.Parse(token.DER)
		if err != nil {
			t.Fatal(err)
		}
		if err := back.Verify(digest); err != nil {
			t.Error(err)
		}
		if err := back.Verify(gm.Sum([]byte("another"))); err == nil {
			t.Error("verifies for another digest")
		}
		if back.Serial.Int64() != want || !back.Time.Equal(start) {
			t.Errorf("serial %v at %v", back.Serial, back.Time)
		}
		if string(back.Signer.Raw) != string(r.Timestamper().Certificate) {
			t.Error("signed by another certificate")
		}
	}
}

func TestSerialsRiseAcrossRestarts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tsa.serial")
	var last int64
	for range 3 { // a restart without any closing is a crash
		s, err := ca.OpenSerials(path)
		if err != nil {
			t.Fatal(err)
		}
		for range 1500 {
			n, err := s.Next(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if n.Int64() <= last {
				t.Fatalf("%v after %d", n, last)
			}
			last = n.Int64()
		}
	}
}

func TestSerialsAreUniqueUnderConcurrency(t *testing.T) {
	s, err := ca.OpenSerials(filepath.Join(t.TempDir(), "tsa.serial"))
	if err != nil {
		t.Fatal(err)
	}
	var (
		mu   sync.Mutex
		seen = map[int64]bool{}
		wg   sync.WaitGroup
	)
	for range 8 {
		wg.Go(func() {
			for range 400 {
				n, err := s.Next(context.Background())
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				if seen[n.Int64()] {
					t.Errorf("%v twice", n)
				}
				seen[n.Int64()] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

func TestDamagedSerialsAreRefused(t *testing.T) {
	for _, text := range []string{"", "0\n", "12", "+12\n", "012\n", "-1\n", "12\n13\n", "99999999999999999999\n"} {
		path := filepath.Join(t.TempDir(), "tsa.serial")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ca.OpenSerials(path); !errors.Is(err, ca.ErrSerials) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
