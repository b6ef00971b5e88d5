package verify

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"yinzheng/internal/cms"
	"yinzheng/internal/gm"
	"yinzheng/internal/ses"
	"yinzheng/internal/tsp"
)

// Signature encodings (/SubFilter). GM/T 0112-2021 names those of SM2; the rest is ISO 32000-2, 12.8.3 and 12.8.5.
const (
	subFilterSeal      = "GM.sm2seal"
	subFilterTimestamp = "ETSI.RFC3161"
	subFilterPAdES     = "ETSI.CAdES.detached"
	subFilterAdobe     = "adbe.pkcs7.detached"
)

// subFiltersCMS are the names under which SignedData is met: those of GM/T 0112 as vendors write them, and the old one of
// Adobe, which Chinese software fills with SM2 as well.
func subFiltersCMS() []string {
	return []string{"GM.sm2cms.detached", "GM.SM2", subFilterAdobe}
}

// kindOfSignature goes by what the signature says it is; SIG_FORMAT sees whether that is so. "" is a kind not known.
func kindOfSignature(e *SignatureEvidence) string {
	switch {
	case e.Timestamp || e.SubFilter == subFilterTimestamp:
		return SignatureTimestamp
	case e.SubFilter == subFilterSeal:
		return SignatureSeal
	case e.SubFilter == subFilterPAdES:
		return SignaturePAdES
	}
	if slices.Contains(subFiltersCMS(), e.SubFilter) {
		return SignatureCMS
	}
	if strings.HasPrefix(e.SubFilter, ownNames) { // another name for one of the two: what it holds tells
		if _, err := ses.ParseSignature(e.Contents); err == nil {
			return SignatureSeal
		}
		if _, err := cms.ParseDetached(e.Contents); err == nil {
			return SignatureCMS
		}
	}
	return ""
}

// ownNames begins the names of GM/T 0112-2021, whose table was not at hand: services may be configured with others than ours.
const ownNames = "GM."

// signing is one signature, or the one of an outcome, in the course of a judgement.
type signing struct {
	evidence *SignatureEvidence // nil for an outcome, and where there is no signature at all
	name     string
	kind     string
	ended    map[string]Outcome
	findings []Finding

	signature *ses.Signature // by SIG_FORMAT, of a seal
	cms       *cms.Detached  // by SIG_FORMAT, of SignedData
	token     *tsp.Token     // by SIG_FORMAT of a document timestamp, else by TIMESTAMP
	verified  bool           // by CONTENT_HASH, with what came of it
	cmsErr    error
	value     []byte            // what a timestamp is over
	signer    *gm.Certificate   // by SIG_FORMAT or OUTCOME_FORMAT
	maker     *gm.Certificate   // by SEAL_FORMAT
	path      []*gm.Certificate // by SIGNER_CERT_CHAIN
	carried   *paths
	odd       []string    // about its certificates
	outcome   outcomeHead // by OUTCOME_FORMAT
	level     string      // by SIG_LEVEL

	declared time.Time // the signer's word; zero when there is none
	signedAt time.Time // that everything is judged at: stamped, else declared, else proved
	proved   time.Time // it existed by then; zero when that is not proved
	basis    string    // of signedAt and proved: one of the Basis constants
	stamped  bool      // the timestamp's authority is believed: by TIMESTAMP_AUTHORITY
}

// signaturesOf names the signatures. Where there is none there is one without evidence: the rows about signatures run, and
// say that they could not.
func signaturesOf(e Evidence) []*signing {
	if e.Document == nil && e.Outcome == nil {
		return nil
	}
	var all []*signing
	if e.Document != nil {
		taken := map[string]bool{}
		for i := range e.Document.Signatures {
			s := &e.Document.Signatures[i]
			name := printable(s.Field)
			if name == "" || taken[name] {
				name = fmt.Sprintf("%s#%d", name, i+1)
			}
			taken[name] = true
			all = append(all, &signing{evidence: s, name: name, kind: kindOfSignature(s), ended: map[string]Outcome{}})
		}
	}
	if len(all) == 0 {
		all = append(all, &signing{ended: map[string]Outcome{}})
	}
	return all
}

// covers reports whether the signature covers all that there was when it was made.
func (s *signing) covers() bool { return s.evidence.CoversFile || s.evidence.CoversRevision }

// fixTime settles what is known about when it was made. Proofs of existence are no use after the signer's certificate or the
// seal ran out: whoever has an old key could have signed in between. The declared time stands where the proof is close to it,
// as close as a timestamp has to be; else the time of the proof does.
func (j *judgement) fixTime() {
	s := j.s
	s.signedAt, s.basis = s.declared, BasisDeclared
	if s.stamped && s.token != nil {
		s.signedAt, s.proved, s.basis = s.token.Time, s.token.Time, BasisTimestamp
		return
	}
	if s.signer == nil {
		return
	}
	revision := 0 // of an outcome
	if s.evidence != nil {
		revision = s.evidence.Revision
	}
	best, found := j.proofOf(revision)
	if !found || best.time.After(s.ends()) {
		return
	}
	s.proved, s.basis = best.time, best.basis
	if best.time.Sub(s.declared).Abs() > j.policy.StampDelay {
		s.signedAt = best.time
	}
}

// ends is when its signer's certificate or its seal runs out.
func (s *signing) ends() time.Time {
	end := s.signer.NotAfter
	if s.signature != nil && s.signature.Seal.Info.NotAfter.Before(end) {
		end = s.signature.Seal.Info.NotAfter
	}
	return end
}

// proofOf returns the earliest proof that a revision existed.
func (j *judgement) proofOf(revision int) (best proof, found bool) {
	for _, p := range j.proofs {
		if revision < p.before && (!found || p.time.Before(best.time)) {
			best, found = p, true
		}
	}
	return best, found
}

// verifyCMS verifies SignedData over a digest once: two rows ask.
func (s *signing) verifyCMS(sum []byte) error {
	if !s.verified {
		s.verified, s.cmsErr = true, s.cms.Verify(sum)
	}
	return s.cmsErr
}

// dialectOfCMS names the form of SignedData where it is not the one that its /SubFilter stands for.
func (s *signing) dialectOfCMS() []string {
	expected := []string{cms.DialectGM}
	switch {
	case s.kind == SignaturePAdES:
		expected = []string{cms.DialectPAdES}
	case s.evidence.SubFilter == subFilterAdobe:
		expected = []string{cms.DialectAdobe, cms.DialectPAdES}
	}
	if slices.Contains(expected, s.cms.Dialect) {
		return nil
	}
	return []string{s.cms.Dialect}
}
