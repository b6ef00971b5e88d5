//go:build !cgo

package token

import "crypto"

// Token is not there in a program built without cgo.
type Token struct{}

// Open answers ErrNoCgo.
func Open(Config) (*Token, error) { return nil, ErrNoCgo }

// Init answers ErrNoCgo.
func Init(Config) (made bool, err error) { return false, ErrNoCgo }

// Seal answers ErrNoCgo.
func (*Token) Seal(string, crypto.Signer) ([]byte, error) { return nil, ErrNoCgo }

// Open answers ErrNoCgo.
func (*Token) Open(string, []byte) (crypto.Signer, error) { return nil, ErrNoCgo }

// Name implements keys.Sealing.
func (*Token) Name() string { return "pkcs11" }

// Close does nothing.
func (*Token) Close() error { return nil }
