package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"
)

func TestTheMedianOfAnEvenNumberLiesBetween(t *testing.T) {
	values := []float64{4, 1, 3, 2}
	for q, want := range map[float64]float64{0: 1, 0.25: 1.75, 0.5: 2.5, 1: 4} {
		if got := quantile(values, q); math.Abs(got-want) > 1e-12 {
			t.Errorf("quantile %g is %g, want %g", q, got, want)
		}
	}
}

// TestBothSidesTakeTurns counts who is asked when: neither is always first.
func TestBothSidesTakeTurns(t *testing.T) {
	var order strings.Builder
	work := func(name string) func(context.Context, int) error {
		return func(context.Context, int) error {
			order.WriteString(name)
			time.Sleep(time.Millisecond)
			return nil
		}
	}
	r := row{name: "a.b", better: lower, ready: func(context.Context, *lab) (*pair, error) {
		return &pair{ours: work("o"), beside: work("b"), batch: 1, rounds: 4}, nil
	}}
	got, err := r.measure(t.Context(), &lab{quick: true})
	if err != nil {
		t.Fatal(err)
	}
	if order.String() != "ob"+"ob"+"bo"+"ob"+"bo" {
		t.Errorf("they were asked in the order %s", order.String())
	}
	if got.Ratio < 0.2 || got.Ratio > 5 || got.low > got.top || got.Unit != "ms" {
		t.Errorf("the same work on both sides is measured as %+v", got)
	}
}

func TestARateIsReadTheOtherWayRound(t *testing.T) {
	sleep := func(d time.Duration) func(context.Context, int) error {
		return func(context.Context, int) error { time.Sleep(d); return nil }
	}
	r := row{name: "a.b", better: higher, ready: func(context.Context, *lab) (*pair, error) {
		return &pair{ours: sleep(50 * time.Millisecond), beside: sleep(time.Millisecond), batch: 1, rounds: 3}, nil
	}}
	got, err := r.measure(t.Context(), &lab{quick: true})
	if err != nil {
		t.Fatal(err)
	}
	if got.Ratio >= 1 || got.Ours >= got.Value || got.Unit != "/s" {
		t.Errorf("the slower side is measured as %+v", got)
	}
}

// TestTheJSONFormIsTheContract wants exactly the members that others read.
func TestTheJSONFormIsTheContract(t *testing.T) {
	var out, errs bytes.Buffer
	if status := run(t.Context(), []string{"--quick", "--json", "--only", `^sm2\.verify$`}, &out, &errs); status != exitOK {
		t.Fatalf("status %d: %s", status, errs.String())
	}
	var found []map[string]any
	if err := json.Unmarshal(out.Bytes(), &found); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	if len(found) != 1 || len(found[0]) != 7 {
		t.Fatalf("%d rows, the first of %d members", len(found), len(found[0]))
	}
	for _, member := range []string{"ours", "value", "ratio"} {
		if v, isNumber := found[0][member].(float64); !isNumber || v <= 0 {
			t.Errorf("%s is %v", member, found[0][member])
		}
	}
	for member, want := range map[string]string{"name": "sm2.verify", "unit": "/s", "better": "higher", "beside": "the library's verification"} {
		if found[0][member] != want {
			t.Errorf("%s is %v, want %s", member, found[0][member], want)
		}
	}
}

func TestUsageErrorsAreToldApart(t *testing.T) {
	for _, args := range [][]string{{"--only", "("}, {"--only", "no such row"}, {"stray"}, {"--fast"}} {
		if status := run(t.Context(), args, io.Discard, io.Discard); status != exitUsage {
			t.Errorf("%q ends with status %d", args, status)
		}
	}
}

func TestEveryRowHasItsOwnName(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range rows() {
		if seen[r.name] || r.beside == "" || r.about == "" || (r.better != higher && r.better != lower) {
			t.Errorf("row %+v", r)
		}
		seen[r.name] = true
	}
}

func TestTheFacesTextIsReadBackWhole(t *testing.T) {
	_, l, doc, err := face()
	if err != nil {
		t.Fatal(err)
	}
	p, err := readPage(doc)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, r := range p.runs {
		text.WriteString(r.text)
	}
	for _, want := range []string{l.Holder.Name, l.Holder.Code, l.Number} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%s is not on the page: %s", want, text.String())
		}
	}
}

// TestALostLicenceFailsTheRun issues a few and then has one that is not what was answered, one too many, one twice.
func TestALostLicenceFailsTheRun(t *testing.T) {
	l := &lab{quick: true, errs: io.Discard}
	defer func() {
		if err := l.close(); err != nil {
			t.Error(err)
		}
	}()
	w, err := l.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{w: w, client: newClient(w)}
	if err := i.issue(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	if told, err := i.readBack(t.Context(), 0); err != nil {
		t.Fatalf("%s: %v", told, err)
	}
	whole := i.made
	changed := append([]issued{}, whole...)
	changed[0].Document = changed[1].Document
	absent := append([]issued{{ID: "00000000000000000000000000"}}, whole[1:]...)
	for what, made := range map[string][]issued{
		"changed": changed, "absent": absent, "one more in the books": whole[1:], "twice": append(whole[1:2:2], whole[1:]...),
	} {
		i.made = made
		if _, err := i.readBack(t.Context(), 0); !errors.Is(err, errLost) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
