package storetest

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yinzheng/internal/gm"
	"yinzheng/licences"
)

// PresentationBook keeps licences and their presentations.
type PresentationBook interface {
	licences.Store
	licences.Presentations
}

// Presentations runs the contract of licences.Presentations; open returns an empty book.
func Presentations(t *testing.T, open func(t *testing.T) PresentationBook) {
	for name, claim := range map[string]func(*testing.T, PresentationBook){
		"EveryFieldComesBack":         presentationComesBack,
		"TokenWorksOnce":              presentationOnce,
		"TokenWorksUntilItsEnd":       presentationExpires,
		"OneOfFiftyCallersHasTheItem": presentationRace,
		"NoLicenceNoPresentation":     presentationOfNothing,
	} {
		t.Run(name, func(t *testing.T) { claim(t, open(t)) })
	}
}

func present(t *testing.T, b PresentationBook) licences.Presentation {
	t.Helper()
	p := filled[licences.Presentation](t)
	p.Licence, p.Used = create(t, b, 1).ID, time.Time{}
	p.Created, p.Expires = noon(), noon().Add(time.Minute)
	if err := b.PutPresentation(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	return p
}

func presentationComesBack(t *testing.T, b PresentationBook) {
	p := present(t, b)
	at := noon().Add(time.Second)
	got, err := b.UsePresentation(t.Context(), p.Token, at)
	p.Used = at
	if err != nil || !cmp.Equal(got, p) {
		t.Errorf("%v (-want +got):\n%s", err, cmp.Diff(p, got))
	}
}

func presentationOnce(t *testing.T, b PresentationBook) {
	p := present(t, b)
	if err := b.PutPresentation(t.Context(), p); err == nil {
		t.Error("one token was stored twice")
	}
	for i, want := range []error{nil, licences.ErrUsed, licences.ErrUsed} {
		got, err := b.UsePresentation(t.Context(), p.Token, noon().Add(time.Duration(i)*time.Hour))
		if !errors.Is(err, want) {
			t.Errorf("use %d = %v, want %v", i+1, err, want)
		}
		if want != nil && got.Licence != "" {
			t.Errorf("use %d was refused and still names licence %s", i+1, got.Licence)
		}
	}
	if _, err := b.UsePresentation(t.Context(), gm.Sum([]byte("guess")), noon()); !errors.Is(err, licences.ErrNoPresentation) {
		t.Errorf("an unknown token = %v, want ErrNoPresentation", err)
	}
}

func presentationExpires(t *testing.T, b PresentationBook) {
	p := present(t, b)
	late := p.Expires.Add(time.Microsecond)
	if _, err := b.UsePresentation(t.Context(), p.Token, late); !errors.Is(err, licences.ErrTokenExpired) {
		t.Errorf("after its end = %v, want ErrTokenExpired", err)
	}
	if _, err := b.UsePresentation(t.Context(), p.Token, p.Expires); err != nil {
		t.Errorf("at its end: %v", err)
	}
}

func presentationRace(t *testing.T, b PresentationBook) {
	const callers = 50
	p := present(t, b)
	var won, lost atomic.Int32
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			switch _, err := b.UsePresentation(t.Context(), p.Token, noon()); {
			case err == nil:
				won.Add(1)
			case errors.Is(err, licences.ErrUsed):
				lost.Add(1)
			default:
				t.Errorf("UsePresentation: %v", err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 || lost.Load() != callers-1 {
		t.Errorf("%d won and %d lost of %d", won.Load(), lost.Load(), callers)
	}
}

func presentationOfNothing(t *testing.T, b PresentationBook) {
	p := licences.Presentation{Token: gm.Sum([]byte("t")), Licence: "nobody", Created: noon(), Expires: noon()}
	if err := b.PutPresentation(t.Context(), p); !errors.Is(err, licences.ErrNoLicence) {
		t.Errorf("PutPresentation = %v, want ErrNoLicence", err)
	}
	if _, err := b.UsePresentation(t.Context(), p.Token, noon()); !errors.Is(err, licences.ErrNoPresentation) {
		t.Errorf("UsePresentation = %v, want ErrNoPresentation", err)
	}
}
