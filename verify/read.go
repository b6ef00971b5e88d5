package verify

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"yinzheng/internal/gm"
	"yinzheng/internal/midstate"
	"yinzheng/internal/pdf/changes"
	"yinzheng/internal/pdf/cos"
	"yinzheng/internal/pdf/signature"
)

// Read collects the facts. It judges nothing and never fails: what cannot be read is a Problem in the evidence. A document is
// hashed once for all its signatures, and what lies before Input.State not at all; memory does not grow with its size.
func Read(in Input) Evidence {
	e := Evidence{Version: EvidenceVersion, Receipt: small(in.Receipt, MaxReceipt), Outcome: small(in.Outcome, MaxOutcome)}
	switch {
	case in.Document != nil:
		e.Document = readDocument(bytes.NewReader(in.Document), int64(len(in.Document)), MaxDocument, in)
	case in.Reader != nil:
		e.Document = readDocument(in.Reader, in.Reader.Size(), MaxFile, in)
	}
	return e
}

func readDocument(r io.ReaderAt, size, limit int64, in Input) (d *DocumentEvidence) {
	d = &DocumentEvidence{Size: size, Signatures: []SignatureEvidence{}}
	if size > limit {
		d.Problem = &Problem{Kind: ProblemSize}
		return d
	}
	defer func() {
		if p := recover(); p != nil {
			d.Problem = &Problem{Kind: ProblemFault}
		}
	}()
	err := d.read(r, size, in)
	if err != nil {
		d.Problem = problemOf(err)
	}
	if d.Digest.IsZero() { // what cannot be read has a digest all the same
		if d.Digest, err = wholeDigest(r, size, in.State); err != nil {
			d.Problem = problemOf(err)
		}
	}
	return d
}

// wholeDigest is the SM3 of a file of which nothing else is known.
func wholeDigest(r io.ReaderAt, size int64, known midstate.State) (gm.Digest, error) {
	h, err := midstate.Resume(known)
	if err != nil || h.Length() > size {
		h = midstate.NewSM3()
	}
	if _, err := io.Copy(h, io.NewSectionReader(r, h.Length(), size-h.Length())); err != nil {
		return gm.Digest{}, fmt.Errorf("hashing a document: %w", err)
	}
	return h.SM3(), nil
}

// wholeSpan is the whole file.
func wholeSpan(size int64) signature.Span {
	return signature.Span{Range: [4]int64{0, size, size, 0}, Hash: signature.SM3}
}

// read takes the document apart; the first error stops it.
func (d *DocumentEvidence) read(r io.ReaderAt, size int64, in Input) error {
	file, err := cos.Open(r, size, cos.Limits{})
	if err != nil {
		return err
	}
	set, err := signature.Find(file)
	if err != nil {
		return err
	}
	d.Revisions = len(file.Revisions())
	d.addSignatures(set)
	if err := d.hash(file, in); err != nil {
		return err
	}
	if d.Data, err = readData(file); err != nil {
		return err
	}
	d.Own = file.Own() || d.Data != nil
	if len(set.Signatures) > 0 && d.Revisions > 1 {
		steps, err := changes.Steps(file, set)
		if err != nil {
			return err
		}
		d.addSteps(steps)
	}
	if d.Oddities, err = readPages(file.Latest()); err != nil {
		return err
	}
	oddities := file.Oddities()
	d.Odd = len(oddities) + len(d.Oddities)
	for _, o := range oddities[:min(len(oddities), maxKept)] {
		d.Oddities = append(d.Oddities, OddityEvidence{Code: o.Code, Offset: o.Offset, Object: refName(o.Object), Revision: o.Revision, What: o.What})
	}
	return nil
}

// hash fills in the digest of the whole and of what each signature covers, in one pass.
func (d *DocumentEvidence) hash(file *cos.File, in Input) error {
	spans := []signature.Span{wholeSpan(d.Size)}
	place := make([]int, len(d.Signatures))
	for i := range d.Signatures {
		s := &d.Signatures[i]
		if s.ByteRange == ([4]int64{}) {
			continue
		}
		hash, known := hashOf(s)
		if !known {
			continue
		}
		place[i] = len(spans)
		spans = append(spans, signature.Span{Range: s.ByteRange, Hash: hash})
		s.Hash = hashNames()[hash]
	}
	if err := signature.Digests(file, spans, in.State); err != nil {
		return err
	}
	d.Digest = gm.Digest(spans[0].Sum)
	for i := range d.Signatures {
		s := &d.Signatures[i]
		switch sum := spans[place[i]].Sum; {
		case place[i] == 0:
		case spans[place[i]].Hash == signature.SM3:
			s.Digest, s.Hash = gm.Digest(sum), ""
		default:
			s.Sum = sum
		}
	}
	return nil
}

