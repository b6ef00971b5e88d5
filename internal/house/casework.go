package house

import (
	"bytes"
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"yinzheng/archive"
	"yinzheng/internal/gm"
	"yinzheng/licences"
	"yinzheng/sealing"
	"yinzheng/verify"
	"yinzheng/verify/completion"
)

// casework answers for the house what completion asks: licences, signatures, and a place to keep the case file.
type casework struct {
	house *House
	keys  sealing.Keys
}

// maxEvidence bounds one document of a case file as it is packed, in bytes.
const maxEvidence = verify.MaxDocument

// Evidence implements completion.Licences.
func (w casework) Evidence(ctx context.Context, identifier string) (verify.Input, error) {
	in, err := w.house.Licences.Files(ctx, identifier)
	if errors.Is(err, licences.ErrNoLicence) || errors.Is(err, licences.ErrNotThere) {
		return verify.Input{}, completion.ErrNoEvidence
	}
	return in, err
}

// profileOutcome names a signature of an outcome in the use log.
const profileOutcome = "outcome"

// SignOutcome implements completion.Signer with the key of the office's seal: a use of the seal, authorised and logged as every other.
func (w casework) SignOutcome(ctx context.Context, office string, message []byte) (signature, certificate []byte, err error) {
	record, err := w.house.DB.SealOf(ctx, office)
	if err != nil {
		return nil, nil, err
	}
	use, err := useForOutcome(record.ID, office, message)
	if err != nil {
		return nil, nil, err
	}
	at := w.house.cfg.Now().UTC().Truncate(time.Second)
	allowed, err := sealing.Permit(ctx, w.house.DB, use, at)
	var key crypto.Signer
	if err == nil {
		key, err = w.keys.Signer(ctx, record.ID)
	}
	if err == nil {
		signature, err = gm.Sign(key, message)
	}
	digest := gm.Sum(message)
	if err != nil {
		return nil, nil, errors.Join(err, sealing.LogFailure(ctx, w.house.DB, use, profileOutcome, digest, err, at))
	}
	signer, err := gm.ParseCertificate(record.Signer)
	if err != nil {
		return nil, nil, err
	}
	err = w.house.DB.PutUse(ctx, sealing.Use{
		Seal: use.Seal, By: use.By, Office: office, Matter: use.Matter, Case: use.Case, Content: digest, Document: digest,
		Certificate: fmt.Sprintf("%x", signer.SerialNumber), Profile: profileOutcome, Authorisation: allowed.Line, Result: sealing.ResultOK, At: at,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("writing the use log: %w", err)
	}
	return signature, record.Signer, nil
}

// useForOutcome reads from the statement that is to be signed, the JSON behind its label, who asks and for what.
func useForOutcome(seal, office string, message []byte) (sealing.Request, error) {
	var statement completion.Statement
	if err := json.Unmarshal(message[max(0, bytes.IndexByte(message, '{')):], &statement); err != nil {
		return sealing.Request{}, fmt.Errorf("reading the outcome to be signed: %w", err)
	}
	return sealing.Request{Seal: seal, By: statement.By, Office: office, Matter: statement.Matter, Case: statement.Number}, nil
}

// Keep implements completion.Archive.
func (w casework) Keep(ctx context.Context, content io.Reader) (gm.Digest, int64, error) {
	return w.house.Blobs.Put(ctx, content)
}

// DepositCase implements completion.Archive.
func (w casework) DepositCase(ctx context.Context, c completion.Case) (string, error) {
	d := archive.Deposit{
		ID: "C" + c.ID, Kind: "case", Subject: c.ID, Title: c.Title,
		Metadata: archive.Metadata{
			Region: w.house.Region.Code(), Office: c.Office, Category: "WS", Retention: "D30", Matter: c.Matter, Case: c.Number,
			Finished: c.Outcome.At, Process: process(c),
		},
	}
	if record, err := w.house.DB.SealOf(ctx, c.Office); err == nil {
		d.Metadata.OfficeName = record.Owner
	}
	application, err := json.MarshalIndent(struct {
		Number, Matter, Title string
		Applicant             completion.Party
		Commitments           []completion.Commitment
		Opened                time.Time
	}{c.Number, c.Matter, c.Title, c.Applicant, c.Commitments, c.Opened}, "", "  ")
	if err != nil {
		return "", fmt.Errorf("packing case %s: %w", c.ID, err)
	}
	d.Files = append(d.Files, archive.File{
		Folder: archive.FolderMaterials, Name: "承诺.json", Title: "申请与承诺", MIME: "application/json", Created: c.Opened, Data: append(application, '\n'),
	})
	for i, e := range c.Evidence {
		content, err := w.content(ctx, e)
		if err != nil {
			return "", fmt.Errorf("packing case %s: %w", c.ID, err)
		}
		d.Files = append(d.Files, archive.File{
			Folder: folderOf(e.Role), Name: fmt.Sprintf("%02d-%s", i+1, fileName(e)), Title: e.Name, MIME: e.MIME, Created: e.At, Data: content,
		})
	}
	p, err := w.house.Archive.Deposit(ctx, d)
	if err != nil {
		return "", err
	}
	return p.ID, nil
}

func (w casework) content(ctx context.Context, e completion.Evidence) ([]byte, error) {
	r, err := w.house.Blobs.Open(ctx, e.Digest)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(r, maxEvidence+1))
	if err = errors.Join(err, r.Close()); err == nil && len(b) > maxEvidence {
		err = fmt.Errorf("%s has more than %d bytes", e.ID, int64(maxEvidence))
	}
	return b, err
}

// process is the case's way, from its own record.
func process(c completion.Case) []archive.Step {
	steps := []archive.Step{{At: c.Opened, Name: "收件", By: c.Caller}}
	for _, m := range c.Commitments {
		steps = append(steps, archive.Step{At: m.At, Name: "承诺", By: c.Applicant.Name, Note: m.Item})
	}
	return append(steps, archive.Step{At: c.Outcome.At, Name: "办结核验", By: c.Outcome.By, Note: string(c.Outcome.Result)})
}

func folderOf(r completion.Role) string {
	switch r {
	case completion.HandedIn:
		return archive.FolderMaterials
	case completion.OutcomeRole:
		return archive.FolderResults
	case completion.LicenceRole, completion.ReceiptRole, completion.TrustRole, completion.OutcomeReceipt:
		return archive.FolderProofs
	}
	return archive.FolderProcess
}

// fileName is a name that every system can unpack: what was handed in may be called anything.
func fileName(e completion.Evidence) string {
	extension := map[string]string{"application/pdf": ".pdf", "application/json": ".json"}[e.MIME]
	role := string(e.Role)
	if role == "" {
		role = "material"
	}
	return role + extension
}
