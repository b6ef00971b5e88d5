package tsp_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"yinzheng/internal/der"
	"yinzheng/internal/tsp"
)

func TestRefusalsReadBack(t *testing.T) {
	for failure := tsp.FailureBit(-2); failure <= 40; failure++ {
		want := failure
		if failure < 0 || failure > 31 {
			want = tsp.NoFailure
		}
		reply, err := tsp.ParseReply(tsp.Refused(failure, "时间不可用"))
		if err != nil {
			t.Fatalf("%d: %v", failure, err)
		}
		if reply.Status != 2 || reply.Failure != want || reply.Text != "时间不可用" || reply.Token != nil {
			t.Errorf("%d: %+v", failure, reply)
		}
	}
}

func TestTextsOfRefusalsAreBoundedAndUTF8(t *testing.T) {
	for _, text := range []string{"", "\xff", strings.Repeat("示", 1<<20), "a\xffb"} {
		b := tsp.Refused(tsp.BadAlg, text)
		reply, err := tsp.ParseReply(b)
		if err != nil {
			t.Fatal(err)
		}
		if len(b) > 1100 || reply.Text == "" || !utf8.ValidString(reply.Text) {
			t.Errorf("%d bytes, text %q", len(b), reply.Text)
		}
	}
}

// replies that some parser somewhere accepts.
var badReplies = map[string]string{
	"empty":                  "",
	"two bytes":              "\x30\x82",
	"no status":              "\x30\x00",
	"granted without token":  "\x30\x05\x30\x03\x02\x01\x00",
	"rejection with a token": "\x30\x07\x30\x03\x02\x01\x02\x30\x00",
	"status 6":               "\x30\x05\x30\x03\x02\x01\x06",
	"negative status":        "\x30\x05\x30\x03\x02\x01\xff",
	"empty text":             "\x30\x07\x30\x05\x02\x01\x02\x30\x00",
	"two failures":           "\x30\x09\x30\x07\x02\x01\x02\x03\x02\x05\xa0",
	"no failure":             "\x30\x08\x30\x06\x02\x01\x02\x03\x01\x00",
	"failure 39":             "\x30\x0d\x30\x0b\x02\x01\x02\x03\x06\x00\x00\x00\x00\x00\x01",
	"failure before text":    "\x30\x0f\x30\x0d\x02\x01\x02\x03\x02\x07\x80\x30\x04\x0c\x02ab",
	"indefinite":             "\x30\x80\x30\x03\x02\x01\x02\x00\x00",
}

func TestOtherRepliesAreRefused(t *testing.T) {
	for name, s := range badReplies {
		if reply, err := tsp.ParseReply([]byte(s)); !errors.Is(err, tsp.ErrReply) {
			t.Errorf("%s: got %+v, %v, want ErrReply", name, reply, err)
		}
	}
	if _, err := tsp.ParseReply([]byte("\x30\x07\x30\x03\x02\x01\x00\x30\x00")); !errors.Is(err, tsp.ErrFormat) {
		t.Errorf("a token that is none: got %v, want ErrFormat", err)
	}
	if _, err := tsp.Granted([]byte{0x30, 0x82}); !errors.Is(err, tsp.ErrFormat) {
		t.Errorf("half a token granted: %v", err)
	}
}

func FuzzParseReply(f *testing.F) {
	by := signers(f)
	seeds := [][]byte{tsp.Refused(tsp.TimeNotAvailable, "no"), tsp.Refused(tsp.BadAlg, ""), bytes.Repeat([]byte{0x30, 0x80}, 200)}
	for _, s := range badReplies {
		seeds = append(seeds, []byte(s))
	}
	q := &tsp.Query{Hash: der.SHA256, Imprint: imprint[:]}
	for _, q.CertReq = range []bool{true, false} {
		reply, err := tsp.Granted(answer(f, q, by).DER)
		if err != nil {
			f.Fatal(err)
		}
		seeds = append(seeds, reply, reply[:len(reply)-1])
	}
	for _, s := range seeds {
		f.Add(s)
	}
	if len(seeds) < 15 {
		f.Fatalf("only %d seeds", len(seeds))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		reply, err := tsp.ParseReply(b)
		if err != nil {
			return
		}
		if (reply.Token != nil) != (reply.Status < 2) || !utf8.ValidString(reply.Text) {
			t.Fatalf("accepted %+v", reply)
		}
		if reply.Token != nil {
			_ = reply.Token.VerifyAnswer(q) // must not panic
			_ = reply.Token.CrossCheck()
			_, _ = reply.Token.SignedBy(by.ecdsa.DER)
		}
	})
}
