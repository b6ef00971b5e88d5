package ses_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/asn1"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"yinzheng/internal/der"
	"yinzheng/internal/gm"
	"yinzheng/internal/gm/gmtest"
	"yinzheng/internal/ses"
	"yinzheng/internal/ses/sestest"
	"yinzheng/internal/tsp"
)

// vendor is one seal and signature in the form of a version or a vendor.
type vendor struct {
	name            string
	seal, signature []byte
	version         int
	dialect         []string
	notListed       bool
	time            time.Time
}

// vendors makes every form that is read.
func vendors(t testing.TB, h house) []vendor {
	t.Helper()
	stamp := func(value []byte) []byte {
		token, err := h.stamp(t)(gm.Sum(value))
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	extension := []ses.Extension{{ID: asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 4}, Value: []byte{1}}}
	sha := sha256.Sum256(h.signer.DER)
	var out []vendor
	add := func(name string, f sestest.Form, change func(*ses.SealInfo, *sestest.ToSign), dialect ...string) {
		info := h.info()
		s := sestest.ToSign{Time: signingTime, DataHash: gm.Sum([]byte("document")), Property: "/ByteRange"}
		if change != nil {
			change(&info, &s)
		}
		seal := sestest.Seal(t, info, h.maker, f)
		out = append(out, vendor{name: name, seal: seal, signature: sestest.Signature(t, seal, s, h.signer, f), version: f.Version,
			dialect: dialect, notListed: f.Junk, time: signingTime})
	}
	extend := func(i *ses.SealInfo, s *sestest.ToSign) { i.Extensions, s.Extensions = extension, extension }
	add("version 1", sestest.Form{Version: 1}, nil)
	add("version 1 with the number of the standard's example", sestest.Form{Version: 1, Number: 11}, nil, ses.QuirkV1Number)
	add("version 1 with a list of junk", sestest.Form{Version: 1, Junk: true}, nil, ses.QuirkV1CertList)
	add("version 1 with a time as text", sestest.Form{Version: 1, TimeInfo: []byte("2026-11-22T01:02:03.000Z")}, nil, ses.QuirkV1TimeText)
	add("version 1 with a time as Chinese text", sestest.Form{Version: 1, TimeInfo: []byte("2026-11-22 09:02:03")}, nil, ses.QuirkV1TimeText)
	add("version 1 with a time without bits", sestest.Form{Version: 1, TimeElement: true}, nil, ses.QuirkV1TimeElement)
	add("version 1 with words for a time", sestest.Form{Version: 1, TimeInfo: []byte("yesterday")}, nil, ses.QuirkV1TimeUnknown)
	out[len(out)-1].time = time.Time{}
	add("version 1 with a token for a time", sestest.Form{Version: 1, TimeInfo: stamp([]byte("x"))}, nil)
	out[len(out)-1].time = time.Time{}
	add("version 1 with r and s", sestest.Form{Version: 1, Raw: true, OtherTimes: true}, nil, ses.QuirkTimeForm, ses.QuirkRaw)
	add("version 4", sestest.Form{Version: 4, Stamp: stamp}, extend)
	add("version 4 with r and s", sestest.Form{Version: 4, Raw: true}, nil, ses.QuirkRaw)
	add("version 4 with the other algorithm", sestest.Form{Version: 4, Algorithm: der.SM2Sign}, nil, ses.QuirkAlgorithm)
	add("version 4 with a misprint", sestest.Form{Version: 4, Algorithm: asn1.ObjectIdentifier{1, 2, 156, 10197, 501}}, nil, ses.QuirkMisprint)
	add("version 4 with extDatas the other way", sestest.Form{Version: 4, ExtensionsTagged: true, ExtensionsPlain: true}, extend,
		ses.QuirkExtensionsPlain, ses.QuirkExtensionsTagged)
	add("version 4 with empty extDatas", sestest.Form{Version: 4, ExtensionsEmpty: true}, nil, ses.QuirkExtensionsEmpty)
	add("version 4 with critical FALSE", sestest.Form{Version: 4, CriticalFalse: true}, extend, ses.QuirkExtensionsDefault)
	add("version 4 with the other times", sestest.Form{Version: 4, OtherTimes: true}, nil, ses.QuirkTimeForm)
	add("version 4 with a digest by name", sestest.Form{Version: 4, DigestType: "SM3"}, func(i *ses.SealInfo, _ *sestest.ToSign) {
		i.Certs, i.CertDigests = nil, []gm.Digest{gm.Sum(h.signer.DER)}
	}, ses.QuirkDigestType)
	add("version 4 with a digest of SHA-256", sestest.Form{Version: 4}, func(i *ses.SealInfo, _ *sestest.ToSign) {
		i.Certs, i.OtherDigests = nil, []ses.CertDigest{{Type: "2.16.840.1.101.3.4.2.1", Value: sha[:]}}
	}, ses.QuirkDigestType)
	add("version 4 with a picture of OFD", sestest.Form{Version: 4}, func(i *ses.SealInfo, _ *sestest.ToSign) { i.Picture.Type = "ofd" })
	add("version 5", sestest.Form{Version: 5, Stamp: stamp}, extend)
	add("version 5 without timestamps", sestest.Form{Version: 5}, nil)
	return out
}

