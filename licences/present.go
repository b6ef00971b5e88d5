package licences

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"time"

	"yinzheng/internal/auth"
	"yinzheng/internal/gm"
)

// Sizes of the two capabilities, in bytes of randomness.
const (
	tokenBytes     = 32 // a presentation's token: 43 characters of base64url
	checkCodeBytes = 16 // the code on the face: 26 characters of base32
)

// PresentRequest asks for one presentation.
type PresentRequest struct {
	Licence string   // licence ID
	Fields  []string // names that the kind lets be shown (Kind.Presentable); none shows kind, issuer, state and masked holder
	Key     string   // Idempotency-Key; noted only: a token is given once, so a repeated request gets another
}

// Shown is what a presentation shows, as of the moment of showing.
type Shown struct {
	Kind      string // 证照类型代码
	KindName  string
	Issuer    string
	Holder    string // masked, see MaskName
	State     State
	Status    Status // now, with expiry
	InForce   bool   // Status is InForce and the period has begun
	ValidFrom string
	ValidTo   string // "" means 长期
	Fields    []Item
	Created   time.Time
	Expires   time.Time
	At        time.Time
}

// Checked is what the code printed on a face leads to: enough to see that the licence exists and whether it is in force.
type Checked struct {
	KindName  string
	Issuer    string
	Holder    string // masked, see MaskName
	State     State
	Status    Status // now, with expiry
	InForce   bool
	IssuedOn  string
	ValidFrom string
	ValidTo   string // "" means 长期
	At        time.Time
}

// Present makes a token that shows a licence once, within its short life. The token is returned once and only its SM3 is
// stored. A field that the kind does not let be shown is Refusals (FIELD_NOT_PRESENTABLE).
func (s *Service) Present(ctx context.Context, by auth.Caller, r PresentRequest) (string, Presentation, error) {
	l, err := s.find(ctx, by, auth.PresentOwn, r.Licence)
	if err != nil {
		return "", Presentation{}, err
	}
	if err := s.accepted(ctx, l); err != nil {
		return "", Presentation{}, err
	}
	if _, err := s.disclose(l, r.Fields); err != nil {
		return "", Presentation{}, err
	}
	secret := make([]byte, tokenBytes)
	if _, err := io.ReadFull(s.cfg.Rand, secret); err != nil {
		return "", Presentation{}, fmt.Errorf("making a token: %w", err)
	}
	at := s.now()
	p := Presentation{Token: gm.Sum(secret), Licence: l.ID, Fields: r.Fields, Created: at, Expires: at.Add(s.cfg.Life), Caller: by.ID, Key: r.Key}
	if err := s.record(ctx, by.ID, "licence.present", l.ID, p.Token.String()); err != nil {
		return "", Presentation{}, err
	}
	if err := s.cfg.Presentations.PutPresentation(ctx, p); err != nil {
		return "", Presentation{}, fmt.Errorf("presenting %s: %w", l.ID, err)
	}
	return base64.RawURLEncoding.EncodeToString(secret), p, nil
}

// Show uses a token, exactly once, and returns what its holder chose to show. ErrNoPresentation, ErrUsed, ErrTokenExpired.
func (s *Service) Show(ctx context.Context, token string) (Shown, error) {
	secret, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(secret) != tokenBytes || len(token) != base64.RawURLEncoding.EncodedLen(tokenBytes) {
		return Shown{}, ErrNoPresentation
	}
	at := s.now()
	digest := gm.Sum(secret)
	p, err := s.cfg.Presentations.UsePresentation(ctx, digest, at)
	if errors.Is(err, ErrUsed) || errors.Is(err, ErrTokenExpired) {
		if err := s.record(ctx, anyone, "licence.present.refused", digest.String(), ""); err != nil {
			return Shown{}, err
		}
	}
	if err != nil {
		return Shown{}, fmt.Errorf("showing: %w", err)
	}
	if err := s.record(ctx, anyone, "licence.present.shown", p.Licence, digest.String()); err != nil {
		return Shown{}, err
	}
	l, err := s.cfg.Store.Licence(ctx, p.Licence)
	if err != nil {
		return Shown{}, fmt.Errorf("showing: %w", err)
	}
	fields, err := s.disclose(l, p.Fields)
	if err != nil {
		return Shown{}, err
	}
	return Shown{
		Kind: l.Kind, KindName: l.KindName, Issuer: l.Issuer, Holder: MaskName(l.Holder), State: l.State, Status: l.StatusOn(at),
		InForce: l.inForce(at), ValidFrom: l.ValidFrom, ValidTo: l.ValidTo, Fields: fields, Created: p.Created, Expires: p.Expires, At: at,
	}, nil
}

// anyone is the caller of what needs no credential.
const anyone = "anyone"

// CheckByCode answers for the code printed on a face; ErrNoLicence for any other text.
func (s *Service) CheckByCode(ctx context.Context, code string) (Checked, error) {
	if raw, err := codeEncoding().DecodeString(code); err != nil || len(raw) != checkCodeBytes || codeEncoding().EncodeToString(raw) != code {
		return Checked{}, ErrNoLicence
	}
	l, err := s.cfg.Register.ByCheckCode(ctx, code)
	if err != nil {
		return Checked{}, fmt.Errorf("checking: %w", err)
	}
	if l.State == Issuing {
		return Checked{}, ErrNoLicence
	}
	at := s.now()
	return Checked{
		KindName: l.KindName, Issuer: l.Issuer, Holder: MaskName(l.Holder), State: l.State, Status: l.StatusOn(at), InForce: l.inForce(at),
		IssuedOn: l.IssuedOn, ValidFrom: l.ValidFrom, ValidTo: l.ValidTo, At: at,
	}, nil
}

func (s *Service) disclose(l Licence, names []string) ([]Item, error) {
	kind, err := s.kind(l.Kind)
	if err != nil {
		return nil, err
	}
	return kind.Disclose(l, names)
}

// inForce reports whether the licence has effect at a time: status and both ends of its period.
func (l Licence) inForce(t time.Time) bool {
	return l.StatusOn(t) == InForce && (l.ValidFrom == "" || l.ValidFrom <= today(t))
}

// MaskName is the holder's name as strangers see it. An organisation's name is public (企业信息公示暂行条例) and stays; of
// a person's only the first character does.
func MaskName(h Holder) string {
	if h.organisation() {
		return h.Name
	}
	return mask("first", h.Name)
}
