package verify_test

import (
	"bytes"
	"crypto/x509/pkix"
	"strings"
	"testing"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/receipt"
	"yinzheng/internal/ses"
	"yinzheng/internal/web/text"
	"yinzheng/verify"
	"yinzheng/verify/verifytest"
)

// wrong is one way to be wrong, and what must be found.
type wrong struct {
	do      func(*scene)
	code    string
	outcome verify.Outcome
	why     string
	verdict verify.Verdict
}

func (w wrong) check(t *testing.T, s *scene) {
	t.Helper()
	w.do(s)
	r := s.judge()
	f, found := find(r, w.code)
	if !found || f.Outcome != w.outcome || f.Params["why"] != w.why {
		t.Errorf("%s is %s %q, want %s %q", w.code, f.Outcome, f.Params["why"], w.outcome, w.why)
	}
	if r.Verdict != w.verdict {
		t.Errorf("verdict %s, want %s:%s", r.Verdict, w.verdict, describe(r))
	}
	for _, f := range r.Findings {
		if zh, en := text.Finding(f.Code, f.Outcome, f.Params); strings.ContainsAny(zh+en, "{}") {
			t.Errorf("%s leaves a parameter open: %q, %q", f.Code, zh, en)
		}
	}
}

func runAll(t *testing.T, all map[string]wrong) {
	t.Helper()
	for name, w := range all {
		t.Run(name, func(t *testing.T) { w.check(t, newScene(t)) })
	}
}

func TestTrust(t *testing.T) {
	runAll(t, map[string]wrong{
		"pinned root is believed without a warning": {func(s *scene) { s.policy.Root = gm.Sum(s.w.Root.DER()) }, "TRUST_ROOT", verify.Pass, "", verify.Valid},
		"unpinned root is a warning":                {func(*scene) {}, "TRUST_ROOT", verify.Warn, "unpinned", verify.Valid},
		"another root is not believed":              {func(s *scene) { s.policy.Root = gm.Sum([]byte("x")) }, "TRUST_ROOT", verify.Unknown, "mismatch", verify.Indeterminate},
		"expired trust file decides nothing":        {func(s *scene) { s.at = s.w.Now.AddDate(0, 0, 8) }, "TRUST_PERIOD", verify.Unknown, "expired", verify.Indeterminate},
		"trust file of the future decides nothing":  {func(s *scene) { s.at = s.w.Now.Add(-2 * time.Hour) }, "TRUST_PERIOD", verify.Unknown, "not_yet", verify.Indeterminate},
	})
}

func TestDocument(t *testing.T) {
	document := func(change func([]byte) []byte) func(*scene) {
		return func(s *scene) {
			s.input = append(s.input, func(in *verify.Input) { in.Document, in.Receipt = change(bytes.Clone(in.Document)), nil })
		}
	}
	runAll(t, map[string]wrong{
		"truncated file is invalid":             {document(func(b []byte) []byte { return b[:len(b)-100] }), "PDF_FORMAT", verify.Fail, "malformed", verify.Invalid},
		"file over the limit is invalid":        {document(func([]byte) []byte { return make([]byte, verify.MaxDocument+1) }), "PDF_FORMAT", verify.Fail, "size", verify.Invalid},
		"appended bytes are never valid":        {document(func(b []byte) []byte { return append(b, "%\n"...) }), "PDF_FORMAT", verify.Fail, "malformed", verify.Invalid},
		"other digest signed is invalid":        {func(s *scene) { s.seal(func(o *verifytest.Sealing) { o.DataHash = gm.Sum([]byte("x")) }) }, "CONTENT_HASH", verify.Fail, "", verify.Invalid},
		"other kind of signature is not judged": {func(s *scene) { s.seal(func(o *verifytest.Sealing) { o.SubFilter = "GM.SM2" }) }, "SIG_FORMAT", verify.Unknown, "sub_filter", verify.Indeterminate},
		"garbage in the signature is invalid": {func(s *scene) {
			s.seal(func(o *verifytest.Sealing) {
				o.Signed = func([]byte) []byte { return []byte{0x30, 0x03, 0x02, 0x01, 0x01} }
			})
		}, "SIG_FORMAT", verify.Fail, "malformed", verify.Invalid},
		"signature by another key is invalid": {func(s *scene) {
			s.seal(func(o *verifytest.Sealing) {
				o.Signed = func(b []byte) []byte {
					p := s.w.Take(b)
					p.Value = s.w.Take(s.w.SignAs(b, s.w.Maker)).Value
					return s.w.Join(p)
				}
			})
		}, "SIG_VALUE", verify.Fail, "", verify.Invalid},
	})
}

