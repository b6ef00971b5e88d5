// Package sestest makes seals and seal signatures of all versions and in the forms of vendors, for tests: package ses itself makes
// version 4 only, in one form.
package sestest

import (
	"crypto"
	"encoding/asn1"
	"slices"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"yinzheng/internal/der"
	"yinzheng/internal/gm"
	"yinzheng/internal/gm/gmtest"
	"yinzheng/internal/ses"
)

// Form says how a seal or a signature is written. The zero Form with a Version is what the standards write.
type Form struct {
	Version          int                   // 1, 4 or 5
	Number           int                   // in the header and TBS_Sign; 0: the version
	Raw              bool                  // r and s as they are
	Algorithm        asn1.ObjectIdentifier // nil: SM2 with SM3
	ExtensionsTagged bool                  // SES_SealInfo.extDatas in [0]
	ExtensionsPlain  bool                  // TBS_Sign.extDatas without [0]
	ExtensionsEmpty  bool                  // extDatas without any, where there are none
	CriticalFalse    bool                  // critical FALSE written out
	OtherTimes       bool                  // UTCTime for GeneralizedTime and the other way round
	Junk             bool                  // certList of version 1 is SEQUENCE { IA5String "1" }
	DigestType       string                // of certDigestList; "": the identifier of SM3
	TimeInfo         []byte                // version 1: content of the BIT STRING; nil: UTCTime
	TimeElement      bool                  // version 1: the time without BIT STRING
	Stamp            func(signature []byte) []byte
}

// ToSign is what a signature states.
type ToSign struct {
	Time       time.Time
	DataHash   gm.Digest
	Property   string
	Extensions []ses.Extension
}

func (f Form) number() int64 {
	if f.Number != 0 {
		return int64(f.Number)
	}
	return int64(f.Version)
}

func (f Form) algorithm() asn1.ObjectIdentifier {
	if f.Algorithm != nil {
		return f.Algorithm
	}
	return der.SM2WithSM3
}

// Seal writes an SESeal.
func Seal(t testing.TB, info ses.SealInfo, maker gmtest.Leaf, f Form) []byte {
	t.Helper()
	encoded := f.info(t, info)
	if f.Version != 1 {
		value := f.sign(t, maker.Key, encoded)
		return sequence(t, func(b *cryptobyte.Builder) {
			b.AddBytes(encoded)
			b.AddASN1OctetString(maker.DER)
			b.AddASN1ObjectIdentifier(f.algorithm())
			b.AddASN1BitString(value)
			f.stamp(b, value, 5)
		})
	}
	named := func(b *cryptobyte.Builder) {
		b.AddASN1OctetString(maker.DER)
		b.AddASN1ObjectIdentifier(f.algorithm())
	}
	value := f.sign(t, maker.Key, sequence(t, func(b *cryptobyte.Builder) { b.AddBytes(encoded); named(b) }))
	return sequence(t, func(b *cryptobyte.Builder) {
		b.AddBytes(encoded)
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { named(b); b.AddASN1BitString(value) })
	})
}

// Signature writes an SES_Signature around an encoded seal.
func Signature(t testing.TB, seal []byte, s ToSign, signer gmtest.Leaf, f Form) []byte {
	t.Helper()
	named := func(b *cryptobyte.Builder) {
		b.AddASN1OctetString(signer.DER)
		b.AddASN1ObjectIdentifier(f.algorithm())
	}
	tbs := sequence(t, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(f.number())
		b.AddBytes(seal)
		if f.Version == 1 {
			f.timeInfo(t, b, s.Time)
		} else {
			f.time(b, s.Time)
		}
		b.AddASN1BitString(s.DataHash[:])
		addIA5(b, s.Property)
		if f.Version == 1 {
			named(b)
			return
		}
		f.extensions(b, s.Extensions, !f.ExtensionsPlain)
	})
	value := f.sign(t, signer.Key, tbs)
	return sequence(t, func(b *cryptobyte.Builder) {
		b.AddBytes(tbs)
		if f.Version != 1 {
			named(b)
		}
		b.AddASN1BitString(value)
		f.stamp(b, value, 4)
	})
}

