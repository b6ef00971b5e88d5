package sealing

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"fmt"
	"image/png"
	"regexp"
	"slices"
	"time"
	"unicode/utf8"

	"yinzheng/internal/gm"
	"yinzheng/internal/ses"
)

const (
	// VendorID is the Vid in the header of our seals.
	VendorID        = "yinzheng"
	sealVersion     = 4         // GB/T 38540-2020
	maxPictureBytes = 256 << 10 // the picture is carried by every sealed document, in hexadecimal
	maxPictureSide  = 4096      // pixels: 42 mm at 2,400 dpi
	maxSealName     = 100       // characters of 印章名称
	maxOwner        = 46        // characters of an owner's name: with its code it fills an O attribute
)

// Types of seals (SES_ESPropertyInfo.type). The list is open: what real seals have differs from vendor to vendor, so any number
// up to MaxType is taken.
const (
	TypeOffice   = 1 // 法定名称章
	TypeFinance  = 2 // 财务专用章
	TypeInvoice  = 3 // 发票专用章
	TypeContract = 4 // 合同专用章
	TypePersonal = 5 // 个人名章
	MaxType      = 99
)

// Sizes of seals on paper, in millimetres.
const (
	MinSize = 20 // a personal seal
	MaxSize = 60 // the largest round seal of a State organ
)

// sealID is the form of our esIDs: 6 digits of region and 8 of serial number.
var sealID = regexp.MustCompile(`^[0-9]{14}$`)

// Office says what seal to make for whom.
type Office struct {
	Seal        string // esID: 14 digits; the common name of Certificate
	Name        string // name of the owner, 颁发机构
	Code        string // 统一社会信用代码 of the owner
	Title       string // 印章名称; "" for Name
	Certificate []byte // the owner's signing certificate, DER, with O=<Code><Name>
	Type        int    // 0 for TypeOffice
	Size        int    // on paper, in millimetres; 0 for PictureSize
}

// MakerConfig is what a Maker needs; everything but Second is required.
type MakerConfig struct {
	Certificate []byte        // of the seal maker (制章者), DER
	Key         crypto.Signer // its SM2 key
	Now         func() time.Time
	Second      Second // asked about every seal; the zero value does
}

// Maker makes seals. It is safe for concurrent use.
type Maker struct {
	c    MakerConfig
	cert *gm.Certificate
}

// NewMaker checks that key and certificate belong together.
func NewMaker(c MakerConfig) (*Maker, error) {
	if c.Now == nil || c.Key == nil {
		return nil, errors.New("sealing: a maker needs a key and a clock")
	}
	cert, err := gm.ParseCertificate(c.Certificate)
	if err != nil {
		return nil, fmt.Errorf("sealing: reading the maker's certificate: %w", err)
	}
	if !owns(c.Key, cert) {
		return nil, fmt.Errorf("%w: not the key of the maker's certificate", ErrSigner)
	}
	return &Maker{c: c, cert: cert}, nil
}

// MakeSeal makes an office's seal with the given picture (PNG, square) and checks it with both SM2 implementations. It is valid
// from now to the end of the owner's or the maker's certificate, whichever comes first. The record is in state SealMade and in no
// book yet. Errors: ErrSpec, ErrSigner.
func (m *Maker) MakeSeal(ctx context.Context, o Office, picture []byte) (Record, error) {
	now := m.c.Now().UTC().Truncate(time.Second)
	look := Look{Type: o.Type, Size: o.Size}
	look.defaults()
	if err := look.check(); err != nil {
		return Record{}, fmt.Errorf("making seal %s: %w", o.Seal, err)
	}
	if err := m.c.Second.working(); err != nil {
		return Record{}, fmt.Errorf("making seal %s: %w", o.Seal, err)
	}
	owner, err := m.check(o, picture, now)
	if err != nil {
		return Record{}, fmt.Errorf("making seal %s: %w", o.Seal, err)
	}
	info := ses.SealInfo{
		Version: sealVersion, VendorID: VendorID, ID: o.Seal, Name: o.title(), Type: look.Type,
		Certs: [][]byte{o.Certificate}, Created: now, NotBefore: now, NotAfter: earlier(owner.NotAfter, m.cert.NotAfter),
		Picture: ses.Picture{Type: "png", Data: picture, Width: look.Size, Height: look.Size},
	}
	seal, err := ses.MakeSeal(info, m.c.Certificate, m.c.Key)
	if err != nil {
		return Record{}, fmt.Errorf("making seal %s: %w", o.Seal, err)
	}
	if err := m.recheck(ctx, seal.Raw); err != nil {
		return Record{}, fmt.Errorf("making seal %s: checking our own: %w", o.Seal, err)
	}
	r := Record{
		ID: o.Seal, Office: o.Code, Owner: o.Name, Name: o.title(),
		Look: look, Data: seal.Raw, Signer: o.Certificate, State: SealMade, Made: now, NotAfter: info.NotAfter.UTC(),
	}
	return r, nil
}

