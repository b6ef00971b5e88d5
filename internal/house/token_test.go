//go:build tools && cgo

package house_test

import (
	"path/filepath"
	"testing"

	"yinzheng/internal/house"
	"yinzheng/internal/keys/token/tokentest"
)

// TestServiceIssuesWithItsKeysUnderAToken has SoftHSM2 keep the key-encryption key: the files alone open nothing.
func TestServiceIssuesWithItsKeysUnderAToken(t *testing.T) {
	where := tokentest.New(t)
	data := filepath.Join(t.TempDir(), "srv")
	c := config(data)
	c.Keys = house.KeysConfig{Token: &where}
	if err := house.Establish(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	t.Run("issues", func(t *testing.T) {
		w := openWorld(t, data, func(c *house.Config) { c.Keys = house.KeysConfig{Token: &where} })
		if l := w.issue(t, "k1"); l.State != "archived" {
			t.Errorf("the licence is %s", l.State)
		}
		found, err := w.Inspect(t.Context())
		if err != nil || len(found.Faults) != 0 {
			t.Errorf("%v, %v", found.Faults, err)
		}
	})
	c.Keys = house.KeysConfig{Passphrase: []byte(passphrase)}
	if h, err := house.Open(t.Context(), c); err == nil {
		t.Errorf("the keys open without the token: %v", h.Close())
	}
}
