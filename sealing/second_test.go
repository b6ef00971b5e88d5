package sealing_test

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"testing"

	"yinzheng/internal/gm"
	"yinzheng/sealing"
)

// doubter is a second implementation that may disagree, and what it was asked.
type doubter struct {
	asked, told int
	stopped     bool
	says        error
}

func (d *doubter) second(every int) sealing.Second {
	return sealing.Second{
		Every: every,
		Working: func() error {
			if d.stopped {
				return errors.New("stopped")
			}
			return nil
		},
		Disagreed: func(context.Context, string, error) { d.told, d.stopped = d.told+1, true },
		Opinion: func(pub *ecdsa.PublicKey, msg, sig []byte) error {
			d.asked++
			return errors.Join(d.says, gm.CrossCheck(pub, msg, sig))
		},
	}
}

func TestSecondOpinionIsAskedAboutEachDocumentOrASample(t *testing.T) {
	for every, want := range map[int]int{0: 5, 1: 5, 2: 3, 4: 2, 64: 1} {
		b, d := newBench(t), &doubter{}
		b.makeSeal(t)
		b.c.Second = d.second(every)
		s := b.sealer(t)
		for range 5 {
			if _, err := s.Seal(t.Context(), request(document(t, 0))); err != nil {
				t.Fatal(err)
			}
		}
		if d.asked != want {
			t.Errorf("one in %d: asked about %d of 5, want %d", every, d.asked, want)
		}
	}
}

func TestDocumentThatTheSecondImplementationDoubtsDoesNotLeaveAndStopsSealing(t *testing.T) {
	b, d := newBench(t), &doubter{says: gm.ErrDisagreement}
	b.makeSeal(t)
	b.c.Second = d.second(1)
	s := b.sealer(t)
	asked := request(document(t, 0))
	if _, err := s.Seal(t.Context(), asked); !errors.Is(err, gm.ErrDisagreement) || d.told != 1 {
		t.Fatalf("told %d times: %v", d.told, err)
	}
	if len(b.book.done()) != 0 {
		t.Error("the use log has it")
	}
	d.says = nil
	if _, err := s.Seal(t.Context(), asked); err == nil || d.asked != 1 {
		t.Errorf("sealing goes on: %v", err)
	}
}

func TestSealThatTheSecondImplementationDoubtsIsNotMade(t *testing.T) {
	b, d := newBench(t), &doubter{says: gm.ErrDisagreement}
	picture, err := sealing.DrawSeal(officeName, lineText)
	if err != nil {
		t.Fatal(err)
	}
	id := b.region.SealMaker()
	m, err := sealing.NewMaker(sealing.MakerConfig{Certificate: id.Certificate, Key: id.Key, Now: b.c.Now, Second: d.second(64)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.MakeSeal(t.Context(), b.wanted(), picture); !errors.Is(err, gm.ErrDisagreement) || d.told != 1 {
		t.Fatalf("told %d times: %v", d.told, err)
	}
	if _, err := m.MakeSeal(t.Context(), b.wanted(), picture); err == nil || d.asked != 1 {
		t.Errorf("making seals goes on: %v", err)
	}
}
