package licences

import (
	"context"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"yinzheng/internal/auth"
	"yinzheng/internal/codes"
	"yinzheng/internal/gm"
	"yinzheng/sealing"
	"yinzheng/verify"
)

const (
	serialLen    = 20 // random 流水号 of 0-9 A-Z, as the access practice takes it: 103 bits
	firstVersion = 1  // 版本号 of a licence that replaces none
)

// draft makes the record of a new licence; rendering its face then judges the whole of it. It returns Refusals, and
// sealing.ErrNoSeal or sealing.ErrNotAuthorised for an office in whose name nothing can be sealed, or not for this matter.
func (s *Service) draft(ctx context.Context, by auth.Caller, kind *Kind, id string, r Request) (Licence, error) {
	if err := checkKey(r.Key); err != nil {
		return Licence{}, err
	}
	fields, digest, err := digestRequest(r)
	if err != nil {
		return Licence{}, err
	}
	mark, err := s.cfg.Seals.SealOf(ctx, by.Office)
	if err != nil {
		return Licence{}, fmt.Errorf("finding the seal of the office: %w", err)
	}
	if err := s.cfg.Seals.Permit(ctx, sealing.Request{Seal: mark.ID, Matter: r.Matter, Case: r.Case, By: by.ID, Office: by.Office}); err != nil {
		return Licence{}, fmt.Errorf("asking for the seal of the office: %w", err)
	}
	at := s.now()
	l := Licence{
		ID: id, Kind: kind.Code, KindName: kind.Name, Number: r.Number, Holder: r.Holder, Issuer: mark.Owner, IssuerCode: by.Office,
		Fields: fields, IssuedOn: r.IssuedOn, Matter: r.Matter, Case: r.Case, State: Issuing, Status: InForce, StatusAt: at,
		Created: at, Updated: at, Caller: by.ID, Key: r.Key, RequestSM3: digest,
	}
	if l.IssuedOn == "" {
		l.IssuedOn = today(at)
	}
	if l.ValidFrom, l.ValidTo, err = kind.Period(l.IssuedOn, r.ValidFrom, r.ValidTo, fields); err != nil {
		return Licence{}, err
	}
	if l.CheckCode, err = s.newCheckCode(); err != nil {
		return Licence{}, err
	}
	if l.Identifier, err = s.newIdentifier(kind.Code, by.Office); err != nil {
		return Licence{}, err
	}
	if l.Number == "" {
		if l.Number, err = s.newNumber(ctx, kind, l); err != nil {
			return Licence{}, err
		}
	}
	return l, nil
}

// newNumber numbers a licence as its kind says. A kind that does not say, or a service without running numbers, needs the
// number in the request.
func (s *Service) newNumber(ctx context.Context, kind *Kind, l Licence) (string, error) {
	first, err := kind.MakeNumber(l.Holder, l.IssuedOn, 1)
	if errors.Is(err, ErrNoTemplate) {
		return "", Refusals{{Code: NumberRequired, Pointer: "/number"}}
	}
	if err != nil {
		return "", Refusals{{Code: NumberForm, Pointer: "/number"}}
	}
	if second, err := kind.MakeNumber(l.Holder, l.IssuedOn, 2); err == nil && second == first {
		return first, nil // no running number in it
	}
	if s.cfg.Numbers == nil {
		return "", Refusals{{Code: NumberRequired, Pointer: "/number"}}
	}
	seq, err := s.cfg.Numbers.Next(ctx, kind.Code+" "+l.IssuerCode+" "+first) // first tells years and days apart
	if err != nil {
		return "", fmt.Errorf("numbering: %w", err)
	}
	return kind.MakeNumber(l.Holder, l.IssuedOn, seq)
}

// digestRequest returns the fields in their one form (names sorted, numbers as written) and SM3 over the request without
// its key, so that the same request in another order of names is the same. Fields that are no JSON object are Refusals.
func digestRequest(r Request) (json.RawMessage, gm.Digest, error) {
	values, err := readFields(r.Fields)
	if err != nil {
		return nil, gm.Digest{}, err
	}
	fields, err := verify.Compact(values)
	if err != nil {
		return nil, gm.Digest{}, fmt.Errorf("reading fields: %w", err)
	}
	r.Fields, r.Key = fields, ""
	b, err := verify.Compact(r)
	if err != nil {
		return nil, gm.Digest{}, fmt.Errorf("reading the request: %w", err)
	}
	return fields, gm.Sum(b), nil
}

// newID makes a licence ID: 26 characters of Crockford's base32 over 48 bits of milliseconds and 80 random bits, so that
// IDs sort by time.
func (s *Service) newID() (string, error) {
	var b [16]byte
	ms := uint64(s.now().UnixMilli())
	for i := range 6 {
		b[i] = byte(ms >> (40 - 8*i))
	}
	if _, err := io.ReadFull(s.cfg.Rand, b[6:]); err != nil {
		return "", fmt.Errorf("making a licence ID: %w", err)
	}
	const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	return base32.NewEncoding(alphabet).WithPadding(base32.NoPadding).EncodeToString(b[:]), nil
}

// newIdentifier makes a 电子证照标识 (GB/T 36904) with a random 流水号.
func (s *Service) newIdentifier(kind, office string) (string, error) {
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	const unbiased = 252 // 7 × 36: bytes from here on would favour the first characters
	serial := make([]byte, 0, serialLen)
	for one := make([]byte, 1); len(serial) < serialLen; {
		if _, err := io.ReadFull(s.cfg.Rand, one); err != nil {
			return "", fmt.Errorf("making an identifier: %w", err)
		}
		if one[0] < unbiased {
			serial = append(serial, alphabet[one[0]%36])
		}
	}
	return codes.LicenceID{Type: kind, Issuer: office, Serial: string(serial), Version: firstVersion}.String(), nil
}

// codeEncoding writes check codes: upper case, so that they are easily read out, and no padding.
func codeEncoding() *base32.Encoding { return base32.StdEncoding.WithPadding(base32.NoPadding) }

func (s *Service) newCheckCode() (string, error) {
	b := make([]byte, checkCodeBytes)
	if _, err := io.ReadFull(s.cfg.Rand, b); err != nil {
		return "", fmt.Errorf("making a check code: %w", err)
	}
	return codeEncoding().EncodeToString(b), nil
}
