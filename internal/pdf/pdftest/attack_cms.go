package pdftest

import (
	"bytes"
	"slices"
)

// with lets the trusted signer sign with options, before and changed with changes to the parts.
func (m *made) with(want Want, name string, o Options) {
	m.add(want, name, func(t *Target) []byte {
		if t.Cert == nil {
			return nil
		}
		return t.Trust(t.Base, Seal{Field: "Office", Sign: t.Cert(o)})
	})
}

func (m *made) before(want Want, name string, f func(c *CMS)) {
	m.with(want, name, Options{Before: f})
}

func (m *made) changed(want Want, name string, f func(c *CMS)) {
	m.with(want, name, Options{After: f})
}

// signedData are signatures of the trusted signer that are put together wrongly.
func signedData() []Attack {
	m := &made{class: 12}
	m.before(NotValid, "other content inside", func(c *CMS) { c.Content = []byte("something else") })
	m.before(NotValid, "empty content inside", func(c *CMS) { c.Content = []byte{} })
	m.changed(Invalid, "no signer", func(c *CMS) { c.Infos = nil })
	m.changed(NotValid, "the signer twice", func(c *CMS) {
		again := c.Infos[0]
		again.Unsigned = []Attr{{attrUnknown, [][]byte{null}}}
		c.Infos = append(c.Infos, again)
	})
	m.before(NotValid, "no content type", func(c *CMS) { c.Infos[0].drop(attrType) })
	m.before(NotValid, "another content type", func(c *CMS) { c.Infos[0].put(attrType, oidTST) })
	m.before(NotValid, "content type of two values", func(c *CMS) { c.Infos[0].put(attrType, c.ContentType, oidTST) })
	m.before(NotValid, "content type twice", func(c *CMS) {
		c.Infos[0].Attrs = append(c.Infos[0].Attrs, Attr{attrType, [][]byte{c.ContentType}})
	})
	m.before(NotValid, "no digest", func(c *CMS) { c.Infos[0].drop(attrDigest) })
	m.before(Invalid, "digest of something else", func(c *CMS) { c.Infos[0].put(attrDigest, octets(make([]byte, 32))) })
	m.before(NotValid, "digest of two values", func(c *CMS) {
		c.Infos[0].Attrs[1].Values = append(c.Infos[0].Attrs[1].Values, octets(make([]byte, 32)))
	})
	m.before(NotValid, "digest twice", func(c *CMS) {
		c.Infos[0].Attrs = append(c.Infos[0].Attrs, Attr{attrDigest, [][]byte{octets(make([]byte, 32))}})
	})
	m.before(NotValid, "digest of half the length", func(c *CMS) { c.Infos[0].put(attrDigest, octets(make([]byte, 16))) })
	m.before(NotValid, "signing certificate of somebody else", func(c *CMS) { c.Infos[0].put(attrESS, essOf([]byte("another certificate"), false)) })
	m.before(NotValid, "attributes out of order", func(c *CMS) {
		i := &c.Infos[0]
		slices.SortFunc(i.Attrs, func(a, b Attr) int { return bytes.Compare(b.der(), a.der()) })
		i.Unsorted = true
	})
	m.before(NotValid, "no attribute value", func(c *CMS) { c.Infos[0].put(attrDigest) })
	m.values()
	return m.list
}

