package sealing_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"yinzheng/internal/gm"
	"yinzheng/sealing"
)

func TestFileKeysOpenEachKeyOnceForManyCallers(t *testing.T) {
	b := newBench(t)
	keys := sealing.NewFileKeys(b.dir, passphrase)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			k, err := keys.Signer(context.Background(), sealNumber)
			if err != nil {
				t.Error(err)
				return
			}
			again, err := keys.Signer(context.Background(), sealNumber)
			if err != nil || again != k {
				t.Errorf("opened a second time: %v", err)
			}
			pub := mustParse(t, b.office.Certificate).PublicKey
			if own, ok := pub.(interface{ Equal(any) bool }); ok && !own.Equal(k.Public()) {
				t.Error("another key")
			}
		})
	}
	wg.Wait()
}

func TestFileKeysOpenNothingOutsideTheirFolder(t *testing.T) {
	b := newBench(t)
	keys := sealing.NewFileKeys(b.dir, passphrase)
	for _, id := range []string{"", "root", "../keys/root", "45000000000099", "4500000000000x", "450000000000011"} {
		if _, err := keys.Signer(context.Background(), id); !errors.Is(err, sealing.ErrNoSeal) {
			t.Errorf("%q: %v", id, err)
		}
	}
}

func TestFileKeysReportAWrongPassphraseAndTryAgain(t *testing.T) {
	b := newBench(t)
	if _, err := sealing.NewFileKeys(b.dir, []byte("not this one")).Signer(context.Background(), sealNumber); !errors.Is(err, gm.ErrPassphrase) {
		t.Errorf("got %v", err)
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "keys"), 0o700); err != nil {
		t.Fatal(err)
	}
	keys := sealing.NewFileKeys(dir, passphrase)
	if _, err := keys.Signer(context.Background(), sealNumber); !errors.Is(err, sealing.ErrNoSeal) {
		t.Errorf("before the file is there: %v", err)
	}
	name := filepath.Join("keys", "seal-"+sealNumber+".key")
	file, err := os.ReadFile(filepath.Join(b.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), file, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := keys.Signer(context.Background(), sealNumber); err != nil {
		t.Errorf("after: %v", err)
	}
}
