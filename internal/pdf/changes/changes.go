// Package changes explains what each revision of a PDF did to the one before it.
//
// The analysis is a whitelist: an object that a later revision writes, overrides or frees has to be explained by a rule, in its
// place in the document; what no rule explains is reported with an empty Rule. Nothing is judged by what it looks like on the
// page, and nothing is assumed harmless. The rules are in the tables catalogRules, trailerRules and objectRules; each is a
// function with what it allows in its comment.
//
// Two facts of the whole file guard the rules, both from signature.Find: an object that is overridden must have no second role
// (a metadata stream that is the content of a page as well), and an object number to which an older object already referred
// while it stood for nothing is not new.
package changes

import (
	"fmt"

	"yinzheng/internal/pdf/cos"
	"yinzheng/internal/pdf/signature"
)

// Level says how much a change means for the signatures before it. A certification allows up to a level: P = 1 allows
// Evidence, P = 2 allows Filling.
type Level int

// The levels, each containing those before it.
const (
	None     Level = iota // nothing that a reader shows or a verifier uses
	Evidence              // evidence for signatures, invisible document timestamps, extensions, metadata
	Signing               // a new signature field, the filling of an empty one
	Filling               // values of other form fields
	Other                 // anything else: unexplained
)

// String is the level's name in reports.
func (l Level) String() string {
	return [...]string{"none", "evidence", "signing", "filling", "other"}[min(max(l, None), Other)]
}

// Names of rules.
const (
	RuleUnchanged      = "unchanged"          // written again with the same value
	RuleUnused         = "unused"             // a new object that nothing explained refers to
	RuleCrossReference = "cross_reference"    // a cross-reference stream
	RuleObjectStream   = "object_stream"      // a new object stream
	RuleField          = "signature_field"    // a new signature field with its widget, appearance and signature
	RuleParts          = "seal_parts"         // the same for several fields that share one signature
	RuleTimestamp      = "document_timestamp" // the same for a document timestamp that shows nothing
	RuleEmpty          = "empty_field"        // a new signature field without a signature
	RuleFill           = "fill_signature"     // an empty signature field was filled
	RuleCertify        = "certification"      // /Perms of the first signature
	RuleEvidence       = "dss"                // the document security store grew
	RuleExtensions     = "extensions"         // /Extensions grew, /Version rose
	RuleMetadata       = "metadata"           // document information, XMP
	RuleValues         = "form_values"        // values of other fields
)

// Change is one difference between a revision and the one before it.
type Change struct {
	Revision int     // from 0; the one that made it
	Object   cos.Ref // zero: the trailer
	Path     string  // where in the document, e.g. /Root/AcroForm/Fields
	Field    string  // full name of the form field that it is about, "" for none
	Rule     string  // one of the constants above; "": unexplained
	Level    Level
	What     string // English, for the log
}

// Step is everything that one revision changed.
type Step struct {
	Revision  int
	Level     Level    // the highest of Changes
	Changes   []Change // the unexplained first; at most maxChanges of them and as many explained ones
	Rewritten bool     // most objects were written again and not everything is explained: it looks like a program's re-save
}

const (
	maxChanges = 5000    // listed of one step, explained and not; a re-save has as many as the file has objects
	maxClosure = 100_000 // objects that one appearance may consist of
	maxClimb   = 32      // levels of a form's tree, as package signature allows
)

// Steps judges each revision after the first against the one before it. S is what signature.Find found in f. Its cost grows
// with what changed, not with the file. Errors: those of package cos for an object that cannot be read; signature.ErrLimit.
func Steps(f *cos.File, set *signature.Set) ([]Step, error) {
	revisions := f.Revisions()
	own := map[int][]*signature.Signature{}
	first := len(revisions)
	for i := range set.Signatures {
		s := &set.Signatures[i]
		first = min(first, s.Revision)
		if s.CoversRevision {
			own[s.Revision] = append(own[s.Revision], s)
		}
	}
	steps := make([]Step, 0, len(revisions)-1)
	used := 0
	for _, slot := range revisions[0].Slots {
		if slot.Kind != cos.Free {
			used++
		}
	}
	for k := 1; k < len(revisions); k++ {
		s := newStep(f, set, k, revisions)
		s.first = first >= k
		for _, sig := range own[k] {
			s.own[sig.Ref] = sig
		}
		if err := s.judge(); err != nil {
			return nil, fmt.Errorf("explaining revision %d: %w", k, err)
		}
		steps = append(steps, s.result(used))
		used += len(s.fresh) - s.freed
	}
	return steps, nil
}
