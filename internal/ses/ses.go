// Package ses makes and reads electronic seals and electronic seal signatures of GB/T 38540-2020 (version 4). It reads
// canonical DER only: what it accepts re-encodes to the same bytes, and signatures are verified over the bytes received.
// Chains, validity and revocation are not judged here.
package ses

import (
	"encoding/asn1"
	"errors"
	"time"

	"yinzheng/internal/gm"
)

// Version is the version that this package makes and reads (GB/T 38540-2020).
const Version = 4

// Limits of what is made and read.
const (
	// MaxPicture bounds the picture of a seal: a 45 mm seal at 1200 dpi is well below it.
	MaxPicture = 1 << 20
	// MaxCertificate bounds one certificate; those of seals take one or two kilobytes.
	MaxCertificate = 16 << 10
	// MaxSigners bounds the certificates or digests that a seal lists.
	MaxSigners = 64
	// MaxText bounds esID, Vid, name, property and picture type, in bytes.
	MaxText = 1024
	// MaxTimestamp bounds the timestamp token of a signature.
	MaxTimestamp = 64 << 10
	// MaxExtensions bounds extDatas, and MaxExtension the value of one of them.
	MaxExtensions = 16
	MaxExtension  = 64 << 10
	// MaxMillimetres bounds both sides of a picture: an A3 page.
	MaxMillimetres = 420
	// MaxSeal bounds one SESeal: all of the above together.
	MaxSeal = MaxPicture + (MaxSigners+1)*(MaxCertificate+64) + MaxExtensions*(MaxExtension+64) + 8*MaxText
	// MaxSignature bounds one SES_Signature.
	MaxSignature = MaxSeal + MaxCertificate + MaxTimestamp + MaxExtensions*(MaxExtension+64) + 8*MaxText
	// maxDepth bounds nesting: SES_Signature needs 7.
	maxDepth = 12
)

// Errors of making, reading and verifying; a wrong SM2 signature is gm.ErrSignature.
var (
	// ErrFormat means that bytes are not exactly one canonical object of version 4.
	ErrFormat = errors.New("ses: not a seal or seal signature of GB/T 38540-2020")
	// ErrVersion means a seal or signature of GM/T 0031-2014 (version 1) or GM/T 0031-2025 (version 5), or of another one.
	ErrVersion = errors.New("ses: seal or seal signature of another version")
	// ErrLimit means that a part is larger than this package allows.
	ErrLimit = errors.New("ses: seal or seal signature is too large")
	// ErrCertificate means that a maker's or signer's certificate cannot be read or has no SM2 key.
	ErrCertificate = errors.New("ses: certificate cannot be used")
	// ErrNotListed means that the seal does not list the signer's certificate.
	ErrNotListed = errors.New("ses: signer's certificate is not listed in the seal")
	// ErrExtension means a critical extension that this package does not know.
	ErrExtension = errors.New("ses: unknown critical extension")
)

// Seal is an SESeal.
type Seal struct {
	Raw       []byte // the whole SESeal, DER
	Info      SealInfo
	MakerCert []byte // certificate of the seal's maker (制章者), DER
	SignAlg   asn1.ObjectIdentifier
	Signature []byte // DER of r and s, over SES_SealInfo

	info []byte // SES_SealInfo as received
}

// SealInfo is an SES_SealInfo. Exactly one of Certs and CertDigests has entries.
type SealInfo struct {
	Version     int    // 0 means 4 when making
	VendorID    string // Vid, ASCII
	ID          string // esID, ASCII
	Name        string // 印章名称
	Type        int    // kind of seal, an open code list
	Certs       [][]byte
	CertDigests []gm.Digest // SM3 of the certificates
	Created     time.Time   // whole seconds, UTC
	NotBefore   time.Time
	NotAfter    time.Time
	Picture     Picture
	Extensions  []Extension
}

// Picture is an SES_ESPictureInfo.
type Picture struct {
	Type          string // "png", "PNG", "ofd", …: compare case-insensitively
	Data          []byte
	Width, Height int // mm
}

// Extension is one ExtData.
type Extension struct {
	ID       asn1.ObjectIdentifier
	Critical bool
	Value    []byte
}

// Signature is an SES_Signature.
type Signature struct {
	Raw        []byte // the whole SES_Signature, DER
	Seal       *Seal
	Time       time.Time // timeInfo: claimed by the signer, whole seconds, UTC
	DataHash   gm.Digest
	Property   string // what was hashed, ASCII
	Extensions []Extension
	SignerCert []byte // certificate of the signer (签章人), DER
	SignAlg    asn1.ObjectIdentifier
	Value      []byte // DER of r and s, over TBS_Sign
	Timestamp  []byte // token over SM3(Value); nil when there is none

	tbs []byte // TBS_Sign as received
}

// ToSign is what a seal signature states.
type ToSign struct {
	Seal     *Seal
	Time     time.Time // cut to whole seconds
	DataHash gm.Digest
	Property string // ASCII
}