func TestUnsealedPageIsInvalid(t *testing.T) {
	w := verifytest.New(t)
	r := verify.Judge(verify.Input{Document: w.Face(w.Data().Encode())}, w.TrustFile(), w.Now)
	if f, _ := find(r, "SIG_COUNT"); f.Outcome != verify.Fail || f.Params["why"] != "none" || r.Verdict != verify.Invalid {
		t.Errorf("%s:%s", r.Verdict, describe(r))
	}
}

func TestDocumentWithoutLicenceDataIsValidAsADocument(t *testing.T) {
	w := verifytest.New(t)
	document := w.Document(func(o *verifytest.Sealing) { o.Data = []byte{} })
	in := verify.Input{Document: document, Receipt: w.Receipt(verify.KindDocument, gm.Sum(document))}
	r := verify.Judge(in, w.TrustFile(), w.Now)
	if r.Verdict != verify.Valid || r.Kind != verify.KindDocument || r.Subject != nil {
		t.Errorf("%s %s %v:%s", r.Verdict, r.Kind, r.Subject, describe(r))
	}
	in.Receipt = w.Receipt(verify.KindLicence, gm.Sum(document))
	if r := verify.Judge(in, w.TrustFile(), w.Now); r.Verdict != verify.Invalid {
		t.Errorf("with the receipt of a licence: %s:%s", r.Verdict, describe(r))
	}
}

func TestSecondSealIsJudgedByItself(t *testing.T) {
	s := newScene(t)
	s.seal(func(o *verifytest.Sealing) { o.MoreSeals = true })
	s.input = append(s.input, func(in *verify.Input) {
		in.Document = s.w.SealAgain(in.Document)
		in.Receipt = s.w.Receipt(verify.KindLicence, gm.Sum(in.Document))
	})
	r := s.judge()
	if r.Verdict != verify.Valid || len(r.Signatures) != 2 {
		t.Fatalf("%s with %d signatures:%s", r.Verdict, len(r.Signatures), describe(r))
	}
	first, second := r.Signatures[0], r.Signatures[1]
	if first.Verdict != verify.Valid || second.Verdict != verify.Valid || first.CoversFile || !second.CoversFile || len(first.After) != 1 {
		t.Errorf("%+v, then %+v", first, second)
	}
}

