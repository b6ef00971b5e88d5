package qr

// Weights of the four features that make a symbol hard to read (ISO/IEC 18004, 7.8.3.1).
const (
	weightRun     = 3
	weightBlock   = 3
	weightFinder  = 40
	weightBalance = 10
)

// What a scanner could take for a corner: 1011101 with four light modules before or behind, as eleven bits.
const (
	finderBefore = 0b00001011101
	finderBehind = 0b10111010000
	finderMask   = 1<<11 - 1
)

// penalty sums the features of a symbol.
func penalty(m [][]bool) int {
	n, sum, dark := len(m), 0, 0
	column := make([]bool, n)
	for i, row := range m {
		for j := range n {
			column[j] = m[j][i]
			if row[j] {
				dark++
			}
		}
		sum += line(row) + line(column)
		if i+1 == n {
			continue
		}
		next := m[i+1]
		for j := range n - 1 {
			if c := row[j]; c == row[j+1] && c == next[j] && c == next[j+1] {
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

// line scores one row or column: runs of five or more, and patterns like the corners'.
func line(modules []bool) int {
	sum, run, window := 0, 0, 0
	for j, dark := range modules {
		if j > 0 && dark == modules[j-1] {
			run++
		} else {
			run = 1
		}
		if run == 5 {
			sum += weightRun
		} else if run > 5 {
			sum++
		}
		window = window << 1 & finderMask
		if dark {
			window |= 1
		}
		if j >= 10 && (window == finderBefore || window == finderBehind) {
			sum += weightFinder
		}
	}
	return sum
}
