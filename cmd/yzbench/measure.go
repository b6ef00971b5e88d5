package main

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"
)

// better says which way a row is read.
type better string

const (
	higher better = "higher" // a rate, /s
	lower  better = "lower"  // a time, ms
)

// row is one line of the report: what is measured, and beside what.
type row struct {
	name   string // area.work[.size][/beside]: fixed, others compare by it
	beside string // what stands beside it, in a few words
	about  string // what is compared, in one line
	better better
	ready  func(ctx context.Context, l *lab) (*pair, error)
}

// pair is the work of a row, ready to be measured.
type pair struct {
	ours, beside func(ctx context.Context, n int) error // does the work n times
	batch        int                                    // n of every turn; 0: as many as fill the turn
	rounds       int                                    // 0: as the plan says
	notes        func() ([]string, error)               // after measuring: what else was seen, and whether the work was done; nil for nothing
}

// each turns one piece of work into n of them.
func each(work func() error) func(context.Context, int) error {
	return func(ctx context.Context, n int) error {
		for range n {
			if err := work(); err != nil {
				return err
			}
		}
		return ctx.Err()
	}
}

// plan is how long is measured.
type plan struct {
	rounds int
	turn   time.Duration // of one side, in one round
}

func planFor(quick bool) plan {
	if quick {
		return plan{rounds: 11, turn: 60 * time.Millisecond}
	}
	return plan{rounds: 31, turn: 200 * time.Millisecond}
}

// result is one measured row. Its JSON form is a contract.
type result struct {
	Name   string  `json:"name"`
	Ours   float64 `json:"ours"` // in Unit
	Unit   string  `json:"unit"`
	Beside string  `json:"beside"` // what Value is of
	Value  float64 `json:"value"`  // of what stands beside, in Unit
	Ratio  float64 `json:"ratio"`  // median of the rounds' ours ÷ value
	Better better  `json:"better"`

	about    string
	low, top float64 // the middle half of the rounds' ratios
	rounds   int
	notes    []string
}

// measure lets both sides take turns and returns the medians. A result comes with an error when the work was measured but
// found not to have been done.
func (r row) measure(ctx context.Context, l *lab) (*result, error) {
	p, err := r.ready(ctx, l)
	if err != nil {
		return nil, fmt.Errorf("preparing : %w", err)
	}
	how := planFor(l.quick)
	if p.rounds > 0 {
		how.rounds = p.rounds
	}
	sides := [2]side{{work: p.ours, batch: p.batch, length: how.turn}, {work: p.beside, batch: p.batch, length: how.turn}}
	for i := range sides {
		if err := sides[i].warm(ctx); err != nil {
			return nil, err
		}
	}
	ratios := make([]float64, how.rounds)
	for round := range ratios {
		first := round % 2 // who begins changes, so that neither always has the other's leavings
		for _, i := range []int{first, 1 - first} {
			if err := sides[i].turn(ctx); err != nil {
				return nil, err
			}
		}
		ratios[round] = sides[0].seconds[round] / sides[1].seconds[round]
		if r.better == higher {
			ratios[round] = 1 / ratios[round]
		}
	}
	out := &result{
		Name: r.name, Beside: r.beside, Better: r.better, about: r.about, rounds: how.rounds,
		Ratio: significant(quantile(ratios, 0.5)), low: quantile(ratios, 0.25), top: quantile(ratios, 0.75),
	}
	out.Ours, out.Unit = r.better.inUnit(quantile(sides[0].seconds, 0.5))
	out.Value, _ = r.better.inUnit(quantile(sides[1].seconds, 0.5))
	if p.notes != nil {
		out.notes, err = p.notes()
	}
	return out, err
}

// inUnit turns seconds for one piece of work into what the row is read in.
func (b better) inUnit(seconds float64) (float64, string) {
	if b == higher {
		return significant(1 / seconds), "/s"
	}
	return significant(seconds * 1e3), "ms"
}

// side is one of the two while it is measured.
type side struct {
	work    func(context.Context, int) error
	batch   int           // times in one turn; 0: as many as fill it
	length  time.Duration // of a turn
	seconds []float64     // for one piece of work, of each turn
}

// warm does the work for one turn without counting it, so that caches are warm and everything is open.
func (s *side) warm(ctx context.Context) error {
	_, err := s.run(ctx)
	return err
}

// turn measures one turn. The garbage of whoever went before is collected outside the time.
func (s *side) turn(ctx context.Context) error {
	runtime.GC()
	each, err := s.run(ctx)
	s.seconds = append(s.seconds, each)
	return err
}

// run returns the seconds for one piece of work. The clock is read after each, which costs nothing beside microseconds.
func (s *side) run(ctx context.Context) (float64, error) {
	started := time.Now()
	if s.batch > 0 {
		err := s.work(ctx, s.batch)
		return time.Since(started).Seconds() / float64(s.batch), err
	}
	for n := 1; ; n++ {
		if err := s.work(ctx, 1); err != nil {
			return 0, err
		}
		if took := time.Since(started); took >= s.length {
			return took.Seconds() / float64(n), nil
		}
	}
}

// quantile interpolates; 0.5 is the median.
func quantile(values []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}