func TestTimestamp(t *testing.T) {
	stamp := func(change func(*scene, *verifytest.Sealing)) func(*scene) {
		return func(s *scene) { s.seal(func(o *verifytest.Sealing) { change(s, o) }) }
	}
	runAll(t, map[string]wrong{
		"no timestamp and no receipt leave the time unproved": {func(s *scene) {
			s.withoutReceipt()
			s.seal(func(o *verifytest.Sealing) { o.Unstamped = true })
		}, "TIMESTAMP", verify.Unknown, "absent", verify.Indeterminate},
		"a receipt proves the time as well": {stamp(func(_ *scene, o *verifytest.Sealing) { o.Unstamped = true }), "SIG_TIME", verify.Pass, "receipt", verify.Valid},
		"a receipt after the seal ended proves nothing": {func(s *scene) {
			s.w.Seal = s.w.MakeSeal(func(i *ses.SealInfo) { i.NotAfter = s.w.Now.Add(-time.Hour) })
			s.seal(func(o *verifytest.Sealing) { o.Time, o.Unstamped = s.w.Now.AddDate(0, 0, -1), true })
		}, "TIMESTAMP", verify.Unknown, "absent", verify.Indeterminate},
		"no timestamp is a warning where the policy says so": {func(s *scene) {
			s.policy.AcceptUnstamped = true
			s.withoutReceipt()
			s.seal(func(o *verifytest.Sealing) { o.Unstamped = true })
		}, "TIMESTAMP", verify.Warn, "absent", verify.Valid},
		"timestamp of another signature is invalid": {stamp(func(s *scene, o *verifytest.Sealing) {
			o.Signed = func(b []byte) []byte {
				p := s.w.Take(b)
				other := *o
				other.Signed = nil
				p.Timestamp = s.w.Take(s.w.Sign(gm.Sum([]byte("x")), other)).Timestamp
				return s.w.Join(p)
			}
		}), "TIMESTAMP", verify.Fail, "value", verify.Invalid},
		"authority that is not listed proves nothing": {stamp(func(s *scene, o *verifytest.Sealing) {
			i := s.w.Leaf(verifytest.Leaf{Name: "另一时间戳服务", Stamps: true})
			o.Stamper = &i
		}), "TIMESTAMP_AUTHORITY", verify.Unknown, "unlisted", verify.Indeterminate},
		"authority revoked before is invalid":       {func(s *scene) { s.w.Revoke(s.w.Stamper, s.w.Now.AddDate(0, 0, -1)) }, "TIMESTAMP_AUTHORITY", verify.Fail, "revoked", verify.Invalid},
		"time far from the declared one is invalid": {stamp(func(s *scene, o *verifytest.Sealing) { o.Stamp = s.w.Now.Add(-time.Hour) }), "TIMESTAMP_TIME", verify.Fail, "", verify.Invalid},
		"signature of the future decides nothing":   {stamp(func(s *scene, o *verifytest.Sealing) { o.Time = s.w.Now.Add(time.Hour) }), "SIG_TIME", verify.Unknown, "future", verify.Indeterminate},
	})
}

