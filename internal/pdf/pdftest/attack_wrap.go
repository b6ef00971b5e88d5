package pdftest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// wrappings put something into the gap between the two signed ranges, or move them (SWA).
func wrappings() []Attack {
	m := &made{class: 3}
	gap := func(want Want, name string, fill func(s *Scanned, at int) string) {
		m.add(want, name, func(t *Target) []byte {
			s := Scan(t.File)
			g := s.signature()
			token := "<" + even(g.digits(t.File)) + ">"
			return overwrite(t.File, g.at, g.end, token+fill(s, g.at+len(token)))
		})
	}
	gap(Invalid, "padding cut, spaces instead", func(*Scanned, int) string { return "" })
	gap(Invalid, "padding cut, a comment instead", func(*Scanned, int) string { return " % a comment in the gap\n" })
	gap(Invalid, "a second byte range in the gap", func(*Scanned, int) string { return " /ByteRange [0 10 20 30]" })
	gap(Invalid, "a second contents in the gap", func(*Scanned, int) string { return " /Contents <00>" })
	gap(Invalid, "another sub-filter in the gap", func(*Scanned, int) string { return " /SubFilter /adbe.x509.rsa_sha1" })
	gap(Invalid, "an object in the gap", func(s *Scanned, _ int) string {
		_, content := s.page()
		return fmt.Sprintf(" >>\nendobj\n%d 0 obj\n<< /Length 3 >>\nstream\nQ q\nendstream\nendobj\n999 0 obj\n<< ", content)
	})
	m.add(Invalid, "an object in the gap and a table that lists it", func(t *Target) []byte {
		s := Scan(t.File)
		g := s.signature()
		_, content := s.page()
		text := forged(s)
		token := "<" + even(g.digits(t.File)) + ">"
		head := token + " >>\nendobj\n"
		file := overwrite(t.File, g.at, g.end, fmt.Sprintf("%s%d 0 obj\n<< /Length %d >>\nstream\n%s\nendstream\nendobj\n999 0 obj\n<< ", head, content, len(text), text))
		if file == nil {
			return nil
		}
		s.File = file
		w := s.Continue()
		w.Point(content, 0, int64(g.at+len(head)))
		return s.Finish(w)
	})
	m.add(Invalid, "second range moved behind what was put in", moved)
	m.add(Invalid, "second range moved, range rewritten in an increment", func(t *Target) []byte {
		file := moved(t)
		return increment(file, func(s *Scanned, _ *Writer) {
			g := s.signature()
			d := int64(len(file)) - g.r[3]
			s.Set(g.num, reRange.ReplaceAllString(g.body, fmt.Sprintf("/ByteRange [0 %d %d %d]", g.r[1], d, g.r[3])))
		})
	})
	m.forgedValues()
	return m.list
}

// forgedValues change the value itself.
func (m *made) forgedValues() {
	value := func(name string, f func(t *Target, covered []byte) string) {
		m.add(Invalid, "contents "+name, func(t *Target) []byte {
			g := Scan(t.File).signature()
			v := f(t, slices.Concat(t.File[:g.r[1]], t.File[g.r[2]:]))
			if v == "" || len(v) > g.end-g.at-2 {
				return nil
			}
			return overwrite(t.File, g.at, g.end, "<"+v+strings.Repeat("0", g.end-g.at-2-len(v))+">")
		})
	}
	value("of another document", func(t *Target, _ []byte) string {
		other := t.Trust(bytes.Replace(t.Base, []byte("/Count 1"), []byte("/Count 1 "), 1), Seal{Field: "Other"})
		if other == nil {
			return ""
		}
		return even(Scan(other).signature().digits(other))
	})
	value("with its first byte changed", func(t *Target, _ []byte) string {
		v := even(Scan(t.File).signature().digits(t.File))
		return "31" + v[2:]
	})
	value("with its last byte changed", func(t *Target, _ []byte) string {
		v := even(Scan(t.File).signature().digits(t.File))
		return v[:len(v)-2] + flipped(v[len(v)-2:])
	})
	value("twice", func(t *Target, _ []byte) string {
		v := even(Scan(t.File).signature().digits(t.File))
		return v + v
	})
	value("and rubbish behind it", func(t *Target, _ []byte) string {
		return even(Scan(t.File).signature().digits(t.File)) + "00deadbeef"
	})
	m.add(Invalid, "one signed byte changed", func(t *Target) []byte {
		out := bytes.Clone(t.File)
		i := bytes.Index(out, []byte("/MediaBox [0 0 5"))
		out[i+len("/MediaBox [0 0 ")] = '4'
		return out
	})
	m.add(Valid, "upper-case digits", func(t *Target) []byte {
		if t.Own {
			return nil // the house writes lower case
		}
		return t.Trust(t.Base, Seal{Field: "Office", Hex: func(h string, room int) string {
			return "<" + strings.ToUpper(h) + strings.Repeat("0", room-len(h)) + ">"
		}})
	})
	m.add(Valid, "no padding to speak of", func(t *Target) []byte {
		if t.Own {
			return nil
		}
		return t.Trust(t.Base, Seal{Field: "Office", Reserve: 6000})
	})
}

// moved puts something between the first range and the second, which it copies to the end.
func moved(t *Target) []byte {
	s := Scan(t.File)
	g := s.signature()
	_, content := s.page()
	text := forged(s)
	evil := fmt.Sprintf(" >>\nendobj\n%d 0 obj\n<< /Length %d >>\nstream\n%s\nendstream\nendobj\n", content, len(text), text)
	return slices.Concat(t.File[:g.end], []byte(evil), t.File[g.r[2]:])
}

// even completes digits to whole bytes.
func even(digits string) string {
	if len(digits)%2 == 1 {
		return digits + "0"
	}
	return digits
}

