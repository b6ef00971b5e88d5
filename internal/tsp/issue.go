package tsp

import (
	"bytes"
	"crypto"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"yinzheng/internal/cms"
	"yinzheng/internal/der"
	"yinzheng/internal/gm"
)

// IssuedAccuracy is what our tokens state: times are cut to whole seconds.
const IssuedAccuracy = time.Second

// MaxSerial bounds serial numbers and nonces, in bits (RFC 3161, 2.4.2).
const MaxSerial = 160

// Issue stamps an SM3 imprint with a time, cut to whole seconds, under a serial number that must be positive and never used
// before by this certificate. The policy is anyPolicy: this service registers none of its own. Errors: ErrSigner, and those
// of cms.Sign.
func Issue(imprint gm.Digest, serial *big.Int, at time.Time, cert []byte, key crypto.Signer) (*Token, error) {
	if serial == nil || serial.Sign() <= 0 || serial.BitLen() > MaxSerial {
		return nil, errors.New("tsp: issuing: the serial number is not a positive number of at most 160 bits")
	}
	at = at.UTC().Truncate(time.Second)
	if year := at.Year(); year < 1950 || year > 9999 {
		return nil, fmt.Errorf("tsp: issuing: the year %d cannot be written", year)
	}
	signer, err := gm.ParseCertificate(cert)
	if err != nil {
		return nil, fmt.Errorf("issuing a timestamp: %w: %w", ErrSigner, err)
	}
	if err := checkSigner(signer, at); err != nil {
		return nil, fmt.Errorf("issuing a timestamp: %w", err)
	}
	info := tstInfo{policy: der.AnyPolicy, imprint: imprint, serial: serial, time: at, accuracy: IssuedAccuracy}
	content, err := info.encode()
	if err != nil {
		return nil, fmt.Errorf("issuing a timestamp: %w", err)
	}
	token, err := cms.Sign(content, cert, key, cms.Options{ContentType: der.TSTInfo, SigningTime: at})
	if err != nil {
		return nil, fmt.Errorf("issuing a timestamp: %w", err)
	}
	t, err := Parse(token)
	if err != nil {
		return nil, fmt.Errorf("issuing a timestamp: reading it back: %w", err)
	}
	return t, nil
}

// tstInfo is TSTInfo (RFC 3161, 2.4.2) without extensions.
type tstInfo struct {
	policy   asn1.ObjectIdentifier
	imprint  gm.Digest
	serial   *big.Int
	time     time.Time
	accuracy time.Duration // whole microseconds
	ordering bool
	nonce    *big.Int
	tsa      []byte // GeneralName with its [0], DER; nil when absent
}

func (i *tstInfo) encode() ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		b.AddASN1ObjectIdentifier(i.policy)
		addImprint(b, i.imprint)
		b.AddASN1BigInt(i.serial)
		b.AddASN1(cbasn1.GeneralizedTime, func(b *cryptobyte.Builder) { b.AddBytes([]byte(der.FormatGeneralizedTime(i.time))) })
		if i.accuracy > 0 {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { addAccuracy(b, i.accuracy) })
		}
		if i.ordering {
			b.AddASN1Boolean(true)
		}
		if i.nonce != nil {
			b.AddASN1BigInt(i.nonce)
		}
		b.AddBytes(i.tsa)
	})
	return b.Bytes()
}

// addImprint writes MessageImprint with SM3.
func addImprint(b *cryptobyte.Builder, imprint gm.Digest) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(der.SM3)
			b.AddASN1NULL()
		})
		b.AddASN1OctetString(imprint[:])
	})
}

func addAccuracy(b *cryptobyte.Builder, accuracy time.Duration) {
	if seconds := int64(accuracy / time.Second); seconds > 0 {
		b.AddASN1Int64(seconds)
	}
	if millis := int64(accuracy % time.Second / time.Millisecond); millis > 0 {
		b.AddASN1Int64WithTag(millis, cbasn1.Tag(0).ContextSpecific())
	}
	if micros := int64(accuracy % time.Millisecond / time.Microsecond); micros > 0 {
		b.AddASN1Int64WithTag(micros, cbasn1.Tag(1).ContextSpecific())
	}
}

// checkSigner checks what RFC 3161, 2.3 asks of a timestamping certificate, and that it is valid at the time of the token.
func checkSigner(cert *gm.Certificate, at time.Time) error {
	if len(cert.ExtKeyUsage) != 1 || cert.ExtKeyUsage[0] != gm.ExtKeyUsageTimeStamping || len(cert.UnknownExtKeyUsage) != 0 {
		return fmt.Errorf("extended key usage is not timeStamping alone: %w", ErrSigner)
	}
	for _, extension := range cert.Extensions {
		if extension.Id.Equal(der.ExtKeyUsageExtension) && !extension.Critical {
			return fmt.Errorf("extended key usage is not critical: %w", ErrSigner)
		}
	}
	if cert.KeyUsage&^(gm.KeyUsageDigitalSignature|gm.KeyUsageContentCommitment) != 0 || cert.KeyUsage == 0 {
		return fmt.Errorf("key usage is not for signatures alone: %w", ErrSigner)
	}
	if at.Before(cert.NotBefore) || at.After(cert.NotAfter) {
		return fmt.Errorf("certificate is not valid at %s: %w", at.Format(time.RFC3339), ErrSigner)
	}
	return nil
}

// Verify checks that the token stamps imprint, that its signer may sign timestamps and was valid at that time, the named
// certificate (ESS) and the signature. The chain and revocation are not judged here. Errors: ErrImprint, ErrSigner, those of
// cms.SignedData.Verify, and gm.ErrSignature.
func (t *Token) Verify(imprint gm.Digest) error {
	if t == nil || t.signed == nil {
		return fmt.Errorf("verifying a timestamp: nothing was parsed: %w", ErrFormat)
	}
	info, err := readInfo(t.signed.Content) // the signed bytes, whatever became of the fields
	if err != nil {
		return fmt.Errorf("verifying a timestamp: %w", err)
	}
	if !bytes.Equal(info.imprint[:], imprint[:]) {
		return fmt.Errorf("verifying a timestamp: %w", ErrImprint)
	}
	if err := checkSigner(t.signed.Signer, info.time); err != nil {
		return fmt.Errorf("verifying a timestamp: %w", err)
	}
	if err := t.signed.Verify(); err != nil {
		return fmt.Errorf("verifying a timestamp: %w", err)
	}
	return nil
}
