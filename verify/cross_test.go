package verify_test

import (
	"crypto/x509/pkix"
	"errors"
	"testing"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/verify"
	"yinzheng/verify/verifytest"
)

// crossing is two regions: the reader knows the root of the first, and judges a licence of the second.
type crossing struct {
	t           *testing.T
	home, there *verifytest.World
	cross       verifytest.Identity
	homeTrust   []func(*verify.Trust)
	thereTrust  []func(*verify.Trust)
	at          time.Time
}

// newCrossing lets the first region certify the root of the second.
func newCrossing(t *testing.T, pathLen int, change ...func(*gm.Certificate)) *crossing {
	t.Helper()
	c := &crossing{t: t, home: verifytest.Named(t, "甲区示例", 2), there: verifytest.Named(t, "乙区示例", 1)}
	c.cross, c.at = c.home.Cross(c.there, pathLen, change...), c.home.Now
	c.homeTrust = []func(*verify.Trust){func(f *verify.Trust) { f.Authorities = append(f.Authorities, c.cross.DER()) }}
	return c
}

// across reads the second region's trust file by way of the first one's.
func (c *crossing) across() (*verify.Trust, error) {
	c.t.Helper()
	home, err := verify.ParseTrust(c.home.TrustFile(c.homeTrust...))
	if err != nil {
		c.t.Fatal(err)
	}
	return home.Across(c.there.TrustFile(c.thereTrust...))
}

// judge judges a licence of the second region with nothing but the root of the first.
func (c *crossing) judge(trust *verify.Trust) verify.Report {
	c.t.Helper()
	policy := verify.DefaultPolicy()
	policy.Root = gm.Sum(c.home.Root.DER())
	document := c.there.Document()
	in := verify.Input{Document: document, Receipt: c.there.Receipt(verify.KindLicence, gm.Sum(document))}
	return policy.Judge(verify.Read(in), trust, c.at)
}

func TestLicenceOfAnotherRegionIsValidThroughACrossCertificate(t *testing.T) {
	c := newCrossing(t, 1)
	trust, err := c.across()
	if err != nil {
		t.Fatal(err)
	}
	r := c.judge(trust)
	if r.Verdict != verify.Valid {
		t.Fatalf("%s:%s", r.Verdict, describe(r))
	}
	for _, code := range []string{"SIGNER_CERT_CHAIN", "SEAL_MAKER_CERT_CHAIN"} {
		if f, _ := find(r, code); f.Params["root"] != "甲区示例根证书" || f.Params["issuer"] != "乙区示例签发机构" {
			t.Errorf("%s: %v", code, f.Params)
		}
	}
}

func TestTrustFileMayItselfVouchForAnotherRegion(t *testing.T) {
	c := newCrossing(t, 1)
	theirs := c.there.Trust()
	c.homeTrust = append(c.homeTrust, func(f *verify.Trust) {
		f.Authorities = append(f.Authorities, theirs.Authorities...)
		f.SealMakers, f.Timestampers = append(f.SealMakers, theirs.SealMakers...), append(f.Timestampers, theirs.Timestampers...)
		f.LedgerKeys, f.LogKeys = append(f.LedgerKeys, theirs.LedgerKeys...), append(f.LogKeys, theirs.LogKeys...)
		f.CRLs = append(f.CRLs, theirs.CRLs...)
	})
	trust, err := verify.ParseTrust(c.home.TrustFile(c.homeTrust...))
	if err != nil {
		t.Fatal(err)
	}
	policy := verify.DefaultPolicy() // a receipt of theirs names their region, which this file does not speak for
	policy.Root = gm.Sum(c.home.Root.DER())
	if r := policy.Judge(verify.Read(verify.Input{Document: c.there.Document()}), trust, c.at); r.Verdict != verify.Valid {
		t.Errorf("%s:%s", r.Verdict, describe(r))
	}
}

func TestAnotherRegionsTrustFileWithoutACrossCertificateIsRefused(t *testing.T) {
	c := newCrossing(t, 1)
	c.homeTrust = nil
	if _, err := c.across(); !errors.Is(err, verify.ErrTrustSigner) {
		t.Errorf("got %v, want ErrTrustSigner", err)
	}
}

func TestLicenceOfAnotherRegionAloneDecidesNothing(t *testing.T) {
	c := newCrossing(t, 1)
	trust, err := verify.ParseTrust(c.there.TrustFile())
	if err != nil {
		t.Fatal(err)
	}
	if r := c.judge(trust); r.Verdict != verify.Indeterminate {
		t.Errorf("%s:%s", r.Verdict, describe(r))
	}
}

