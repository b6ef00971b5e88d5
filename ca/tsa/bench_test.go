package tsa_test

import (
	"context"
	"testing"
	"time"

	"yinzheng/internal/gm"
)

// BenchmarkRespond answers one query again and again: with a serial number and a time from the disk, signed, read back, verified
// and (SM2) cross-checked.
func BenchmarkRespond(b *testing.B) {
	for name, hash := range hashes() {
		b.Run(name, func(b *testing.B) {
			a := newBench(b, time.Now).authority(b)
			query := encoded(b, hash, true)
			b.ResetTimer()
			for b.Loop() {
				if _, err := a.Respond(context.Background(), query); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkTimestamp(b *testing.B) {
	a := newBench(b, time.Now).authority(b)
	digest := gm.Sum([]byte("示例"))
	for b.Loop() {
		if _, err := a.Timestamp(context.Background(), digest); err != nil {
			b.Fatal(err)
		}
	}
}