func flipped(digits string) string {
	var n int
	_, _ = fmt.Sscanf(digits, "%02x", &n)
	return fmt.Sprintf("%02x", n^1)
}

// ranges are signatures of the trusted signer over something else than the file but its value.
func ranges() []Attack {
	m := &made{class: 11}
	wrong := func(want Want, name string, f func(r [4]int64) string, covered func(file []byte, r [4]int64) []byte) {
		m.add(want, name, func(t *Target) []byte {
			return t.Trust(t.Base, Seal{Field: "Office", Range: f, Covered: covered})
		})
	}
	list := func(format string) func([4]int64) string {
		return func(r [4]int64) string { return fmt.Sprintf(format, r[0], r[1], r[2], r[3]) }
	}
	wrong(Invalid, "three numbers", func(r [4]int64) string { return fmt.Sprintf("[%d %d %d]", r[0], r[1], r[2]) }, nil)
	wrong(Invalid, "six numbers", list("[%d %d %d %d 0 0]"), nil)
	wrong(Invalid, "five numbers", list("[%d %d %d %d 0]"), nil)
	wrong(Invalid, "reals", list("[%d.0 %d.0 %d.0 %d.0]"), nil)
	wrong(NotValid, "a plus sign", list("[%d +%d %d %d]"), nil)
	wrong(Invalid, "strings", list("[(%d) (%d) (%d) (%d)]"), nil)
	wrong(Invalid, "a reference", func([4]int64) string { return "4 0 R" }, nil)
	wrong(Invalid, "a comment inside", list("[%d %d %% 1 2 3 4\n %d %d]"), nil)
	wrong(Invalid, "the tail left out", func(r [4]int64) string { return fmt.Sprintf("[0 %d %d %d]", r[1], r[2], r[3]-8) },
		func(f []byte, r [4]int64) []byte { return slices.Concat(f[:r[1]], f[r[2]:r[2]+r[3]-8]) })
	wrong(Invalid, "the head left out", func(r [4]int64) string { return fmt.Sprintf("[9 %d %d %d]", r[1]-9, r[2], r[3]) },
		func(f []byte, r [4]int64) []byte { return slices.Concat(f[9:r[1]], f[r[2]:]) })
	wrong(Invalid, "the gap begins before the value", func(r [4]int64) string { return fmt.Sprintf("[0 %d %d %d]", r[1]-40, r[2], r[3]) },
		func(f []byte, r [4]int64) []byte { return slices.Concat(f[:r[1]-40], f[r[2]:]) })
	wrong(Invalid, "the gap ends behind the value", func(r [4]int64) string { return fmt.Sprintf("[0 %d %d %d]", r[1], r[2]+3, r[3]-3) },
		func(f []byte, r [4]int64) []byte { return slices.Concat(f[:r[1]], f[r[2]+3:]) })
	wrong(Invalid, "brackets covered", func(r [4]int64) string { return fmt.Sprintf("[0 %d %d %d]", r[1]+1, r[2]-1, r[3]+1) },
		func(f []byte, r [4]int64) []byte { return slices.Concat(f[:r[1]+1], f[r[2]-1:]) })
	wrong(Invalid, "only the second range", func(r [4]int64) string { return fmt.Sprintf("[0 0 %d %d]", r[2], r[3]) },
		func(f []byte, r [4]int64) []byte { return f[r[2]:] })
	wrong(Invalid, "only the first range", func(r [4]int64) string { return fmt.Sprintf("[0 %d 0 0]", r[1]) },
		func(f []byte, r [4]int64) []byte { return f[:r[1]] })
	wrong(Invalid, "ranges exchanged", func(r [4]int64) string { return fmt.Sprintf("[%d %d 0 %d]", r[2], r[3], r[1]) },
		func(f []byte, r [4]int64) []byte { return slices.Concat(f[r[2]:], f[:r[1]]) })
	wrong(Invalid, "behind the end of the file", func(r [4]int64) string { return fmt.Sprintf("[0 %d %d %d]", r[1], r[2], r[3]+100) }, nil)
	m.add(Invalid, "a second signature with the first one's range", func(t *Target) []byte {
		g := Scan(t.File).signature()
		return t.Trust(t.File, Seal{Field: "Second", Range: func([4]int64) string { return fmt.Sprintf("[0 %d %d %d]", g.r[1], g.r[2], g.r[3]) },
			Covered: func(f []byte, _ [4]int64) []byte { return slices.Concat(f[:g.r[1]], f[g.r[2]:g.r[2]+g.r[3]]) }})
	})
	m.add(Invalid, "a second signature whose gap holds the first", func(t *Target) []byte {
		g := Scan(t.File).signature()
		return t.Trust(t.File, Seal{Field: "Second", Range: func(r [4]int64) string { return fmt.Sprintf("[0 %d %d %d]", g.r[1], r[2], r[3]) },
			Covered: func(f []byte, r [4]int64) []byte { return slices.Concat(f[:g.r[1]], f[r[2]:]) }})
	})
	m.add(Valid, "leading zeros", func(t *Target) []byte {
		if t.Own {
			return nil
		}
		return t.Trust(t.Base, Seal{Field: "Office", Range: list("[%d %010d %010d %010d]")})
	})
	m.add(Valid, "wide spacing", func(t *Target) []byte {
		if t.Own {
			return nil
		}
		return t.Trust(t.Base, Seal{Field: "Office", Range: list("[ %d  %d  %d  %d ]")})
	})
	return m.list
}

// spelled is a byte range whose first part is too short.
func spelled(less int64, r [4]int64) string {
	return fmt.Sprintf("[0 %d %d %d]", r[1]-less, r[2], r[3])
}
