package store

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"yinzheng/internal/store/sq"
	"yinzheng/licences"
)

// licenceRecord is the part of a licence that never changes and that no query looks for.
type licenceRecord struct {
	KindName   string          `json:"kind_name"`
	Number     string          `json:"number"`
	Holder     licences.Holder `json:"holder"`
	Issuer     string          `json:"issuer"`
	IssuerCode string          `json:"issuer_code"`
	IssuedOn   string          `json:"issued_on"`
	ValidFrom  string          `json:"valid_from"`
	ValidTo    string          `json:"valid_to"`
	Matter     string          `json:"matter"`
	Case       string          `json:"case"`
}

// licenceParams makes a row. The kind's fields are a column of their own, since encoding them again would change bytes.
func licenceParams(l licences.Licence) (sq.CreateLicenceParams, error) {
	record, err := encode(licenceRecord{KindName: l.KindName, Number: l.Number, Holder: l.Holder, Issuer: l.Issuer,
		IssuerCode: l.IssuerCode, IssuedOn: l.IssuedOn, ValidFrom: l.ValidFrom, ValidTo: l.ValidTo, Matter: l.Matter,
		Case: l.Case})
	return sq.CreateLicenceParams{ID: l.ID, Identifier: l.Identifier, CheckCode: l.CheckCode, Kind: l.Kind,
		Caller: l.Caller, IdemKey: l.Key, RequestSm3: hexOf(l.RequestSM3), RecordJson: record, Fields: notNil(l.Fields),
		Face: hexOf(l.Face), State: string(l.State), Document: hexOf(l.Document), Package: l.Package,
		Status: string(l.Status), StatusAt: micros(l.StatusAt), StatusWhy: l.StatusWhy, Created: micros(l.Created),
		Updated: micros(l.Updated)}, err
}

func licenceOf(r sq.Licence) (licences.Licence, error) {
	var rec licenceRecord
	err := decode(r.RecordJson, &rec)
	face, e1 := fromHex(r.Face)
	document, e2 := fromHex(r.Document)
	request, e3 := fromHex(r.RequestSm3)
	if err := errors.Join(err, e1, e2, e3); err != nil {
		return licences.Licence{}, errDamaged("licence", r.ID, err)
	}
	return licences.Licence{ID: r.ID, Identifier: r.Identifier, CheckCode: r.CheckCode, Kind: r.Kind,
		KindName: rec.KindName, Number: rec.Number, Holder: rec.Holder, Issuer: rec.Issuer, IssuerCode: rec.IssuerCode,
		Fields: json.RawMessage(orNil(r.Fields)), IssuedOn: rec.IssuedOn, ValidFrom: rec.ValidFrom, ValidTo: rec.ValidTo,
		Matter: rec.Matter, Case: rec.Case, State: licences.State(r.State), Status: licences.Status(r.Status),
		StatusAt: fromMicros(r.StatusAt), StatusWhy: r.StatusWhy, Face: face, Document: document, Package: r.Package,
		Created: fromMicros(r.Created), Updated: fromMicros(r.Updated), Caller: r.Caller, Key: r.IdemKey,
		RequestSM3: request}, nil
}

// oneLicence converts what a query for one row gave.
func oneLicence(r sq.Licence, err error) (licences.Licence, error) {
	if errors.Is(err, sql.ErrNoRows) {
		return licences.Licence{}, licences.ErrNoLicence
	}
	if err != nil {
		return licences.Licence{}, fmt.Errorf("store: reading a licence: %w", err)
	}
	return licenceOf(r)
}

func manyLicences(rows []sq.Licence, err error) ([]licences.Licence, error) {
	if err != nil {
		return nil, fmt.Errorf("store: reading licences: %w", err)
	}
	return all(rows, licenceOf)
}