func (f Form) info(t testing.TB, i ses.SealInfo) []byte {
	t.Helper()
	return sequence(t, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			addIA5(b, "ES")
			b.AddASN1Int64(f.number())
			addIA5(b, i.VendorID)
		})
		addIA5(b, i.ID)
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { f.property(b, i) })
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			addIA5(b, i.Picture.Type)
			b.AddASN1OctetString(i.Picture.Data)
			b.AddASN1Int64(int64(i.Picture.Width))
			b.AddASN1Int64(int64(i.Picture.Height))
		})
		f.extensions(b, i.Extensions, f.ExtensionsTagged)
	})
}

func (f Form) property(b *cryptobyte.Builder, i ses.SealInfo) {
	b.AddASN1Int64(int64(i.Type))
	b.AddASN1(cbasn1.UTF8String, func(b *cryptobyte.Builder) { b.AddBytes([]byte(i.Name)) })
	if f.Version != 1 {
		kind := int64(1)
		if len(i.Certs) == 0 {
			kind = 2
		}
		b.AddASN1Int64(kind)
	}
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		if f.Junk {
			addIA5(b, "1")
			return
		}
		for _, c := range i.Certs {
			b.AddASN1OctetString(c)
		}
		entries := slices.Clone(i.OtherDigests)
		for _, d := range i.CertDigests {
			entries = append(entries, ses.CertDigest{Type: f.digestType(), Value: d[:]})
		}
		for _, d := range entries {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(cbasn1.PrintableString, func(b *cryptobyte.Builder) { b.AddBytes([]byte(d.Type)) })
				b.AddASN1OctetString(d.Value)
			})
		}
	})
	for _, at := range []time.Time{i.Created, i.NotBefore, i.NotAfter} {
		f.time(b, at)
	}
}

func (f Form) digestType() string {
	if f.DigestType != "" {
		return f.DigestType
	}
	return der.SM3.String()
}

func (f Form) time(b *cryptobyte.Builder, at time.Time) {
	if (f.Version == 1) != f.OtherTimes {
		b.AddASN1UTCTime(at)
		return
	}
	b.AddASN1GeneralizedTime(at)
}

func (f Form) timeInfo(t testing.TB, b *cryptobyte.Builder, at time.Time) {
	t.Helper()
	if f.TimeElement {
		f.time(b, at)
		return
	}
	content := f.TimeInfo
	if content == nil {
		var inner cryptobyte.Builder
		f.time(&inner, at)
		var err error
		if content, err = inner.Bytes(); err != nil {
			t.Fatal(err)
		}
	}
	b.AddASN1BitString(content)
}

func (f Form) extensions(b *cryptobyte.Builder, list []ses.Extension, tagged bool) {
	if len(list) == 0 && !f.ExtensionsEmpty {
		return
	}
	write := func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			for _, e := range list {
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier(e.ID)
					if e.Critical || f.CriticalFalse {
						b.AddASN1Boolean(e.Critical)
					}
					b.AddASN1OctetString(e.Value)
				})
			}
		})
	}
	if tagged {
		b.AddASN1(cbasn1.Tag(0).Constructed().ContextSpecific(), write)
		return
	}
	write(b)
}

// stamp writes the timestamp where the version has one: from version 4 on in signatures, from 5 on in seals.
func (f Form) stamp(b *cryptobyte.Builder, value []byte, from int) {
	if f.Stamp == nil || f.Version < from {
		return
	}
	token := f.Stamp(value)
	b.AddASN1(cbasn1.Tag(0).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) { b.AddASN1BitString(token) })
}

func (f Form) sign(t testing.TB, key crypto.Signer, message []byte) []byte {
	t.Helper()
	value, err := gm.Sign(key, message)
	if err != nil {
		t.Fatal(err)
	}
	if !f.Raw {
		return value
	}
	r, s, err := gm.ParseSignature(value)
	if err != nil {
		t.Fatal(err)
	}
	return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
}

func addIA5(b *cryptobyte.Builder, s string) {
	b.AddASN1(cbasn1.IA5String, func(b *cryptobyte.Builder) { b.AddBytes([]byte(s)) })
}

func sequence(t testing.TB, f func(*cryptobyte.Builder)) []byte {
	t.Helper()
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, f)
	out, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return out
}
