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

// tstInfo is TSTInfo (RFC 3161, 2.4.2) without extensions.
type tstInfo struct {
	policy   asn1.ObjectIdentifier
	imprint  messageImprint
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
		i.imprint.add(b)
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

// readInfo reads exactly one canonical TSTInfo, for a digest of any hash and of 32 bytes.
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

// read reads a TSTInfo without extensions, over a digest of 32 bytes.
func (i *tstInfo) read(in cryptobyte.String) bool {
	return i.readCommon(&in) && isHash(i.imprint.hash) && len(i.imprint.digest) == gm.DigestSize && in.Empty()
}

// readCommon reads all before the extensions; which hash it is, and how long, is for the caller.
func (i *tstInfo) readCommon(in *cryptobyte.String) bool {
	var version int64
	var at cryptobyte.String
	var ok bool
	i.serial = new(big.Int)
	if !in.ReadASN1Integer(&version) || version != 1 || !in.ReadASN1ObjectIdentifier(&i.policy) {
		return false
	}
	if i.imprint, ok = readImprint(in); !ok {
		return false
	}
	if !in.ReadASN1Integer(i.serial) || i.serial.Sign() <= 0 || i.serial.BitLen() > MaxSerial || !in.ReadASN1(&at, cbasn1.GeneralizedTime) {
		return false
	}
	if i.time, ok = der.ParseGeneralizedTime(string(at)); !ok {
		return false
	}
	if in.PeekASN1Tag(cbasn1.SEQUENCE) && !i.readAccuracy(in) {
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
	return true
}

// token has what the TSTInfo says.
func (i *tstInfo) token() *Token {
	t := &Token{Policy: i.policy, Hash: i.imprint.hash, Digest: i.imprint.digest, Serial: i.serial, Time: i.time, Accuracy: i.accuracy,
		Nonce: i.nonce, bare: i.imprint.bare}
	if len(t.Digest) == gm.DigestSize {
		t.Imprint = gm.Digest(t.Digest)
	}
	return t
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
