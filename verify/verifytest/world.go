// Package verifytest makes a small whole world of trust for tests: a root and an issuing CA, a seal maker, a timestamp
// authority, an office with its seal, sealed licences, receipts under a log checkpoint, and the trust file that vouches for
// all of it. Every part can be made wrong on purpose. Keys and certificates are fresh in every world.
package verifytest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"math/big"
	"slices"
	"testing"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/ses"
	"yinzheng/verify"
)

// The names of the example world.
const (
	Region     = "450000"
	RegionName = "示例区"
	// OtherRegion is the prefix of a world of another region (460000).
	OtherRegion = "乙区示例"
	SealID      = "45000000000001"
	OfficeName  = "示例市市场监督管理局"
	OfficeCode  = "114500000000000005"
	KindCode    = "11100000000000000W032" // replaced by New with one whose check character fits
)

// World is a region that tests can issue licences in. Change its fields before making things from it.
type World struct {
	tb  testing.TB
	Now time.Time // the time that everything happens at; certificates are a year older

	Region, RegionName     string
	Root, Authority        Identity
	Maker, Stamper, Office Identity
	TrustSigner, Ledger    Identity
	Seal                   *ses.Seal
	OfficeCode             string // a USCC
	KindCode               string // a 证照类型代码
	Origin                 string // of the log
	logKey, logVerifier    string // C2SP note keys
	serial                 int64
	Revoked                map[string]time.Time // serial number in decimal → when, for the authority's CRL
	Statuses               []verify.Status
}

// Identity is a certificate and its key.
type Identity struct {
	Cert *gm.Certificate
	Key  crypto.Signer
}

// DER returns the certificate.
func (i Identity) DER() []byte { return i.Cert.Raw }

// New makes a world whose root has room for one issuing CA.
func New(tb testing.TB) *World {
	tb.Helper()
	return Named(tb, "示例", 1)
}

// Named makes a world whose authorities' and services' names begin with a prefix, and whose root has a path length. Two worlds
// that certify each other need different names and room for more than one CA.
func Named(tb testing.TB, prefix string, pathLen int) *World {
	tb.Helper()
	w := &World{
		tb: tb, Now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.FixedZone("", 8*60*60)).UTC(),
		Region: Region, RegionName: RegionName, OfficeCode: usccOf(tb, "11450000000000000"), Revoked: map[string]time.Time{},
	}
	w.KindCode = usccOf(tb, "11100000000000000") + "032"
	if prefix != "示例" {
		w.RegionName = prefix
	}
	if prefix == OtherRegion {
		w.Region = "460000"
	}
	w.Origin = "yinzheng-" + w.Region
	w.Root = w.CA(nil, prefix+"根证书", pathLen, func(c *gm.Certificate) { c.Subject.Organization = []string{w.RegionName} })
	w.Authority = w.CA(&w.Root, prefix+"签发机构", 0)
	w.Maker = w.Leaf(Leaf{Name: prefix + "制章系统"})
	w.Stamper = w.Leaf(Leaf{Name: prefix + "时间戳服务", Stamps: true})
	w.TrustSigner = w.Leaf(Leaf{Name: prefix + "信任文件签发者", Trust: true})
	w.Ledger = w.Leaf(Leaf{Name: prefix + "存证服务"})
	w.Office = w.Leaf(Leaf{Name: SealID, Organisation: w.OfficeCode + OfficeName})
	w.Seal = w.MakeSeal(nil)
	w.newLog()
	return w
}

// Must stops the test on an error.
func (w *World) must(doing string, err error) {
	w.tb.Helper()
	if err != nil {
		w.tb.Fatalf("verifytest: %s: %v", doing, err)
	}
}

func (w *World) nextSerial() *big.Int {
	w.serial++
	return big.NewInt(0x4000_0000 + w.serial)
}

// CA makes a CA certificate under parent, or a self-signed one for nil.
func (w *World) CA(parent *Identity, name string, pathLen int, change ...func(*gm.Certificate)) Identity {
	w.tb.Helper()
	return w.sign(w.authority(name, pathLen), parent, change)
}

// P256 makes a CA certificate under parent whose key is not SM2.
func (w *World) P256(parent *Identity, name string) Identity {
	w.tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	w.must("making a key", err)
	return w.signKey(w.authority(name, 0), parent, key, nil)
}

func (w *World) authority(name string, pathLen int) *gm.Certificate {
	c := w.template(name, "")
	c.NotBefore, c.NotAfter = w.Now.AddDate(-2, 0, 0), w.Now.AddDate(18, 0, 0)
	c.KeyUsage = gm.KeyUsageCertSign | gm.KeyUsageCRLSign
	c.IsCA, c.MaxPathLen, c.MaxPathLenZero = true, pathLen, pathLen == 0
	return c
}

// Leaf describes an end-entity certificate.
type Leaf struct {
	Name         string
	Organisation string
	Stamps       bool      // a timestamp authority
	Trust        bool      // a signer of trust files
	Under        *Identity // nil for the issuing CA
	Change       func(*gm.Certificate)
}

