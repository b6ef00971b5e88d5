package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"yinzheng/internal/gm"
)

// micros is how a time is stored; a zero time is 0.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

// hexOf is how a digest is stored; a zero digest is "".
func hexOf(d gm.Digest) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}

func fromHex(s string) (gm.Digest, error) {
	if s == "" {
		return gm.Digest{}, nil
	}
	return gm.ParseDigest(s)
}

// limit makes a count that a query takes: a negative one is 0.
func limit(n int) int32 { return int32(min(max(n, 0), math.MaxInt32)) }

// notNil makes bytes that are not NULL; orNil undoes it.
func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

func orNil(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return b
}

func encode(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("store: encoding: %w", err)
	}
	return string(b), nil
}

// decode reads what encode wrote; a member that is not known means that a newer program wrote the row, and is refused.
func decode(s string, v any) error {
	d := json.NewDecoder(bytes.NewReader([]byte(s)))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

// all converts rows.
func all[R, T any](rows []R, convert func(R) (T, error)) ([]T, error) {
	out := make([]T, 0, len(rows))
	for _, r := range rows {
		t, err := convert(r)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}
