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
	Data                     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	SignedData               = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	AttrContentType          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	AttrMessageDigest        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	AttrSigningTime          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5}
	AttrSigningCertV2        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	TSTInfo                  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	ExtKeyUsageExtension     = asn1.ObjectIdentifier{2, 5, 29, 37}
	NameConstraintsExtension = asn1.ObjectIdentifier{2, 5, 29, 30}
	AnyPolicy                = asn1.ObjectIdentifier{2, 5, 29, 32, 0}
	TrustListSigning         = asn1.ObjectIdentifier{0, 4, 0, 2231, 3, 0} // id-tsl-kp-tslSigning, ETSI TS 119 612, 5.7.1
)

// Object identifiers of the hashes and signatures beside the Chinese ones (RFC 3279, RFC 5754, RFC 5758).
var (
	SHA1            = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26} // in identifiers of OCSP only, never under a signature
	SHA256          = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	SHA384          = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}
	SHA512          = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}
	ECDSAWithSHA256 = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}
)

// Object identifiers of OCSP (RFC 6960, 4; RFC 8954).
var (
	OCSPBasic   = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1}
	OCSPNonce   = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 2}
	OCSPNoCheck = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}
)
