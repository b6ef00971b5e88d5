package remote_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"yinzheng/internal/keys/remote"
)

// addSeeds fails a fuzz target that has none.
func addSeeds(f *testing.F, bodies ...string) {
	f.Helper()
	if len(bodies) == 0 {
		f.Fatal("no seeds")
	}
	for _, body := range bodies {
		b := remote.Frame(body)
		f.Add(b)
		f.Add(b[:len(b)-1])
	}
	f.Add(binary.BigEndian.AppendUint32(nil, 1<<31))
}

// FuzzRequest is what a server reads: refused with a reason, or a request that reads the same when it is written again.
func FuzzRequest(f *testing.F) {
	addSeeds(f, `{"n":1,"op":"list"}`, `{"n":2,"op":"info","id":"a"}`, `{"n":3,"op":"sign","id":"a","data":"AAAA","hash":5}`,
		`{"n":4,"op":"create","id":"a","algorithm":"SM2","use":"office-seal","quota":7}`, `{"n":5,"op":"change","id":"a","state":"retired","quota":0}`,
		`{"n":6,"op":"envelop","id":"a","data":"MFkwEwYH"}`, `{"n":7,"op":"signer","id":"a"} {}`, `{"N":8,"op":"list","op":"sign"}`, `[[[[[[[[]]]]]]]]`)
	f.Fuzz(func(t *testing.T, b []byte) {
		again, err := remote.ReadRequest(b)
		if err != nil {
			if !errors.Is(err, remote.ErrFrame) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatalf("another error: %v", err)
			}
			return
		}
		if third, err := remote.ReadRequest(again); err != nil || !bytes.Equal(third, again) {
			t.Fatalf("%q is written %q: %v", again, third, err)
		}
	})
}

// FuzzReply is what a client reads.
func FuzzReply(f *testing.F) {
	addSeeds(f, `{"n":1}`, `{"n":1,"code":"quota","text":"no more"}`, `{"n":1,"code":"?","text":""}`, `{"n":1,"data":"MEUCIQ=="}`, `{"n":1,"more":true,"keys":null}`,
		`{"n":1,"keys":[{"id":"a","algorithm":"SM2","use":"u","state":"active","public":"","created":"2026-11-22T08:30:00Z","changed":"2026-11-22T08:30:00Z","protected":"p"}]}`)
	f.Fuzz(func(t *testing.T, b []byte) {
		answered, err := remote.ReadReply(b)
		if err != nil && !errors.Is(err, remote.ErrFrame) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("another error: %v", err)
		}
		if answered == nil {
			return
		}
		for _, known := range remote.ErrorsThatCross() {
			if errors.Is(answered, known) {
				return
			}
		}
		t.Fatalf("an error of no kind: %v", answered)
	})
}
