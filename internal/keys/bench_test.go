package keys_test

import (
	"fmt"
	"runtime"
	"testing"

	"yinzheng/internal/gm"
	"yinzheng/internal/keys"
)

// BenchmarkRawSM2 is the signature alone: what BenchmarkFolderSM2 adds is the record of it, on disk.
func BenchmarkRawSM2(b *testing.B) {
	key, err := gm.GenerateKey()
	if err != nil {
		b.Fatal(err)
	}
	at(b, func() error { return signOnce(key) })
}

func BenchmarkFolderSM2(b *testing.B) {
	f := open(b, config(b.TempDir()))
	if _, err := f.Create(b.Context(), keys.Spec{ID: "a", Algorithm: keys.SM2, Use: "office-seal"}); err != nil {
		b.Fatal(err)
	}
	s, err := f.Signer(b.Context(), "a")
	if err != nil {
		b.Fatal(err)
	}
	at(b, func() error { return signOnce(s) })
}

// at measures one caller and 64 at once.
func at(b *testing.B, do func() error) {
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			b.SetParallelism(max(callers/runtime.GOMAXPROCS(0), 1))
			if callers == 1 {
				for b.Loop() {
					if err := do(); err != nil {
						b.Fatal(err)
					}
				}
				return
			}
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					if err := do(); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
