package ceremony

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
)

// prepareReshare checks that every new officer has a passphrase and that nothing lies where the shares go.
func (s *session) prepareReshare() error {
	wrong := []error{s.checkPassphrases()}
	for _, officer := range s.plan.Officers.Labels {
		wrong = append(wrong, absent(s.sharePath(officer)))
	}
	return errors.Join(wrong...)
}

// reshare makes a new secret, shares it among the officers of the plan and seals both root keys under it. The old shares count
// until the transcript is closed; from then on they open nothing, because the key files that they open are gone.
func (s *session) reshare(context.Context) error {
	h := s.newHolders(s.state.holders.ceremony)
	secret, shares, err := h.split(rand.Reader)
	if err != nil {
		return err
	}
	pass, err := passphrase(h.ceremony, secret)
	if err != nil {
		return err
	}
	sealed, err := s.seal(h, shares, pass)
	clear(pass)
	if err != nil {
		return err
	}
	if err := s.handOut(h, sealed.shares); err != nil {
		return err
	}
	for _, name := range []string{SM2Root, TLSRoot} {
		public, err := keyDigest(s.keys.of(name).Public())
		if err != nil {
			return fmt.Errorf("sealing %s again: %w", name, err)
		}
		if err := s.storeKey(name, public, sealed.keys[name]); err != nil {
			return err
		}
	}
	return s.prove(h)
}
