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

// TestOtherVersionsAreNamed makes seals with numbers that no standard has, and forms that contradict their number.
func TestOtherVersionsAreNamed(t *testing.T) {
	h := newHouse(t)
	s := h.sign(t, true)
	signature := elements(t, s.Raw)
	tbs := elements(t, signature[0])
	stamp := []byte{0xa0, 0x05, 0x03, 0x03, 0x00, 0x05, 0x00}
	inside := func(version byte, seal []byte) []byte {
		number := []byte{0x02, 0x01, version}
		return sequence(t, append([][]byte{sequence(t, append([][]byte{number, seal}, tbs[2:]...)...)}, signature[1:]...)...)
	}
	for name, b := range map[string][]byte{
		"version 2": withHeaderVersion(t, s.Seal.Raw, 2), "version 6": withHeaderVersion(t, s.Seal.Raw, 6),
		"version 1 in four parts": withHeaderVersion(t, s.Seal.Raw, 1),
	} {
		if _, err := ses.ParseSeal(b); !errors.Is(err, ses.ErrVersion) {
			t.Errorf("seal of %s: got %v, want ErrVersion", name, err)
		}
		if _, err := ses.ParseSignature(inside(4, b)); !errors.Is(err, ses.ErrVersion) {
			t.Errorf("signature with a seal of %s: got %v, want ErrVersion", name, err)
		}
	}
	if _, err := ses.ParseSignature(inside(3, s.Seal.Raw)); !errors.Is(err, ses.ErrVersion) {
		t.Errorf("signature of version 3: got %v, want ErrVersion", err)
	}
	for name, b := range map[string][]byte{
		"a fifth part":           sequence(t, append(elements(t, s.Seal.Raw), stamp)...),
		"the parts of version 1": sequence(t, elements(t, s.Seal.Raw)[0], sequence(t, elements(t, s.Seal.Raw)[1:]...)),
	} {
		if _, err := ses.ParseSeal(b); !errors.Is(err, ses.ErrFormat) {
			t.Errorf("version 4 with %s: got %v, want ErrFormat", name, err)
		}
	}
	for name, b := range map[string][]byte{
		"5 around a seal of 4": inside(5, s.Seal.Raw), "4 around a seal of 5": inside(4, withHeaderVersion(t, s.Seal.Raw, 5)),
		"1 around a seal of 4": sequence(t, signature[0], signature[3]),
	} {
		if _, err := ses.ParseSignature(b); !errors.Is(err, ses.ErrFormat) {
			t.Errorf("version %s: got %v, want ErrFormat", name, err)
		}
	}
	if _, err := ses.ParseSignature(inside(4, s.Seal.Raw)); err != nil {
		t.Errorf("taken apart and put together: %v", err)
	}
}

// TestOtherFormsAreRefused: what no vendor writes must not have two encodings.
func TestOtherFormsAreRefused(t *testing.T) {
	h := newHouse(t)
	s := h.sign(t, true)
	signature := elements(t, s.Raw)
	zeros := append([]byte{0x03, 65, 0}, make([]byte, 64)...)
	for name, b := range map[string][]byte{
		"r and s of zero":  sequence(t, signature[0], signature[1], signature[2], zeros, signature[4]),
		"63 bytes":         sequence(t, signature[0], signature[1], signature[2], append([]byte{0x03, 64, 0}, zeros[3:66]...)),
		"empty timestamp":  sequence(t, append(signature[:4:4], []byte{0xa0, 0x03, 0x03, 0x01, 0x00})...),
		"sixth part":       sequence(t, append(signature[:5:5], []byte{0x05, 0x00})...),
		"no signature":     sequence(t, signature[:3]...),
		"certificate junk": sequence(t, signature[0], []byte{0x04, 0x01, 0x30}, signature[2], signature[3]),
	} {
		if _, err := ses.ParseSignature(b); !errors.Is(err, ses.ErrFormat) {
			t.Errorf("%s: got %v, want ErrFormat", name, err)
		}
	}
	sm9 := sequence(t, signature[0], signature[1], []byte("\x06\x08\x2a\x81\x1c\xcf\x55\x01\x83\x76"), signature[3])
	if _, err := ses.ParseSignature(sm9); !errors.Is(err, ses.ErrAlgorithm) {
		t.Errorf("another algorithm: got %v, want ErrAlgorithm", err)
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
	for _, c := range vendors(t, h) {
		seals, signatures = append(seals, c.seal), append(signatures, c.signature)
	}
	return seals, signatures
}

func FuzzParseSeal(f *testing.F) {
	corpus, _ := seeds(f)
	for _, b := range corpus {
		f.Add(b)
	}
	if len(corpus) < 20 {
		f.Fatalf("only %d seeds", len(corpus))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ses.ParseSeal(b)
		if err != nil {
			return
		}
		if !bytes.Equal(s.Raw, b) || s.Version != 1 && s.Version != s.Info.Version ||
			s.Version != 1 && len(s.Info.Certs)+len(s.Info.CertDigests)+len(s.Info.OtherDigests) == 0 {
			t.Fatalf("accepted version %d, %+v", s.Version, s.Info)
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
	if len(corpus) < 20 {
		f.Fatalf("only %d seeds", len(corpus))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ses.ParseSignature(b)
		if err != nil {
			return
		}
		if !bytes.Equal(s.Raw, b) || s.Seal == nil || s.Version != s.Seal.Version {
			t.Fatal("accepted without its bytes or its seal")
		}
		_ = s.Verify()
		_ = s.Seal.Verify()
	})
}
