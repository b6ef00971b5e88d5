package audit_test

import (
	"context"
	"encoding/hex"
	"errors"
	"testing"
	"time"

	"yinzheng/internal/audit"
	"yinzheng/internal/gm"
)

// memory is a Log that keeps its entries in a slice, with no head of its own.
type memory struct{ entries []audit.Entry }

func (m *memory) Append(_ context.Context, e audit.Entry) (audit.Entry, error) {
	var previous gm.Digest
	if n := len(m.entries); n > 0 {
		previous = m.entries[n-1].Hash
	}
	e.Sequence = int64(len(m.entries) + 1)
	e.Hash = e.Chain(previous)
	m.entries = append(m.entries, e)
	return e, nil
}

func (m *memory) Entries(_ context.Context, after int64, n int) ([]audit.Entry, error) {
	after = min(after, int64(len(m.entries)))
	return m.entries[after:min(int(after)+n, len(m.entries))], nil
}

func filled(t *testing.T, n int) *memory {
	t.Helper()
	m := &memory{}
	for i := range n {
		e := audit.Entry{At: time.Unix(int64(i), 0), Caller: "c", Action: "a", Object: "o", Detail: "d"}
		if _, err := m.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

func TestBytesAreFixedForever(t *testing.T) {
	e := audit.Entry{Sequence: 258, At: time.UnixMicro(1), Caller: "ab", Action: "c", Detail: "证"}
	const want = "79696e7a68656e6720617564697420656e7472792076310a" + // the domain
		"0000000000000102" + "0000000000000001" +
		"00000002" + "6162" + "00000001" + "63" + "00000000" + "00000003" + "e8af81"
	if got := hex.EncodeToString(e.Bytes()); got != want {
		t.Errorf("bytes are\n%s, want\n%s", got, want)
	}
	if got, want := e.Chain(gm.Digest{}), gm.Sum(make([]byte, 32), e.Bytes()); got != want {
		t.Errorf("the first hash is %s, want %s", got, want)
	}
}

func TestNoTwoEntriesShareBytes(t *testing.T) {
	at := time.Unix(0, 0)
	seen := map[string]audit.Entry{}
	for _, e := range []audit.Entry{
		{At: at}, {At: at.Add(time.Microsecond)}, {At: at, Sequence: 1}, {At: at, Caller: "ab"}, {At: at, Caller: "a", Action: "b"},
		{At: at, Action: "ab"}, {At: at, Object: "ab"}, {At: at, Detail: "ab"}, {At: at, Object: "a", Detail: "b"},
	} {
		if other, there := seen[string(e.Bytes())]; there {
			t.Errorf("%+v and %+v share their bytes", e, other)
		}
		seen[string(e.Bytes())] = e
	}
}

func TestVerifyWalksPageByPage(t *testing.T) {
	for _, n := range []int{0, 1, 999, 1000, 1001, 2500} {
		if err := audit.Verify(t.Context(), filled(t, n)); err != nil {
			t.Errorf("%d entries: %v", n, err)
		}
	}
}

func TestAnyChangeBreaksTheChain(t *testing.T) {
	changes := map[string]func(m *memory){
		"caller":   func(m *memory) { m.entries[1].Caller = "x" },
		"action":   func(m *memory) { m.entries[1].Action = "x" },
		"object":   func(m *memory) { m.entries[1].Object = "x" },
		"detail":   func(m *memory) { m.entries[1].Detail = "x" },
		"time":     func(m *memory) { m.entries[1].At = m.entries[1].At.Add(time.Microsecond) },
		"hash":     func(m *memory) { m.entries[1].Hash[0] ^= 1 },
		"sequence": func(m *memory) { m.entries[1].Sequence = 7 },
		"removed":  func(m *memory) { m.entries = append(m.entries[:1:1], m.entries[2:]...) },
		"first":    func(m *memory) { m.entries = m.entries[1:] },
		"swapped":  func(m *memory) { m.entries[1], m.entries[2] = m.entries[2], m.entries[1] },
		"replaced with its hash": func(m *memory) {
			m.entries[1].Detail = "x"
			m.entries[1].Hash = m.entries[1].Chain(m.entries[0].Hash)
		},
	}
	for name, change := range changes {
		m := filled(t, 4)
		change(m)
		if err := audit.Verify(t.Context(), m); !errors.Is(err, audit.ErrBroken) {
			t.Errorf("%s: Verify = %v, want ErrBroken", name, err)
		}
	}
}
