package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// digits is how many significant digits are printed: more than a shared machine can tell.
const digits = 4

// significant rounds to so many digits as are printed.
func significant(v float64) float64 {
	if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return v
	}
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'e', digits-1, 64), 64)
	if err != nil {
		return v
	}
	return rounded
}

func printHead(out io.Writer, o options) {
	how := planFor(o.quick)
	fmt.Fprintf(out, "印证 yzbench: %d cores, %s, %s/%s, temporary files in %s\n", runtime.GOMAXPROCS(0), runtime.Version(), runtime.GOOS, runtime.GOARCH, os.TempDir())
	fmt.Fprintf(out, "Ours and what stands beside it take turns: %d rounds of %v each, after warming up. Medians; ratio is ours ÷ beside,\n", how.rounds, how.turn)
	fmt.Fprintf(out, "the median of the rounds' ratios, and behind it the middle half of them.\n\n")
	fmt.Fprintf(out, "%-22s %14s %14s  %7s  %s\n%s\n", "", "ours", "beside", "ratio", "middle half", strings.Repeat("─", 78))
}

// print writes the row as people read it.
func (r *result) print(out io.Writer) {
	arrow := "↓" // lower is better
	if r.Better == higher {
		arrow = "↑"
	}
	fmt.Fprintf(out, "%-22s %14s %14s  %6s%s  %s–%s\n", r.Name, amount(r.Ours, r.Unit), amount(r.Value, r.Unit), plain(r.Ratio), arrow, plain(r.low), plain(r.top))
	fmt.Fprintf(out, "    %s; beside: %s\n", r.about, r.Beside)
	for _, n := range r.notes {
		fmt.Fprintf(out, "    %s\n", n)
	}
	fmt.Fprintln(out)
}

func amount(v float64, unit string) string {
	if unit == "/s" {
		return plain(v) + "/s"
	}
	if v < 1 {
		return plain(v*1e3) + " µs"
	}
	return plain(v) + " ms"
}

// plain writes a number with at most three significant digits behind the point.
func plain(v float64) string {
	switch a := math.Abs(v); {
	case a >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case a >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case a >= 1:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
	return strconv.FormatFloat(v, 'f', 3, 64)
}
