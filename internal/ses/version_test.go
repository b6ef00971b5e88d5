package ses_test

import (
	"bytes"
	"errors"
	"testing"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"yinzheng/internal/gm"
	"yinzheng/internal/ses"
)

// elements splits a SEQUENCE into its elements.
func elements(t testing.TB, b []byte) [][]byte {
	t.Helper()
	in := cryptobyte.String(b)
	var body cryptobyte.String
	if !in.ReadASN1(&body, asn1.SEQUENCE) {
		t.Fatal("not a SEQUENCE")
	}
	var out [][]byte
	for !body.Empty() {
		var element cryptobyte.String
		var tag asn1.Tag
		if !body.ReadAnyASN1Element(&element, &tag) {
			t.Fatal("not an element")
		}
		out = append(out, element)
	}
	return out
}

func sequence(t testing.TB, parts ...[]byte) []byte {
	t.Helper()
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(bytes.Join(parts, nil)) })
	out, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// withHeaderVersion rewrites the version in SES_Header.
func withHeaderVersion(t testing.TB, seal []byte, version byte) []byte {
	t.Helper()
	old, changed := []byte("\x16\x02ES\x02\x01\x04"), []byte("\x16\x02ES\x02\x01")
	if bytes.Count(seal, old) != 1 {
		t.Fatal("no header found")
	}
	return bytes.Replace(seal, old, append(changed, version), 1)
}

// TestOtherVersionsAreNamed makes seals and signatures of the shapes of GM/T 0031-2014 (1) and GM/T 0031-2025 (5).
func TestOtherVersionsAreNamed(t *testing.T) {
	h := newHouse(t)
	s := h.sign(t, true)
	seal := elements(t, s.Seal.Raw)
	signature := elements(t, s.Raw)
	tbs := elements(t, signature[0])

	seal1 := sequence(t, seal[0], sequence(t, seal[1:]...))
	stamp := []byte{0xa0, 0x05, 0x03, 0x03, 0x00, 0x05, 0x00}
	seal5 := sequence(t, append(elements(t, withHeaderVersion(t, s.Seal.Raw, 5)), stamp)...)
	inside := func(seal []byte) []byte {
		return sequence(t, append([][]byte{sequence(t, append([][]byte{tbs[0], seal}, tbs[2:]...)...)}, signature[1:]...)...)
	}
	for name, b := range map[string][]byte{
		"version 1":                    seal1,
		"version 5":                    seal5,
		"version 5 without timestamp":  withHeaderVersion(t, s.Seal.Raw, 5),
		"version 4 with a fifth part":  sequence(t, append(elements(t, s.Seal.Raw), stamp)...),
		"version 11 of 0031's example": withHeaderVersion(t, s.Seal.Raw, 11),
	} {
		if _, err := ses.ParseSeal(b); !errors.Is(err, ses.ErrVersion) {
			t.Errorf("seal of %s: got %v, want ErrVersion", name, err)
		}
		if _, err := ses.ParseSignature(inside(b)); !errors.Is(err, ses.ErrVersion) {
			t.Errorf("signature with a seal of %s: got %v, want ErrVersion", name, err)
		}
	}
	if _, err := ses.ParseSignature(sequence(t, signature[0], signature[3])); !errors.Is(err, ses.ErrVersion) {
		t.Errorf("signature of version 1: got %v, want ErrVersion", err)
	}
	if _, err := ses.ParseSignature(inside(s.Seal.Raw)); err != nil {
		t.Errorf("taken apart and put together: %v", err)
	}
}

// TestOtherSpellingsOfTheSameSealAreRefused: what means the same must not have two encodings.
func TestOtherSpellingsOfTheSameSealAreRefused(t *testing.T) {
	h := newHouse(t)
	s := h.sign(t, true)
	seal, signature := elements(t, s.Seal.Raw), elements(t, s.Raw)
	r, v, err := gm.ParseSignature(s.Value)
	if err != nil {
		t.Fatal(err)
	}
	raw := append([]byte{0x03, 65, 0}, append(r.FillBytes(make([]byte, 32)), v.FillBytes(make([]byte, 32))...)...)
	emptyExtensions := sequence(t, append(elements(t, seal[0]), []byte{0x30, 0x00})...)
	for name, b := range map[string][]byte{
		"raw r and s":       sequence(t, signature[0], signature[1], signature[2], raw, signature[4]),
		"empty timestamp":   sequence(t, append(signature[:4:4], []byte{0xa0, 0x03, 0x03, 0x01, 0x00})...),
		"sixth part":        sequence(t, append(signature[:5:5], []byte{0x05, 0x00})...),
		"no signature":      sequence(t, signature[:3]...),
		"another algorithm": sequence(t, signature[0], signature[1], []byte("\x06\x09\x2a\x81\x1c\xcf\x55\x01\x82\x2d\x01"), signature[3]),
		"certificate junk":  sequence(t, signature[0], []byte{0x04, 0x01, 0x30}, signature[2], signature[3]),
	} {
		if _, err := ses.ParseSignature(b); !errors.Is(err, ses.ErrFormat) {
			t.Errorf("%s: got %v, want ErrFormat", name, err)
		}
	}
	if _, err := ses.ParseSeal(sequence(t, append([][]byte{emptyExtensions}, seal[1:]...)...)); !errors.Is(err, ses.ErrFormat) {
		t.Errorf("empty extDatas: got %v, want ErrFormat", err)
	}
}

func seeds(t testing.TB) (seals, signatures [][]byte) {
	t.Helper()
	h := newHouse(t)
	digests := h.info()
	digests.Certs, digests.CertDigests = nil, []gm.Digest{gm.Sum(h.signer.DER)}
	stamped := h.sign(t, true)
	parts := elements(t, stamped.Seal.Raw)
	common := [][]byte{nil, {0x30, 0x82}, bytes.Repeat([]byte{0x30, 0x80}, 200), []byte("\x30\x04\x05\x00\x05\x00")}
	seals = append(common, stamped.Seal.Raw, h.seal(t, digests).Raw, sequence(t, parts[0], sequence(t, parts[1:]...)),
		withHeaderVersion(t, stamped.Seal.Raw, 5))
	signatures = append(common[:len(common):len(common)], stamped.Raw, h.sign(t, false).Raw)
	return seals, signatures
}

func FuzzParseSeal(f *testing.F) {
	corpus, _ := seeds(f)
	for _, b := range corpus {
		f.Add(b)
	}
	if len(corpus) < 6 {
		f.Fatalf("only %d seeds", len(corpus))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ses.ParseSeal(b)
		if err != nil {
			return
		}
		if !bytes.Equal(s.Raw, b) || s.Info.Version != ses.Version || len(s.Info.Certs)+len(s.Info.CertDigests) == 0 {
			t.Fatalf("accepted %+v", s.Info)
		}
		_ = s.Verify()
		_ = s.Lists(b)
	})
}

func FuzzParseSignature(f *testing.F) {
	_, corpus := seeds(f)
	for _, b := range corpus {
		f.Add(b)
	}
	if len(corpus) < 5 {
		f.Fatalf("only %d seeds", len(corpus))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ses.ParseSignature(b)
		if err != nil {
			return
		}
		if !bytes.Equal(s.Raw, b) || s.Seal == nil {
			t.Fatal("accepted without its bytes or its seal")
		}
		_ = s.Verify()
		_ = s.Seal.Verify()
	})
}
