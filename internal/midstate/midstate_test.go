package midstate_test

import (
	"crypto/sha256"
	"errors"
	"testing"

	"yinzheng/internal/gm"
	"yinzheng/internal/midstate"
)

func file(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i * 7)
	}
	return b
}

func TestAResumedHashIsThatOfTheWhole(t *testing.T) {
	whole := file(3000)
	for _, at := range []int{0, 1, 63, 64, 65, 1500, 3000} {
		h := midstate.New()
		h.Write(whole[:at])
		state, err := h.State()
		if err != nil {
			t.Fatal(err)
		}
		again, err := midstate.Resume(state)
		if err != nil {
			t.Fatalf("resuming after %d: %v", at, err)
		}
		fork, err := again.Clone()
		if err != nil {
			t.Fatal(err)
		}
		again.Write(whole[at:])
		sha, known := again.SHA256()
		if again.SM3() != gm.Sum(whole) || !known || sha != sha256.Sum256(whole) || again.Length() != int64(len(whole)) {
			t.Errorf("after %d bytes: another digest than that of the whole", at)
		}
		if fork.SM3() != gm.Sum(whole[:at]) {
			t.Errorf("after %d bytes: writing to one moved its clone", at)
		}
	}
}

func TestBytesThatAreNoStateAreRefused(t *testing.T) {
	h := midstate.New()
	h.Write(file(100))
	good, err := h.State()
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*midstate.State){
		"negative":      func(s *midstate.State) { s.Length = -1 },
		"other length":  func(s *midstate.State) { s.Length++ },
		"no SM3":        func(s *midstate.State) { s.SM3 = nil },
		"short SHA-256": func(s *midstate.State) { s.SHA256 = s.SHA256[:10] },
		"swapped":       func(s *midstate.State) { s.SM3, s.SHA256 = s.SHA256, s.SM3 },
	} {
		bad := good
		change(&bad)
		if _, err := midstate.Resume(bad); !errors.Is(err, midstate.ErrState) {
			t.Errorf("%s: %v, want ErrState", name, err)
		}
	}
}

func TestAStateMayLackSHA256(t *testing.T) {
	h := midstate.New()
	h.Write(file(100))
	s, err := h.State()
	if err != nil {
		t.Fatal(err)
	}
	s.SHA256 = nil
	again, err := midstate.Resume(s)
	if err != nil {
		t.Fatal(err)
	}
	again.Write([]byte("more"))
	if _, known := again.SHA256(); known || again.SM3() != gm.Sum(file(100), []byte("more")) {
		t.Errorf("SHA-256 known: %v, or another SM3", known)
	}
	if s, err := again.State(); err != nil || s.SHA256 != nil {
		t.Errorf("its state is %v, %v", s, err)
	}
}

func FuzzResume(f *testing.F) {
	h := midstate.New()
	h.Write(file(70))
	s, err := h.State()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(s.Length, s.SM3, s.SHA256)
	f.Add(int64(0), []byte(nil), []byte(nil))
	f.Fuzz(func(t *testing.T, length int64, sm3, sha []byte) {
		s := midstate.State{Length: length, SM3: sm3, SHA256: sha}
		h, err := midstate.Resume(s)
		if err != nil {
			return
		}
		h.Write([]byte("more"))
		if again, err := h.State(); err != nil || again.Length != h.Length() {
			t.Errorf("a resumed hash has no state: %v", err)
		}
	})
}
