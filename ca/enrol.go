package ca

import (
	"context"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"yinzheng/internal/codes"
	"yinzheng/internal/durable"
	"yinzheng/internal/gm"
	"yinzheng/internal/keys"
)

// Reasons for which an office is not enrolled.
var (
	ErrOffice = errors.New("ca: office description is wrong")
	ErrFull   = errors.New("ca: the region has used all its seal numbers")
)

const (
	sealPrefix = "seal-"    // key seal-<esID>, file certs/seal-<esID>.pem
	serialLen  = 8          // digits of an esID after the region's six
	maxSerial  = 99_999_999 // the last of them
	usccLen    = 18         // characters of a 统一社会信用代码 (GB 32100)
	maxOffice  = maxRDN - usccLen
	enrolTries = 100 // numbers tried when another process enrols at the same time
)

// Office is the owner of a seal.
type Office struct {
	Name string // full name, at most 46 characters: with the code it fills an O attribute
	Code string // 统一社会信用代码
	Seal string // esID that it is to have: an office has one identity for each of its seals; "" for the office's own, or the next free number
}

// Enrol gives an office its signing identity: an SM2 key with the key holder and a certificate of the office-seal
// profile with CN=<esID>, O=<code><name>, C=CN, as real seals have it. The esID is the region's code and an 8-digit
// number. An office has one identity: as long as its certificate is valid, a second call returns the same. A key whose
// certificate a crash prevented belongs to nobody yet and is given to the next office.
func (r *Region) Enrol(ctx context.Context, o Office) (Identity, error) {
	if err := o.check(); err != nil {
		return Identity{}, err
	}
	r.enrolling.Lock()
	defer r.enrolling.Unlock()
	for range enrolTries {
		if err := ctx.Err(); err != nil {
			return Identity{}, fmt.Errorf("enrolling %s: %w", o.Code, err)
		}
		id, err := r.enrol(ctx, o)
		if errors.Is(err, fs.ErrExist) || errors.Is(err, keys.ErrExists) || errors.Is(err, ErrKeyUsed) {
			continue // another process took that number: look again
		}
		if err != nil {
			return Identity{}, fmt.Errorf("enrolling %s: %w", o.Code, err)
		}
		return id, nil
	}
	return Identity{}, fmt.Errorf("enrolling %s: %w", o.Code, fs.ErrExist)
}

func (o Office) check() error {
	if err := codes.CheckUSCC(o.Code); err != nil {
		return fmt.Errorf("%w: %w", ErrOffice, err)
	}
	if n := utf8.RuneCountInString(o.Name); n == 0 || n > maxOffice || !utf8.ValidString(o.Name) {
		return fmt.Errorf("%w: name has %d characters, 1 to %d", ErrOffice, n, maxOffice)
	}
	return nil
}

// numbered finds or makes the key of a number that was given; what has another's certificate, or one that is good no more, is
// ErrOffice.
func (r *Region) numbered(ctx context.Context, s shelf, o Office) (string, error) {
	if _, _, ok := r.sealNumber(sealPrefix + o.Seal); !ok {
		return "", fmt.Errorf("%w: %q is no seal number of this region", ErrOffice, o.Seal)
	}
	if slices.Contains(s.ids, o.Seal) {
		if s.certs[o.Seal] != nil {
			return "", fmt.Errorf("%w: number %s is used", ErrOffice, o.Seal)
		}
		return o.Seal, nil
	}
	_, err := r.c.Keys.Create(ctx, keys.Spec{ID: sealPrefix + o.Seal, Algorithm: keys.SM2, Use: keys.Use(ProfileOfficeSeal)})
	return o.Seal, err
}

// LastSeal returns the greatest seal number for which there is a key, 0 when there is none.
func (r *Region) LastSeal(ctx context.Context) (int, error) {
	all, err := r.c.Keys.List(ctx)
	if err != nil {
		return 0, fmt.Errorf("listing seals: %w", err)
	}
	last := 0
	for _, k := range all {
		if _, n, ok := r.sealNumber(k.ID); ok {
			last = max(last, n)
		}
	}
	return last, nil
}

// SealNumber writes the esID of a number: ErrFull beyond the last.
func (r *Region) SealNumber(n int) (string, error) {
	if n < 1 || n > maxSerial {
		return "", ErrFull
	}
	return fmt.Sprintf("%s%0*d", r.about.Region, serialLen, n), nil
}

