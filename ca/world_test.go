package ca_test

import (
	"context"
	"os"
	"testing"
	"time"

	"yinzheng/ca"
	"yinzheng/ca/catest"
	"yinzheng/internal/gm"
)

// start is the moment at which the tests' regions are established.
var start = catest.Start()

var template catest.Template

func TestMain(m *testing.M) {
	if os.Getenv(killAt) != "" {
		establishAndDie()
	}
	code := m.Run()
	if err := template.Remove(); err != nil {
		panic(err)
	}
	os.Exit(code)
}

// copied returns the path of a fresh copy of an established region.
func copied(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	if err := template.Copy(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// fresh returns a fresh copy of an established region, opened at a time.
func fresh(t testing.TB, now func() time.Time) (*ca.Region, *catest.World) {
	t.Helper()
	return reopened(t, copied(t), now)
}

func reopened(t testing.TB, dir string, now func() time.Time) (*ca.Region, *catest.World) {
	t.Helper()
	w, err := catest.Open(t.Context(), dir, now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	r, err := ca.Open(context.Background(), w.Config)
	if err != nil {
		t.Fatal(err)
	}
	return r, w
}

func parse(t testing.TB, der []byte) *gm.Certificate {
	t.Helper()
	c, err := gm.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
