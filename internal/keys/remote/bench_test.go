package remote_test

import (
	"fmt"
	"runtime"
	"testing"

	"yinzheng/internal/gm"
	"yinzheng/internal/keys"
	"yinzheng/internal/keys/remote"
)

// BenchmarkRemoteSM2 signs over the socket; beside it stand BenchmarkRawSM2 and BenchmarkFolderSM2 of package keys.
func BenchmarkRemoteSM2(b *testing.B) {
	f := folder(b)
	create(b, f, keys.Spec{ID: "a", Algorithm: keys.SM2, Use: "office-seal"})
	s, err := both(b, f, remote.Allow{}).Signer(b.Context(), "a")
	if err != nil {
		b.Fatal(err)
	}
	message := []byte("message")
	b.Run("callers=1", func(b *testing.B) {
		for b.Loop() {
			if _, err := gm.Sign(s, message); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run(fmt.Sprintf("callers=%d", 64), func(b *testing.B) {
		b.SetParallelism(max(64/runtime.GOMAXPROCS(0), 1))
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				if _, err := gm.Sign(s, message); err != nil {
					b.Error(err)
				}
			}
		})
	})
}
