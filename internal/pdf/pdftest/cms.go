package pdftest

import (
	"crypto"
	"crypto/md5" // what must be refused
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" // what must be refused
	"crypto/sha256"
	"crypto/sha512"
	"slices"
	"time"

	"yinzheng/internal/gm"
)

// Hash names a hash function.
type Hash int

// The hash functions of signatures, good and bad.
const (
	SHA256 Hash = iota
	SHA384
	SHA512
	SM3
	SHA1
	MD5
)

var (
	oidSHA256 = oid(2, 16, 840, 1, 101, 3, 4, 2, 1)
	oidSHA384 = oid(2, 16, 840, 1, 101, 3, 4, 2, 2)
	oidSHA512 = oid(2, 16, 840, 1, 101, 3, 4, 2, 3)
	oidSM3    = oid(1, 2, 156, 10197, 1, 401)
	oidSHA1   = oid(1, 3, 14, 3, 2, 26)
	oidMD5    = oid(1, 2, 840, 113549, 2, 5)

	oidData       = oid(1, 2, 840, 113549, 1, 7, 1)
	oidSignedData = oid(1, 2, 840, 113549, 1, 7, 2)
	oidGMData     = oid(1, 2, 156, 10197, 6, 1, 4, 2, 1)
	oidGMSigned   = oid(1, 2, 156, 10197, 6, 1, 4, 2, 2)
	oidTST        = oid(1, 2, 840, 113549, 1, 9, 16, 1, 4)

	attrType    = oid(1, 2, 840, 113549, 1, 9, 3)
	attrDigest  = oid(1, 2, 840, 113549, 1, 9, 4)
	attrTime    = oid(1, 2, 840, 113549, 1, 9, 5)
	attrESS     = oid(1, 2, 840, 113549, 1, 9, 16, 2, 47)
	attrStamp   = oid(1, 2, 840, 113549, 1, 9, 16, 2, 14)
	attrUnknown = oid(1, 3, 6, 1, 4, 1, 99999, 1)
)

// Sum hashes.
func (h Hash) Sum(b []byte) []byte {
	switch h {
	case SHA384:
		d := sha512.Sum384(b)
		return d[:]
	case SHA512:
		d := sha512.Sum512(b)
		return d[:]
	case SM3:
		d := gm.Sum(b)
		return d[:]
	case SHA1:
		d := sha1.Sum(b) // what must be refused
		return d[:]
	case MD5:
		d := md5.Sum(b) // what must be refused
		return d[:]
	case SHA256:
	}
	d := sha256.Sum256(b)
	return d[:]
}

func (h Hash) oid() []byte {
	return [][]byte{oidSHA256, oidSHA384, oidSHA512, oidSM3, oidSHA1, oidMD5}[h]
}

func (h Hash) crypto() crypto.Hash {
	return []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512, 0, crypto.SHA1, crypto.MD5}[h]
}

// CMS is a SignedData in parts, to be put together rightly or wrongly.
type CMS struct {
	Outer       []byte // content type of the whole
	Version     int
	Digests     [][]byte // AlgorithmIdentifiers
	ContentType []byte
	Content     []byte // nil: detached
	Certs       [][]byte
	CRLs        [][]byte
	Infos       []Info
}

// Info is a SignerInfo.
type Info struct {
	Version   int
	SID       []byte
	Digest    []byte // AlgorithmIdentifier
	Attrs     []Attr
	Unsorted  bool   // attributes as they stand
	Bare      bool   // no signed attributes
	Signature []byte // AlgorithmIdentifier
	Value     []byte
	Unsigned  []Attr
}

// Attr is an attribute: an object identifier and its values, DER.
type Attr struct {
	ID     []byte
	Values [][]byte
}

func (a Attr) der() []byte { return seq(a.ID, set(a.Values...)) }

