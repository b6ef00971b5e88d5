package licences_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"
)

// BenchmarkIssue issues licences on real books, content and ledger, one after the other, and reports what each step takes.
func BenchmarkIssue(b *testing.B) {
	dir := b.TempDir()
	if err := makeKeys(dir); err != nil {
		b.Fatal(err)
	}
	var mu sync.Mutex
	var last time.Time
	spent := map[string]time.Duration{}
	d, err := openDisk(dir, func(step string) {
		mu.Lock()
		defer mu.Unlock()
		if step <= "5a" { // later steps are the worker's
			now := time.Now()
			spent[step] += now.Sub(last)
			last = now
		}
	})
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := d.stop(); err != nil {
			b.Error(err)
		}
	}()
	n := 0
	for b.Loop() {
		mu.Lock()
		last = time.Now()
		mu.Unlock()
		if _, err := d.Issue(context.Background(), d.by, d.request(fmt.Sprint(n))); err != nil {
			b.Fatal(err)
		}
		n++
	}
	for step, total := range spent {
		b.ReportMetric(float64(total.Microseconds())/1000/float64(n), "ms/step"+step)
	}
}

// BenchmarkIssueMany has 16 callers at once and counts until the last licence is archived.
func BenchmarkIssueMany(b *testing.B) {
	dir := b.TempDir()
	if err := makeKeys(dir); err != nil {
		b.Fatal(err)
	}
	d, err := openDisk(dir, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := d.stop(); err != nil {
			b.Error(err)
		}
	}()
	b.SetParallelism(8) // times GOMAXPROCS
	var mu sync.Mutex
	var ids []string
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			mu.Lock()
			key := fmt.Sprint(len(ids))
			ids = append(ids, "")
			mu.Unlock()
			l, err := d.Issue(context.Background(), d.by, d.request(key))
			if err != nil {
				b.Error(err)
				return
			}
			mu.Lock()
			ids = append(ids, l.ID)
			mu.Unlock()
		}
	})
	acknowledged := b.Elapsed()
	for _, id := range ids {
		if id != "" {
			if _, err := d.Settle(context.Background(), id); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.N)/acknowledged.Seconds(), "acknowledged/s")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "archived/s")
}