func TestSigner(t *testing.T) {
	leaf := func(change func(*gm.Certificate)) func(*scene) {
		return func(s *scene) {
			s.signedBy(s.w.Leaf(verifytest.Leaf{Name: verifytest.SealID, Organisation: s.w.OfficeCode + verifytest.OfficeName, Change: change}))
		}
	}
	runAll(t, map[string]wrong{
		"certificate of an unknown CA decides nothing": {func(s *scene) {
			ca := s.w.CA(&s.w.Root, "另一签发机构", 0)
			s.signedBy(s.w.Leaf(verifytest.Leaf{Name: verifytest.SealID, Organisation: s.w.OfficeCode + verifytest.OfficeName, Under: &ca}))
		}, "SIGNER_CERT_CHAIN", verify.Unknown, "issuer", verify.Indeterminate},
		"certificate with a borrowed issuer's name is invalid": {func(s *scene) {
			authority := s.w.Authority
			ca := s.w.CA(&s.w.Root, authority.Cert.Subject.CommonName, 0, func(c *gm.Certificate) { c.SubjectKeyId = authority.Cert.SubjectKeyId })
			s.signedBy(s.w.Leaf(verifytest.Leaf{Name: verifytest.SealID, Organisation: s.w.OfficeCode + verifytest.OfficeName, Under: &ca}))
		}, "SIGNER_CERT_CHAIN", verify.Fail, "signature", verify.Invalid},
		"certificate for encryption is invalid":              {leaf(func(c *gm.Certificate) { c.KeyUsage = gm.KeyUsageKeyEncipherment }), "SIGNER_CERT_USAGE", verify.Fail, "", verify.Invalid},
		"certificate without non-repudiation is invalid":     {leaf(func(c *gm.Certificate) { c.KeyUsage = gm.KeyUsageDigitalSignature }), "SIGNER_CERT_USAGE", verify.Fail, "", verify.Invalid},
		"certificate that came after signing is invalid":     {leaf(func(c *gm.Certificate) { c.NotBefore = c.NotBefore.AddDate(2, 0, 0) }), "SIG_TIME_OUTSIDE_CERT", verify.Fail, "", verify.Invalid},
		"certificate that ended before signing is invalid":   {leaf(func(c *gm.Certificate) { c.NotAfter = c.NotBefore.AddDate(0, 6, 0) }), "SIG_TIME_OUTSIDE_CERT", verify.Fail, "", verify.Invalid},
		"critical extension nobody knows is invalid":         {leaf(func(c *gm.Certificate) { c.ExtraExtensions = append(c.ExtraExtensions, verifytest.UnknownCritical()) }), "SIGNER_CERT_CHAIN", verify.Fail, "extension", verify.Invalid},
		"seal certificate revoked before signing is invalid": {func(s *scene) { s.w.Revoke(s.w.Office, s.w.Now.Add(-time.Minute)) }, "SIGNER_CERT_REVOKED", verify.Fail, "", verify.Invalid},
		"seal certificate revoked after signing is a note": {func(s *scene) {
			s.seal(func(o *verifytest.Sealing) { o.Time = s.w.Now.AddDate(0, 0, -3) })
			s.w.Revoke(s.w.Office, s.w.Now.AddDate(0, 0, -2))
		}, "SIGNER_CERT_REVOKED", verify.Warn, "later", verify.Valid},
		"revoked later without a timestamp proves nothing": {func(s *scene) {
			s.policy.AcceptUnstamped = true
			s.withoutReceipt()
			s.seal(func(o *verifytest.Sealing) { o.Time, o.Unstamped = s.w.Now.AddDate(0, 0, -3), true })
			s.w.Revoke(s.w.Office, s.w.Now.AddDate(0, 0, -2))
		}, "SIGNER_CERT_REVOKED", verify.Unknown, "later_unstamped", verify.Indeterminate},
		"no revocation list decides nothing": {func(s *scene) {
			s.trust = append(s.trust, func(t *verify.Trust) { t.CRLs = nil })
		}, "SIGNER_CERT_REVOKED", verify.Unknown, "no_crl", verify.Indeterminate},
		"stale revocation list decides nothing": {func(s *scene) {
			stale := s.w.CRL(func(c *gm.CRL) { c.NextUpdate = s.w.Now.Add(-time.Second) })
			s.trust = append(s.trust, func(t *verify.Trust) { t.CRLs = [][]byte{stale} })
		}, "SIGNER_CERT_REVOKED", verify.Unknown, "stale", verify.Indeterminate},
	})
}

func TestIssuingAuthority(t *testing.T) {
	// under puts the office below an issuing CA that is made wrong, and lists that CA in the trust file.
	under := func(root func(*scene) *verifytest.Identity, change func(*gm.Certificate)) func(*scene) {
		return func(s *scene) {
			parent := &s.w.Root
			if root != nil {
				parent = root(s)
			}
			ca := s.w.CA(parent, "另一签发机构", 0, change)
			s.signedBy(s.w.Leaf(verifytest.Leaf{Name: verifytest.SealID, Organisation: s.w.OfficeCode + verifytest.OfficeName, Under: &ca}))
			s.trust = append(s.trust, func(t *verify.Trust) { t.Authorities = append(t.Authorities, ca.DER()) })
		}
	}
	deep := func(s *scene) *verifytest.Identity {
		middle := s.w.CA(&s.w.Root, "中间签发机构", 1)
		s.trust = append(s.trust, func(t *verify.Trust) { t.Authorities = append(t.Authorities, middle.DER()) })
		return &middle
	}
	none := func(*gm.Certificate) {}
	excluding := func(organisation string) func(*gm.Certificate) {
		return func(c *gm.Certificate) {
			c.ExtraExtensions = append(c.ExtraExtensions, verifytest.Excluding(pkix.Name{Country: []string{"CN"}, Organization: []string{organisation}}))
		}
	}
	runAll(t, map[string]wrong{
		"that was not valid is invalid":            {under(nil, func(c *gm.Certificate) { c.NotAfter = c.NotBefore.AddDate(0, 6, 0) }), "SIGNER_CERT_CHAIN", verify.Fail, "issuer_time", verify.Invalid},
		"that may not issue is invalid":            {under(nil, func(c *gm.Certificate) { c.KeyUsage = gm.KeyUsageCRLSign }), "SIGNER_CERT_CHAIN", verify.Fail, "issuer_ca", verify.Invalid},
		"that may not name the office is invalid":  {func(s *scene) { under(nil, excluding(s.w.OfficeCode+verifytest.OfficeName))(s) }, "SIGNER_CERT_CHAIN", verify.Fail, "name_constraint", verify.Invalid},
		"that may not name others is no hindrance": {under(nil, excluding("另一机关")), "SIGNER_CERT_CHAIN", verify.Pass, "", verify.Indeterminate},
		"beyond the root's length is invalid":      {under(deep, none), "SIGNER_CERT_CHAIN", verify.Fail, "path", verify.Invalid},
	})
}

