package verdict

import (
	"slices"

	"yinzheng/verify"
)

// least is the share of the bar that a segment has however few its bytes are: a signature's revision is a few KB of any file.
const least = 0.07

// maxSegments bounds the bar: more could not be told apart.
const maxSegments = 12

// Coverage says which bytes of a file each signature covers: the file from its first byte to its last, cut where signatures end.
type Coverage struct {
	Segments []Segment
	Rows     []Covered // one for each signature, oldest first
}

// Segment is the bytes between two ends. From and To are shares of the bar, 0 to 1, which is not to scale: see least.
type Segment struct {
	Start, End int64 // bytes of the file
	From, To   float64
	Signed     bool // it ends where a signature does; else it came after all of them
}

// Covered is what one signature covers: the first so many segments.
type Covered struct {
	Number   int // Card.Number
	Verdict  verify.Verdict
	Segments int
	To       float64 // share of the bar
}

// coverage is nil without a document, without signatures, or with more of them than a bar can show.
func coverage(signatures []verify.SignatureReport, size int64) *Coverage {
	var ends []int64
	for _, s := range signatures {
		if s.Bytes > 0 && s.Bytes <= size {
			ends = append(ends, s.Bytes)
		}
	}
	if len(ends) == 0 {
		return nil
	}
	slices.Sort(ends)
	ends = slices.Compact(ends)
	signed := len(ends)
	if ends[signed-1] < size {
		ends = append(ends, size)
	}
	if len(ends) > maxSegments {
		return nil
	}
	c := &Coverage{}
	free, from, start := 1-least*float64(len(ends)), 0.0, int64(0)
	for i, end := range ends {
		to := from + least + free*float64(end-start)/float64(size)
		c.Segments = append(c.Segments, Segment{Start: start, End: end, From: from, To: to, Signed: i < signed})
		from, start = to, end
	}
	c.Segments[len(ends)-1].To = 1
	for i, s := range signatures {
		row := Covered{Number: i + 1, Verdict: s.Verdict}
		if n, found := slices.BinarySearch(ends, s.Bytes); found {
			row.Segments, row.To = n+1, c.Segments[n].To
		}
		c.Rows = append(c.Rows, row)
	}
	return c
}
