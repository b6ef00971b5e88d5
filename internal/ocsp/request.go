package ocsp

import (
	"encoding/asn1"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"yinzheng/internal/der"
)

// ParseRequest reads one OCSPRequest of at most MaxRequest bytes. A requestor's name and extensions that are not critical are
// passed over. Errors: ErrRequest, ErrUnsupported.
func ParseRequest(b []byte) (*Request, error) {
	if err := der.Check(b, der.Limits{MaxBytes: MaxRequest, MaxDepth: maxDepth}); err != nil {
		return nil, fmt.Errorf("parsing an OCSP request: %w: %w", ErrRequest, err)
	}
	in := cryptobyte.String(b)
	var outer, tbs, list cryptobyte.String
	if !in.ReadASN1(&outer, cbasn1.SEQUENCE) || !outer.ReadASN1(&tbs, cbasn1.SEQUENCE) {
		return nil, fmt.Errorf("parsing an OCSP request: %w", ErrRequest)
	}
	if outer.PeekASN1Tag(explicit(0)) {
		return nil, fmt.Errorf("parsing an OCSP request that is signed: %w", ErrUnsupported)
	}
	if tbs.PeekASN1Tag(explicit(0)) { // v1, the default, which DER leaves out
		return nil, fmt.Errorf("parsing an OCSP request of another version than 1: %w", ErrRequest)
	}
	if !outer.Empty() || !tbs.SkipOptionalASN1(explicit(1)) || !tbs.ReadASN1(&list, cbasn1.SEQUENCE) {
		return nil, fmt.Errorf("parsing an OCSP request: %w", ErrRequest)
	}
	r := new(Request)
	for !list.Empty() {
		if len(r.IDs) == MaxIDs {
			return nil, fmt.Errorf("parsing an OCSP request: more than %d certificates: %w", MaxIDs, ErrRequest)
		}
		id, err := readRequestOne(&list)
		if err != nil {
			return nil, fmt.Errorf("parsing an OCSP request: %w", err)
		}
		r.IDs = append(r.IDs, id)
	}
	if len(r.IDs) == 0 {
		return nil, fmt.Errorf("parsing an OCSP request for nothing: %w", ErrRequest)
	}
	var err error
	if r.Nonce, err = readExtensions(&tbs, 2, ErrRequest); err != nil {
		return nil, fmt.Errorf("parsing an OCSP request: %w", err)
	}
	if !tbs.Empty() {
		return nil, fmt.Errorf("parsing an OCSP request: more than its extensions: %w", ErrRequest)
	}
	return r, nil
}

func readRequestOne(list *cryptobyte.String) (CertID, error) {
	var one cryptobyte.String
	if !list.ReadASN1(&one, cbasn1.SEQUENCE) {
		return CertID{}, ErrRequest
	}
	id, err := readID(&one, ErrRequest)
	if err != nil {
		return CertID{}, err
	}
	if _, err := readExtensions(&one, 0, ErrRequest); err != nil {
		return CertID{}, err
	}
	if !one.Empty() {
		return CertID{}, fmt.Errorf("more than a CertID and extensions: %w", ErrRequest)
	}
	return id, nil
}

// readExtensions reads optional Extensions under an explicit tag and returns the nonce, nil when there is none. An extension
// that occurs twice, and a nonce of a wrong length, are malformed; any other critical one is ErrUnsupported.
func readExtensions(in *cryptobyte.String, tag uint8, malformed error) (nonce []byte, err error) {
	var outer, list cryptobyte.String
	var present bool
	if !in.ReadOptionalASN1(&outer, &present, explicit(tag)) {
		return nil, fmt.Errorf("extensions: %w", malformed)
	}
	if !present {
		return nil, nil
	}
	if !outer.ReadASN1(&list, cbasn1.SEQUENCE) || !outer.Empty() || list.Empty() {
		return nil, fmt.Errorf("extensions: %w", malformed)
	}
	seen := make(map[string]bool)
	for !list.Empty() {
		oid, critical, value, ok := readExtension(&list)
		if !ok || seen[oid.String()] || len(seen) == maxExtensions {
			return nil, fmt.Errorf("extensions: not one each, or more than %d: %w", maxExtensions, malformed)
		}
		seen[oid.String()] = true
		if oid.Equal(der.OCSPNonce) {
			if !value.ReadASN1Bytes(&nonce, cbasn1.OCTET_STRING) || !value.Empty() || len(nonce) == 0 || len(nonce) > MaxNonce {
				return nil, fmt.Errorf("the nonce is not an OCTET STRING of 1 to %d bytes: %w", MaxNonce, malformed)
			}
		} else if critical {
			return nil, fmt.Errorf("critical extension %v: %w", oid, ErrUnsupported)
		}
	}
	return nonce, nil
}

func readExtension(list *cryptobyte.String) (oid asn1.ObjectIdentifier, critical bool, value cryptobyte.String, ok bool) {
	var ext cryptobyte.String
	if !list.ReadASN1(&ext, cbasn1.SEQUENCE) || !ext.ReadASN1ObjectIdentifier(&oid) {
		return nil, false, nil, false
	}
	if ext.PeekASN1Tag(cbasn1.BOOLEAN) && (!ext.ReadASN1Boolean(&critical) || !critical) { // FALSE is the default
		return nil, false, nil, false
	}
	ok = ext.ReadASN1(&value, cbasn1.OCTET_STRING) && ext.Empty()
	return oid, critical, value, ok
}

// Encode writes the request. Errors: ErrRequest.
func (r *Request) Encode() ([]byte, error) {
	if len(r.IDs) == 0 || len(r.IDs) > MaxIDs || r.Nonce != nil && len(r.Nonce) == 0 || len(r.Nonce) > MaxNonce {
		return nil, fmt.Errorf("encoding an OCSP request for %d certificates with a nonce of %d bytes: %w", len(r.IDs), len(r.Nonce), ErrRequest)
	}
	for _, id := range r.IDs {
		if !id.complete() {
			return nil, fmt.Errorf("encoding an OCSP request: an incomplete CertID: %w", ErrRequest)
		}
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				for _, id := range r.IDs {
					b.AddASN1(cbasn1.SEQUENCE, id.add)
				}
			})
			addNonce(b, 2, r.Nonce)
		})
	})
	return b.Bytes()
}

// addNonce writes Extensions with the nonce, nothing when it is nil.
func addNonce(b *cryptobyte.Builder, tag uint8, nonce []byte) {
	if nonce == nil {
		return
	}
	b.AddASN1(explicit(tag), func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(der.OCSPNonce)
				b.AddASN1(cbasn1.OCTET_STRING, func(b *cryptobyte.Builder) { b.AddASN1OctetString(nonce) })
			})
		})
	})
}

// explicit is the tag of an explicitly tagged field.
func explicit(tag uint8) cbasn1.Tag { return cbasn1.Tag(tag).ContextSpecific().Constructed() }
