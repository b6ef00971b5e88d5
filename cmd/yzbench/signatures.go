package main

import (
	"bytes"
	"encoding/asn1"
	"errors"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	cryptobyte_asn1 "golang.org/x/crypto/cryptobyte/asn1"

	"yinzheng/internal/cms"
	"yinzheng/internal/gm"
	"yinzheng/internal/ses"
	"yinzheng/internal/tsp"
	"yinzheng/verify"
)

// trustLabel is the first line of what the signer of a trust file signs.
const trustLabel = "yinzheng trust 1"

// signaturesOf lists every signature that the judgement of a document rests on, each once, ready to be verified raw.
func signaturesOf(doc, trust []byte) ([]signed, error) {
	file, err := verify.ParseSigned(trust, verify.MaxTrust)
	if err != nil {
		return nil, err
	}
	t, err := verify.ParseTrust(trust)
	if err != nil {
		return nil, err
	}
	s, token, err := sealOf(doc)
	if err != nil {
		return nil, err
	}
	c := &collector{}
	root, authority := c.certificate(t.Roots[0]), c.certificate(t.Authorities[0])
	signer, maker := c.certificate(s.SignerCert), c.certificate(s.Seal.MakerCert)
	publisher := c.certificate(file.Certificate)
	if c.err != nil {
		return nil, c.err
	}
	c.issued("root", root, root)
	c.issued("authority", authority, root)
	c.issued("trust signer", publisher, authority)
	c.issued("seal's signer", signer, authority)
	c.issued("seal maker", maker, authority)
	c.issued("timestamp authority", token.Signer, authority)
	c.add("trust file", publisher, verify.SignedMessage(trustLabel, file.Payload), file.Signature)
	for _, der := range t.CRLs {
		list, err := gm.ParseCRL(der)
		if err != nil {
			return nil, err
		}
		by := authority
		if bytes.Equal(list.RawIssuer, root.RawSubject) {
			by = root
		}
		if !bytes.Equal(list.RawIssuer, by.RawSubject) || !bytes.Equal(list.AuthorityKeyId, by.SubjectKeyId) {
			continue // of the ECDSA side: no signature of a seal rests on it
		}
		c.add("CRL of "+by.Subject.CommonName, by, list.RawTBSRevocationList, list.Signature)
	}
	c.add("seal", maker, c.first(s.Seal.Raw), s.Seal.Signature)
	c.add("signature", signer, c.first(s.Raw), s.Value)
	c.stamp(token)
	if c.err != nil {
		return nil, c.err
	}
	for _, one := range c.found {
		if err := one.verify(); err != nil {
			return nil, err
		}
	}
	return c.found, nil
}

// sealOf reads the seal's signature in a document, and its timestamp.
func sealOf(doc []byte) (*ses.Signature, *tsp.Token, error) {
	read := verify.Read(verify.Input{Document: doc}).Document
	if len(read.Signatures) != 1 {
		return nil, nil, fmt.Errorf("the document has %d seals", len(read.Signatures))
	}
	s, err := ses.ParseSignature(read.Signatures[0].Contents)
	if err != nil {
		return nil, nil, err
	}
	token, err := tsp.Parse(s.Timestamp)
	return s, token, err
}

// collector collects signatures and keeps the first mistake.
type collector struct {
	found []signed
	err   error
}

func (c *collector) certificate(der []byte) *gm.Certificate {
	cert, err := gm.ParseCertificate(der)
	if err != nil {
		c.err = errors.Join(c.err, err)
	}
	return cert
}

func (c *collector) add(what string, by *gm.Certificate, message, signature []byte) {
	pub, err := gm.PublicKey(by)
	if err != nil {
		c.err = errors.Join(c.err, err)
		return
	}
	c.found = append(c.found, signed{what, pub, message, signature})
}

func (c *collector) issued(what string, cert, issuer *gm.Certificate) {
	c.add(what+"'s certificate", issuer, cert.RawTBSCertificate, cert.Signature)
}

// first is the first element of a DER sequence: what the signature in the same sequence is over.
func (c *collector) first(der []byte) []byte {
	var elements []asn1.RawValue
	if _, err := asn1.Unmarshal(der, &elements); err != nil || len(elements) == 0 {
		c.err = errors.Join(c.err, fmt.Errorf("reading a sequence : %w", err))
		return nil
	}
	return elements[0].FullBytes
}

// stamp adds the signature of a timestamp: over its signed attributes as a SET (RFC 5652, 5.4).
func (c *collector) stamp(token *tsp.Token) {
	data, err := cms.Parse(token.DER)
	if err != nil {
		c.err = errors.Join(c.err, err)
		return
	}
	var b cryptobyte.Builder
	b.AddASN1(cryptobyte_asn1.SET, func(set *cryptobyte.Builder) {
		for _, a := range data.Attributes {
			set.AddASN1(cryptobyte_asn1.SEQUENCE, func(one *cryptobyte.Builder) {
				one.AddASN1ObjectIdentifier(a.Type)
				one.AddASN1(cryptobyte_asn1.SET, func(v *cryptobyte.Builder) { v.AddBytes(a.Value) })
			})
		}
	})
	message, err := b.Bytes()
	if err != nil {
		c.err = errors.Join(c.err, err)
		return
	}
	c.add("timestamp", token.Signer, message, data.Signature)
}
