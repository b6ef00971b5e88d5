package qr

// Weights of the four features that make a symbol hard to read (ISO/IEC 18004, 7.8.3.1).
const (
	weightRun     = 3
	weightBlock   = 3
	weightFinder  = 40
	weightBalance = 10
)

// penalty sums the features of a symbol.
func penalty(m [][]bool) int {
	n, sum, dark := len(m), 0, 0
	for i := range n {
		sum += line(n, func(j int) bool { return m[i][j] }) + line(n, func(j int) bool { return m[j][i] })
		for j := range n {
			if m[i][j] {
				dark++
			}
			if i+1 < n && j+1 < n && m[i][j] == m[i][j+1] && m[i][j] == m[i+1][j] && m[i][j] == m[i+1][j+1] {
				sum += weightBlock
			}
		}
	}
	off := dark*20 - n*n*10 // twentieths away from one half
	if off < 0 {
		off = -off
	}
	return sum + off/(n*n)*weightBalance
}

// finders are 1011101 with four light modules on either side: what a scanner could take for a corner.
var finders = [2][11]bool{
	{true, false, true, true, true, false, true, false, false, false, false},
	{false, false, false, false, true, false, true, true, true, false, true},
}

// line scores one row or column: runs of five or more, and patterns like the corners'.
func line(n int, at func(int) bool) int {
	sum, run := 0, 0
	for j := range n {
		if j > 0 && at(j) == at(j-1) {
			run++
		} else {
			run = 1
		}
		if run == 5 {
			sum += weightRun
		} else if run > 5 {
			sum++
		}
		for _, f := range finders {
			if j+len(f) <= n && matches(at, j, f) {
				sum += weightFinder
			}
		}
	}
	return sum
}

func matches(at func(int) bool, from int, pattern [11]bool) bool {
	for i, want := range pattern {
		if at(from+i) != want {
			return false
		}
	}
	return true
}
