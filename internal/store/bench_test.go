package store_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/store"
	"yinzheng/licences"
)

// BenchmarkCreateAdvance measures, in alternating rounds, the disk's own bound (append 4 KiB and fsync) and how many licences
// a second are created and advanced once, two durable changes each, by one caller and by 32. It reports medians of the rounds.
func BenchmarkCreateAdvance(b *testing.B) {
	const work, callers = 400, 32
	dir := b.TempDir()
	db, err := store.Open(b.Context(), store.Config{URL: filepath.Join(dir, "bench.db")})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	file, err := os.Create(filepath.Join(dir, "raw"))
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	var syncs, alone, many []float64
	round := 0
	for b.Loop() {
		round++
		syncs = append(syncs, rate(work, func() { appendAndSync(b, file, work) }))
		alone = append(alone, rate(work, func() { createAdvance(b, db, fmt.Sprint(round, "-one"), work) }))
		many = append(many, rate(callers*work/4, func() {
			var wg sync.WaitGroup
			for c := range callers {
				wg.Go(func() { createAdvance(b, db, fmt.Sprint(round, "-", c), work/4) })
			}
			wg.Wait()
		}))
	}
	b.ReportMetric(median(syncs), "fsync/s")
	b.ReportMetric(median(alone), "licences/s-alone")
	b.ReportMetric(median(many), "licences/s-32")
	b.ReportMetric(2*median(alone)/median(syncs), "alone/fsync")
	b.ReportMetric(2*median(many)/median(syncs), "32/fsync")
}

func rate(n int, work func()) float64 {
	start := time.Now()
	work()
	return float64(n) / time.Since(start).Seconds()
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}

func appendAndSync(b *testing.B, f *os.File, n int) {
	page := make([]byte, 4096)
	for range n {
		if _, err := f.Write(page); err != nil {
			b.Error(err)
		}
		if err := f.Sync(); err != nil {
			b.Error(err)
		}
	}
}

func createAdvance(b *testing.B, db *store.DB, series string, n int) {
	ctx, at := context.Background(), time.Unix(1772452800, 0)
	fields := []byte(`{"items":"` + strings.Repeat("x", 1000) + `"}`)
	for i := range n {
		id := fmt.Sprintf("%s-%05d", series, i)
		l := licences.Licence{ID: id, Identifier: id, CheckCode: id, Caller: "c", Key: id, Status: licences.InForce,
			Fields: fields, Created: at, Updated: at}
		if _, err := db.Create(ctx, l); err != nil {
			b.Error(err)
			return
		}
		err := db.Advance(ctx, id, licences.Issuing, licences.Sealed, licences.Patch{Document: gm.Sum([]byte(id)), At: at})
		if err != nil {
			b.Error(err)
			return
		}
	}
}