// Leaf makes an end-entity certificate that is a year old and lives for five.
func (w *World) Leaf(l Leaf) Identity {
	w.tb.Helper()
	c := w.template(l.Name, l.Organisation)
	c.NotBefore, c.NotAfter = w.Now.AddDate(-1, 0, 0), w.Now.AddDate(4, 0, 0)
	c.KeyUsage = gm.KeyUsageDigitalSignature | gm.KeyUsageContentCommitment
	if l.Stamps {
		c.ExtraExtensions = append(c.ExtraExtensions, stampingOnly())
	}
	if l.Trust {
		c.UnknownExtKeyUsage = append(c.UnknownExtKeyUsage, verify.TrustListUsage())
	}
	under := l.Under
	if under == nil {
		under = &w.Authority
	}
	var change []func(*gm.Certificate)
	if l.Change != nil {
		change = append(change, l.Change)
	}
	return w.sign(c, under, change)
}

// Cross certifies another world's root by this one's.
func (w *World) Cross(other *World, pathLen int, change ...func(*gm.Certificate)) Identity {
	w.tb.Helper()
	c := w.authority("", pathLen)
	c.Subject = other.Root.Cert.Subject
	return w.signKey(c, &w.Root, other.Root.Key, change)
}

func (w *World) sign(c *gm.Certificate, parent *Identity, change []func(*gm.Certificate)) Identity {
	w.tb.Helper()
	key, err := gm.GenerateKey()
	w.must("making a key", err)
	return w.signKey(c, parent, key, change)
}

func (w *World) signKey(c *gm.Certificate, parent *Identity, key crypto.Signer, change []func(*gm.Certificate)) Identity {
	w.tb.Helper()
	spki, err := gm.MarshalPublicKey(key.Public())
	w.must("encoding a key", err)
	id := gm.Sum(spki)
	c.SubjectKeyId = id[:20]
	for _, f := range change {
		f(c)
	}
	issuer, issuerKey := c, key
	if parent != nil {
		issuer, issuerKey = parent.Cert, parent.Key
	}
	der, err := gm.CreateCertificate(c, issuer, key.Public(), issuerKey)
	w.must("issuing "+c.Subject.CommonName, err)
	cert, err := gm.ParseCertificate(der)
	w.must("reading "+c.Subject.CommonName, err)
	return Identity{Cert: cert, Key: key}
}

// CRL makes the authority's revocation list, a day old and good for a month.
func (w *World) CRL(change ...func(*gm.CRL)) []byte {
	w.tb.Helper()
	return w.CRLOf(w.Authority, w.Revoked, change...)
}

// CRLOf makes a CA's revocation list: serial number in decimal → when.
func (w *World) CRLOf(issuer Identity, revoked map[string]time.Time, change ...func(*gm.CRL)) []byte {
	w.tb.Helper()
	crl := &gm.CRL{Number: w.nextSerial(), ThisUpdate: w.Now.AddDate(0, 0, -1), NextUpdate: w.Now.AddDate(0, 1, 0)}
	for serial, at := range revoked {
		n, _ := new(big.Int).SetString(serial, 10)
		crl.RevokedCertificateEntries = append(crl.RevokedCertificateEntries, gm.CRLEntry{SerialNumber: n, RevocationTime: at})
	}
	for _, f := range change {
		f(crl)
	}
	der, err := gm.CreateCRL(crl, issuer.Cert, issuer.Key)
	w.must("making a CRL", err)
	return der
}

// Revoke puts a certificate on the CRL.
func (w *World) Revoke(i Identity, at time.Time) { w.Revoked[i.Cert.SerialNumber.String()] = at }

// Trust is the trust file's content, issued an hour ago and good for a week.
func (w *World) Trust() verify.Trust {
	w.tb.Helper()
	ledger, err := gm.MarshalPublicKey(w.Ledger.Cert.PublicKey)
	w.must("encoding the ledger's key", err)
	return verify.Trust{
		Version: verify.TrustVersion, Region: w.Region, Name: w.RegionName, Sequence: 7,
		Issued: w.Now.Add(-time.Hour), Expires: w.Now.AddDate(0, 0, 7), StatusAsOf: w.Now.Add(-time.Hour),
		Roots: [][]byte{w.Root.DER()}, Authorities: [][]byte{w.Authority.DER()},
		SealMakers: [][]byte{w.Maker.DER()}, Timestampers: [][]byte{w.Stamper.DER()},
		LedgerKeys: [][]byte{ledger}, LogKeys: []string{w.logVerifier}, CRLs: [][]byte{w.CRL()},
		Statuses: slices.Clone(w.Statuses),
	}
}

// TrustFile signs the trust file after changes.
func (w *World) TrustFile(change ...func(*verify.Trust)) []byte {
	w.tb.Helper()
	t := w.Trust()
	for _, f := range change {
		f(&t)
	}
	b, err := verify.EncodeTrust(t, w.TrustSigner.DER(), w.TrustSigner.Key)
	w.must("making the trust file", err)
	return b
}
