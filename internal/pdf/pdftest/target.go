package pdftest

import "crypto"

// Target is a PAdES target: a foreign document signed by P256, with a timestamp by TSA and the revocation list inside.
func (p *PKI) Target() *Target {
	t := &Target{Name: "PAdES", Base: Classic(), PKI: p}
	t.Cert = func(o Options) func([]byte) []byte {
		return func(covered []byte) []byte { return p.P256.Sign(covered, stampedBy(t, o)) }
	}
	t.Trust = func(base []byte, s Seal) []byte {
		if s.Sign == nil {
			s.Sign = t.Cert(Options{})
		}
		return Sign(base, s)
	}
	t.By = func(_ Identity, base []byte, s Seal) []byte { return Sign(base, s) }
	t.first()
	return t
}

// The names of the Chinese profiles.
const (
	FilterGM  = "GM.PKILite"
	SubSeal   = "GM.sm2seal"
	SubSM2CMS = "GM.sm2cms.detached"
)

// SM2Target is a foreign document with signed data of GB/T 35275 by an SM2 signer, with a timestamp by an SM2 authority.
func (p *PKI) SM2Target(cert []byte, key crypto.Signer, tsaCert []byte, tsaKey crypto.Signer) *Target {
	t := &Target{Name: "SM2 CMS", Base: Classic(), PKI: p}
	signer, tsa := Identity{cert, key}, Identity{tsaCert, tsaKey}
	t.Cert = func(o Options) func([]byte) []byte {
		o.GM = true
		o.Stamp = func(v []byte) []byte { return tsa.Token(v, p.Now, nil) }
		return func(covered []byte) []byte { return signer.Sign(covered, o) }
	}
	t.Trust = func(base []byte, s Seal) []byte {
		s.Filter, s.SubFilter = or(s.Filter, FilterGM), or(s.SubFilter, SubSM2CMS)
		if s.Sign == nil {
			s.Sign = t.Cert(Options{})
		}
		return Sign(base, s)
	}
	t.first()
	return t
}

// SealTarget is a document (nil for Classic) under an SES_Signature.
func (p *PKI) SealTarget(name string, base []byte, seal func(covered []byte, wrong SealWrong) []byte) *Target {
	t := &Target{Name: name, Base: base, PKI: p, Seal: seal}
	if base == nil {
		t.Base = Classic()
	}
	t.Trust = func(base []byte, s Seal) []byte {
		s.Filter, s.SubFilter = or(s.Filter, FilterGM), or(s.SubFilter, SubSeal)
		if s.Sign == nil {
			s.Sign = func(b []byte) []byte { return seal(b, SealRight) }
		}
		return Sign(base, s)
	}
	t.first()
	return t
}

func (t *Target) first() {
	t.File = t.Trust(t.Base, Seal{Field: "Office"})
	if t.Seal == nil {
		t.File = t.Trust(t.Base, Seal{Field: "Office", Rect: "[400 300 500 400]", Look: "1 0 0 RG 2 w 1 1 98 98 re S"})
	}
}
