package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"errors"

	"github.com/emmansun/gmsm/sm2"

	"yinzheng/internal/gm"
)

// message is how many bytes the rows of SM2 sign: what is signed in a licence has a few hundred.
const message = 512

// errRaw means that a raw primitive did not accept what ours does: the two sides do not do the same work.
var errRaw = errors.New("the raw primitive refuses the same bytes")

// key is an SM2 key as the library has it.
func key() (*sm2.PrivateKey, []byte, error) {
	k, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	m := make([]byte, message)
	_, err = rand.Read(m)
	return k, m, err
}

// rawSign is the library's signing without anything of ours.
func rawSign(k *sm2.PrivateKey, m []byte) error {
	_, err := k.Sign(rand.Reader, m, sm2.DefaultSM2SignerOpts)
	return err
}

func signRow(context.Context, *lab) (*pair, error) {
	k, m, err := key()
	return &pair{
		ours: each(func() error {
			_, err := gm.Sign(k, m)
			return err
		}),
		beside: each(func() error { return rawSign(k, m) }),
	}, err
}

func verifyRow(context.Context, *lab) (*pair, error) {
	k, m, err := key()
	if err != nil {
		return nil, err
	}
	signature, err := gm.Sign(k, m)
	if err != nil {
		return nil, err
	}
	one := signed{"message", &k.PublicKey, m, signature}
	return &pair{
		ours:   each(func() error { return gm.Verify(&k.PublicKey, m, signature) }),
		beside: each(one.verify),
	}, nil
}

// signed is one SM2 signature with what it is over.
type signed struct {
	what      string
	by        *ecdsa.PublicKey
	message   []byte
	signature []byte
}

// verify is the library's verification without anything of ours.
func (s signed) verify() error {
	if !sm2.VerifyASN1WithSM2(s.by, nil, s.message, s.signature) {
		return errors.Join(errRaw, errors.New(s.what))
	}
	return nil
}
