package der

import "encoding/asn1"

// Object identifiers of the Chinese commercial algorithms (GM/T 0006) and of GB/T 35275. They are constants in all but the
// language's name: nothing may write to them.
var (
	SM2Sign      = asn1.ObjectIdentifier{1, 2, 156, 10197, 1, 301, 1} // SM2 signature, in SignerInfo
	SM2WithSM3   = asn1.ObjectIdentifier{1, 2, 156, 10197, 1, 501}    // in certificates and seals
	SM3          = asn1.ObjectIdentifier{1, 2, 156, 10197, 1, 401}
	GMData       = asn1.ObjectIdentifier{1, 2, 156, 10197, 6, 1, 4, 2, 1}
	GMSignedData = asn1.ObjectIdentifier{1, 2, 156, 10197, 6, 1, 4, 2, 2}
)

// Object identifiers of PKCS#7, PKCS#9, RFC 3161 and RFC 5035.
var (
	Data                 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	SignedData           = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	AttrContentType      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	AttrMessageDigest    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	AttrSigningTime      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5}
	AttrSigningCertV2    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	TSTInfo              = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	ExtKeyUsageExtension = asn1.ObjectIdentifier{2, 5, 29, 37}
	AnyPolicy            = asn1.ObjectIdentifier{2, 5, 29, 32, 0}
	TrustListSigning     = asn1.ObjectIdentifier{0, 4, 0, 2231, 3, 0} // id-tsl-kp-tslSigning, ETSI TS 119 612, 5.7.1
)
