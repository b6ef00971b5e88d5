package chain_test

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"net/netip"
	"testing"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// general is a GeneralName: a tag and its content (RFC 5280, 4.2.1.6).
type general struct {
	tag     cbasn1.Tag
	content []byte
}

func text(tag uint8, s string) general { return general{cbasn1.Tag(tag).ContextSpecific(), []byte(s)} }
func mail(s string) general            { return text(1, s) }
func dns(s string) general             { return text(2, s) }
func uri(s string) general             { return text(6, s) }

// address is an iPAddress; with a mask, for a constraint, when s has a slash.
func address(s string) general {
	if p, err := netip.ParsePrefix(s); err == nil {
		mask := make([]byte, p.Addr().BitLen()/8)
		for i := range p.Bits() {
			mask[i/8] |= 0x80 >> (i % 8)
		}
		return general{cbasn1.Tag(7).ContextSpecific(), append(p.Addr().AsSlice(), mask...)}
	}
	return general{cbasn1.Tag(7).ContextSpecific(), netip.MustParseAddr(s).AsSlice()}
}

// directory is a Name of organisation and organisational units, each an RDN.
func directory(parts ...string) general { return directoryOf(named(parts...)) }

func directoryOf(n pkix.Name) general {
	b, err := asn1.Marshal(n.ToRDNSequence())
	if err != nil {
		panic(err) // strings of the tests
	}
	return general{cbasn1.Tag(4).ContextSpecific().Constructed(), b}
}

// named is a Name of a country, an organisation and organisational units, in that order.
func named(parts ...string) pkix.Name {
	n := pkix.Name{ExtraNames: []pkix.AttributeTypeAndValue{{Type: asn1.ObjectIdentifier{2, 5, 4, 6}, Value: "CN"}}}
	for i, p := range parts {
		kind := asn1.ObjectIdentifier{2, 5, 4, 11}
		if i == 0 {
			kind = asn1.ObjectIdentifier{2, 5, 4, 10}
		}
		n.ExtraNames = append(n.ExtraNames, pkix.AttributeTypeAndValue{Type: kind, Value: p})
	}
	return n
}

// typed is a Name of a country and an organisation that is written in another ASN.1 type.
func typed(tag int, organisation string) pkix.Name {
	n := named("")
	n.ExtraNames[1].Value = asn1.RawValue{Tag: tag, Bytes: []byte(organisation)}
	return n
}

// other is an otherName: a user principal name.
func other() general {
	return general{cbasn1.Tag(0).ContextSpecific().Constructed(), []byte{6, 3, 0x55, 4, 3, 0xa0, 3, 12, 1, 'x'}}
}

// registered is a registeredID.
func registered() general {
	return general{cbasn1.Tag(8).ContextSpecific(), []byte{0x55, 4, 3}}
}

// alternativeNames is the value of a subjectAltName.
func alternativeNames(names ...general) []byte {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, n := range names {
			b.AddASN1(n.tag, func(b *cryptobyte.Builder) { b.AddBytes(n.content) })
		}
	})
	return b.BytesOrPanic()
}

func alternative(critical bool, names ...general) change {
	return extension(pkix.Extension{Id: idCE(17), Critical: critical, Value: alternativeNames(names...)})
}

// nameConstraints is the value of a nameConstraints.
func nameConstraints(permitted, excluded []general) []byte {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for i, list := range [][]general{permitted, excluded} {
			if list == nil {
				continue
			}
			b.AddASN1(cbasn1.Tag(i).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
				for _, n := range list {
					b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
						b.AddASN1(n.tag, func(b *cryptobyte.Builder) { b.AddBytes(n.content) })
					})
				}
			})
		}
	})
	return b.BytesOrPanic()
}

func constrained(permitted, excluded []general) change {
	return extension(pkix.Extension{Id: idCE(30), Critical: true, Value: nameConstraints(permitted, excluded)})
}

func permit(names ...general) change  { return constrained(names, nil) }
func exclude(names ...general) change { return constrained(nil, names) }

// under builds a leaf with alternative names under a CA with constraints.
func under(constraint change, names ...general) func(*scene) {
	return func(s *scene) { s.end(s.ca(s.root, "CA", constraint), alternative(false, names...)) }
}

func TestConstraintsThatCannotBeReadAreRefused(t *testing.T) {
	good := nameConstraints([]general{dns("example.cn")}, []general{address("10.0.0.0/8")})
	for name, b := range badConstraints() {
		if string(b) == string(good) {
			t.Errorf("%s: nothing is wrong with it", name)
		}
		if _, err := readConstraints(b); err == nil {
			t.Errorf("%s was read", name)
		}
	}
}
