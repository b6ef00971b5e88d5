package changes

import (
	"bytes"
	"errors"
	"io"

	"yinzheng/internal/pdf/cos"
)

// equal reports whether two values are written alike: references by number, dictionaries in any order.
func equal(a, b cos.Value) bool {
	switch a := a.(type) {
	case cos.Array:
		b, ok := b.(cos.Array)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !equal(a[i], b[i]) {
				return false
			}
		}
		return true
	case cos.Dict:
		b, ok := b.(cos.Dict)
		return ok && len(a) == len(b) && sameBut(a, b)
	case cos.String:
		b, ok := b.(cos.String)
		return ok && bytes.Equal(a.Bytes, b.Bytes)
	case cos.Stream:
		return false // see equalStreams
	case nil:
		return b == nil
	}
	switch b.(type) {
	case cos.Array, cos.Dict, cos.String, cos.Stream:
		return false
	}
	return a == b
}

// sameBut reports whether two dictionaries agree in every key but the ones given.
func sameBut(a, b cos.Dict, but ...cos.Name) bool {
	for _, key := range differing(a, b) {
		found := false
		for _, k := range but {
			found = found || k == key
		}
		if !found {
			return false
		}
	}
	return true
}

// differing lists the keys whose values are not equal, those of b before those that only a has.
func differing(a, b cos.Dict) (keys []cos.Name) {
	before := make(map[cos.Name]cos.Value, len(a))
	for _, e := range a {
		before[e.Key] = e.Value
	}
	for _, e := range b {
		if x, ok := before[e.Key]; !ok || !equal(x, e.Value) {
			keys = append(keys, e.Key)
		}
		delete(before, e.Key)
	}
	for _, e := range a {
		if _, left := before[e.Key]; left {
			keys = append(keys, e.Key)
		}
	}
	return keys
}

// equalStreams compares dictionaries, where /Length may be spelled as a reference, and the bytes as they stand.
func (s *step) equalStreams(a, b cos.Stream) (bool, error) {
	if a.Length != b.Length || !sameBut(a.Dict, b.Dict, "Length") {
		return false, nil
	}
	const chunk = 1 << 16
	ra, rb := s.f.Raw(a), s.f.Raw(b)
	x, y := make([]byte, chunk), make([]byte, chunk)
	for {
		n, err := io.ReadFull(ra, x)
		m, err2 := io.ReadFull(rb, y)
		if !bytes.Equal(x[:n], y[:m]) {
			return false, nil
		}
		if err == nil && err2 == nil {
			continue
		}
		for _, e := range []error{err, err2} {
			if !errors.Is(e, io.EOF) && !errors.Is(e, io.ErrUnexpectedEOF) {
				return false, e
			}
		}
		return true, nil
	}
}
