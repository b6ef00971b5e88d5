package verify

import (
	"yinzheng/internal/gm"
)

// EvidenceVersion is the version of Evidence that is written. Version 1, in which only documents of our own with one
// signature could be described, is still judged.
const (
	EvidenceVersion      = 2
	firstEvidenceVersion = 1
)

// Evidence is what was read: facts, and the signed objects verbatim, with no opinion and no trust. It is JSON, kept with
// the archived document, and can be judged again at another time, with another trust file, under another policy. It binds
// to the document by its digest: whoever holds both can Read the document again.
type Evidence struct {
	Version  int               `json:"version"`
	Document *DocumentEvidence `json:"document,omitempty"`
	Receipt  *BytesEvidence    `json:"receipt,omitempty"`
	Outcome  *BytesEvidence    `json:"outcome,omitempty"`
}

// DocumentEvidence are the facts about a PDF. What is below Data is of version 2.
type DocumentEvidence struct {
	Digest     gm.Digest           `json:"digest"` // SM3 of the whole; zero when it is over the limit
	Size       int64               `json:"size"`
	Problem    *Problem            `json:"problem,omitempty"` // why it could not be read
	Revisions  int                 `json:"revisions"`
	Signatures []SignatureEvidence `json:"signatures"`     // oldest first
	Data       *BytesEvidence      `json:"data,omitempty"` // licence.json; nil when there is none

	Own      bool             `json:"own,omitempty"`      // written by this service, or with licence.json inside: the strict rules hold
	Problems []FieldProblem   `json:"problems,omitempty"` // with what looks like a signature and belongs to none
	DSS      *DSSEvidence     `json:"dss,omitempty"`
	Steps    []StepEvidence   `json:"steps,omitempty"`    // what each revision after the first changed
	Oddities []OddityEvidence `json:"oddities,omitempty"` // what two readers could read differently; the first maxKept
	Odd      int              `json:"odd,omitempty"`      // how many oddities there are
}

// SignatureEvidence are the facts about one signature. What is below Picture is of version 2.
type SignatureEvidence struct {
	Field      string    `json:"field"` // of several, the first
	Filter     string    `json:"filter"`
	SubFilter  string    `json:"sub_filter"`
	ByteRange  [4]int64  `json:"byte_range"`
	CoversFile bool      `json:"covers_file"` // every byte but its own /Contents
	Digest     gm.Digest `json:"digest"`      // SM3 over the byte range; zero when it signs another hash
	Contents   []byte    `json:"contents"`    // DER without padding
	Picture    gm.Digest `json:"picture"`     // of what the page shows, see pdf.PictureDigest; zero when it is not known

	Fields         []FieldEvidence `json:"fields,omitempty"`   // every field that shows it: a seal across pages has several
	Revision       int             `json:"revision,omitempty"` // the revision that it signs, from 0
	CoversRevision bool            `json:"covers_revision,omitempty"`
	Timestamp      bool            `json:"timestamp,omitempty"`  // it is a document timestamp
	Hash           string          `json:"hash,omitempty"`       // of Sum: "sha256", "sha384", "sha512"; "" or "sm3": Digest alone
	Sum            []byte          `json:"sum,omitempty"`        // over the byte range
	Permission     int             `json:"permission,omitempty"` // P of its DocMDP, 0 when it certifies nothing
	Lock           *LockEvidence   `json:"lock,omitempty"`
	Date           string          `json:"date,omitempty"` // /M, a claim
	Name           string          `json:"name,omitempty"` // /Name, a claim
	Reason         string          `json:"reason,omitempty"`
	Location       string          `json:"location,omitempty"`
	Problems       []FieldProblem  `json:"problems,omitempty"`
}

// FieldEvidence is one place where a signature is shown.
type FieldEvidence struct {
	Name    string     `json:"name"`
	Page    int        `json:"page"` // from 1; 0 when it is on none
	Rect    [4]float64 `json:"rect"` // left, bottom, right, top in points; of no area when it is invisible
	Flags   int        `json:"flags,omitempty"`
	Picture gm.Digest  `json:"picture"`         // zero when the appearance is not one picture
	Part    [4]float64 `json:"part"`            // what of the picture is shown, 0 to 1
	Empty   bool       `json:"empty,omitempty"` // there is no appearance at all
}

// LockEvidence is a FieldMDP or /Lock: which fields must not be changed any more.
type LockEvidence struct {
	Action string   `json:"action"` // All, Include, Exclude
	Fields []string `json:"fields,omitempty"`
	P      int      `json:"p,omitempty"`
}

// FieldProblem is what is wrong with a signature dictionary or field.
type FieldProblem struct {
	Code   string `json:"code"` // of package signature
	Detail string `json:"detail,omitempty"`
	Offset int64  `json:"offset,omitempty"`
}

