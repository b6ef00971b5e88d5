// Package ses makes electronic seals and electronic seal signatures of GB/T 38540-2020 (version 4), and reads those and the ones
// of GM/T 0031-2014 (version 1) and GM/T 0031-2025 (version 5). It reads DER only; of version 4 canonical DER, which re-encodes to
// the same bytes, unless it names a quirk of vendors. Signatures are verified over the bytes received. Chains, validity and
// revocation are not judged here.
package ses

import (
	"encoding/asn1"
	"errors"
	"time"

	"yinzheng/internal/gm"
)

// Version is the version that this package makes (GB/T 38540-2020).
const Version = 4

// The other versions that are read.
const (
	Version1 = 1 // GM/T 0031-2014, whatever number its header has: it is told by its two parts
	Version5 = 5 // GM/T 0031-2025
)

// Quirks of vendors: the values of Seal.Dialect and Signature.Dialect (standards.md, 9).
const (
	QuirkRaw               = "raw-rs"             // signature value of r and s, 32 bytes each, instead of DER
	QuirkAlgorithm         = "algorithm-sm2-sign" // 1.2.156.10197.1.301.1 where .1.501 belongs
	QuirkMisprint          = "algorithm-misprint" // 1.2.156.10197.501
	QuirkExtensionsTagged  = "extdatas-tagged"    // SES_SealInfo.extDatas in [0], as the text of GM/T 0031 has it
	QuirkExtensionsPlain   = "extdatas-untagged"  // TBS_Sign.extDatas without [0]
	QuirkExtensionsEmpty   = "extdatas-empty"     // extDatas without any
	QuirkExtensionsDefault = "extdatas-default"   // critical FALSE written out
	QuirkDigestType        = "digest-type"        // certDigestList names its algorithm otherwise than by the identifier of SM3
	QuirkCertText          = gm.OddText           // see gm.ParseAnyCertificate
	QuirkTimeForm          = "time-form"          // UTCTime where GeneralizedTime belongs, or the other way round
	QuirkV1Number          = "v1-number"          // a number of the version other than 1
	QuirkV1CertList        = "v1-certlist"        // an entry of certList that is no certificate: it lists nobody
	QuirkV1TimeText        = "v1-time-text"       // timeInfo is text
	QuirkV1TimeUnknown     = "v1-time-unknown"    // timeInfo that cannot be read
	QuirkV1TimeElement     = "v1-time-element"    // timeInfo is a time instead of a BIT STRING
)

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
	// ErrFormat means that bytes are not exactly one seal or seal signature in DER.
	ErrFormat = errors.New("ses: not a seal or seal signature of GB/T 38540 or GM/T 0031")
	// ErrVersion means a seal or signature of another version than 1, 4 and 5, or, when making, than 4.
	ErrVersion = errors.New("ses: seal or seal signature of another version")
	// ErrLimit means that a part is larger than this package allows.
	ErrLimit = errors.New("ses: seal or seal signature is too large")
	// ErrCertificate means that a maker's or signer's certificate cannot be read or has no SM2 key.
	ErrCertificate = errors.New("ses: certificate cannot be used")
	// ErrNotListed means that the seal does not list the signer's certificate.
	ErrNotListed = errors.New("ses: signer's certificate is not listed in the seal")
	// ErrExtension means a critical extension that this package does not know.
	ErrExtension = errors.New("ses: unknown critical extension")
	// ErrAlgorithm means another signature algorithm than SM2 with SM3; it comes with ErrFormat.
	ErrAlgorithm = errors.New("ses: signature algorithm is not SM2 with SM3")
)

// Seal is an SESeal.
type Seal struct {
	Raw       []byte   // the whole SESeal, DER
	Version   int      // 1, 4 or 5, by the form; Info.Version is the number in the header
	Dialect   []string // Quirk constants; empty for what the standards write
	Info      SealInfo
	MakerCert []byte // certificate of the seal's maker (制章者), DER
	SignAlg   asn1.ObjectIdentifier
	Signature []byte // over SES_SealInfo, in version 1 with certificate and algorithm: DER of r and s, or see QuirkRaw
	Timestamp []byte // token over Signature (version 5); nil when there is none

	signed []byte // what the maker signed, as received
}

// SealInfo is an SES_SealInfo. Exactly one of Certs and CertDigests has entries when making.
type SealInfo struct {
	Version      int    // 0 means 4 when making
	VendorID     string // Vid, ASCII
	ID           string // esID, ASCII
	Name         string // 印章名称
	Type         int    // kind of seal, an open code list
	Certs        [][]byte
	CertDigests  []gm.Digest  // SM3 of the certificates
	OtherDigests []CertDigest // by other algorithms, when reading only
	Created      time.Time    // whole seconds, UTC
	NotBefore    time.Time
	NotAfter     time.Time
	Picture      Picture
	Extensions   []Extension
}

// CertDigest is a CertDigestObj of another algorithm than SM3.
type CertDigest struct {
	Type  string // as written; Lists knows SHA-256
	Value []byte
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
	Raw        []byte   // the whole SES_Signature, DER
	Version    int      // 1, 4 or 5: that of the seal
	Dialect    []string // Quirk constants, without those of the seal; empty for what the standards write
	Seal       *Seal
	Time       time.Time // timeInfo: claimed by the signer, UTC, of whole seconds but in version 1; zero when TimeInfo is not a time
	TimeInfo   []byte    // version 1: content of timeInfo as received, a timestamp token when it begins with 0x30
	DataHash   gm.Digest
	Property   string // what was hashed, ASCII
	Extensions []Extension
	SignerCert []byte // certificate of the signer (签章人), DER
	SignAlg    asn1.ObjectIdentifier
	Value      []byte // over TBS_Sign: DER of r and s, or see QuirkRaw
	Timestamp  []byte // token over the digest of Value; nil when there is none

	tbs []byte // TBS_Sign as received
}

// ToSign is what a seal signature states.
type ToSign struct {
	Seal     *Seal
	Time     time.Time // cut to whole seconds
	DataHash gm.Digest
	Property string // ASCII
}
