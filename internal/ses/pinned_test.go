package ses_test

import (
	"bytes"
	"errors"
	"math/big"
	"testing"

	"yinzheng/internal/gm"
	"yinzheng/internal/ses"
	"yinzheng/internal/tsp"
)

var flips = []byte{0x01, 0x20, 0x80}

func (h house) stamp(t testing.TB) func(gm.Digest) ([]byte, error) {
	t.Helper()
	return func(digest gm.Digest) ([]byte, error) {
		token, err := tsp.Issue(digest, big.NewInt(1), signingTime, h.tsa.DER, h.tsa.Key)
		if err != nil {
			return nil, err
		}
		return token.DER, nil
	}
}

// survivors returns the offsets of bytes that can be changed without the judge noticing.
func survivors(b []byte, judge func([]byte) error) []int {
	var out []int
	for i := range b {
		for _, flip := range flips {
			changed := bytes.Clone(b)
			changed[i] ^= flip
			if judge(changed) == nil {
				out = append(out, i)
				break
			}
		}
	}
	return out
}

// span returns where the one copy of part stands in whole, searching from the end when last is set.
func span(t testing.TB, whole, part []byte, last bool) (from, to int) {
	t.Helper()
	from = bytes.Index(whole, part)
	if last {
		from = bytes.LastIndex(whole, part)
	}
	if from < 0 {
		t.Fatal("the part is not in the whole")
	}
	return from, from + len(part)
}

// TestEveryChangedByteOfASignatureIsRefused needs no chain: the seal pins the maker's certificate by the signer's signature,
// the signer's certificate by its list, and the token pins itself.
func TestEveryChangedByteOfASignatureIsRefused(t *testing.T) {
	h := newHouse(t)
	for _, stamped := range []bool{false, true} {
		s := h.sign(t, stamped)
		if left := survivors(s.Raw, func(b []byte) error { return judge(b, stamped) }); len(left) != 0 {
			t.Errorf("stamped %t: bytes %v are free", stamped, left)
		}
	}
}

// TestSignatureAloneLeavesTheSignersCertificateAndTheToken says which part Parse and Verify alone do not pin.
func TestSignatureAloneLeavesTheSignersCertificateAndTheToken(t *testing.T) {
	h := newHouse(t)
	s := h.sign(t, true)
	certFrom, certTo := span(t, s.Raw, h.signer.DER, true)
	tokenFrom, tokenTo := span(t, s.Raw, s.Timestamp, false)
	left := survivors(s.Raw, func(b []byte) error {
		s, err := ses.ParseSignature(b)
		if err != nil {
			return err
		}
		return s.Verify()
	})
	if len(left) == 0 {
		t.Fatal("nothing is left: the test looks at the wrong thing")
	}
	for _, i := range left {
		if (i < certFrom || i >= certTo) && (i < tokenFrom || i >= tokenTo) {
			t.Errorf("byte %d is free and belongs to neither the signer's certificate nor the token", i)
		}
	}
}

// TestSealAloneLeavesTheMakersCertificateToTheChain says which part of a lone seal is left, and that the chain takes it.
func TestSealAloneLeavesTheMakersCertificateToTheChain(t *testing.T) {
	h := newHouse(t)
	seal := h.seal(t, h.info())
	from, to := span(t, seal.Raw, h.maker.DER, true)
	verify := func(b []byte) error {
		s, err := ses.ParseSeal(b)
		if err != nil {
			return err
		}
		return s.Verify()
	}
	left := survivors(seal.Raw, verify)
	if len(left) == 0 {
		t.Fatal("nothing is left: the test looks at the wrong thing")
	}
	for _, i := range left {
		if i < from || i >= to {
			t.Errorf("byte %d is free and does not belong to the maker's certificate", i)
		}
	}
	chained := func(b []byte) error {
		s, err := ses.ParseSeal(b)
		if err != nil {
			return err
		}
		maker, err := s.Maker()
		if err != nil {
			return err
		}
		return errors.Join(s.Verify(), gm.CheckIssued(maker, h.ca.Cert))
	}
	if err := chained(seal.Raw); err != nil {
		t.Fatal(err)
	}
	if left := survivors(seal.Raw, chained); len(left) != 0 {
		t.Errorf("bytes %v are free", left)
	}
}

func TestShorterAndLongerBytesAreRefused(t *testing.T) {
	h := newHouse(t)
	s := h.sign(t, true)
	for i := range s.Raw {
		if _, err := ses.ParseSignature(s.Raw[:i]); !errors.Is(err, ses.ErrFormat) {
			t.Fatalf("%d of %d bytes: got %v, want ErrFormat", i, len(s.Raw), err)
		}
	}
	if _, err := ses.ParseSignature(append(bytes.Clone(s.Raw), 0)); !errors.Is(err, ses.ErrFormat) {
		t.Errorf("trailing byte: got %v, want ErrFormat", err)
	}
	if _, err := ses.ParseSeal(append(bytes.Clone(s.Seal.Raw), 0)); !errors.Is(err, ses.ErrFormat) {
		t.Errorf("trailing byte: got %v, want ErrFormat", err)
	}
	if _, err := ses.ParseSignature(make([]byte, ses.MaxSignature+1)); !errors.Is(err, ses.ErrLimit) {
		t.Errorf("too large: got %v, want ErrLimit", err)
	}
	if _, err := ses.ParseSeal(make([]byte, ses.MaxSeal+1)); !errors.Is(err, ses.ErrLimit) {
		t.Errorf("too large: got %v, want ErrLimit", err)
	}
}
