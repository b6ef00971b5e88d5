package ca

import (
	"context"
	"database/sql"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/cloudflare/cfssl/certdb"
)

// accessor is cfssl's certdb over the register. Responses of OCSP are kept in memory, not here.
type accessor struct {
	books Books
	now   func() time.Time
}

var _ certdb.Accessor = accessor{}

// ErrNotKept is what the part of certdb that keeps OCSP responses answers.
var ErrNotKept = errors.New("ca: OCSP responses are not kept in the register")

// InsertCertificate settles the intent that was stored before the certificate was signed; there is no other way in.
func (a accessor) InsertCertificate(c certdb.CertificateRecord) error {
	block, _ := pem.Decode([]byte(c.PEM))
	if block == nil {
		return fmt.Errorf("recording a certificate: %w: no PEM", ErrCSR)
	}
	return a.books.Settle(context.Background(), c.AKI, c.Serial, block.Bytes)
}

// GetCertificate implements certdb.Accessor.
func (a accessor) GetCertificate(serial, aki string) ([]certdb.CertificateRecord, error) {
	r, err := a.books.Certificate(context.Background(), aki, serial)
	if errors.Is(err, ErrNoCertificate) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return []certdb.CertificateRecord{certdbRecord(r)}, nil
}

// GetUnexpiredCertificates implements certdb.Accessor.
func (a accessor) GetUnexpiredCertificates() ([]certdb.CertificateRecord, error) { return a.all("") }

// GetRevokedAndUnexpiredCertificates implements certdb.Accessor.
func (a accessor) GetRevokedAndUnexpiredCertificates() ([]certdb.CertificateRecord, error) {
	return a.all(Revoked)
}

// GetUnexpiredCertificatesByLabel implements certdb.Accessor; labels are not used.
func (a accessor) GetUnexpiredCertificatesByLabel([]string) ([]certdb.CertificateRecord, error) {
	return a.all("")
}

// GetRevokedAndUnexpiredCertificatesByLabel implements certdb.Accessor; labels are not used.
func (a accessor) GetRevokedAndUnexpiredCertificatesByLabel(string) ([]certdb.CertificateRecord, error) {
	return a.all(Revoked)
}

// GetRevokedAndUnexpiredCertificatesByLabelSelectColumns implements certdb.Accessor; labels are not used.
func (a accessor) GetRevokedAndUnexpiredCertificatesByLabelSelectColumns(string) ([]certdb.CertificateRecord, error) {
	return a.all(Revoked)
}

// RevokeCertificate implements certdb.Accessor.
func (a accessor) RevokeCertificate(serial, aki string, reason int) error {
	if err := checkReason(reason); err != nil {
		return err
	}
	return a.books.Revoke(context.Background(), aki, serial, reason, a.now())
}

// all pages through the register.
func (a accessor) all(state State) (out []certdb.CertificateRecord, err error) {
	for after := int64(0); ; {
		records, last, err := a.books.Certificates(context.Background(), Query{After: after, Limit: MaxPage, State: state})
		if err != nil {
			return nil, err
		}
		for _, r := range records {
			if r.DER != nil && a.now().Before(r.NotAfter) {
				out = append(out, certdbRecord(r))
			}
		}
		if len(records) < MaxPage {
			return out, nil
		}
		after = last
	}
}

func certdbRecord(r Record) certdb.CertificateRecord {
	status := "good"
	if r.State == Revoked || r.State == Void {
		status = "revoked"
	}
	names, err := json.Marshal(r.SANs)
	if err != nil {
		names = nil
	}
	c := certdb.CertificateRecord{
		Serial: r.Serial, AKI: r.Authority, CALabel: r.Profile, Status: status, Reason: r.Reason, Expiry: r.NotAfter, RevokedAt: r.RevokedAt,
		IssuedAt: &r.At, NotBefore: &r.NotBefore, SANsJSON: names, CommonName: sql.NullString{String: r.Name, Valid: true},
	}
	if r.DER != nil {
		c.PEM = string(PEM(r.DER))
	}
	return c
}

// InsertOCSP implements certdb.Accessor.
func (accessor) InsertOCSP(certdb.OCSPRecord) error { return ErrNotKept }

// GetOCSP implements certdb.Accessor.
func (accessor) GetOCSP(string, string) ([]certdb.OCSPRecord, error) { return nil, ErrNotKept }

// GetUnexpiredOCSPs implements certdb.Accessor.
func (accessor) GetUnexpiredOCSPs() ([]certdb.OCSPRecord, error) { return nil, ErrNotKept }

// UpdateOCSP implements certdb.Accessor.
func (accessor) UpdateOCSP(string, string, string, time.Time) error { return ErrNotKept }

// UpsertOCSP implements certdb.Accessor.
func (accessor) UpsertOCSP(string, string, string, time.Time) error { return ErrNotKept }
