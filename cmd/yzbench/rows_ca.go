package main

import (
	"context"
	"crypto/x509/pkix"

	"yinzheng/ca"
	"yinzheng/internal/gm"
)

// certificateRow issues an office's certificate for one key again and again; nothing is stored.
func certificateRow(ctx context.Context, l *lab) (*pair, error) {
	w, err := l.open(ctx)
	if err != nil {
		return nil, err
	}
	k, _, err := key()
	if err != nil {
		return nil, err
	}
	office := w.kind.Examples[0].Issuer
	r := ca.Request{
		Profile: ca.ProfileOfficeSeal, PublicKey: &k.PublicKey,
		Subject: pkix.Name{Country: []string{"CN"}, Organization: []string{office.Code + office.Name}, CommonName: w.seal.ID},
	}
	issuer := w.Region.Issuer()
	der, err := issuer.Issue(r)
	if err != nil {
		return nil, err
	}
	cert, err := gm.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &pair{
		ours: each(func() error {
			_, err := issuer.Issue(r)
			return err
		}),
		beside: each(func() error { return rawSign(k, cert.RawTBSCertificate) }),
	}, nil
}
