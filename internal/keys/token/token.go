//go:build cgo

package token

import (
	"crypto"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"

	"github.com/miekg/pkcs11"

	"yinzheng/internal/gm"
)

// Token is an open token. It implements keys.Sealing and is safe for concurrent use. A process opens a token's library once at
// a time: PINs and the end of a session count for the whole process.
type Token struct {
	c       Config
	mu      sync.Mutex
	module  *pkcs11.Ctx
	owned   bool // we initialised the library, so we end it
	session pkcs11.SessionHandle
	open    bool // session stands
	kek     pkcs11.ObjectHandle
	closed  bool
}

// Open opens the token and finds its key-encryption key. Errors: ErrToken, ErrPIN, ErrNoKEK, ErrKEK.
func Open(c Config) (*Token, error) {
	t, err := connect(c)
	if err != nil {
		return nil, fmt.Errorf("opening the token %q: %w", c.TokenLabel, err)
	}
	if err := t.findKEK(); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the token %q: %w", c.TokenLabel, err), t.Close())
	}
	return t, nil
}

// Init makes the key-encryption key in the token unless it is there: AES-256, generated in it, for ever unreadable. It tells
// whether it made one. Errors: those of Open.
func Init(c Config) (made bool, err error) {
	t, err := connect(c)
	if err != nil {
		return false, fmt.Errorf("preparing the token %q: %w", c.TokenLabel, err)
	}
	if err = t.findKEK(); errors.Is(err, ErrNoKEK) {
		made = true
		if err = t.makeKEK(); err == nil {
			err = t.findKEK()
		}
	}
	if err = errors.Join(err, t.Close()); err != nil {
		return false, fmt.Errorf("preparing the token %q: %w", c.TokenLabel, err)
	}
	return made, nil
}

// Close ends the session and the library.
func (t *Token) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil
	}
	t.closed = true
	if t.open {
		_ = t.module.CloseSession(t.session) // ends with the library at the latest
	}
	var err error
	if t.owned {
		err = t.module.Finalize()
	}
	t.module.Destroy()
	if err != nil {
		return fmt.Errorf("closing the token: %w", err)
	}
	return nil
}

// Name implements keys.Sealing.
func (t *Token) Name() string { return "pkcs11" }

// Seal implements keys.Sealing. The file opens under this ID and in this token only; it was opened again.
func (t *Token) Seal(id string, key crypto.Signer) ([]byte, error) {
	plain, err := gm.EncodeKey(key)
	if err != nil {
		return nil, fmt.Errorf("sealing %s: %w", id, err)
	}
	defer clear(plain)
	f := file{iv: make([]byte, ivSize)}
	_, _ = rand.Read(f.iv) // never fails
	f.ciphertext, err = t.do(func() ([]byte, error) { return t.encrypt(id, f.iv, plain) })
	if err != nil {
		return nil, fmt.Errorf("sealing %s: %w", id, err)
	}
	sealed := f.encode()
	back, err := t.Open(id, sealed)
	if err != nil {
		return nil, fmt.Errorf("sealing %s: opening it again: %w", id, err)
	}
	if pub, ok := back.Public().(interface{ Equal(crypto.PublicKey) bool }); !ok || !pub.Equal(key.Public()) {
		return nil, fmt.Errorf("sealing %s: another key came back: %w", id, ErrSealed)
	}
	return sealed, nil
}

// Open implements keys.Sealing. Errors: ErrSealed, ErrToken.
func (t *Token) Open(id string, sealed []byte) (crypto.Signer, error) {
	f, err := parseFile(sealed)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", id, err)
	}
	plain, err := t.do(func() ([]byte, error) { return t.decrypt(id, f) })
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", id, err)
	}
	defer clear(plain)
	key, err := gm.DecodeKey(plain)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w: %w", id, ErrSealed, err)
	}
	return key, nil
}

func (t *Token) encrypt(id string, iv, plain []byte) ([]byte, error) {
	params := pkcs11.NewGCMParams(iv, associated(id), tagSize*8)
	defer params.Free()
	if err := t.module.EncryptInit(t.session, []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_GCM, params)}, t.kek); err != nil {
		return nil, err
	}
	return t.module.Encrypt(t.session, plain)
}

func (t *Token) decrypt(id string, f file) ([]byte, error) {
	params := pkcs11.NewGCMParams(f.iv, associated(id), tagSize*8)
	defer params.Free()
	if err := t.module.DecryptInit(t.session, []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_GCM, params)}, t.kek); err != nil {
		return nil, err
	}
	plain, err := t.module.Decrypt(t.session, f.ciphertext)
	if is(err, pkcs11.CKR_ENCRYPTED_DATA_INVALID, pkcs11.CKR_ENCRYPTED_DATA_LEN_RANGE, pkcs11.CKR_GENERAL_ERROR, pkcs11.CKR_FUNCTION_FAILED,
		pkcs11.CKR_DATA_INVALID) {
		return nil, fmt.Errorf("%w: %w", ErrSealed, err) // tokens differ in what they call a wrong tag
	}
	return plain, err
}

// do runs an operation in the session, which is opened anew once when the token ended it.
func (t *Token) do(operate func() ([]byte, error)) ([]byte, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil, ErrClosed
	}
	if !t.open {
		if err := t.reopen(); err != nil {
			return nil, err
		}
	}
	out, err := operate()
	if ended(err) {
		if err := t.reopen(); err != nil {
			return nil, err
		}
		out, err = operate()
	}
	if err != nil && !errors.Is(err, ErrSealed) {
		return nil, fmt.Errorf("%w: %w", ErrToken, err)
	}
	return out, err
}

// reopen opens a session in place of one that ended.
func (t *Token) reopen() error {
	if t.open {
		_ = t.module.CloseSession(t.session) // it has ended
		t.open = false
	}
	if err := t.login(); err != nil {
		return err
	}
	return t.findKEK()
}

// ended reports whether an error says that the session is no more.
func ended(err error) bool {
	return is(err, pkcs11.CKR_SESSION_HANDLE_INVALID, pkcs11.CKR_SESSION_CLOSED, pkcs11.CKR_DEVICE_REMOVED, pkcs11.CKR_TOKEN_NOT_PRESENT,
		pkcs11.CKR_USER_NOT_LOGGED_IN, pkcs11.CKR_KEY_HANDLE_INVALID, pkcs11.CKR_OBJECT_HANDLE_INVALID, pkcs11.CKR_DEVICE_ERROR)
}

// is reports whether err is one of the return values.
func is(err error, values ...uint) bool {
	var code pkcs11.Error
	if !errors.As(err, &code) {
		return false
	}
	for _, v := range values {
		if uint(code) == v {
			return true
		}
	}
	return false
}
