package qr

import "testing"

// modules reads a drawing: # is dark.
func modules(rows ...string) [][]bool {
	var m [][]bool
	for _, row := range rows {
		var line []bool
		for _, c := range row {
			line = append(line, c == '#')
		}
		m = append(m, line)
	}
	return m
}

func TestLinePenaltyFollowsTheStandard(t *testing.T) {
	for _, c := range []struct {
		line string
		want int
	}{
		{"#.#.#.#.", 0},
		{"#####.#", 3},                    // a run of five
		{"#######.#", 5},                  // of seven
		{"#....#.###.#.##", 40},           // a false finder, light before
		{"##.#.###.#....#", 40},           // light behind
		{"#....#.###.#....#", 80},         // both
		{"##.#.###.#...##", 0},            // only three light
		{".....#.###.#.....", 3 + 80 + 3}, // runs of five light modules as well
	} {
		m := modules(c.line)
		if got := line(m[0]); got != c.want {
			t.Errorf("%s: %d, want %d", c.line, got, c.want)
		}
	}
}

func TestPenaltyCountsBlocksAndShare(t *testing.T) {
	if got := penalty(modules("##", "##")); got != 3+100 {
		t.Errorf("2 x 2 dark: %d, want 103", got)
	}
	if got := penalty(modules("#.", ".#")); got != 0 {
		t.Errorf("2 x 2 chequered: %d, want 0", got)
	}
}
