package licences

import (
	"context"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"yinzheng/internal/auth"
	"yinzheng/internal/codes"
	"yinzheng/internal/gm"
	"yinzheng/verify"
)

const (
	entryKind    = "licence" // kind of the ledger entries and of the packages
	serialLen    = 20        // random 流水号 of 0-9 A-Z, as the access practice takes it: 103 bits
	firstVersion = 1         // 版本号 of a licence that replaces none
	maxTaken     = 3         // a random identifier is never taken twice unless the randomness is broken
	maxKey       = 255       // bytes of an Idempotency-Key
)

// The codes of refusals of a request as a whole.
const (
	KeyRequired    = "IDEMPOTENCY_KEY_REQUIRED" // no Idempotency-Key
	KeyLength      = "IDEMPOTENCY_KEY_LENGTH"   // params: max, in bytes
	KindUnknown    = "KIND_UNKNOWN"             //
	NumberRequired = "NUMBER_REQUIRED"          // the kind, or this service, does not number such licences itself
)

// Issue makes a licence and returns when it is acknowledged: sealed, on disk, and accepted by the ledger. Run does the rest
// (receipt, archive). It returns auth.ErrDenied, Refusals for a request that will not do, and ErrKeyReused for a key that
// made something else. The same key and request again return the same licence, finished first if a crash left it half-way.
func (s *Service) Issue(ctx context.Context, by auth.Caller, r Request) (Licence, error) {
	// 1. The caller may issue this kind, and that it asked is on record.
	kind, err := s.permit(by, r.Kind)
	if err != nil {
		return Licence{}, err
	}
	id, err := s.newID()
	if err != nil {
		return Licence{}, err
	}
	if err := s.record(ctx, by.ID, "licence.issue.requested", id, kind.Code); err != nil {
		return Licence{}, err
	}
	s.cfg.OnStep("1")

	// From here on nobody else works on this licence in this process.
	unlock, err := s.busy.lock(ctx, id)
	if err != nil {
		return Licence{}, err
	}
	defer unlock()
	for taken := 0; ; taken++ {
		// 2. The request fits the kind; its face is rendered, and with it fixed what will be sealed.
		l, err := s.draft(ctx, by, kind, id, r)
		if err != nil {
			return Licence{}, err
		}
		face, err := kind.Render(l, s.cfg.CheckURL+l.CheckCode)
		if err != nil {
			return Licence{}, fmt.Errorf("rendering %s: %w", l.ID, err)
		}
		l.Face = gm.Sum(face.PDF)
		s.cfg.OnStep("2")

		// 3. Intent first: the record is on disk before anything is sealed.
		stored, err := s.cfg.Store.Create(ctx, l)
		switch {
		case errors.Is(err, ErrTaken) && taken < maxTaken:
			continue
		case errors.Is(err, ErrExists):
			return s.again(ctx, by, id, stored)
		case err != nil:
			return Licence{}, fmt.Errorf("creating %s: %w", l.ID, err)
		}
		s.cfg.OnStep("3")

		// 4. Seal, verify our own result, keep it. 5. Advance to Sealed; the ledger accepts it: acknowledged.
		l, err = s.advance(ctx, stored, &face, Sealed)
		if err != nil {
			return Licence{}, err
		}
		// 6. Receipt. 7. Archive. 8. Audit "issued". See advance; Run does them, many at a time.
		s.queue.put(l.ID)
		return l, nil
	}
}

// again answers a repeated key with the licence that it made, taking it to Sealed if a crash left it before.
func (s *Service) again(ctx context.Context, by auth.Caller, asked string, stored Licence) (Licence, error) {
	if err := s.record(ctx, by.ID, "licence.issue.repeated", stored.ID, asked); err != nil {
		return Licence{}, err
	}
	unlock, err := s.busy.lock(ctx, stored.ID)
	if err != nil {
		return Licence{}, err
	}
	defer unlock()
	l, err := s.cfg.Store.Licence(ctx, stored.ID)
	if err != nil {
		return Licence{}, fmt.Errorf("finding licence: %w", err)
	}
	if l, err = s.advance(ctx, l, nil, Sealed); err != nil {
		return Licence{}, err
	}
	if l.State != Archived {
		s.queue.put(l.ID)
	}
	return l, nil
}

// permit finds the kind if the caller may issue it for its office.
func (s *Service) permit(by auth.Caller, code string) (*Kind, error) {
	if err := by.May(auth.IssueLicence); err != nil {
		return nil, err
	}
	if by.Office == "" || len(by.Kinds) > 0 && !slices.Contains(by.Kinds, code) {
		return nil, auth.ErrDenied
	}
	return s.kind(code)
}

// kind returns a kind of the catalogue, or Refusals.
func (s *Service) kind(code string) (*Kind, error) {
	kind, known := s.cfg.Kinds.Kind(code)
	if !known {
		return nil, Refusals{{Code: KindUnknown, Pointer: "/kind"}}
	}
	return kind, nil
}

// draft makes the record of a new licence; rendering its face then judges the whole of it. It returns Refusals, and
// sealing.ErrNoSeal for an office in whose name nothing can be sealed.
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

func checkKey(key string) error {
	var refused refusals
	if key == "" {
		refused.add(KeyRequired, "")
	}
	if len(key) > maxKey {
		refused.add(KeyLength, "", "max", fmt.Sprint(maxKey))
	}
	return refused.err()
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
