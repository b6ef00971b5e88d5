package ses

import (
	"crypto"

	"yinzheng/internal/gm"
)

func MakeSeal(info SealInfo, makerCert []byte, key crypto.Signer) (*Seal, error) { return nil, ErrFormat }
func ParseSeal(der []byte) (*Seal, error) { return nil, ErrFormat }
func (s *Seal) Verify() error { return ErrFormat }
func (s *Seal) Lists(signerCert []byte) bool { return false }
func Sign(t ToSign, signerCert []byte, key crypto.Signer, timestamp func(gm.Digest) ([]byte, error)) (*Signature, error) { return nil, ErrFormat }
func ParseSignature(der []byte) (*Signature, error) { return nil, ErrFormat }
func (s *Signature) Verify() error { return ErrFormat }
