package revocation_test

import (
	"context"
	"crypto"
	"errors"
	"io"
	"log/slog"
	"testing"

	"yinzheng/ca/revocation"
	"yinzheng/internal/gm"
)

// doubted is a key whose signatures the second implementation doubts.
type doubted struct{ crypto.Signer }

func (doubted) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, gm.ErrDisagreement
}

func TestDisagreementAboutAListRaisesTheAlarm(t *testing.T) {
	w := newWorld(t)
	for i, a := range w.authorities {
		if a.Name == "sm2" {
			w.authorities[i].Key = doubted{a.Key}
		}
	}
	var alarms []string
	p, err := revocation.New(revocation.Config{
		Authorities: func() []revocation.Authority { return w.authorities }, Book: w.book, Numbers: w.numbers, Now: w.clock,
		Log: slog.New(slog.DiscardHandler), BaseURL: baseURL,
		Alarm: func(_ context.Context, what string, _ error) { alarms = append(alarms, what) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.CRL(t.Context(), "sm2"); !errors.Is(err, gm.ErrDisagreement) || len(alarms) == 0 {
		t.Errorf("%d alarms: %v", len(alarms), err)
	}
	alarms = nil
	if _, err := p.CRL(t.Context(), "tls"); err != nil || len(alarms) != 0 {
		t.Errorf("the other authority: %d alarms, %v", len(alarms), err)
	}
}