// DSSEvidence is the document security store: certificates and what was said about them when the document was archived.
type DSSEvidence struct {
	Certificates [][]byte `json:"certificates,omitempty"`
	CRLs         [][]byte `json:"crls,omitempty"`
	OCSPs        [][]byte `json:"ocsps,omitempty"`
	Revision     int      `json:"revision"` // the one that it is in
	Problem      *Problem `json:"problem,omitempty"`
}

// StepEvidence is what one revision changed.
type StepEvidence struct {
	Revision  int              `json:"revision"`
	Level     string           `json:"level"` // the highest of its changes: one of the Level constants
	Rewritten bool             `json:"rewritten,omitempty"`
	Changes   []ChangeEvidence `json:"changes"`          // what no rule explains first; at most maxKept
	More      int              `json:"more,omitempty"`   // changes that are not listed
	Filled    []string         `json:"filled,omitempty"` // every form field whose value it changed
}

// ChangeEvidence is one object that a revision wrote again, added or removed.
type ChangeEvidence struct {
	Object string `json:"object"`         // "12 0"
	Path   string `json:"path,omitempty"` // where it hangs
	Rule   string `json:"rule,omitempty"` // that explains it; "" when none does
	Level  string `json:"level"`
	Field  string `json:"field,omitempty"` // the form field that it is about, where it is one
	What   string `json:"what,omitempty"`  // for engineers, in English
}

// Levels of changes, the least first. A level that is not one of these is LevelOther.
const (
	LevelNone     = "none"
	LevelEvidence = "evidence" // certificates, revocation lists, document timestamps
	LevelSigning  = "signing"  // a further signature
	LevelFilling  = "filling"  // values of form fields
	LevelOther    = "other"
)

// OddityEvidence is a place that two readers could read differently.
type OddityEvidence struct {
	Code     string `json:"code"`
	Offset   int64  `json:"offset"`
	Object   string `json:"object,omitempty"`
	Revision int    `json:"revision"`
	What     string `json:"what,omitempty"`
}

// maxFilled bounds the fields that one revision may fill in: the largest forms have some thousands.
const maxFilled = 10_000

// maxKept bounds each list in the evidence whose length an attacker chooses.
const maxKept = 64

// BytesEvidence is a small file kept verbatim.
type BytesEvidence struct {
	Bytes   []byte   `json:"bytes,omitempty"`
	Problem *Problem `json:"problem,omitempty"` // why there are no bytes
}

// Problem says why something could not be read.
type Problem struct {
	Kind   string `json:"kind"`             // one of the Problem constants
	Offset int64  `json:"offset,omitempty"` // of the first wrong byte, where it is known
	Detail string `json:"detail,omitempty"` // for engineers, in English
}

// Kinds of problems.
const (
	ProblemSize        = "size"        // over the limit
	ProblemMalformed   = "malformed"   // not what it should be
	ProblemUnsupported = "unsupported" // well formed, perhaps, but not read by this version
	ProblemEncrypted   = "encrypted"   // not read without its password, and never as a sealed document
	ProblemFault       = "fault"       // the reader broke: our mistake
)

// Digest is the SM3 of what is judged: of the document or the outcome, zero when there is neither.
func (e Evidence) Digest() gm.Digest {
	switch {
	case e.Document != nil:
		return e.Document.Digest
	case e.Outcome != nil:
		return gm.Sum(e.Outcome.Bytes)
	}
	return gm.Digest{}
}

// upgraded returns the facts of version 1 in the words of version 2: that reader took only documents of our own, and knew
// nothing about later revisions but that they were there.
func (e Evidence) upgraded() Evidence {
	if e.Version != firstEvidenceVersion || e.Document == nil {
		return e
	}
	d := *e.Document
	d.Own, d.Signatures = true, nil
	for _, s := range e.Document.Signatures {
		s.CoversRevision, s.Revision = s.CoversFile, d.Revisions-1
		s.Fields = []FieldEvidence{{Name: s.Field, Picture: s.Picture, Part: wholePicture()}}
		d.Signatures = append(d.Signatures, s)
	}
	e.Document = &d
	return e
}

// wholePicture is the part of a picture that an ordinary seal shows.
func wholePicture() [4]float64 { return [4]float64{0, 0, 1, 1} }

// small keeps a small file, or says that it is too big.
func small(b []byte, limit int) *BytesEvidence {
	if b == nil {
		return nil
	}
	if len(b) > limit {
		return &BytesEvidence{Problem: &Problem{Kind: ProblemSize}}
	}
	return &BytesEvidence{Bytes: b}
}