func hashNames() map[signature.Hash]string {
	return map[signature.Hash]string{signature.SM3: "sm3", signature.SHA256: "sha256", signature.SHA384: "sha384", signature.SHA512: "sha512"}
}

func (d *DocumentEvidence) addSignatures(set *signature.Set) {
	for _, s := range set.Signatures {
		e := SignatureEvidence{
			Filter: s.Filter, SubFilter: s.SubFilter, ByteRange: s.ByteRange, CoversFile: s.CoversFile, Contents: s.Contents,
			Revision: s.Revision, CoversRevision: s.CoversRevision, Timestamp: s.Timestamp, Permission: s.Permission,
			Date: s.Date, Name: s.SignerName, Reason: s.Reason, Location: s.Location, Problems: problemsOf(s.Problems),
		}
		if s.Lock != nil {
			e.Lock = &LockEvidence{Action: s.Lock.Action, Fields: s.Lock.Fields, P: s.Lock.Permission}
		}
		for _, f := range s.Fields {
			e.Fields = append(e.Fields, FieldEvidence{
				Name: f.Name, Page: f.Page, Rect: f.Rect, Flags: f.Flags, Picture: f.Appearance.Picture, Part: f.Appearance.Part,
				Empty: len(f.Appearance.Objects) == 0,
			})
		}
		if len(e.Fields) > 0 {
			e.Field, e.Picture = e.Fields[0].Name, e.Fields[0].Picture
		}
		d.Signatures = append(d.Signatures, e)
	}
	for _, p := range problemsOf(set.Problems) {
		if p.Code != signature.CodeDSS { // evidence that cannot be read is no evidence, and takes nothing away
			d.Problems = append(d.Problems, p)
		}
	}
	if s := set.DSS; s != nil {
		d.DSS = &DSSEvidence{Certificates: s.Certs, CRLs: s.CRLs, OCSPs: s.OCSPs, Revision: s.Revision}
	}
}

func problemsOf(all []signature.Problem) []FieldProblem {
	var kept []FieldProblem
	for _, p := range all[:min(len(all), maxKept)] {
		kept = append(kept, FieldProblem{Code: p.Code, Detail: p.Detail, Offset: p.Offset})
	}
	return kept
}

// addSteps keeps what no rule explains before what one does.
func (d *DocumentEvidence) addSteps(steps []changes.Step) {
	for _, s := range steps {
		e := StepEvidence{Revision: s.Revision, Level: s.Level.String(), Rewritten: s.Rewritten, Changes: []ChangeEvidence{}}
		for _, unexplained := range []bool{true, false} {
			for _, c := range s.Changes {
				if (c.Rule == "") != unexplained {
					continue
				}
				if len(e.Changes) == maxKept {
					e.More++
					continue
				}
				e.Changes = append(e.Changes, ChangeEvidence{
					Object: refName(c.Object), Path: c.Path, Rule: c.Rule, Level: c.Level.String(), Field: c.Field, What: c.What,
				})
			}
		}
		for _, c := range s.Changes {
			if c.Field != "" && c.Level == changes.Filling && (len(e.Filled) == 0 || e.Filled[len(e.Filled)-1] != c.Field) {
				e.Filled = append(e.Filled, c.Field)
			}
		}
		if len(e.Filled) > maxFilled {
			e.Filled, e.Level = e.Filled[:maxFilled], LevelOther
		}
		d.Steps = append(d.Steps, e)
	}
}

func refName(r cos.Ref) string {
	if r == (cos.Ref{}) {
		return ""
	}
	return fmt.Sprintf("%d %d", r.Num, r.Gen)
}

func problemOf(err error) *Problem {
	var malformed *cos.MalformedError
	switch {
	case errors.As(err, &malformed):
		return &Problem{Kind: ProblemMalformed, Offset: malformed.Offset, Detail: malformed.What}
	case errors.Is(err, cos.ErrEncrypted):
		return &Problem{Kind: ProblemEncrypted, Detail: err.Error()}
	case errors.Is(err, cos.ErrLimit), errors.Is(err, signature.ErrLimit), errors.Is(err, cos.ErrFilter):
		return &Problem{Kind: ProblemUnsupported, Detail: err.Error()}
	}
	return &Problem{Kind: ProblemMalformed, Detail: err.Error()}
}
