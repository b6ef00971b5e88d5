package store_test

import (
	"bytes"
	"context"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"yinzheng/ca"
	"yinzheng/internal/gm"
	"yinzheng/internal/store"
)

// BenchmarkIntendSettle measures, in alternating rounds, the disk's own bound (append 4 KiB and fsync) and how many
// certificates a second are intended and settled, two durable changes each, by 1, 16 and 64 callers. It reports medians.
func BenchmarkIntendSettle(b *testing.B) {
	db, err := store.Open(b.Context(), store.Config{URL: filepath.Join(b.TempDir(), "bench.db")})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	benchIntendSettle(b, db)
}

func benchIntendSettle(b *testing.B, db *store.DB) {
	b.Helper()
	const work = 4096
	file, err := os.Create(filepath.Join(b.TempDir(), "raw"))
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	var syncs []float64
	callers, rates := []int{1, 16, 64}, map[int][]float64{}
	round := 0
	for b.Loop() {
		syncs = append(syncs, rate(work/10, func() { appendAndSync(b, file, work/10) }))
		for _, n := range callers {
			each := work / max(n, 8)
			round++
			rates[n] = append(rates[n], rate(each*n, func() {
				var wg sync.WaitGroup
				for c := range n {
					wg.Go(func() { intendSettle(b, db, round<<32|c<<20, each) })
				}
				wg.Wait()
			}))
		}
	}
	b.ReportMetric(median(syncs), "fsync/s")
	for _, n := range callers {
		b.ReportMetric(median(rates[n]), fmt.Sprintf("pairs/s-%d", n))
	}
}

// intendSettle issues n certificates with numbers from first on.
func intendSettle(b *testing.B, db *store.DB, first, n int) {
	ctx, at := context.Background(), time.Unix(1772452800, 0)
	der := bytes.Repeat([]byte{0xa5}, 700) // as an office's seal certificate
	for serial := first; serial < first+n; serial++ {
		// 20 octets, spread as random ones are
		digest := gm.Sum(fmt.Append(nil, serial))
		i := ca.Intent{Authority: "8f1d6c0b2a3e4f5061728394a5b6c7d8e9fa0b1c", Serial: decimal(digest[:20]), Key: digest,
			Profile: "office-seal", Name: fmt.Sprint("示例单位 ", serial), By: "clerk", At: at, NotBefore: at, NotAfter: at.AddDate(3, 0, 0)}
		if err := db.Intend(ctx, i); err != nil {
			b.Error(err)
			return
		}
		if err := db.Settle(ctx, i.Authority, i.Serial, der); err != nil {
			b.Error(err)
			return
		}
	}
}

func decimal(octets []byte) string { return new(big.Int).SetBytes(octets).String() }