// values are wrong algorithms, values and signers.
func (m *made) values() {
	m.changed(NotValid, "another digest algorithm named", func(c *CMS) { c.Infos[0].Digest = seq(oidSHA512) })
	m.changed(NotValid, "digest algorithm missing from the list", func(c *CMS) { c.Digests = [][]byte{seq(oidSHA512)} })
	m.changed(NotValid, "another signature algorithm named", func(c *CMS) {
		c.Infos[0].Signature = seq(oid(1, 2, 840, 113549, 1, 1, 11), null)
	})
	m.with(NotValid, "SHA-1", Options{Hash: SHA1})
	m.with(NotValid, "MD5", Options{Hash: MD5})
	m.changed(Invalid, "value of zeros", func(c *CMS) { c.Infos[0].Value = seq(small(0), small(0)) })
	m.changed(Invalid, "value empty", func(c *CMS) { c.Infos[0].Value = nil })
	m.changed(Invalid, "value 1, 1", func(c *CMS) { c.Infos[0].Value = seq(small(1), small(1)) })
	m.changed(NotValid, "value with rubbish behind", func(c *CMS) { c.Infos[0].Value = append(bytes.Clone(c.Infos[0].Value), 0, 1, 2) })
	m.changed(Invalid, "value's s beyond the order", func(c *CMS) {
		c.Infos[0].Value = seq(small(1), tlv(2, append([]byte{0}, bytes.Repeat([]byte{0xff}, 32)...)))
	})
	m.changed(NotValid, "no certificate", func(c *CMS) { c.Certs = nil })
	m.changed(NotValid, "signer named by a key identifier nobody has", func(c *CMS) {
		c.Version, c.Infos[0].Version, c.Infos[0].SID = 3, 3, tlv(0x80, []byte{1, 2, 3})
	})
	m.changed(NotValid, "signer of another serial number", func(c *CMS) {
		n := namesOf(c.Certs[0])
		c.Infos[0].SID = seq(n.issuer, small(1))
	})
	m.before(NotValid, "no signed attributes", func(c *CMS) { c.Infos[0].Bare = true })
	m.changed(NotValid, "version 9", func(c *CMS) { c.Version = 9 })
	m.changed(NotValid, "another outer type", func(c *CMS) { c.Outer = oidTST })
	wrapped := func(want Want, name string, f func(cms []byte) []byte) {
		m.add(want, name, func(t *Target) []byte {
			if t.Cert == nil {
				return nil
			}
			sign := t.Cert(Options{})
			return t.Trust(t.Base, Seal{Field: "Office", Sign: func(b []byte) []byte { return f(sign(b)) }})
		})
	}
	wrapped(Invalid, "cut short", func(b []byte) []byte { return b[:len(b)-40] })
	wrapped(Invalid, "rubbish behind it", func(b []byte) []byte { return append(b, 0, 0, 1) })
	wrapped(Invalid, "inside another sequence", func(b []byte) []byte { return seq(b) })
	wrapped(Invalid, "a text", func([]byte) []byte { return []byte("signed, the office") })
	for _, f := range []string{"adbe.x509.rsa_sha1", "adbe.pkcs7.sha1", "ETSI.CAdES", "Example.detached"} {
		m.add(NotValid, "announced as "+f, func(t *Target) []byte { return t.Trust(t.Base, Seal{Field: "Office", SubFilter: f}) })
	}
	m.by("key for enciphering", func(p *PKI) Identity { return p.Unfit })
	m.by("certificate ended", func(p *PKI) Identity { return p.Expired })
	m.by("certificate revoked", func(p *PKI) Identity { return p.Revoked })
	m.by("stranger of the same names", func(p *PKI) Identity { return p.Stranger })
	m.by("another's key under the trusted certificate", func(p *PKI) Identity { return Identity{p.P256.Cert, p.Stranger.Key} })
	m.by("a timestamp authority's certificate", func(p *PKI) Identity { return p.TSA })
	honest := func(name string, by func(p *PKI) Identity, o Options) {
		m.add(Valid, name, func(t *Target) []byte {
			if t.By == nil {
				return nil
			}
			i := by(t.PKI)
			return t.By(i, t.Base, Seal{Field: "Office", Sign: func(b []byte) []byte { return i.Sign(b, stampedBy(t, o)) }})
		})
	}
	honest("P-384", func(p *PKI) Identity { return p.P384 }, Options{})
	honest("RSA", func(p *PKI) Identity { return p.RSA }, Options{})
	honest("RSA with SHA-512", func(p *PKI) Identity { return p.RSA }, Options{Hash: SHA512})
	honest("RSA-PSS", func(p *PKI) Identity { return p.RSA }, Options{PSS: true})
	honest("with the root inside", func(p *PKI) Identity { return p.P256 }, Options{})
}