func TestSeal(t *testing.T) {
	made := func(change func(*ses.SealInfo)) func(*scene) {
		return func(s *scene) { s.w.Seal = s.w.MakeSeal(change) }
	}
	by := func(leaf verifytest.Leaf, listed bool) func(*scene) {
		return func(s *scene) {
			maker := s.w.Leaf(leaf)
			s.w.Seal = s.w.MakeSealBy(maker, nil)
			if listed {
				s.trust = append(s.trust, func(t *verify.Trust) { t.SealMakers = append(t.SealMakers, maker.DER()) })
			}
		}
	}
	runAll(t, map[string]wrong{
		"by a maker that is not listed decides nothing": {by(verifytest.Leaf{Name: "另一制章系统"}, false), "SEAL_MAKER_CERT_CHAIN", verify.Unknown, "unlisted", verify.Indeterminate},
		"by a maker that may not is invalid": {by(verifytest.Leaf{Name: "x", Change: func(c *gm.Certificate) { c.KeyUsage = gm.KeyUsageDigitalSignature }}, true),
			"SEAL_MAKER_CERT_USAGE", verify.Fail, "", verify.Invalid},
		"made before its maker was valid is invalid": {by(verifytest.Leaf{Name: "x", Change: func(c *gm.Certificate) { c.NotBefore = c.NotBefore.AddDate(0, 11, 0) }}, true),
			"SEAL_MAKER_CERT_EXPIRED", verify.Fail, "made", verify.Invalid},
		"used after its maker ended is invalid": {by(verifytest.Leaf{Name: "x", Change: func(c *gm.Certificate) { c.NotAfter = c.NotBefore.AddDate(0, 11, 0) }}, true),
			"SEAL_MAKER_CERT_EXPIRED", verify.Fail, "used", verify.Invalid},
		"by a maker revoked before is invalid": {func(s *scene) { s.w.Revoke(s.w.Maker, s.w.Now.Add(-time.Hour)) }, "SEAL_MAKER_CERT_REVOKED", verify.Fail, "", verify.Invalid},
		"by a maker revoked later is a note": {func(s *scene) {
			s.seal(func(o *verifytest.Sealing) { o.Time = s.w.Now.AddDate(0, 0, -3) })
			s.w.Revoke(s.w.Maker, s.w.Now.AddDate(0, 0, -2))
		}, "SEAL_MAKER_CERT_REVOKED", verify.Warn, "later", verify.Valid},
		"used before it began is invalid": {made(func(i *ses.SealInfo) { i.NotBefore = i.NotAfter.AddDate(-1, 0, 0) }), "SIG_TIME_OUTSIDE_SEAL", verify.Fail, "", verify.Invalid},
		"not yet begun is invalid":        {made(func(i *ses.SealInfo) { i.NotBefore = i.NotAfter.AddDate(-1, 0, 0) }), "SEAL_NOT_YET_VALID", verify.Fail, "", verify.Invalid},
		"used after it ended is invalid":  {made(func(i *ses.SealInfo) { i.NotAfter = i.NotBefore.AddDate(0, 1, 0) }), "SIG_TIME_OUTSIDE_SEAL", verify.Fail, "", verify.Invalid},
		"ended since it was used is a note": {func(s *scene) {
			s.w.Seal = s.w.MakeSeal(func(i *ses.SealInfo) { i.NotAfter = s.w.Now.Add(-time.Hour) })
			s.seal(func(o *verifytest.Sealing) { o.Time = s.w.Now.AddDate(0, 0, -1) })
		}, "SEAL_EXPIRED", verify.Warn, "expired_since", verify.Valid},
		"used by a signer that it does not list is invalid": {func(s *scene) {
			other := s.w.Leaf(verifytest.Leaf{Name: verifytest.SealID, Organisation: s.w.OfficeCode + verifytest.OfficeName})
			s.seal(func(o *verifytest.Sealing) { o.Signed = func(b []byte) []byte { return s.w.SignAs(b, other) } })
		}, "SIGNER_NOT_IN_SEAL", verify.Fail, "", verify.Invalid},
		"shown under another picture is invalid": {func(s *scene) {
			other := verifytest.OtherPicture(t)
			s.seal(func(o *verifytest.Sealing) { o.Picture = other })
		}, "SEAL_PICTURE", verify.Fail, "", verify.Invalid},
		"with a picture of another type is a note": {made(func(i *ses.SealInfo) { i.Picture.Type = "ofd"; i.Picture.Data = []byte("PK") }), "SEAL_PICTURE", verify.Warn, "unknown", verify.Valid},
		"listed by digest is valid": {made(func(i *ses.SealInfo) {
			i.CertDigests, i.Certs = []gm.Digest{gm.Sum(i.Certs[0])}, nil
		}), "SIGNER_NOT_IN_SEAL", verify.Pass, "", verify.Valid},
	})
}

