package tsp

import (
	"bytes"
	"encoding/asn1"
	"fmt"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"yinzheng/internal/cms"
	"yinzheng/internal/der"
	"yinzheng/internal/gm"
)

// maxAccuracySeconds bounds the stated accuracy: a token that is a day off proves nothing.
const maxAccuracySeconds = 86400

// Parse reads exactly one canonical token: what it accepts re-encodes to the same bytes. It checks no signature; Verify does.
// Tokens with extensions are refused. Errors: ErrFormat.
func Parse(b []byte) (*Token, error) {
	signed, err := cms.Parse(b)
	if err != nil {
		return nil, fmt.Errorf("parsing a timestamp: %w: %w", ErrFormat, err)
	}
	if !signed.ContentType.Equal(der.TSTInfo) {
		return nil, fmt.Errorf("parsing a timestamp: content type %v: %w", signed.ContentType, ErrFormat)
	}
	info, err := readInfo(signed.Content)
	if err != nil {
		return nil, fmt.Errorf("parsing a timestamp: %w", err)
	}
	return &Token{DER: signed.Raw, Policy: info.policy, Imprint: info.imprint, Serial: info.serial, Time: info.time,
		Accuracy: info.accuracy, Nonce: info.nonce, Signer: signed.Signer, signed: signed}, nil
}

// readInfo reads exactly one canonical TSTInfo.
func readInfo(b []byte) (*tstInfo, error) {
	if err := der.Check(b, der.Limits{MaxBytes: cms.MaxBytes, MaxDepth: cms.MaxDepth}); err != nil {
		return nil, fmt.Errorf("TSTInfo: %w: %w", ErrFormat, err)
	}
	in := cryptobyte.String(b)
	i := new(tstInfo)
	var body cryptobyte.String
	if !in.ReadASN1(&body, cbasn1.SEQUENCE) || !in.Empty() || !i.read(body) {
		return nil, fmt.Errorf("TSTInfo: %w", ErrFormat)
	}
	again, err := i.encode()
	if err != nil || !bytes.Equal(again, b) {
		return nil, fmt.Errorf("TSTInfo is not canonical: %w", ErrFormat)
	}
	return i, nil
}

func (i *tstInfo) read(in cryptobyte.String) bool {
	var version int64
	var at cryptobyte.String
	i.serial = new(big.Int)
	if !in.ReadASN1Integer(&version) || version != 1 || !in.ReadASN1ObjectIdentifier(&i.policy) ||
		!readImprint(&in, &i.imprint) ||
		!in.ReadASN1Integer(i.serial) || i.serial.Sign() <= 0 || i.serial.BitLen() > MaxSerial ||
		!in.ReadASN1(&at, cbasn1.GeneralizedTime) {
		return false
	}
	var ok bool
	if i.time, ok = der.ParseGeneralizedTime(string(at)); !ok {
		return false
	}
	if in.PeekASN1Tag(cbasn1.SEQUENCE) && !i.readAccuracy(&in) {
		return false
	}
	if in.PeekASN1Tag(cbasn1.BOOLEAN) && (!in.ReadASN1Boolean(&i.ordering) || !i.ordering) {
		return false
	}
	if in.PeekASN1Tag(cbasn1.INTEGER) {
		i.nonce = new(big.Int)
		if !in.ReadASN1Integer(i.nonce) || i.nonce.BitLen() > MaxSerial {
			return false
		}
	}
	if tsa := cbasn1.Tag(0).Constructed().ContextSpecific(); in.PeekASN1Tag(tsa) {
		var name cryptobyte.String
		if !in.ReadASN1Element(&name, tsa) {
			return false
		}
		i.tsa = name
	}
	return in.Empty()
}

// readImprint reads MessageImprint with SM3.
func readImprint(in *cryptobyte.String, out *gm.Digest) bool {
	var imprint, alg, null cryptobyte.String
	var oid asn1.ObjectIdentifier
	var digest []byte
	if !in.ReadASN1(&imprint, cbasn1.SEQUENCE) || !imprint.ReadASN1(&alg, cbasn1.SEQUENCE) ||
		!alg.ReadASN1ObjectIdentifier(&oid) || !oid.Equal(der.SM3) ||
		!alg.ReadASN1(&null, cbasn1.NULL) || !null.Empty() || !alg.Empty() ||
		!imprint.ReadASN1Bytes(&digest, cbasn1.OCTET_STRING) || !imprint.Empty() || len(digest) != gm.DigestSize {
		return false
	}
	copy(out[:], digest)
	return true
}

func (i *tstInfo) readAccuracy(in *cryptobyte.String) bool {
	var body cryptobyte.String
	var seconds, millis, micros int64
	if !in.ReadASN1(&body, cbasn1.SEQUENCE) ||
		body.PeekASN1Tag(cbasn1.INTEGER) && !body.ReadASN1Integer(&seconds) ||
		!readTagged(&body, 0, &millis) || !readTagged(&body, 1, &micros) || !body.Empty() {
		return false
	}
	if seconds < 0 || seconds > maxAccuracySeconds || millis < 0 || millis > 999 || micros < 0 || micros > 999 {
		return false
	}
	i.accuracy = time.Duration(seconds)*time.Second + time.Duration(millis)*time.Millisecond + time.Duration(micros)*time.Microsecond
	return true
}

func readTagged(in *cryptobyte.String, number uint8, out *int64) bool {
	tag := cbasn1.Tag(number).ContextSpecific()
	return !in.PeekASN1Tag(tag) || in.ReadASN1Int64WithTag(out, tag)
}