// stampedBy adds the trusted timestamp and the authority's revocation list.
func stampedBy(t *Target, o Options) Options {
	o.CRLs = [][]byte{t.PKI.List}
	o.Stamp = func(v []byte) []byte { return t.PKI.TSA.Token(v, t.PKI.Now, nil) }
	return o
}

// by lets somebody else of the PKI sign.
func (m *made) by(name string, who func(p *PKI) Identity) {
	m.add(NotValid, name, func(t *Target) []byte {
		if t.By == nil {
			return nil
		}
		i := who(t.PKI)
		return t.By(i, t.Base, Seal{Field: "Office", Sign: func(b []byte) []byte { return i.Sign(b, stampedBy(t, Options{})) }})
	})
}

// DocTimestamp appends a document timestamp (ISO 32000-2, 12.8.5).
func DocTimestamp(file []byte, token func(covered []byte) []byte) []byte {
	return Sign(file, Seal{Field: "Stamp", Type: "DocTimeStamp", SubFilter: "ETSI.RFC3161", Sign: token})
}

// token signs with a timestamp token that f makes of the value.
func (m *made) token(want Want, name string, f func(t *Target, value []byte) []byte) {
	m.add(want, name, func(t *Target) []byte {
		if t.By == nil {
			return nil
		}
		return t.By(t.PKI.P256, t.Base, Seal{Field: "Office", Sign: func(b []byte) []byte {
			return t.PKI.P256.Sign(b, Options{CRLs: [][]byte{t.PKI.List}, Stamp: func(v []byte) []byte { return f(t, v) }})
		}})
	})
}

// dts adds a document timestamp.
func (m *made) dts(want Want, name string, sign func(t *Target, covered []byte) []byte) {
	m.add(want, name, func(t *Target) []byte {
		if t.By == nil {
			return nil
		}
		return DocTimestamp(t.File, func(b []byte) []byte { return sign(t, b) })
	})
}

// stamped are wrong timestamps and wrong evidence.
func stamped() []Attack {
	m := &made{class: 13}
	m.token(NotValid, "token over something else", func(t *Target, _ []byte) []byte { return t.PKI.TSA.Token([]byte("else"), t.PKI.Now, nil) })
	m.token(NotValid, "token of a stranger", func(t *Target, v []byte) []byte { return t.PKI.StrangerTSA.Token(v, t.PKI.Now, nil) })
	m.token(NotValid, "token by the signer", func(t *Target, v []byte) []byte { return t.PKI.P256.Token(v, t.PKI.Now, nil) })
	m.token(NotValid, "token with another time put in", func(t *Target, v []byte) []byte {
		return t.PKI.TSA.Token(v, t.PKI.Now, func(s *Stamp) {
			s.After = func(c *CMS) { c.Content = bytes.Replace(c.Content, []byte("2026"), []byte("2025"), 1) }
		})
	})
	m.token(NotValid, "token with a broken value", func(t *Target, v []byte) []byte {
		return t.PKI.TSA.Token(v, t.PKI.Now, func(s *Stamp) { s.After = func(c *CMS) { c.Infos[0].Value = seq(small(1), small(1)) } })
	})
	m.token(NotValid, "token of the future", func(t *Target, v []byte) []byte { return t.PKI.TSA.Token(v, t.PKI.Now.AddDate(5, 0, 0), nil) })
	m.token(NotValid, "token from before the certificates", func(t *Target, v []byte) []byte {
		return t.PKI.TSA.Token(v, t.PKI.Now.AddDate(-20, 0, 0), nil)
	})
	m.token(NotValid, "token with an imprint of MD5", func(t *Target, v []byte) []byte {
		return t.PKI.TSA.Token(v, t.PKI.Now, func(s *Stamp) { s.Hash, s.Imprint = MD5, MD5.Sum(v) })
	})
	m.token(NotValid, "token without content", func(t *Target, v []byte) []byte {
		return t.PKI.TSA.Token(v, t.PKI.Now, func(s *Stamp) { s.After = func(c *CMS) { c.Content = nil } })
	})
	m.token(NotValid, "token that is nothing", func(*Target, []byte) []byte { return seq() })
	m.add(NotValid, "an ended certificate and a stranger's token", func(t *Target) []byte {
		if t.By == nil {
			return nil
		}
		i := t.PKI.Expired
		return t.By(i, t.Base, Seal{Field: "Office", Sign: func(b []byte) []byte {
			return i.Sign(b, Options{CRLs: [][]byte{t.PKI.List}, Stamp: func(v []byte) []byte { return t.PKI.StrangerTSA.Token(v, t.PKI.Now.AddDate(-1, -1, 0), nil) }})
		}})
	})
	m.evidence()
	return m.list
}

