package verify

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"yinzheng/internal/gm"
)

// signerName is who signed: the organisation of a seal, else the certificate's name.
func (s *signing) signerName() string {
	switch {
	case s.signer != nil:
		return owner(s.signer)
	case s.kind == SignatureTimestamp && s.token != nil:
		return name(s.token.Signer)
	}
	return ""
}

// format names the standard that the signature is written after.
func (s *signing) format() string {
	switch {
	case s.signature != nil && s.signature.Version == 1:
		return "GM/T 0031-2014"
	case s.signature != nil && s.signature.Version == sealVersion5:
		return "GM/T 0031-2025"
	case s.signature != nil:
		return "GB/T 38540-2020"
	case s.kind == SignatureTimestamp && s.token != nil:
		return "RFC 3161"
	case s.kind == SignaturePAdES && s.cms != nil:
		return "PAdES"
	case s.cms != nil && isSM2Key(s.signer):
		return "GB/T 35275-2017"
	case s.cms != nil:
		return "CMS"
	}
	return ""
}

// dialects are the ways in which it, or a certificate of it, differs from what it should be.
func (s *signing) dialects() []string { return slices.Concat(s.dialect(), s.odd) }

// dialect are the ways in which the signature itself does.
func (s *signing) dialect() []string {
	switch {
	case s.signature != nil:
		return slices.Concat(s.signature.Dialect, s.signature.Seal.Dialect)
	case s.cms != nil:
		return s.dialectOfCMS()
	}
	return nil
}

func joined(list []string) string { return strings.Join(list, ", ") }

// algorithm names the signature's algorithm for people.
func (s *signing) algorithm() string {
	switch {
	case s.signature != nil:
		return "SM2/SM3"
	case s.kind == SignatureTimestamp && s.token != nil:
		return algorithmOf(s.token.Signer, s.hashName())
	case s.cms != nil:
		return s.cms.Algorithm()
	}
	return ""
}

func algorithmOf(c *gm.Certificate, hash string) string {
	key := ""
	switch {
	case c == nil:
	case isSM2Key(c):
		key = "SM2"
	default:
		key = c.PublicKeyAlgorithm.String()
	}
	return key + "/" + strings.Replace(strings.ToUpper(hash), "SHA", "SHA-", 1)
}

func isSM2Key(c *gm.Certificate) bool { return c != nil && gm.IsSM2(c.PublicKey) }

// hashName is the hash that the evidence was made with.
func (s *signing) hashName() string {
	if s.evidence == nil || s.evidence.Hash == "" {
		return "sm3"
	}
	return s.evidence.Hash
}

// sum is the digest of what the signature covers, by the hash that it signs; false when the evidence has none.
func (s *signing) sum() (sum []byte, hash string, ok bool) {
	hash = s.hashName()
	if hash != "sm3" {
		return s.evidence.Sum, hash, len(s.evidence.Sum) > 0
	}
	return s.evidence.Digest[:], hash, !s.evidence.Digest.IsZero()
}

func hexOf(b []byte) string { return hex.EncodeToString(b) }

// timestamp is the signature's own timestamp token, nil when there is none.
func (s *signing) timestamp() []byte {
	switch {
	case s.signature != nil:
		return s.signature.Timestamp
	case s.cms != nil:
		return s.cms.Timestamp
	}
	return nil
}

// issuer is the certificate above the signer's, nil when no path is known.
func (s *signing) issuer() *gm.Certificate {
	if len(s.path) < 2 {
		return &gm.Certificate{}
	}
	return s.path[1]
}

// stampedItself reports whether it is a document timestamp that is believed.
func (s *signing) stampedItself() bool { return s.kind == SignatureTimestamp && s.stamped }

// invisible reports whether it shows nothing on any page.
func (s *signing) invisible() bool {
	for _, f := range s.evidence.Fields {
		if f.Page != 0 && !f.invisible() {
			return false
		}
	}
	return true
}

// largest is its largest place, in square points.
func (s *signing) largest() (page int, area float64) {
	for _, f := range s.evidence.Fields {
		if a := (f.Rect[2] - f.Rect[0]) * (f.Rect[3] - f.Rect[1]); f.Page != 0 && a > area {
			page, area = f.Page, a
		}
	}
	return page, area
}

// overlaps returns the older signature that this one covers most of, and how much, in square points.
func (j *judgement) overlaps(s *signing) (over *signing, area float64) {
	for _, older := range j.signatures {
		if older == s {
			break
		}
		covered := 0.0
		for _, f := range s.evidence.Fields {
			for _, g := range older.evidence.Fields {
				covered += f.over(g)
			}
		}
		if covered > area {
			over, area = older, covered
		}
	}
	return over, area
}

// over is the area, in square points, that two places share.
func (f FieldEvidence) over(g FieldEvidence) float64 {
	if f.Page == 0 || f.Page != g.Page {
		return 0
	}
	w := min(f.Rect[2], g.Rect[2]) - max(f.Rect[0], g.Rect[0])
	h := min(f.Rect[3], g.Rect[3]) - max(f.Rect[1], g.Rect[1])
	return max(w, 0) * max(h, 0)
}

// squareMillimetres writes an area of square points for people.
func squareMillimetres(area float64) string {
	const mm = 25.4 / 72
	return fmt.Sprintf("%.0f", area*mm*mm)
}

// dateOf reads a date of PDF (ISO 32000-2, 7.9.4), D:YYYYMMDDHHmmSSOHH'mm; zero when it is none. It is a claim.
func dateOf(s string) time.Time {
	s = strings.TrimSuffix(strings.ReplaceAll(strings.TrimPrefix(s, "D:"), "'", ""), "Z0000")
	for _, layout := range []string{"20060102150405-0700", "20060102150405Z", "20060102150405"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}