func TestLicence(t *testing.T) {
	data := func(change func(*verify.Data)) func(*scene) { return func(s *scene) { s.data(change) } }
	status := func(code string, shift time.Duration) func(*scene) {
		return func(s *scene) {
			s.w.Statuses = []verify.Status{{Identifier: gm.Sum([]byte(s.w.Data().Metadata.ZZBS)), Status: code, At: s.w.Now.Add(shift)}}
		}
	}
	runAll(t, map[string]wrong{
		"with broken data is invalid":                 {func(s *scene) { s.seal(func(o *verifytest.Sealing) { o.Data = []byte("{}") }) }, "LICENCE_DATA", verify.Fail, "malformed", verify.Invalid},
		"with a wrong check character is invalid":     {data(func(d *verify.Data) { d.Metadata.ZZBS = wrongCheck(d.Metadata.ZZBS) }), "LICENCE_IDENTIFIER", verify.Fail, "malformed", verify.Invalid},
		"with another kind's identifier is invalid":   {data(func(d *verify.Data) { d.Metadata.ZZLXDM += "X" }), "LICENCE_IDENTIFIER", verify.Fail, "kind", verify.Invalid},
		"with another issuer's identifier is invalid": {data(func(d *verify.Data) { d.Metadata.ZZBFJGDM = d.Metadata.CZZTDM }), "LICENCE_IDENTIFIER", verify.Fail, "issuer", verify.Invalid},
		"with a wrong issuer's code is invalid":       {data(func(d *verify.Data) { d.Metadata.ZZBFJGDM = "114500000000000000" }), "LICENCE_ISSUER_CODE", verify.Fail, "", verify.Invalid},
		"sealed by another office is invalid":         {data(func(d *verify.Data) { d.Metadata.ZZBFJG = "另一机构" }), "LICENCE_ISSUER", verify.Fail, "", verify.Invalid},
		"past its last day is invalid":                {data(func(d *verify.Data) { d.Metadata.ZZYXQQSRQ, d.Metadata.ZZYXQJZRQ = "2026-01-01", "2026-03-01" }), "LICENCE_PERIOD", verify.Fail, "expired", verify.Invalid},
		"on its last day is valid":                    {data(func(d *verify.Data) { d.Metadata.ZZYXQQSRQ, d.Metadata.ZZYXQJZRQ = "2026-01-01", "2026-03-02" }), "LICENCE_PERIOD", verify.Pass, "", verify.Valid},
		"before its first day is invalid":             {data(func(d *verify.Data) { d.Metadata.ZZYXQQSRQ = "2026-03-03" }), "LICENCE_PERIOD", verify.Fail, "not_yet", verify.Invalid},
		"without an end is valid":                     {data(func(d *verify.Data) { d.Metadata.ZZYXQJZRQ = verify.NoEnd }), "LICENCE_PERIOD", verify.Pass, "no_end", verify.Valid},
		"suspended is invalid":                        {status("02", -2*time.Hour), "LICENCE_STATUS", verify.Fail, "suspended", verify.Invalid},
		"revoked is invalid":                          {status("07", -2*time.Hour), "LICENCE_STATUS", verify.Fail, "revoked", verify.Invalid},
		"revoked later is a note":                     {status("07", time.Minute), "LICENCE_STATUS", verify.Warn, "later", verify.Valid},
		"with too old a status decides nothing":       {func(s *scene) { s.policy.MaxStatusAge = time.Minute }, "LICENCE_STATUS", verify.Unknown, "stale", verify.Indeterminate},
	})
}

