package verify

import (
	"errors"

	"yinzheng/internal/gm"
	"yinzheng/internal/pdf"
)

// Read collects the facts. It judges nothing and never fails: what cannot be read is a Problem in the evidence.
func Read(in Input) Evidence {
	e := Evidence{Version: EvidenceVersion, Receipt: small(in.Receipt, MaxReceipt), Outcome: small(in.Outcome, MaxOutcome)}
	if in.Document != nil {
		e.Document = readDocument(in.Document)
	}
	return e
}

func readDocument(b []byte) (d *DocumentEvidence) {
	d = &DocumentEvidence{Size: int64(len(b)), Signatures: []SignatureEvidence{}}
	if len(b) > MaxDocument {
		d.Problem = &Problem{Kind: ProblemSize}
		return d
	}
	d.Digest = gm.Sum(b)
	defer func() {
		if p := recover(); p != nil {
			d.Problem = &Problem{Kind: ProblemFault}
		}
	}()
	file, err := pdf.Read(b, pdf.Limits{})
	if err != nil {
		d.Problem = problemOf(err)
		return d
	}
	d.Revisions = file.Revisions()
	for _, s := range file.Signatures() {
		picture, err := file.Picture(s)
		if err != nil {
			picture = gm.Digest{} // not known: a check says so
		}
		d.Signatures = append(d.Signatures, SignatureEvidence{
			Field: s.Field, Filter: s.Filter, SubFilter: s.SubFilter, ByteRange: s.ByteRange,
			CoversFile: s.CoversFile, Digest: s.Digest, Contents: s.Contents, Picture: picture,
		})
	}
	d.Data = readData(file)
	return d
}

// readData keeps licence.json; a document that has none has no data evidence.
func readData(file *pdf.File) *BytesEvidence {
	b, err := file.Attachment(DataName)
	switch {
	case errors.Is(err, pdf.ErrNoAttachment):
		return nil
	case err != nil:
		return &BytesEvidence{Problem: problemOf(err)}
	}
	return small(append([]byte{}, b...), MaxData)
}

func problemOf(err error) *Problem {
	var malformed *pdf.MalformedError
	switch {
	case errors.As(err, &malformed):
		return &Problem{Kind: ProblemMalformed, Offset: malformed.Offset, Detail: malformed.What}
	case errors.Is(err, pdf.ErrUnsupported), errors.Is(err, pdf.ErrLimit):
		return &Problem{Kind: ProblemUnsupported, Detail: err.Error()}
	}
	return &Problem{Kind: ProblemMalformed, Detail: err.Error()}
}