// enrol finds or makes the identity; keys.ErrExists or ErrKeyUsed when another process was faster.
func (r *Region) enrol(ctx context.Context, o Office) (Identity, error) {
	shelf, err := r.seals(ctx)
	if err != nil {
		return Identity{}, err
	}
	now := r.c.Now()
	for _, id := range shelf.ids {
		cert := shelf.certs[id]
		if cert == nil || o.Seal != "" && id != o.Seal || cert.Subject.String() != o.subject(id).String() || !now.Before(cert.NotAfter) {
			continue
		}
		good, err := r.stillGood(ctx, cert.Raw)
		if err != nil {
			return Identity{}, err
		}
		if !good {
			continue // a revoked one is not given out again
		}
		key, err := r.c.Keys.Signer(ctx, sealPrefix+id)
		if err != nil {
			return Identity{}, err
		}
		if !matches(key, cert.PublicKey) {
			return Identity{}, fmt.Errorf("%w: seal %s", ErrMismatch, id)
		}
		return Identity{Name: id, Certificate: cert.Raw, Key: key, cert: cert}, nil
	}
	var id string
	if o.Seal != "" {
		id, err = r.numbered(ctx, shelf, o)
	} else {
		id, err = r.freeKey(ctx, shelf)
	}
	if err != nil {
		return Identity{}, err
	}
	key, err := r.c.Keys.Signer(ctx, sealPrefix+id)
	if err != nil {
		return Identity{}, err
	}
	der, err := r.IssueSM2(ctx, Order{Profile: ProfileOfficeSeal, Subject: o.subject(id), Key: key.Public(), By: house})
	if err != nil {
		return Identity{}, err
	}
	if err := durable.CreateFile(r.path(certsDir, sealPrefix+id, certSuffix), PEM(der), certMode); err != nil {
		return Identity{}, err
	}
	cert, err := gm.ParseCertificate(der)
	return Identity{Name: id, Certificate: der, Key: key, cert: cert}, err
}

// stillGood asks the register about a certificate of ours.
func (r *Region) stillGood(ctx context.Context, der []byte) (bool, error) {
	record, err := r.recorded(ctx, der)
	return err == nil && record.State == Good, err
}

// subject is the name in an office's certificate.
func (o Office) subject(id string) pkix.Name {
	return pkix.Name{Country: []string{"CN"}, Organization: []string{o.Code + o.Name}, CommonName: id}
}

// freeKey takes a key that nobody has, or makes one under the next number, and returns the number.
func (r *Region) freeKey(ctx context.Context, s shelf) (string, error) {
	for _, id := range s.ids {
		if s.certs[id] == nil {
			return id, nil
		}
	}
	id, err := r.SealNumber(s.last + 1)
	if err != nil {
		return "", err
	}
	_, err = r.c.Keys.Create(ctx, keys.Spec{ID: sealPrefix + id, Algorithm: keys.SM2, Use: keys.Use(ProfileOfficeSeal)})
	return id, err
}

// shelf is what there is of seals.
type shelf struct {
	ids   []string                   // esIDs with an active key, ascending
	certs map[string]*gm.Certificate // by esID
	last  int                        // greatest number used
}

// seals reads inventory and folder. A certificate whose file a crash prevented is written from the register.
func (r *Region) seals(ctx context.Context) (shelf, error) {
	s := shelf{certs: map[string]*gm.Certificate{}}
	all, err := r.c.Keys.List(ctx)
	if err != nil {
		return s, fmt.Errorf("listing seals: %w", err)
	}
	for _, k := range all {
		id, n, ok := r.sealNumber(k.ID)
		if !ok {
			continue
		}
		s.last = max(s.last, n)
		if k.State != keys.Active {
			continue
		}
		s.ids = append(s.ids, id)
		path := r.path(certsDir, sealPrefix+id, certSuffix)
		der, err := readCert(path)
		if errors.Is(err, fs.ErrNotExist) {
			if der, err = r.known(ctx, ProfileOfficeSeal, id, gm.Sum(k.Public)); der != nil && err == nil {
				err = durable.CreateFile(path, PEM(der), certMode)
			}
		}
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return s, fmt.Errorf("reading the certificate of seal %s: %w", id, err)
		}
		if der == nil {
			continue
		}
		if s.certs[id], err = gm.ParseCertificate(der); err != nil {
			return s, fmt.Errorf("reading the certificate of seal %s: %w", id, err)
		}
	}
	return s, nil
}

// sealNumber reads the name of a seal's key of this region.
func (r *Region) sealNumber(name string) (id string, n int, ok bool) {
	id, ok = strings.CutPrefix(name, sealPrefix)
	if !ok || len(id) != len(r.about.Region)+serialLen || !strings.HasPrefix(id, r.about.Region) {
		return "", 0, false
	}
	n, err := strconv.Atoi(id[len(r.about.Region):])
	return id, n, err == nil && n >= 0
}

// SealKey is the name of the key of a seal in the inventory.
func SealKey(esID string) string { return sealPrefix + esID }
