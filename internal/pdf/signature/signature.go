// Package signature finds the signatures of a PDF and says what is wrong with them: facts alone, no verdict and no
// cryptography but the digests of what was signed.
//
// A signature counts only as what it is in the bytes: its /ByteRange must leave out exactly its own /Contents token and end
// where a revision ends (ISO 32000-1, 12.8.1). Whatever looks like a signature and is not well formed is returned with its
// Problems; nothing is dropped, so that "no signature" means that there is nothing like one in the file.
package signature

import (
	"errors"

	"yinzheng/internal/gm"
	"yinzheng/internal/pdf/cos"
)

// ErrLimit means that a file has more signatures, fields or evidence than Limits of this package allow.
var ErrLimit = errors.New("pdf signature: limit exceeded")

// Limits of one file. A signature with its picture, certificates and timestamp has some 15 KB; a licence has a few.
const (
	maxSignatures    = 2000     // more are not read one by one
	maxContents      = 4 << 20  // bytes of one signature; a revocation list inside may have megabytes
	maxAllContents   = 64 << 20 // bytes of all signatures together: they are kept in memory
	maxFields        = 100_000  // fields and widgets of a form
	maxFieldDepth    = 32       // levels of a form's tree
	maxNameBytes     = 4096     // of a field's full name
	maxProblems      = 200      // of one signature, and of the file beside them: enough to condemn it
	maxLocked        = 10_000   // names in a /Lock
	maxEvidence      = 20_000   // certificates, lists and answers in a DSS
	maxEvidenceBytes = 64 << 20 // of all of them together
	maxAppearance    = 4096     // bytes of the content stream of an appearance that draws one image
	maxImageBytes    = 8 << 20  // compressed samples of the image of a seal, as package pdf limits a picture
)

// Set is what Find found in the latest view of a file.
type Set struct {
	Signatures []Signature // by revision, oldest first; those of one revision by the place of their /Contents
	Empty      []Field     // signature fields without a signature
	DSS        *DSS        // nil: the file has none
	Problems   []Problem   // what belongs to no single signature
	uses       uses
}

// Signature is one signature dictionary and the fields that show it.
type Signature struct {
	Ref       cos.Ref  // zero: the dictionary is not an object of its own
	Fields    []Field  // every field that shares it: a seal across the edges of N pages has N fields and one /V
	Revision  int      // the revision whose end is the end of ByteRange; where it is none, the one that wrote the dictionary
	Timestamp bool     // a document timestamp (ISO 32000-2, 12.8.5)
	Filter    string   // without the slash, like SubFilter
	SubFilter string   //
	ByteRange [4]int64 // zero where it could not be read
	Contents  []byte   // the DER without the zeros behind it; nil where it could not be read

	SignerName, Reason, Location, Date string // claims of the file, no evidence; Date as written, e.g. D:20260101120000+08'00'

	Permission     int        // P of DocMDP, 1 to 3; 0: it does not certify
	Lock           *FieldLock // nil: none
	CoversRevision bool       // everything up to the end of Revision but its own /Contents
	CoversFile     bool       // the same up to the last byte of the file
	Problems       []Problem
}

// Field is a place of a signature: a field that is its own widget, or one widget of a field that has several.
type Field struct {
	Name       string     // full name, levels joined by full stops
	Ref        cos.Ref    // of the widget
	Page       int        // from 1; 0: on no page
	Rect       [4]float64 // points, left, bottom, right, top
	Flags      int        // of the annotation (ISO 32000-1, table 165)
	Appearance Appearance
}

// Appearance is what a field shows, as far as it is one picture.
type Appearance struct {
	Picture gm.Digest  // see pdf.PictureDigest; zero: the appearance is not exactly one image
	Part    [4]float64 // the part of the picture that is shown: left, bottom, right, top, 0 to 1
	Objects []cos.Ref  // form, image, soft mask
}

// FieldLock names the fields that must not change after a signature (ISO 32000-1, 12.8.2.4).
type FieldLock struct {
	Action     string   // All, Include (only Fields), Exclude (all but Fields)
	Fields     []string // full names
	Permission int      // P of a field's /Lock (ISO 32000-2, table 236), 0: none
}

// Problem says what is wrong. Codes are the constants below.
type Problem struct {
	Code   string
	Detail string // English, for the log
	Offset int64  // in the file; 0: not known
}

// Codes of problems.
const (
	CodeByteRange  = "byte_range" // not four direct non-negative integers [0 a b c] within the file
	CodeContents   = "contents"   // /Contents is missing, empty, not hexadecimal of one case, not one DER SEQUENCE and zeros
	CodeBER        = "ber"        // /Contents has an indefinite length: no DER, though it may be one honest signature
	CodeGap        = "gap"        // what /ByteRange leaves out is not its own /Contents, or a cross-reference points there
	CodeCoverage   = "coverage"   // /ByteRange does not end where a revision ends, or its dictionary is not of that revision
	CodeOverlap    = "overlap"    // two signatures leave out the same bytes or end the same revision
	CodeDictionary = "dictionary" // the dictionary: kind, keys, types
	CodeField      = "field"      // no field, a field outside the form, a field on another page than it says
	CodeAliased    = "aliased"    // a field took over the signature after it was made
	CodePerms      = "perms"      // /Perms and the certification disagree, or there are two
	CodeUsage      = "usage"      // a usage-rights signature (UR3), which says nothing about the document
	CodeReplaced   = "replaced"   // a signature of an earlier revision that is there no more or was written again
	CodeForm       = "form"       // /AcroForm is not a form
	CodeFlags      = "sig_flags"  // /SigFlags says that there are signatures, and there are none
	CodeDSS        = "dss"        // the document security store cannot be read
)

// DSS is the document security store (ISO 32000-2, 12.8.4.3), decoded.
type DSS struct {
	Certs, CRLs, OCSPs [][]byte
	Revision           int // the last one that wrote any of it
}
