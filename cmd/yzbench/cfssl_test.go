package main

import (
	"context"
	"errors"
	"testing"
)

func TestCFSSLBesideUsIssuesEveryCertificateAskedFor(t *testing.T) {
	c, err := startCFSSL(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	before := c.last.Load()
	if err := c.issue(t.Context(), 3*requests); err != nil {
		t.Error(err)
	}
	if n := c.last.Load() - before; n != 3*requests {
		t.Errorf("asked %d times, want %d", n, 3*requests)
	}
	first, err := c.one(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	second, err := c.one(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if first.SerialNumber.Cmp(second.SerialNumber) == 0 || first.Subject.CommonName == second.Subject.CommonName {
		t.Errorf("two requests got %v and %v", first.Subject, second.Subject)
	}
	if err := c.close(); err != nil {
		t.Error(err)
	}
	if err := c.issue(t.Context(), 1); err == nil {
		t.Error("it still answers after it was closed")
	}
}

func TestCFSSLThatCannotRunIsAnError(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := startCFSSL(ctx, t.TempDir()); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func BenchmarkCFSSL(b *testing.B) {
	c, err := startCFSSL(b.Context(), b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := c.close(); err != nil {
			b.Error(err)
		}
	}()
	if err := c.issue(b.Context(), requests); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	if err := c.issue(b.Context(), b.N); err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "certificates/s")
}
