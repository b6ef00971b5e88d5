package tsp

import (
	"encoding/asn1"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"yinzheng/internal/der"
)

// messageImprint is MessageImprint (RFC 3161, 2.4.1).
type messageImprint struct {
	hash   asn1.ObjectIdentifier
	digest []byte
	bare   bool // the algorithm identifier has no NULL
}

// isHash reports whether tokens are made for digests of this algorithm; both digests have 32 bytes.
func isHash(oid asn1.ObjectIdentifier) bool { return oid.Equal(der.SM3) || oid.Equal(der.SHA256) }

func (i messageImprint) add(b *cryptobyte.Builder) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(i.hash)
			if !i.bare {
				b.AddASN1NULL()
			}
		})
		b.AddASN1OctetString(i.digest)
	})
}

// readImprint reads MessageImprint of any algorithm without parameters, and of any length.
func readImprint(in *cryptobyte.String) (i messageImprint, ok bool) {
	var imprint, alg, null cryptobyte.String
	var hasNull bool
	ok = in.ReadASN1(&imprint, cbasn1.SEQUENCE) && imprint.ReadASN1(&alg, cbasn1.SEQUENCE) &&
		alg.ReadASN1ObjectIdentifier(&i.hash) &&
		alg.ReadOptionalASN1(&null, &hasNull, cbasn1.NULL) && null.Empty() && alg.Empty() &&
		imprint.ReadASN1Bytes(&i.digest, cbasn1.OCTET_STRING) && imprint.Empty()
	i.bare = !hasNull
	return i, ok
}
