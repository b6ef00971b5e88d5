package ses

import (
	"encoding/asn1"
	"errors"
	"fmt"
	"math"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"yinzheng/internal/der"
	"yinzheng/internal/gm"
)

// Constants of the encoding.
const (
	headerID       = "ES" // SES_Header.ID
	listsCerts     = 1    // certListType: certificates
	listsDigests   = 2    // certListType: digests
	digestTypeText = "1.2.156.10197.1.401"
)

var tag0 = cbasn1.Tag(0).Constructed().ContextSpecific()

// ErrInfo means that a seal was to be made, or a document to be sealed, with properties that cannot be written.
var ErrInfo = errors.New("ses: properties cannot be written")

// check refuses what encode could not write, or Parse would not read.
func (i *SealInfo) check() error {
	switch {
	case i.Version != 0 && i.Version != Version:
		return fmt.Errorf("version %d: %w", i.Version, ErrVersion)
	case !isIA5(i.VendorID), !isIA5(i.ID) || i.ID == "":
		return fmt.Errorf("vendor or seal ID is not ASCII of at most %d bytes: %w", MaxText, ErrInfo)
	case !utf8.ValidString(i.Name) || i.Name == "" || len(i.Name) > MaxText:
		return fmt.Errorf("name is not text of at most %d bytes: %w", MaxText, ErrInfo)
	case i.Type < 0 || i.Type > math.MaxInt32:
		return fmt.Errorf("type %d: %w", i.Type, ErrInfo)
	case len(i.OtherDigests) > 0:
		return fmt.Errorf("digests of another algorithm than SM3: %w", ErrInfo)
	case (len(i.Certs) == 0) == (len(i.CertDigests) == 0) || len(i.Certs)+len(i.CertDigests) > MaxSigners:
		return fmt.Errorf("%d certificates and %d digests: one kind, at most %d: %w", len(i.Certs), len(i.CertDigests), MaxSigners, ErrInfo)
	case !isTime(i.Created), !isTime(i.NotBefore), !isTime(i.NotAfter):
		return fmt.Errorf("times are not whole seconds from 1950 to 9999: %w", ErrInfo)
	case i.NotAfter.Before(i.NotBefore):
		return fmt.Errorf("ends before it starts: %w", ErrInfo)
	case !isIA5(i.Picture.Type) || len(i.Picture.Data) == 0 || len(i.Picture.Data) > MaxPicture:
		return fmt.Errorf("picture of %d bytes: %w", len(i.Picture.Data), ErrInfo)
	case !isSide(i.Picture.Width), !isSide(i.Picture.Height):
		return fmt.Errorf("picture of %d by %d mm: %w", i.Picture.Width, i.Picture.Height, ErrInfo)
	}
	return nil
}

func isIA5(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return len(s) <= MaxText
}

func isTime(t time.Time) bool {
	year := t.UTC().Year()
	return year >= 1950 && year <= 9999 && t.Nanosecond() == 0
}

func isSide(mm int) bool { return mm > 0 && mm <= MaxMillimetres }

// encode writes SES_SealInfo.
func (i *SealInfo) encode() ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			addIA5(b, headerID)
			b.AddASN1Int64(Version)
			addIA5(b, i.VendorID)
		})
		addIA5(b, i.ID)
		b.AddASN1(cbasn1.SEQUENCE, i.addProperty)
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			addIA5(b, i.Picture.Type)
			b.AddASN1OctetString(i.Picture.Data)
			b.AddASN1Int64(int64(i.Picture.Width))
			b.AddASN1Int64(int64(i.Picture.Height))
		})
		if len(i.Extensions) > 0 {
			addExtensions(b, i.Extensions) // untagged, as in issued seals
		}
	})
	out, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("encoding SES_SealInfo: %w", err)
	}
	return out, nil
}

// addProperty writes the content of SES_ESPropertyInfo.
func (i *SealInfo) addProperty(b *cryptobyte.Builder) {
	b.AddASN1Int64(int64(i.Type))
	b.AddASN1(cbasn1.UTF8String, func(b *cryptobyte.Builder) { b.AddBytes([]byte(i.Name)) })
	if len(i.Certs) > 0 {
		b.AddASN1Int64(listsCerts)
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			for _, cert := range i.Certs {
				b.AddASN1OctetString(cert)
			}
		})
	} else {
		b.AddASN1Int64(listsDigests)
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			for _, digest := range i.CertDigests {
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1(cbasn1.PrintableString, func(b *cryptobyte.Builder) { b.AddBytes([]byte(digestTypeText)) })
					b.AddASN1OctetString(digest[:])
				})
			}
		})
	}
	for _, t := range []time.Time{i.Created, i.NotBefore, i.NotAfter} {
		addTime(b, t)
	}
}

// encodeSeal writes SESeal around an encoded SES_SealInfo.
func encodeSeal(info, makerCert []byte, alg asn1.ObjectIdentifier, signature []byte) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(info)
		b.AddASN1OctetString(makerCert)
		b.AddASN1ObjectIdentifier(alg)
		b.AddASN1BitString(signature)
	})
	out, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("encoding SESeal: %w", err)
	}
	return out, nil
}

// encodeTBS writes TBS_Sign around an encoded SESeal.
func encodeTBS(seal []byte, at time.Time, dataHash gm.Digest, property string, extensions []Extension) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(Version)
		b.AddBytes(seal)
		addTime(b, at)
		b.AddASN1BitString(dataHash[:])
		addIA5(b, property)
		if len(extensions) > 0 {
			b.AddASN1(tag0, func(b *cryptobyte.Builder) { addExtensions(b, extensions) })
		}
	})
	out, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("encoding TBS_Sign: %w", err)
	}
	return out, nil
}

// encodeSignature writes SES_Signature around an encoded TBS_Sign.
func encodeSignature(tbs, cert []byte, alg asn1.ObjectIdentifier, value, timestamp []byte) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(tbs)
		b.AddASN1OctetString(cert)
		b.AddASN1ObjectIdentifier(alg)
		b.AddASN1BitString(value)
		if timestamp != nil {
			b.AddASN1(tag0, func(b *cryptobyte.Builder) { b.AddASN1BitString(timestamp) })
		}
	})
	out, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("encoding SES_Signature: %w", err)
	}
	return out, nil
}

func addIA5(b *cryptobyte.Builder, s string) {
	b.AddASN1(cbasn1.IA5String, func(b *cryptobyte.Builder) { b.AddBytes([]byte(s)) })
}

func addTime(b *cryptobyte.Builder, t time.Time) {
	b.AddASN1(cbasn1.GeneralizedTime, func(b *cryptobyte.Builder) { b.AddBytes([]byte(der.FormatGeneralizedTime(t))) })
}

// addExtensions writes ExtensionDatas; critical is left out when false, its default.
func addExtensions(b *cryptobyte.Builder, extensions []Extension) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, e := range extensions {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(e.ID)
				if e.Critical {
					b.AddASN1Boolean(true)
				}
				b.AddASN1OctetString(e.Value)
			})
		}
	})
}