func (i Info) attributes() []byte {
	parts := make([][]byte, len(i.Attrs))
	for n, a := range i.Attrs {
		parts[n] = a.der()
	}
	if i.Unsorted {
		return tlv(0x31, parts...)
	}
	return set(parts...)
}

// drop takes an attribute away.
func (i *Info) drop(id []byte) {
	i.Attrs = slices.DeleteFunc(i.Attrs, func(a Attr) bool { return string(a.ID) == string(id) })
}

// put replaces an attribute's values.
func (i *Info) put(id []byte, values ...[]byte) {
	i.drop(id)
	i.Attrs = append(i.Attrs, Attr{id, values})
}

// Options say how a CMS is made.
type Options struct {
	Hash   Hash // of the document; SHA256 means that of the key
	PSS    bool
	GM     bool // the content types of GB/T 35275
	CRLs   [][]byte
	Chain  [][]byte            // further certificates
	Time   time.Time           // signing-time attribute; zero for none
	Stamp  func([]byte) []byte // makes a timestamp token of a signature value; nil for none
	Before func(*CMS)          // changes before it is signed
	After  func(*CMS)          // changes afterwards
	Digest []byte              // the document's digest; nil to compute it
}

// Sign makes a detached CMS of a document's covered bytes.
func (id Identity) Sign(covered []byte, o Options) []byte {
	c := id.parts(covered, o)
	if o.Before != nil {
		o.Before(c)
	}
	for n := range c.Infos {
		i := &c.Infos[n]
		if i.Value == nil {
			message := i.attributes()
			if i.Bare {
				message = covered
			}
			i.Value = id.value(message, o)
		}
	}
	if o.Stamp != nil {
		c.Infos[0].Unsigned = append(c.Infos[0].Unsigned, Attr{attrStamp, [][]byte{o.Stamp(c.Infos[0].Value)}})
	}
	if o.After != nil {
		o.After(c)
	}
	return c.DER()
}

func (id Identity) parts(covered []byte, o Options) *CMS {
	s := suiteOf(id.Key)
	hash := s.hash
	if o.Hash != SHA256 {
		hash = o.Hash
		s.digest = seq(hash.oid())
	}
	digest := o.Digest
	if digest == nil {
		digest = hash.Sum(covered)
	}
	if o.PSS {
		s.signature = pss(hash)
	} else if hash != s.hash {
		s.signature = signatureWith(id.Key, hash)
	}
	n := namesOf(id.Cert)
	c := &CMS{Outer: oidSignedData, Version: 1, Digests: [][]byte{s.digest}, ContentType: oidData, Certs: append([][]byte{id.Cert}, o.Chain...), CRLs: o.CRLs}
	if o.GM {
		c.Outer, c.ContentType = oidGMSigned, oidGMData
	}
	i := Info{Version: 1, SID: seq(n.issuer, n.serialDER), Digest: s.digest, Signature: s.signature}
	i.put(attrType, c.ContentType)
	i.put(attrDigest, octets(digest))
	i.put(attrESS, essOf(id.Cert, s.sm2))
	if !o.Time.IsZero() {
		i.put(attrTime, utc(o.Time))
	}
	c.Infos = []Info{i}
	return c
}

// essOf is SigningCertificateV2 (RFC 5035): SHA-256 is its default hash, SM3 is named.
func essOf(cert []byte, sm2 bool) []byte {
	if sm2 {
		return seq(seq(seq(seq(oidSM3, null), octets(SM3.Sum(cert)))))
	}
	return seq(seq(seq(octets(SHA256.Sum(cert)))))
}

// signatureWith names the signature algorithm of a key with another hash than its own.
func signatureWith(key crypto.Signer, h Hash) []byte {
	if _, ok := key.Public().(*rsa.PublicKey); ok {
		last := map[Hash]int{SHA256: 11, SHA384: 12, SHA512: 13, SHA1: 5, MD5: 4, SM3: 11}[h]
		return seq(oid(1, 2, 840, 113549, 1, 1, last), null)
	}
	if h == SHA1 || h == MD5 {
		return seq(oid(1, 2, 840, 10045, 4, 1))
	}
	return seq(oid(1, 2, 840, 10045, 4, 3, map[Hash]int{SHA256: 2, SHA384: 3, SHA512: 4, SM3: 2}[h]))
}

