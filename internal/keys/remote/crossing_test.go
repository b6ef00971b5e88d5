package remote_test

import (
	"bytes"
	"context"
	"crypto"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"yinzheng/internal/gm"
	"yinzheng/internal/keys"
	"yinzheng/internal/keys/keystest"
	"yinzheng/internal/keys/remote"
)

// TestPrivateKeysNeverCross listens in between and looks for them, as bytes, in hexadecimal digits and in base64.
func TestPrivateKeysNeverCross(t *testing.T) {
	dir, path := t.TempDir(), socket(t)
	serve(t, remote.ServerConfig{Socket: path, Holder: folderAt(t, dir, keystest.Plain("plain")), User: -1, Allow: everything})
	var mu sync.Mutex
	var heard bytes.Buffer
	between := falseServer(t, func(conn net.Conn) {
		var d net.Dialer
		server, err := d.DialContext(context.Background(), "unix", path)
		if err != nil {
			t.Error(err)
			return
		}
		ear := writerFunc(func(b []byte) (int, error) { mu.Lock(); defer mu.Unlock(); return heard.Write(b) })
		go func() { _, _ = io.Copy(io.MultiWriter(conn, ear), server) }()
		_, _ = io.Copy(io.MultiWriter(server, ear), conn)
		_ = server.Close()
	})
	c := dial(t, between)
	recipient, err := gm.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	spki, err := gm.MarshalPublicKey(recipient.Public())
	if err != nil {
		t.Fatal(err)
	}
	ids := []string{"a", "b", "c", "e"}
	for i, s := range []keys.Spec{
		{Algorithm: keys.SM2, Use: "office-seal"}, {Algorithm: keys.P256, Use: "tls-server"}, {Algorithm: keys.Ed25519, Use: "log"},
		{Algorithm: keys.SM2, Use: keys.UseEncryption},
	} {
		s.ID = ids[i]
		create(t, c, s)
	}
	for id, opts := range map[string]crypto.SignerOpts{"a": gm.HashedWithZ{}, "b": crypto.SHA256, "c": crypto.Hash(0)} {
		s, err := c.Signer(t.Context(), id)
		if err == nil {
			_, err = s.Sign(nil, make([]byte, 32), opts)
		}
		if err != nil {
			t.Error(err)
		}
	}
	if _, err := c.Envelop(t.Context(), "e", spki); err != nil {
		t.Error(err)
	}
	if _, err := c.List(t.Context()); err != nil {
		t.Error(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if heard.Len() < 1000 {
		t.Fatalf("heard %d bytes", heard.Len())
	}
	for _, id := range ids {
		for _, secret := range secrets(t, dir, id) {
			if bytes.Contains(heard.Bytes(), secret) {
				t.Errorf("the private key %s crossed", id)
			}
		}
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// secrets are the forms in which a private key could show. The number itself comes before the public key in PKCS#8, so all of
// the first half that is not the same in every key is looked for in pieces.
func secrets(t *testing.T, dir, id string) (all [][]byte) {
	t.Helper()
	file, err := os.ReadFile(filepath.Join(dir, id+".key"))
	if err != nil {
		t.Fatal(err)
	}
	plain := file[len("plain "+id+"\n"):]
	key, err := gm.DecodeKey(plain)
	if err != nil {
		t.Fatal(err)
	}
	number := keystest.PrivateNumber(key)
	if len(number) != 32 || !bytes.Contains(plain, number) {
		t.Fatalf("%s: a private number of %d bytes", id, len(number))
	}
	all = [][]byte{number, []byte(hex.EncodeToString(number))}
	for shift := range 3 { // in base64 it can begin at three places
		text := base64.StdEncoding.EncodeToString(append(make([]byte, shift), number...))
		all = append(all, []byte(text[4:40]))
	}
	return all
}
