package ca

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"

	"yinzheng/internal/codes"
	"yinzheng/internal/durable"
	"yinzheng/internal/gm"
)

// Reasons for which an office is not enrolled.
var (
	ErrOffice = errors.New("ca: office description is wrong")
	ErrFull   = errors.New("ca: the region has used all its seal numbers")
)

const (
	sealPrefix = "seal-"    // keys/seal-<esID>.key, certs/seal-<esID>.pem
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
}

// Enrol gives an office its signing identity: an SM2 key in the region's folder and a certificate of the office-seal
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
		id, err := r.enrol(o)
		if errors.Is(err, fs.ErrExist) {
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

// enrol finds or makes the identity; fs.ErrExist when another process was faster.
func (r *Region) enrol(o Office) (Identity, error) {
	shelf, err := r.seals()
	if err != nil {
		return Identity{}, err
	}
	now := r.src.Now()
	for _, id := range shelf.keys {
		cert := shelf.certs[id]
		if cert == nil {
			continue
		}
		if cert.Subject.String() == o.subject(id).String() && now.Before(cert.NotAfter) {
			key, err := loadKey(r.dir, sealPrefix+id, r.passphrase)
			if err != nil {
				return Identity{}, err
			}
			if !matches(key, cert.PublicKey) {
				return Identity{}, fmt.Errorf("%w: seal %s", ErrMismatch, id)
			}
			return Identity{Name: id, Certificate: cert.Raw, Key: key}, nil
		}
	}
	id, key, err := r.freeKey(shelf)
	if err != nil {
		return Identity{}, err
	}
	pub, err := sm2Public(key)
	if err != nil {
		return Identity{}, err
	}
	der, err := r.Issuer().Issue(Request{Profile: ProfileOfficeSeal, Subject: o.subject(id), PublicKey: pub})
	if err != nil {
		return Identity{}, err
	}
	if err := durable.CreateFile(filepath.Join(r.dir, certsDir, sealPrefix+id+certSuffix), certPEM(der), certMode); err != nil {
		return Identity{}, err
	}
	return Identity{Name: id, Certificate: der, Key: key}, nil
}

// subject is the name in an office's certificate.
func (o Office) subject(id string) pkix.Name {
	return pkix.Name{Country: []string{"CN"}, Organization: []string{o.Code + o.Name}, CommonName: id}
}

// freeKey takes a key that nobody has, or makes one under the next number.
func (r *Region) freeKey(s shelf) (string, crypto.Signer, error) {
	for _, id := range s.keys {
		if s.certs[id] == nil {
			key, err := loadKey(r.dir, sealPrefix+id, r.passphrase)
			return id, key, err
		}
	}
	if s.last >= maxSerial {
		return "", nil, ErrFull
	}
	id := fmt.Sprintf("%s%0*d", r.about.Region, serialLen, s.last+1)
	key, err := gm.GenerateKey()
	if err != nil {
		return "", nil, err
	}
	sealed, err := gm.SealKey(key, r.passphrase)
	if err != nil {
		return "", nil, err
	}
	return id, key, durable.CreateFile(filepath.Join(r.dir, keysDir, sealPrefix+id+keySuffix), sealed, keyMode)
}

// shelf is what the folder holds of seals.
type shelf struct {
	keys  []string                   // esIDs with a key, ascending
	certs map[string]*gm.Certificate // by esID
	last  int                        // greatest number used
}

// seals reads the folder.
func (r *Region) seals() (shelf, error) {
	s := shelf{certs: map[string]*gm.Certificate{}}
	keys, err := os.ReadDir(filepath.Join(r.dir, keysDir))
	if err != nil {
		return s, fmt.Errorf("listing seals: %w", err)
	}
	for _, e := range keys {
		id, n, ok := r.sealNumber(e.Name(), keySuffix)
		if !ok {
			continue
		}
		s.keys = append(s.keys, id)
		s.last = max(s.last, n)
		der, err := readCert(filepath.Join(r.dir, certsDir, sealPrefix+id+certSuffix))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return s, err
		}
		if s.certs[id], err = gm.ParseCertificate(der); err != nil {
			return s, fmt.Errorf("reading the certificate of seal %s: %w", id, err)
		}
		if _, ok := s.certs[id].PublicKey.(*ecdsa.PublicKey); !ok {
			return s, fmt.Errorf("seal %s: %w", id, ErrKey)
		}
	}
	return s, nil
}

// sealNumber reads seal-<esID><suffix> of this region.
func (r *Region) sealNumber(name, suffix string) (id string, n int, ok bool) {
	id, ok = strings.CutSuffix(name, suffix)
	if !ok {
		return "", 0, false
	}
	id, ok = strings.CutPrefix(id, sealPrefix)
	if !ok || len(id) != len(r.about.Region)+serialLen || !strings.HasPrefix(id, r.about.Region) {
		return "", 0, false
	}
	n, err := strconv.Atoi(id[len(r.about.Region):])
	return id, n, err == nil && n >= 0
}
