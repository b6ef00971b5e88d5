package verify

import (
	"yinzheng/internal/gm"
)

// EvidenceVersion is the version of Evidence that is written.
const EvidenceVersion = 1

// Evidence is what was read: facts, and the signed objects verbatim, with no opinion and no trust. It is JSON, kept with
// the archived document, and can be judged again at another time, with another trust file, under another policy. It binds
// to the document by its digest: whoever holds both can Read the document again.
type Evidence struct {
	Version  int               `json:"version"`
	Document *DocumentEvidence `json:"document,omitempty"`
	Receipt  *BytesEvidence    `json:"receipt,omitempty"`
	Outcome  *BytesEvidence    `json:"outcome,omitempty"`
}

// DocumentEvidence are the facts about a PDF.
type DocumentEvidence struct {
	Digest     gm.Digest           `json:"digest"` // SM3 of the whole; zero when it is over the limit
	Size       int64               `json:"size"`
	Problem    *Problem            `json:"problem,omitempty"` // why it could not be read
	Revisions  int                 `json:"revisions"`
	Signatures []SignatureEvidence `json:"signatures"`
	Data       *BytesEvidence      `json:"data,omitempty"` // licence.json; nil when there is none
}

// SignatureEvidence are the facts about one signature field.
type SignatureEvidence struct {
	Field      string    `json:"field"`
	Filter     string    `json:"filter"`
	SubFilter  string    `json:"sub_filter"`
	ByteRange  [4]int64  `json:"byte_range"`
	CoversFile bool      `json:"covers_file"` // every byte but its own /Contents
	Digest     gm.Digest `json:"digest"`      // SM3 over the byte range
	Contents   []byte    `json:"contents"`    // DER without padding
	Picture    gm.Digest `json:"picture"`     // of what the page shows, see pdf.PictureDigest; zero when it is not known
}

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
	ProblemFault       = "fault"       // the reader broke: our mistake
)

// digest is the SM3 of what is judged.
func (e Evidence) digest() gm.Digest {
	switch {
	case e.Document != nil:
		return e.Document.Digest
	case e.Outcome != nil:
		return gm.Sum(e.Outcome.Bytes)
	}
	return gm.Digest{}
}

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
