//go:build cgo

package token

import (
	"errors"
	"fmt"
	"strings"

	"github.com/miekg/pkcs11"
)

// kekSize is the length of the key-encryption key, in bytes.
const kekSize = 32

// connect loads the token's library and logs in.
func connect(c Config) (*Token, error) {
	module := pkcs11.New(c.Module)
	if module == nil {
		return nil, fmt.Errorf("%w: its library %s does not load", ErrToken, c.Module)
	}
	t := &Token{c: c, module: module}
	switch err := module.Initialize(); {
	case err == nil:
		t.owned = true
	case !is(err, pkcs11.CKR_CRYPTOKI_ALREADY_INITIALIZED):
		module.Destroy()
		return nil, fmt.Errorf("%w: its library: %w", ErrToken, err)
	}
	if err := t.login(); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

// login opens a session with the token of the label.
func (t *Token) login() error {
	slot, err := t.slot()
	if err != nil {
		return err
	}
	t.session, err = t.module.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
	if err != nil {
		return fmt.Errorf("%w: opening a session: %w", ErrToken, err)
	}
	t.open = true
	err = t.module.Login(t.session, pkcs11.CKU_USER, t.c.PIN)
	switch {
	case err == nil, is(err, pkcs11.CKR_USER_ALREADY_LOGGED_IN):
		return nil
	case is(err, pkcs11.CKR_PIN_INCORRECT, pkcs11.CKR_PIN_LOCKED, pkcs11.CKR_PIN_INVALID, pkcs11.CKR_PIN_LEN_RANGE, pkcs11.CKR_PIN_EXPIRED,
		pkcs11.CKR_ARGUMENTS_BAD): // an empty PIN
		return fmt.Errorf("%w: %w", ErrPIN, err)
	default:
		return fmt.Errorf("%w: logging in: %w", ErrToken, err)
	}
}

// slot finds the one token of the label.
func (t *Token) slot() (uint, error) {
	slots, err := t.module.GetSlotList(true)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrToken, err)
	}
	var found []uint
	for _, s := range slots {
		about, err := t.module.GetTokenInfo(s)
		if err == nil && strings.TrimRight(about.Label, " \x00") == t.c.TokenLabel {
			found = append(found, s)
		}
	}
	if len(found) != 1 {
		return 0, fmt.Errorf("%w: %d tokens have the label %q", ErrToken, len(found), t.c.TokenLabel)
	}
	return found[0], nil
}

// findKEK finds the one key of the label and checks that it never was and never can be outside.
func (t *Token) findKEK() error {
	err := t.module.FindObjectsInit(t.session, []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY), pkcs11.NewAttribute(pkcs11.CKA_LABEL, t.c.KeyLabel),
	})
	if err != nil {
		return fmt.Errorf("%w: looking for its key: %w", ErrToken, err)
	}
	found, _, err := t.module.FindObjects(t.session, 2)
	if err = errors.Join(err, t.module.FindObjectsFinal(t.session)); err != nil {
		return fmt.Errorf("%w: looking for its key: %w", ErrToken, err)
	}
	switch len(found) {
	case 0:
		return fmt.Errorf("%w: %q", ErrNoKEK, t.c.KeyLabel)
	case 1:
		t.kek = found[0]
		return t.checkKEK()
	default:
		return fmt.Errorf("%w: two have the label %q", ErrKEK, t.c.KeyLabel)
	}
}

func (t *Token) checkKEK() error {
	want := []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, pkcs11.CKK_AES), pkcs11.NewAttribute(pkcs11.CKA_VALUE_LEN, kekSize),
		pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, false), pkcs11.NewAttribute(pkcs11.CKA_NEVER_EXTRACTABLE, true),
		pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, true), pkcs11.NewAttribute(pkcs11.CKA_ALWAYS_SENSITIVE, true),
		pkcs11.NewAttribute(pkcs11.CKA_LOCAL, true), pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, true),
	}
	asked := make([]*pkcs11.Attribute, len(want))
	for i, a := range want {
		asked[i] = pkcs11.NewAttribute(a.Type, nil)
	}
	got, err := t.module.GetAttributeValue(t.session, t.kek, asked)
	if err != nil {
		return fmt.Errorf("%w: reading its attributes: %w", ErrKEK, err)
	}
	for i, a := range want {
		if string(got[i].Value) != string(a.Value) {
			return fmt.Errorf("%w: its attribute %#x is %x, not %x", ErrKEK, a.Type, got[i].Value, a.Value)
		}
	}
	return nil
}

// makeKEK has the token generate its key-encryption key.
func (t *Token) makeKEK() error {
	template := []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY), pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, pkcs11.CKK_AES),
		pkcs11.NewAttribute(pkcs11.CKA_LABEL, t.c.KeyLabel), pkcs11.NewAttribute(pkcs11.CKA_ID, []byte(t.c.KeyLabel)),
		pkcs11.NewAttribute(pkcs11.CKA_VALUE_LEN, kekSize), pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true),
		pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, true), pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, true),
		pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, false), pkcs11.NewAttribute(pkcs11.CKA_MODIFIABLE, false),
		pkcs11.NewAttribute(pkcs11.CKA_ENCRYPT, true), pkcs11.NewAttribute(pkcs11.CKA_DECRYPT, true),
		pkcs11.NewAttribute(pkcs11.CKA_WRAP, false), pkcs11.NewAttribute(pkcs11.CKA_UNWRAP, false),
		pkcs11.NewAttribute(pkcs11.CKA_SIGN, false), pkcs11.NewAttribute(pkcs11.CKA_VERIFY, false),
	}
	mechanism := []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_KEY_GEN, nil)}
	if _, err := t.module.GenerateKey(t.session, mechanism, template); err != nil {
		return fmt.Errorf("%w: generating its key: %w", ErrToken, err)
	}
	return nil
}