// pss is id-RSASSA-PSS with its parameters (RFC 4055): the salt is as long as the digest.
func pss(h Hash) []byte {
	alg := seq(h.oid(), null)
	return seq(oid(1, 2, 840, 113549, 1, 1, 10), seq(
		tlv(0xa0, alg), tlv(0xa1, seq(oid(1, 2, 840, 113549, 1, 1, 8), alg)), tlv(0xa2, small(h.crypto().Size()))))
}

func (id Identity) value(message []byte, o Options) []byte {
	s := suiteOf(id.Key)
	if s.sm2 {
		v, err := gm.Sign(id.Key, message)
		if err != nil {
			panic(err) // a key of the tests
		}
		return v
	}
	h := s.hash
	if o.Hash != SHA256 && o.Hash != SM3 {
		h = o.Hash
	}
	var how crypto.SignerOpts = h.crypto()
	if o.PSS {
		how = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: h.crypto()}
	}
	v, err := id.Key.Sign(rand.Reader, h.Sum(message), how)
	if err != nil {
		panic(err)
	}
	return v
}

// DER puts it together.
func (c *CMS) DER() []byte {
	content := [][]byte{c.ContentType}
	if c.Content != nil {
		content = append(content, tlv(0xa0, octets(c.Content)))
	}
	parts := [][]byte{small(c.Version), set(c.Digests...), seq(content...)}
	if len(c.Certs) > 0 {
		certs := slices.Clone(c.Certs)
		sorted := set(certs...)
		sorted[0] = 0xa0
		parts = append(parts, sorted)
	}
	if len(c.CRLs) > 0 {
		crls := set(c.CRLs...)
		crls[0] = 0xa1
		parts = append(parts, crls)
	}
	infos := make([][]byte, len(c.Infos))
	for n, i := range c.Infos {
		infos[n] = i.der()
	}
	parts = append(parts, set(infos...))
	return seq(c.Outer, tlv(0xa0, seq(parts...)))
}

func (i Info) der() []byte {
	parts := [][]byte{small(i.Version), i.SID, i.Digest}
	if !i.Bare {
		attrs := i.attributes()
		attrs[0] = 0xa0
		parts = append(parts, attrs)
	}
	parts = append(parts, i.Signature, octets(i.Value))
	if len(i.Unsigned) > 0 {
		list := make([][]byte, len(i.Unsigned))
		for n, a := range i.Unsigned {
			list[n] = a.der()
		}
		unsigned := set(list...)
		unsigned[0] = 0xa1
		parts = append(parts, unsigned)
	}
	return seq(parts...)
}

// Token makes a timestamp token (RFC 3161) over bytes; change may be nil.
func (id Identity) Token(stamped []byte, at time.Time, change func(*Stamp)) []byte {
	h := suiteOf(id.Key).hash
	s := Stamp{Hash: h, Imprint: h.Sum(stamped), Time: at, Serial: int(at.Unix() & 0x7f)}
	if change != nil {
		change(&s)
	}
	info := seq(small(1), oid(2, 5, 29, 32, 0), seq(seq(s.Hash.oid(), null), octets(s.Imprint)), small(s.Serial), generalized(s.Time))
	before := s.Before
	return id.Sign(info, Options{After: s.After, Before: func(c *CMS) {
		c.Version, c.ContentType, c.Content = 3, oidTST, info
		c.Infos[0].put(attrType, oidTST)
		if before != nil {
			before(c)
		}
	}})
}

// Stamp is what a token says, and how it is made wrongly.
type Stamp struct {
	Hash          Hash
	Imprint       []byte
	Time          time.Time
	Serial        int // below 128
	Before, After func(*CMS)
}
