// Package token seals private keys under an AES-256 key that never leaves a PKCS#11 token: who has the files but not the token
// has nothing. The keys themselves sign outside of it, for tokens know no SM2 as GB/T 32918 has it.
package token

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"

	"yinzheng/internal/gm"
)

// Errors of Open, Init and a Token.
var (
	// ErrNoCgo means that this program was built without cgo, which a token's library needs.
	ErrNoCgo = errors.New("token: this program was built without PKCS#11")
	// ErrToken means that the token cannot be reached: no such library or label, or it was taken out.
	ErrToken = errors.New("token: the token cannot be reached")
	// ErrPIN means that the token refuses the PIN, or is locked after too many wrong ones.
	ErrPIN = errors.New("token: the token refuses the PIN")
	// ErrNoKEK means that the token has no key of the label: Init makes it.
	ErrNoKEK = errors.New("token: the token has no key-encryption key of that label")
	// ErrKEK means that the token's key is not one to trust: it could be read out, it came from outside, or there are two.
	ErrKEK = errors.New("token: the token's key-encryption key is not fit for use")
	// ErrSealed means that a file does not open: it is damaged, of another key-encryption key, or of another ID.
	ErrSealed = errors.New("token: a sealed key does not open")
	// ErrClosed means that the token was closed.
	ErrClosed = errors.New("token: closed")
)

// Config names a token and the key-encryption key in it.
type Config struct {
	Module     string // path of the token's PKCS#11 library
	TokenLabel string
	KeyLabel   string
	PIN        string
}

const (
	pemType = "YINZHENG TOKEN SEALED KEY"
	version = 1
	ivSize  = 12 // bytes, NIST SP 800-38D, 8.2.2
	tagSize = 16 // bytes
	// maxCiphertext bounds a sealed key with its tag, in bytes.
	maxCiphertext = gm.MaxPlainKey + tagSize
	// maxFile bounds a file, in bytes: base64 with line ends and the PEM lines.
	maxFile = maxCiphertext*3/2 + 256
)

// file is what the PEM block holds: a version byte, the IV and the ciphertext with its tag.
type file struct {
	iv, ciphertext []byte
}

func (f file) encode() []byte {
	body := append([]byte{version}, f.iv...)
	return pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: append(body, f.ciphertext...)})
}

// parseFile reads exactly what encode writes: ErrSealed.
func parseFile(b []byte) (f file, err error) {
	if len(b) > maxFile {
		return f, fmt.Errorf("%w: more than %d bytes", ErrSealed, maxFile)
	}
	block, _ := pem.Decode(b)
	if block == nil || block.Type != pemType || !bytes.Equal(pem.EncodeToMemory(block), b) {
		return f, fmt.Errorf("%w: not one PEM block %q", ErrSealed, pemType)
	}
	body := block.Bytes
	switch {
	case len(body) <= 1+ivSize+tagSize || len(body) > 1+ivSize+maxCiphertext:
		return f, fmt.Errorf("%w: a body of %d bytes", ErrSealed, len(body))
	case len(block.Headers) > 0 || body[0] != version:
		return f, fmt.Errorf("%w: of version %d, or with headers", ErrSealed, body[0])
	}
	return file{iv: body[1 : 1+ivSize], ciphertext: body[1+ivSize:]}, nil
}

// associated is what the tag also covers: a file opens as the key it was sealed as.
func associated(id string) []byte { return []byte("yinzheng token sealed key v1\n" + id) }