func TestCrossCertificateThatIsTooShortLetsNoTrustFileThrough(t *testing.T) {
	c := newCrossing(t, 0)
	if _, err := c.across(); !errors.Is(err, verify.ErrTrustSigner) {
		t.Errorf("got %v, want ErrTrustSigner", err)
	}
}

func TestRevokedCrossCertificateLetsNoTrustFileThrough(t *testing.T) {
	revoke := func(c *crossing, at time.Time) {
		list := c.home.CRLOf(c.home.Root, map[string]time.Time{c.cross.Cert.SerialNumber.String(): at})
		c.homeTrust = append(c.homeTrust, func(f *verify.Trust) { f.CRLs = append(f.CRLs, list) })
	}
	t.Run("by the list of the root that issued it", func(t *testing.T) {
		c := newCrossing(t, 1)
		revoke(c, c.home.Now.AddDate(0, 0, -2))
		if _, err := c.across(); !errors.Is(err, verify.ErrTrustSigner) {
			t.Errorf("got %v, want ErrTrustSigner", err)
		}
	})
	t.Run("whatever newer list of that root's name and identifier the other region makes", func(t *testing.T) {
		c := newCrossing(t, 1)
		revoke(c, c.home.Now.AddDate(0, 0, -2))
		false := c.there.CA(nil, c.home.Root.Cert.Subject.CommonName, 2, func(d *gm.Certificate) { d.SubjectKeyId = c.home.Root.Cert.SubjectKeyId })
		list := c.there.CRLOf(false, nil, func(l *gm.CRL) { l.ThisUpdate = c.home.Now.Add(-time.Hour) })
		c.thereTrust = append(c.thereTrust, func(f *verify.Trust) { f.Roots, f.CRLs = append(f.Roots, false.DER()), append(f.CRLs, list) })
		if _, err := c.across(); !errors.Is(err, verify.ErrTrustSigner) {
			t.Errorf("got %v, want ErrTrustSigner", err)
		}
	})
	t.Run("but one that was revoked later leaves what was done before", func(t *testing.T) {
		c := newCrossing(t, 1)
		revoke(c, c.home.Now.Add(time.Minute))
		trust, err := c.across()
		if err != nil {
			t.Fatal(err)
		}
		if r := c.judge(trust); r.Verdict != verify.Valid {
			t.Errorf("%s:%s", r.Verdict, describe(r))
		}
	})
}

func TestOfficeThatACrossCertificateDoesNotPermitIsInvalid(t *testing.T) {
	office := verifytest.New(t).OfficeCode + verifytest.OfficeName
	c := newCrossing(t, 1, func(d *gm.Certificate) {
		d.ExtraExtensions = append(d.ExtraExtensions, verifytest.Excluding(pkix.Name{Country: []string{"CN"}, Organization: []string{office}}))
	})
	trust, err := c.across()
	if err != nil {
		t.Fatal(err)
	}
	r := c.judge(trust)
	f, _ := find(r, "SIGNER_CERT_CHAIN")
	if r.Verdict != verify.Invalid || f.Params["why"] != "name_constraint" || f.Params["detail"] == "" {
		t.Errorf("%s:%s", r.Verdict, describe(r))
	}
}

func TestAnotherRegionsTrustFileIsGoodWhileBothAre(t *testing.T) {
	c := newCrossing(t, 1)
	c.homeTrust = append(c.homeTrust, func(f *verify.Trust) { f.Expires = c.home.Now.Add(time.Hour) })
	c.at = c.home.Now.Add(2 * time.Hour)
	trust, err := c.across()
	if err != nil {
		t.Fatal(err)
	}
	r := c.judge(trust)
	if f, _ := find(r, "TRUST_PERIOD"); r.Verdict != verify.Indeterminate || f.Params["why"] != "expired" {
		t.Errorf("%s:%s", r.Verdict, describe(r))
	}
}