func wrongCheck(identifier string) string {
	last := byte('A')
	if identifier[len(identifier)-1] == last {
		last = 'B'
	}
	return identifier[:len(identifier)-1] + string(last)
}

func TestReceipt(t *testing.T) {
	give := func(make func(s *scene, document gm.Digest) []byte) func(*scene) {
		return func(s *scene) {
			s.input = append(s.input, func(in *verify.Input) { in.Receipt = make(s, gm.Sum(in.Document)) })
		}
	}
	none := give(func(*scene, gm.Digest) []byte { return nil })
	runAll(t, map[string]wrong{
		"absent is a warning":            {none, "RECEIPT_FORMAT", verify.Warn, "absent", verify.Valid},
		"absent where it is asked for":   {func(s *scene) { s.policy.AcceptNoReceipt = false; none(s) }, "RECEIPT_FORMAT", verify.Unknown, "absent", verify.Indeterminate},
		"of another document is invalid": {give(func(s *scene, _ gm.Digest) []byte { return s.w.Receipt("licence", gm.Sum([]byte("x"))) }), "RECEIPT_DIGEST", verify.Fail, "", verify.Invalid},
		"of another kind is invalid":     {give(func(s *scene, d gm.Digest) []byte { return s.w.Receipt("outcome", d) }), "RECEIPT_KIND", verify.Fail, "", verify.Invalid},
		"only accepted is no proof yet":  {give(func(s *scene, d gm.Digest) []byte { return s.w.Accepted("licence", d) }), "RECEIPT_PROOF", verify.Unknown, "accepted", verify.Indeterminate},
		"of another world is invalid":    {give(func(s *scene, d gm.Digest) []byte { w := *s.w; w.Ledger = s.w.Maker; return w.Receipt("licence", d) }), "RECEIPT_PROOF", verify.Fail, "root", verify.Invalid},
		"over the limit is invalid":      {give(func(*scene, gm.Digest) []byte { return make([]byte, verify.MaxReceipt+1) }), "RECEIPT_FORMAT", verify.Fail, "size", verify.Invalid},
		"that is no receipt is invalid":  {give(func(*scene, gm.Digest) []byte { return []byte("{}") }), "RECEIPT_FORMAT", verify.Fail, "malformed", verify.Invalid},
		"of another region is invalid": {give(func(s *scene, d gm.Digest) []byte {
			return s.w.Receipt("licence", d, func(r *receipt.Receipt) { r.Root.Region = "440000" })
		}), "RECEIPT_PROOF", verify.Fail, "region", verify.Invalid},
		"with another path is invalid": {give(func(s *scene, d gm.Digest) []byte {
			return s.w.Receipt("licence", d, func(r *receipt.Receipt) { r.Index++ })
		}), "RECEIPT_PROOF", verify.Fail, "path", verify.Invalid},
		"of a log that is not listed is invalid": {func(s *scene) { s.trust = append(s.trust, func(t *verify.Trust) { t.LogKeys = nil }) }, "RECEIPT_PROOF", verify.Fail, "checkpoint", verify.Invalid},
	})
}