func TestEveryVersionAndVendorIsReadAndNamed(t *testing.T) {
	h := newHouse(t)
	for _, c := range vendors(t, h) {
		seal, err := ses.ParseSeal(c.seal)
		if err != nil {
			t.Errorf("%s: seal: %v", c.name, err)
			continue
		}
		if err := seal.Verify(); err != nil {
			t.Errorf("%s: seal: %v", c.name, err)
		}
		s, err := ses.ParseSignature(c.signature)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if err := s.Verify(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		dialect := slices.Concat(s.Dialect, seal.Dialect)
		slices.Sort(dialect)
		slices.Sort(c.dialect)
		if diff := cmp.Diff(c.dialect, slices.Compact(dialect), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: dialect (-want +got):\n%s", c.name, diff)
		}
		if s.Version != c.version || seal.Version != c.version || s.Property != "/ByteRange" || s.DataHash != gm.Sum([]byte("document")) {
			t.Errorf("%s: read version %d and %d, %q, %v", c.name, s.Version, seal.Version, s.Property, s.DataHash)
		}
		if !s.Time.Equal(c.time) || c.version == 1 && len(s.TimeInfo) == 0 {
			t.Errorf("%s: time %v, want %v, of %q", c.name, s.Time, c.time, s.TimeInfo)
		}
		if seal.Lists(h.signer.DER) == c.notListed || seal.Lists(h.maker.DER) {
			t.Errorf("%s: lists the wrong certificates", c.name)
		}
		info := seal.Info
		if want := h.info(); info.Name != want.Name || info.ID != want.ID || !info.Created.Equal(want.Created) || !info.NotAfter.Equal(want.NotAfter) {
			t.Errorf("%s: read %q, %q, %v, %v", c.name, info.Name, info.ID, info.Created, info.NotAfter)
		}
	}
}

func TestEveryChangedByteOfOtherVersionsIsNoticed(t *testing.T) {
	h := newHouse(t)
	for _, c := range vendors(t, h) {
		if c.notListed || c.version == 4 && c.dialect == nil { // one that lists nobody; one that is pinned elsewhere
			continue
		}
		at := len(c.signature) - 1 // a timestamp stands outside of what is signed
		if s, err := ses.ParseSignature(c.signature); err == nil && s.Timestamp != nil {
			at = bytes.Index(c.signature, s.Timestamp) - 1
		}
		for ; at >= 0; at -= 7 {
			changed := bytes.Clone(c.signature)
			changed[at] ^= 0x11
			s, err := ses.ParseSignature(changed)
			if err != nil || s.Verify() != nil || s.Seal.Verify() != nil || !s.Seal.Lists(s.SignerCert) || !s.Time.Equal(c.time) {
				continue
			}
			t.Errorf("%s: byte %d of %d changed is not noticed", c.name, at, len(c.signature))
		}
	}
}

func TestTimestampOfASealIsOverItsSignature(t *testing.T) {
	h := newHouse(t)
	stamp := func(value []byte) []byte {
		token, err := h.stamp(t)(gm.Sum(value))
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	seal, err := ses.ParseSeal(sestest.Seal(t, h.info(), h.maker, sestest.Form{Version: 5, Stamp: stamp}))
	if err != nil {
		t.Fatal(err)
	}
	token, err := tsp.Parse(seal.Timestamp)
	if err != nil {
		t.Fatal(err)
	}
	if err := token.Verify(gm.Sum(seal.Signature)); err != nil {
		t.Error(err)
	}
}

// TestFaultsHaveTheirErrors goes through the outcomes of the standards' procedures that are this package's (standards.md, 1.5).
func TestFaultsHaveTheirErrors(t *testing.T) {
	h := newHouse(t)
	other := gmtest.NewCA(t, "示例别根").Seal(t, "45010000000003")
	for _, version := range []int{1, 4, 5} {
		f := sestest.Form{Version: version}
		toSign := sestest.ToSign{Time: signingTime, DataHash: gm.Sum([]byte("document")), Property: "/ByteRange"}
		good := sestest.Seal(t, h.info(), h.maker, f)
		parse := func(b []byte) error { _, err := ses.ParseSeal(b); return err }
		verifySeal := func(b []byte) error {
			s, err := ses.ParseSeal(b)
			if err != nil {
				return err
			}
			return s.Verify()
		}
		verify := func(b []byte) error {
			s, err := ses.ParseSignature(b)
			if err != nil {
				return err
			}
			return s.Verify()
		}
		unknown := f
		unknown.Algorithm = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 5}
		critical := h.info()
		critical.Extensions = []ses.Extension{{ID: asn1.ObjectIdentifier{1, 2, 3}, Critical: true}}
		liar := gmtest.Leaf{DER: h.maker.DER, Key: other.Key}
		for _, c := range []struct {
			name string
			err  error
			want error
		}{
			{"SEAL_FORMAT: not ES", parse(bytes.Replace(good, []byte("\x16\x02ES"), []byte("\x16\x02EX"), 1)), ses.ErrFormat},
			{"SEAL_FORMAT: half", parse(good[:len(good)/2]), ses.ErrFormat},
			{"SEAL_FORMAT: RSA with SHA-1", parse(sestest.Seal(t, h.info(), h.maker, unknown)), ses.ErrAlgorithm},
			{"SEAL_SIGNATURE", verifySeal(sestest.Seal(t, h.info(), liar, f)), gm.ErrSignature},
			{"SEAL_FORMAT: critical extension", verifySeal(sestest.Seal(t, critical, h.maker, f)), ses.ErrExtension},
			{"SIG_FORMAT", verify(good), ses.ErrFormat},
			{"SIG_VALUE", verify(sestest.Signature(t, good, toSign, gmtest.Leaf{DER: h.signer.DER, Key: other.Key}, f)), gm.ErrSignature},
		} {
			if !errors.Is(c.err, c.want) {
				t.Errorf("version %d, %s: got %v, want %v", version, c.name, c.err, c.want)
			}
		}
		s, err := ses.ParseSignature(sestest.Signature(t, good, toSign, other, f))
		if err != nil || s.Verify() != nil || s.Seal.Lists(s.SignerCert) {
			t.Errorf("version %d, SIGNER_NOT_IN_SEAL: %v", version, err)
		}
	}
}

func TestNoSealIsUsedThatWasNotMadeHere(t *testing.T) {
	h := newHouse(t)
	for _, f := range []sestest.Form{{Version: 1}, {Version: 5}, {Version: 4, Raw: true}} {
		seal, err := ses.ParseSeal(sestest.Seal(t, h.info(), h.maker, f))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ses.Sign(ses.ToSign{Seal: seal, Time: signingTime, Property: "x"}, h.signer.DER, h.signer.Key, nil); !errors.Is(err, ses.ErrVersion) {
			t.Errorf("%+v: got %v, want ErrVersion", f, err)
		}
	}
}
