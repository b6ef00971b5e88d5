package pdftest

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Scanned is what a search through the bytes of a file finds: how an attacker sees it, who needs no parser.
type Scanned struct {
	File   []byte
	Prev   int64 // the last startxref
	Size   int   // the largest /Size
	Root   int
	Info   string         // "/Info N G R" or ""
	ID     string         // "/ID [...]" or ""
	Bodies map[int]string // the last plain definition of each object
	Spans  map[int][2]int // where it is: from "N G obj" to behind endobj
	Stream bool           // the last section is a cross-reference stream

	staged map[int]bool // objects that Finish writes again
}

var (
	reStart  = regexp.MustCompile(`startxref\s+(\d+)`)
	reSize   = regexp.MustCompile(`/Size (\d+)`)
	reRoot   = regexp.MustCompile(`/Root (\d+) \d+ R`)
	reInfo   = regexp.MustCompile(`/Info \d+ \d+ R`)
	reID     = regexp.MustCompile(`/ID ?\[[^\]]*\]`)
	reObject = regexp.MustCompile(`(?:^|[\r\n])(\d+) \d+ obj\b`)
)

// Scan searches a file that was made here or by our own writers.
func Scan(file []byte) *Scanned {
	s := &Scanned{File: file, Bodies: map[int]string{}, Spans: map[int][2]int{}, staged: map[int]bool{}}
	s.Prev = int64(last(reStart, file))
	for _, m := range reSize.FindAllSubmatch(file, -1) {
		n, _ := strconv.Atoi(string(m[1]))
		s.Size = max(s.Size, n)
	}
	s.Root = last(reRoot, file)
	if m := reInfo.FindAll(file, -1); len(m) > 0 {
		s.Info = string(m[len(m)-1])
	}
	if m := reID.FindAll(file, -1); len(m) > 0 {
		s.ID = string(m[len(m)-1])
	}
	if s.Prev < int64(len(file)) {
		s.Stream = !bytes.HasPrefix(file[s.Prev:], []byte("xref"))
	}
	for _, m := range reObject.FindAllSubmatchIndex(file, -1) {
		num, _ := strconv.Atoi(string(file[m[2]:m[3]]))
		end := bytes.Index(file[m[1]:], []byte("endobj"))
		if end < 0 {
			continue
		}
		s.Bodies[num] = string(bytes.Trim(file[m[1]:m[1]+end], "\r\n"))
		s.Spans[num] = [2]int{m[2], m[1] + end + len("endobj")}
		s.unpack(s.Bodies[num])
	}
	return s
}

var (
	reCount = regexp.MustCompile(`/N (\d+)`)
	reFirst = regexp.MustCompile(`/First (\d+)`)
)

// unpack takes the objects out of an object stream.
func (s *Scanned) unpack(body string) {
	dict, data, isStream := strings.Cut(body, "stream")
	if !isStream || !strings.Contains(dict, "/Type /ObjStm") {
		return
	}
	z, err := zlib.NewReader(strings.NewReader(strings.TrimLeft(data, "\r\n")))
	if err != nil {
		return
	}
	text, err := io.ReadAll(io.LimitReader(z, 1<<20)) // a bomb is not for us
	if err != nil {
		return
	}
	n, first := int(atoi(reCount.FindStringSubmatch(dict))), int(atoi(reFirst.FindStringSubmatch(dict)))
	head := strings.Fields(string(text[:min(first, len(text))]))
	if len(head) < 2*n {
		return
	}
	for i := range n {
		num, _ := strconv.Atoi(head[2*i])
		from, _ := strconv.Atoi(head[2*i+1])
		to := len(text) - first
		if i+1 < n {
			to, _ = strconv.Atoi(head[2*i+3])
		}
		s.Bodies[num] = strings.TrimSpace(string(text[first+from : first+to]))
		delete(s.Spans, num)
	}
}

func last(re *regexp.Regexp, file []byte) int {
	all := re.FindAllSubmatch(file, -1)
	if len(all) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(string(all[len(all)-1][1]))
	return n
}

// Continue begins an increment behind the file.
func (s *Scanned) Continue() *Writer { return Continue(s.File, s.Prev, s.Size) }

// Trailer is what the trailer of an increment holds beside /Size and /Prev.
func (s *Scanned) Trailer() string {
	return fmt.Sprintf("/Root %d 0 R %s %s", s.Root, s.Info, s.ID)
}

// Finish writes what was changed by Set and ends an increment in the form of the file's last section.
func (s *Scanned) Finish(w *Writer) []byte {
	for _, num := range slices.Sorted(maps.Keys(s.staged)) {
		w.Obj(num, s.Bodies[num])
	}
	if s.Stream {
		w.TableStream(w.size, s.Trailer())
	} else {
		w.Table(s.Trailer())
	}
	return w.Bytes()
}

// Find returns the lowest number of an object whose body matches, 0 for none.
func (s *Scanned) Find(pattern string) int {
	re, found := regexp.MustCompile(pattern), 0
	for num, body := range s.Bodies {
		if re.MatchString(body) && (found == 0 || num < found) {
			found = num
		}
	}
	return found
}
