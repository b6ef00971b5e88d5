package sealing_test

import (
	"context"
	"testing"

	"yinzheng/internal/gm"
	"yinzheng/sealing"
)

// benchmarkSeal seals a document of about size bytes, judging the result by the cryptography alone; beside it stands its
// bound: SM3 over the same bytes and one SM2 signature.
func benchmarkSeal(b *testing.B, size int) {
	bench := newBench(b)
	bench.c.Judge = judge
	bench.makeSeal(b)
	base := document(b, size)
	b.Run("whole", func(b *testing.B) {
		run(b, bench, base)
	})
	b.Run("unjudged", func(b *testing.B) { // what the judgement costs is the difference
		free := *bench
		free.c.Judge = func(context.Context, sealing.File) error { return nil }
		run(b, &free, base)
	})
	b.Run("bound", func(b *testing.B) {
		b.SetBytes(int64(len(base)))
		for b.Loop() {
			d := gm.Sum(base)
			if _, err := gm.Sign(bench.office.Key, d[:]); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func run(b *testing.B, bench *bench, base []byte) {
	s, err := sealing.New(bench.c)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(base)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Seal(context.Background(), request(base)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSeal100KB(b *testing.B) { benchmarkSeal(b, 100<<10) }

func BenchmarkSeal20MB(b *testing.B) { benchmarkSeal(b, 20<<20) }

func BenchmarkDrawSeal(b *testing.B) {
	for b.Loop() {
		if _, err := sealing.DrawSeal(officeName, lineText); err != nil {
			b.Fatal(err)
		}
	}
}
