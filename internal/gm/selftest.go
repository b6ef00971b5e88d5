package gm

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/hmac"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/sm4"
	"golang.org/x/crypto/pbkdf2"
)

// ErrSelfTest means that an algorithm does not compute on this machine what its standard says.
var ErrSelfTest = errors.New("gm: self test failed")

// SelfTest computes known answers of SM2, SM3, SM4, HMAC-SM3 and PBKDF2 and one round of signing, and compares. It takes
// milliseconds and belongs before any use of a key: certain processors have made a wrong product of certain builds of the
// library. Any failure is ErrSelfTest.
func SelfTest() error {
	tests := []struct {
		name string
		run  func() error
	}{
		{"library SM2", sm2.SelfTest}, {"library SM3", sm3.SelfTest}, {"library SM4", sm4.SelfTest},
		{"SM3", testSM3}, {"HMAC-SM3 and PBKDF2", testKDF}, {"SM4", testSM4},
		{"SM2 example of the standard", testStandardSignature}, {"SM2 reduction", testReduction},
		{"SM2 round", testRound}, {"key file round", testKeyFile},
	}
	for _, t := range tests {
		if err := t.run(); err != nil {
			return fmt.Errorf("testing %s: %w: %w", t.name, ErrSelfTest, err)
		}
	}
	return nil
}

// Known answers.
const (
	// GB/T 32905-2016, A.1.
	answerSM3 = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
	// HMAC-SM3 with key "key" of "abc", and PBKDF2-HMAC-SM3 of "password", "saltsaltsaltsalt", 2 rounds, 16 bytes: made
	// with OpenSSL 3.0.
	answerHMAC   = "28e63256e7c5a087b1f073265dc53092163f7b82729735d06f28f10af9d52393"
	answerPBKDF2 = "c1f0dc26e6692c4fe38f43e0c4a63122"
	// GB/T 32907-2016, A.1.
	answerSM4Key    = "0123456789abcdeffedcba9876543210"
	answerSM4Cipher = "681edf34d206965e86b3e94f536e4246"
	// GM/T 0003.5-2012: the example key and its signature of "message digest" under the default identity.
	answerPublic = "04" + "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020" +
		"ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
	answerZ = "b2e14c5c79c6df5b85f4fe7ed8db7a262b9da7e07ccb0ea9f4747b8ccda8a4f3"
	answerE = "f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640"
	answerR = "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
	answerS = "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"
	// A signature of an all-zero digest that versions of the library below 0.44.1 refuse on processors with BMI2.
	reductionPublic = "04" + "ef4de57af00ae424c00c4caadff7193f804a19dd73a7e2954db9d0d15ab4cbba" +
		"67728c3f4572878b7a674735da9fde1682fe2d9e0799c4a5cde57e3d473039a2"
	reductionSignature = "3046022100be0ea64e1ec06f0d247093f3ccbbadcfb6260224272f86ddb78326e7cd6c7560" +
		"022100e9f6ab2fcc48a2cef94838e66b5c7e21fd8e4de25990dd98ca5243f4966f2853"
)

var errAnswer = errors.New("another answer")

func testSM3() error {
	if Sum([]byte("abc")).String() != answerSM3 || Sum([]byte("a"), []byte("bc")).String() != answerSM3 {
		return errAnswer
	}
	return nil
}

func testKDF() error {
	mac := hmac.New(sm3.New, []byte("key"))
	mac.Write([]byte("abc"))
	key := pbkdf2.Key([]byte("password"), []byte("saltsaltsaltsalt"), 2, 16, sm3.New)
	if hex.EncodeToString(mac.Sum(nil)) != answerHMAC || hex.EncodeToString(key) != answerPBKDF2 {
		return errAnswer
	}
	return nil
}

func testSM4() error {
	key, err := hex.DecodeString(answerSM4Key)
	if err != nil {
		return err
	}
	block, err := sm4.NewCipher(key)
	if err != nil {
		return err
	}
	out, back := make([]byte, sm4.BlockSize), make([]byte, sm4.BlockSize)
	block.Encrypt(out, key)
	block.Decrypt(back, out)
	if hex.EncodeToString(out) != answerSM4Cipher || !bytes.Equal(back, key) {
		return errAnswer
	}
	return nil
}

func testStandardSignature() error {
	pub, err := point(answerPublic)
	if err != nil {
		return err
	}
	z, err := sm2.CalculateZA(pub, []byte("1234567812345678"))
	if err != nil {
		return err
	}
	msg := []byte("message digest")
	if hex.EncodeToString(z) != answerZ || Sum(z, msg).String() != answerE {
		return errAnswer
	}
	r, s := answerR, answerS
	sig, err := hex.DecodeString("3046022100" + r + "022100" + s)
	if err != nil {
		return err
	}
	return CrossCheck(pub, msg, sig)
}

func testReduction() error {
	pub, err := point(reductionPublic)
	if err != nil {
		return err
	}
	sig, err := hex.DecodeString(reductionSignature)
	if err != nil {
		return err
	}
	if !sm2.VerifyASN1(pub, make([]byte, DigestSize), sig) {
		return errAnswer
	}
	return nil
}

// testRound signs, verifies, and wants refusals of a changed message, a changed signature and another key.
func testRound() error {
	key, err := GenerateKey()
	if err != nil {
		return err
	}
	other, err := GenerateKey()
	if err != nil {
		return err
	}
	msg := []byte("a message of the self test")
	sig, err := Sign(key, msg)
	if err != nil {
		return err
	}
	pub := key.Public().(*ecdsa.PublicKey)
	if err := CrossCheck(pub, msg, sig); err != nil {
		return err
	}
	changed := bytes.Clone(sig)
	changed[len(changed)-1] ^= 1
	if Verify(pub, msg[1:], sig) == nil || Verify(pub, msg, changed) == nil || Verify(other.Public().(*ecdsa.PublicKey), msg, sig) == nil {
		return errAnswer
	}
	return nil
}

func testKeyFile() error {
	key, err := GenerateKey()
	if err != nil {
		return err
	}
	passphrase := []byte("a passphrase of the self test")
	file, err := sealKey(key, passphrase, 2)
	if err != nil {
		return err
	}
	back, err := openKey(file, passphrase, 2)
	if err != nil {
		return err
	}
	if !equalKeys(key.Public(), back.Public()) {
		return errAnswer
	}
	return nil
}

// point reads an uncompressed point on the SM2 curve.
func point(s string) (*ecdsa.PublicKey, error) {
	b, err := hex.DecodeString(s)
	if err != nil {
		return nil, err
	}
	return sm2.NewPublicKey(b)
}