func (o Office) title() string {
	if o.Title == "" {
		return o.Name
	}
	return o.Title
}

// check judges what was asked for and returns the owner's certificate.
func (m *Maker) check(o Office, picture []byte, now time.Time) (*gm.Certificate, error) {
	if !sealID.MatchString(o.Seal) {
		return nil, fmt.Errorf("%w: number %q is not 14 digits", ErrSpec, o.Seal)
	}
	if n := utf8.RuneCountInString(o.title()); n == 0 || n > maxSealName || !utf8.ValidString(o.title()) {
		return nil, fmt.Errorf("%w: name has %d characters, 1 to %d", ErrSpec, n, maxSealName)
	}
	owner, err := gm.ParseCertificate(o.Certificate)
	if err != nil {
		return nil, fmt.Errorf("%w: reading the owner's certificate: %w", ErrSpec, err)
	}
	if owner.Subject.CommonName != o.Seal || !slices.Equal(owner.Subject.Organization, []string{o.Code + o.Name}) {
		return nil, fmt.Errorf("%w: the certificate is of %q, not of %s %s", ErrSpec, owner.Subject, o.Code, o.Name)
	}
	for _, c := range []*gm.Certificate{owner, m.cert} {
		if err := maySign(c, now); err != nil {
			return nil, err
		}
	}
	if err := checkPicture(picture); err != nil {
		return nil, err
	}
	return owner, nil
}

// checkPicture refuses what is no square PNG of a size that documents can carry.
func checkPicture(picture []byte) error {
	if len(picture) > maxPictureBytes {
		return fmt.Errorf("%w: picture of %d bytes, at most %d", ErrSpec, len(picture), maxPictureBytes)
	}
	size, err := png.DecodeConfig(bytes.NewReader(picture))
	if err != nil {
		return fmt.Errorf("%w: reading the picture: %w", ErrSpec, err)
	}
	if size.Width > maxPictureSide || size.Height > maxPictureSide || size.Width != size.Height {
		return fmt.Errorf("%w: picture of %d x %d pixels", ErrSpec, size.Width, size.Height)
	}
	if _, err := png.Decode(bytes.NewReader(picture)); err != nil {
		return fmt.Errorf("%w: reading the picture: %w", ErrSpec, err)
	}
	return nil
}

func (l *Look) defaults() {
	if l.Type == 0 {
		l.Type = TypeOffice
	}
	if l.Size == 0 {
		l.Size = PictureSize
	}
}

// check refuses a look that no seal can have.
func (l *Look) check() error {
	if l.Type < 1 || l.Type > MaxType || l.Size < MinSize || l.Size > MaxSize {
		return fmt.Errorf("%w: type %d and %d mm; 1 to %d and %d to %d", ErrSpec, l.Type, l.Size, MaxType, MinSize, MaxSize)
	}
	if l.Line != "" && !isText(l.Line, 1, maxLine) {
		return fmt.Errorf("%w: the line has at most %d characters", ErrSpec, maxLine)
	}
	if l.Picture == nil {
		return nil
	}
	return checkPicture(l.Picture)
}

// recheck reads a fresh seal back and verifies it twice.
func (m *Maker) recheck(ctx context.Context, der []byte) error {
	seal, err := ses.ParseSeal(der)
	if err != nil {
		return err
	}
	if err := seal.Verify(); err != nil {
		return err
	}
	return m.c.Second.agree(ctx, "seal "+seal.Info.ID, m.cert, der, seal.Signature) // the maker signs SES_SealInfo
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// maySign says whether a certificate allows signing at a time: valid then, with digitalSignature and nonRepudiation, as
// the certificates of government seals have (standard practice, GB/T 20518).
func maySign(c *gm.Certificate, at time.Time) error {
	if at.Before(c.NotBefore) || at.After(c.NotAfter) {
		return fmt.Errorf("%w: certificate %x is valid from %s to %s", ErrSigner, c.SerialNumber,
			c.NotBefore.Format(time.RFC3339), c.NotAfter.Format(time.RFC3339))
	}
	if c.KeyUsage&gm.KeyUsageDigitalSignature == 0 || c.KeyUsage&gm.KeyUsageContentCommitment == 0 {
		return fmt.Errorf("%w: certificate %x lacks a key usage", ErrSigner, c.SerialNumber)
	}
	return nil
}

// owns reports whether a key belongs to a certificate.
func owns(key crypto.Signer, c *gm.Certificate) bool {
	certified, err := gm.PublicKey(c)
	return err == nil && certified.Equal(key.Public())
}