// evidence are wrong document timestamps and security stores, and right ones.
func (m *made) evidence() {
	m.dts(NotValid, "document timestamp over something else", func(t *Target, _ []byte) []byte { return t.PKI.TSA.Token([]byte("else"), t.PKI.Now, nil) })
	m.dts(NotValid, "document timestamp of a stranger", func(t *Target, b []byte) []byte { return t.PKI.StrangerTSA.Token(b, t.PKI.Now, nil) })
	m.dts(NotValid, "document timestamp by the signer", func(t *Target, b []byte) []byte { return t.PKI.P256.Token(b, t.PKI.Now, nil) })
	m.dts(NotValid, "document timestamp that is a signature", func(t *Target, b []byte) []byte { return t.PKI.P256.Sign(b, Options{}) })
	m.add(NotValid, "document timestamp copied from another file", func(t *Target) []byte {
		if t.By == nil {
			return nil
		}
		other := DocTimestamp(t.Base, func(b []byte) []byte { return t.PKI.TSA.Token(b, t.PKI.Now, nil) })
		g := Scan(other).signature()
		return Sign(t.File, Seal{Field: "Stamp", Type: "DocTimeStamp", SubFilter: "ETSI.RFC3161", Hex: func(_ string, room int) string { return string(other[g.at:g.end]) }})
	})
	m.add(Invalid, "document timestamp over half the file", func(t *Target) []byte {
		if t.By == nil {
			return nil
		}
		return Sign(t.File, Seal{Field: "Stamp", Type: "DocTimeStamp", SubFilter: "ETSI.RFC3161",
			Range:   func(r [4]int64) string { return spelled(100, r) },
			Covered: func(f []byte, r [4]int64) []byte { return slices.Concat(f[:r[1]-100], f[r[2]:]) },
			Sign:    func(b []byte) []byte { return t.PKI.TSA.Token(b, t.PKI.Now, nil) }})
	})
	m.add(Invalid, "evidence and a page content", func(t *Target) []byte {
		return increment(WithEvidence(t.File, [][]byte{t.PKI.Root.Cert}, nil), func(s *Scanned, w *Writer) {
			_, c := s.page()
			w.Stream(c, "", []byte(forged(s)))
		})
	})
	m.add(NotValid, "revoked, and a stranger's list that says nothing", func(t *Target) []byte {
		if t.By == nil {
			return nil
		}
		i := t.PKI.Revoked
		file := t.By(i, t.Base, Seal{Field: "Office", Sign: func(b []byte) []byte { return i.Sign(b, stampedBy(t, Options{})) }})
		return WithEvidence(file, [][]byte{t.PKI.StrangerRoot.Cert}, nil)
	})
	m.token(Valid, "the right token", func(t *Target, v []byte) []byte { return t.PKI.TSA.Token(v, t.PKI.Now, nil) })
	m.dts(Valid, "document timestamp", func(t *Target, b []byte) []byte { return t.PKI.TSA.Token(b, t.PKI.Now, nil) })
}