func TestRevokedIssuingAuthority(t *testing.T) {
	// revoked puts the issuing CA on the root's list; the trust file's own signer is under another CA, which is not revoked.
	revoked := func(before, after time.Duration) func(*scene) {
		return func(s *scene) {
			signers := s.w.CA(&s.w.Root, "信任签发机构", 0)
			s.w.TrustSigner = s.w.Leaf(verifytest.Leaf{Name: "信任文件签发者", Trust: true, Under: &signers})
			list := s.w.CRLOf(s.w.Root, map[string]time.Time{s.w.Authority.Cert.SerialNumber.String(): s.w.Now.Add(after - before)})
			s.trust = append(s.trust, func(f *verify.Trust) {
				f.Authorities, f.CRLs = append(f.Authorities, signers.DER()), append(f.CRLs, list)
			})
		}
	}
	both := func(fs ...func(*scene)) func(*scene) {
		return func(s *scene) {
			for _, f := range fs {
				f(s)
			}
		}
	}
	unstamped := func(s *scene) {
		s.withoutReceipt()
		s.policy.AcceptUnstamped = true
		s.seal(func(o *verifytest.Sealing) { o.Unstamped = true })
	}
	later := func(s *scene) { s.at = s.w.Now.Add(2 * time.Hour) }
	runAll(t, map[string]wrong{
		"before signing is invalid":                           {revoked(time.Hour, 0), "SIGNER_CERT_CHAIN", verify.Fail, "issuer_revoked", verify.Invalid},
		"after a stamped signing does no harm":                {both(revoked(0, time.Hour), later), "SIGNER_CERT_CHAIN", verify.Pass, "", verify.Valid},
		"after a signing that nothing proves decides nothing": {both(revoked(0, time.Hour), later, unstamped), "SIGNER_CERT_CHAIN", verify.Unknown, "issuer_revoked_later", verify.Indeterminate},
	})
}

func TestLoopOfAuthoritiesDecidesNothing(t *testing.T) {
	wrong{func(s *scene) {
		// Two CAs that certify each other: one of them has the office, neither has a root.
		a, b := verifytest.Named(t, "甲", 2), verifytest.Named(t, "乙", 2)
		toA, toB := b.Cross(a, 1), a.Cross(b, 1)
		s.signedBy(s.w.Leaf(verifytest.Leaf{Name: verifytest.SealID, Organisation: s.w.OfficeCode + verifytest.OfficeName, Under: &a.Root}))
		s.trust = append(s.trust, func(f *verify.Trust) { f.Authorities = append(f.Authorities, toA.DER(), toB.DER()) })
	}, "SIGNER_CERT_CHAIN", verify.Unknown, "loop", verify.Indeterminate}.check(t, newScene(t))
}

func TestSignerUnderAP256AuthorityIsInvalid(t *testing.T) {
	wrong{func(s *scene) {
		ca := s.w.P256(&s.w.Root, "另一签发机构")
		s.signedBy(s.w.Leaf(verifytest.Leaf{Name: verifytest.SealID, Organisation: s.w.OfficeCode + verifytest.OfficeName, Under: &ca}))
		s.trust = append(s.trust, func(f *verify.Trust) { f.Authorities = append(f.Authorities, ca.DER()) })
	}, "SIGNER_CERT_CHAIN", verify.Fail, "algorithm", verify.Invalid}.check(t, newScene(t))
}

// TestCrossCertifiedRegionSpeaksForNoOther lets the second region use all that it has been given.
func TestCrossCertifiedRegionSpeaksForNoOther(t *testing.T) {
	limited := func(c *gm.Certificate) {
		c.ExtraExtensions = append(c.ExtraExtensions, verifytest.Excluding(pkix.Name{Organization: []string{"无"}}))
	}
	c := newCrossing(t, 1, limited)
	as := func(region, name string) func(*verify.Trust) {
		return func(f *verify.Trust) { f.Region, f.Name = region, name }
	}
	// as our own file: everything hangs on our root, over the cross-certificate
	ours := func(f *verify.Trust) {
		f.Roots, f.Authorities = [][]byte{c.home.Root.DER()}, append(f.Authorities, c.cross.DER())
	}
	for name, change := range map[string][]func(*verify.Trust){
		"in our name":   {as(c.home.Region, c.home.RegionName), ours},
		"in their name": {ours},
	} {
		f := c.there.Trust()
		for _, change := range change {
			change(&f)
		}
		// what is written is read back by the same rules
		if _, err := verify.EncodeTrust(f, c.there.TrustSigner.DER(), c.there.TrustSigner.Key); !errors.Is(err, verify.ErrTrustSigner) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, change := range map[string]func(*verify.Trust){
		"our region":            as(c.home.Region, c.there.RegionName),
		"our name":              as(c.there.Region, c.home.RegionName),
		"a third region's name": as("440000", "丙区示例"),
	} {
		c.thereTrust = []func(*verify.Trust){change}
		if _, err := c.across(); !errors.Is(err, verify.ErrTrustSigner) {
			t.Errorf("across, %s: %v", name, err)
		}
	}
	c.thereTrust = nil
	if _, err := c.across(); err != nil {
		t.Errorf("across, as themselves: %v", err)
	}
}
