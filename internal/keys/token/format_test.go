package token_test

import (
	"bytes"
	"errors"
	"testing"

	"yinzheng/internal/keys/token"
)

// seeds are sealed files as far as their form goes.
func seeds() [][]byte {
	small := token.FileOf(make([]byte, 12), make([]byte, 17))
	return [][]byte{
		small, token.FileOf(bytes.Repeat([]byte{7}, 12), make([]byte, 160)), token.FileOf(make([]byte, 12), make([]byte, 1<<10+16)),
		bytes.ReplaceAll(small, []byte("\n"), []byte("\r\n")), append([]byte("Proc-Type: 4\n"), small...),
	}
}

func TestOnlyFilesOfTheFormAreRead(t *testing.T) {
	good := seeds()[0]
	if again, err := token.FileAgain(good); err != nil || !bytes.Equal(again, good) {
		t.Errorf("%q, %v", again, err)
	}
	for name, b := range map[string][]byte{
		"empty": nil, "twice": append(bytes.Clone(good), good...), "another block": bytes.ReplaceAll(good, []byte("YINZHENG "), nil),
		"spaces": append([]byte("\n"), good...), "cut": good[:len(good)-1], "line ends": seeds()[3],
		"no ciphertext": token.FileOf(make([]byte, 12), make([]byte, 16)), "too long": token.FileOf(make([]byte, 12), make([]byte, 2<<10)),
		"far too long": make([]byte, token.MaxFile+1), "a header": bytes.Replace(good, []byte("KEY-----\n"), []byte("KEY-----\nA: b\n\n"), 1),
		"another version": bytes.Replace(good, []byte("\nAQ"), []byte("\nAg"), 1),
	} {
		if _, err := token.FileAgain(b); !errors.Is(err, token.ErrSealed) {
			t.Errorf("%s: %v, want ErrSealed", name, err)
		}
	}
}

func FuzzSealedFile(f *testing.F) {
	all := seeds()
	if len(all) == 0 {
		f.Fatal("no seeds")
	}
	for _, s := range all {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		again, err := token.FileAgain(b)
		if err != nil {
			if !errors.Is(err, token.ErrSealed) {
				t.Fatalf("another error: %v", err)
			}
			return
		}
		if !bytes.Equal(again, b) {
			t.Fatalf("accepted %q, which is written %q", b, again)
		}
	})
}
