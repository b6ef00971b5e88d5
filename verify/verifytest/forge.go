package verifytest

import (
	"encoding/asn1"

	"yinzheng/internal/gm"
)

// Parts are the elements of an SES_Signature (GB/T 38540-2020), to be put together wrongly on purpose.
type Parts struct {
	TBS       []byte // TBS_Sign
	Cert      []byte // DER of the certificate
	Algorithm []byte // OBJECT IDENTIFIER
	Value     []byte // signature
	Timestamp []byte // [0] EXPLICIT BIT STRING; nil for none
}

// Take takes an SES_Signature apart.
func (w *World) Take(signature []byte) Parts {
	w.tb.Helper()
	var elements []asn1.RawValue
	_, err := asn1.Unmarshal(signature, &elements)
	w.must("taking a signature apart", err)
	p := Parts{TBS: elements[0].FullBytes, Algorithm: elements[2].FullBytes}
	_, err = asn1.Unmarshal(elements[1].FullBytes, &p.Cert)
	w.must("taking the certificate", err)
	var value asn1.BitString
	_, err = asn1.Unmarshal(elements[3].FullBytes, &value)
	w.must("taking the signature value", err)
	p.Value = value.Bytes
	if len(elements) > 4 {
		p.Timestamp = elements[4].FullBytes
	}
	return p
}

// Join puts it together again.
func (w *World) Join(p Parts) []byte {
	w.tb.Helper()
	cert, err := asn1.Marshal(p.Cert)
	w.must("encoding the certificate", err)
	value, err := asn1.Marshal(asn1.BitString{Bytes: p.Value, BitLength: 8 * len(p.Value)})
	w.must("encoding the signature value", err)
	elements := []asn1.RawValue{{FullBytes: p.TBS}, {FullBytes: cert}, {FullBytes: p.Algorithm}, {FullBytes: value}}
	if p.Timestamp != nil {
		elements = append(elements, asn1.RawValue{FullBytes: p.Timestamp})
	}
	b, err := asn1.Marshal(elements)
	w.must("putting a signature together", err)
	return b
}

// SignAs lets somebody else sign what a signature states, without a timestamp.
func (w *World) SignAs(signature []byte, signer Identity) []byte {
	w.tb.Helper()
	p := w.Take(signature)
	value, err := gm.Sign(signer.Key, p.TBS)
	w.must("signing", err)
	p.Cert, p.Value, p.Timestamp = signer.DER(), value, nil
	return w.Join(p)
}
