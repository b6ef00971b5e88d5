package ca

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"unicode/utf8"

	"yinzheng/internal/durable"
	"yinzheng/internal/gm"
)

// The identities of a region, by the name of their files.
const (
	roleRoot        = "root"
	roleAuthority   = "authority"
	roleSealMaker   = "seal-maker"
	roleTimestamper = "timestamper"
	roleLedger      = "ledger"
	roleTrustList   = "trust-list"
	roleTLS         = "tls" // ECDSA P-256
	roleLog         = "log" // Ed25519, no certificate: signs the checkpoints of the transparency log
)

// role is one SM2 identity of a region.
type role struct {
	name, profile string
	title         string // the end of its common name
	issuer        string // role that signs it; "" for itself
}

// roles lists the SM2 identities in the order in which they are certified.
func roles() []role {
	return []role{
		{roleRoot, ProfileRoot, "电子证照根CA", ""},
		{roleAuthority, ProfileAuthority, "电子证照签发CA", roleRoot},
		{roleSealMaker, ProfileSealMaker, "统一电子印章制作系统", roleAuthority},
		{roleTimestamper, ProfileTimestamp, "时间戳服务", roleAuthority},
		{roleLedger, ProfileLedger, "存证账本", roleAuthority},
		{roleTrustList, ProfileTrustList, "信任列表", roleAuthority},
	}
}

// keyNames lists every key of a region.
func keyNames() []string {
	names := []string{}
	for _, r := range roles() {
		names = append(names, r.name)
	}
	return append(names, roleTLS, roleLog)
}

// about is region.json: which region a folder belongs to. It is the first file written.
type about struct {
	Version int    `json:"version"`
	Region  string `json:"region"`
	Name    string `json:"name"`
	Origin  string `json:"origin"`
}

const (
	aboutFile    = "region.json"
	aboutVersion = 1
	maxName      = 30 // characters of a region's name: with the longest title it still fits a common name of 64
)

var (
	regionForm = regexp.MustCompile(`^[1-9][0-9]{5}$`)
	originForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$`) // a note key name has no space and no plus
)

// check judges a description.
func (a about) check() error {
	if a.Version != aboutVersion {
		return fmt.Errorf("%w: version %d, not %d", ErrRegion, a.Version, aboutVersion)
	}
	if !regionForm.MatchString(a.Region) {
		return fmt.Errorf("%w: region %q is not a 6-digit code", ErrRegion, a.Region)
	}
	if n := utf8.RuneCountInString(a.Name); n == 0 || n > maxName || !utf8.ValidString(a.Name) {
		return fmt.Errorf("%w: name has %d characters, 1 to %d", ErrRegion, n, maxName)
	}
	if !originForm.MatchString(a.Origin) {
		return fmt.Errorf("%w: log origin %q", ErrRegion, a.Origin)
	}
	return nil
}

// Establish makes a region's keys and certificates in dir, or completes what an interrupted run left: it may be killed
// at any point and run again. Keys come before certificates, and no existing file is ever overwritten. A folder of
// another region is ErrOtherRegion; a passphrase that does not open the keys already there is gm.ErrPassphrase.
func Establish(ctx context.Context, dir string, passphrase []byte, spec Spec) (*Region, error) {
	src, err := spec.Sources.ready()
	if err != nil {
		return nil, err
	}
	if spec.Origin == "" {
		spec.Origin = "yinzheng-" + spec.Region
	}
	e := &establishing{
		dir: dir, passphrase: bytes.Clone(passphrase), src: src, step: spec.OnStep,
		about: about{Version: aboutVersion, Region: spec.Region, Name: spec.Name, Origin: spec.Origin},
	}
	if e.step == nil {
		e.step = func(string) {}
	}
	for _, part := range []func(context.Context) error{e.describe, e.makeKeys, e.certify, e.certifyTLS, e.publishLogKey} {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("establishing %s: %w", spec.Region, err)
		}
		if err := part(ctx); err != nil {
			return nil, fmt.Errorf("establishing %s: %w", spec.Region, err)
		}
	}
	return assemble(dir, e.about, e.passphrase, src, e.keys)
}

// establishing is one run of Establish.
type establishing struct {
	dir        string
	about      about
	passphrase []byte
	src        Sources
	step       func(string)
	keys       map[string]crypto.Signer
}

func (e *establishing) path(kind, name, suffix string) string {
	return filepath.Join(e.dir, kind, name+suffix)
}

// describe creates the folders and region.json, or checks the one that is there.
func (e *establishing) describe(context.Context) error {
	if err := e.about.check(); err != nil {
		return err
	}
	for _, d := range []string{e.dir, filepath.Join(e.dir, keysDir), filepath.Join(e.dir, certsDir)} {
		if err := makeDir(d); err != nil {
			return err
		}
		if err := removeTemps(d); err != nil {
			return err
		}
	}
	e.step("folders")
	b, err := json.Marshal(e.about)
	if err != nil {
		return err
	}
	err = durable.CreateFile(filepath.Join(e.dir, aboutFile), append(b, '\n'), certMode)
	if errors.Is(err, fs.ErrExist) {
		there, err := readAbout(e.dir)
		if err != nil {
			return err
		}
		if there != e.about {
			return fmt.Errorf("%w: %s %s", ErrOtherRegion, there.Region, there.Name)
		}
		return nil
	}
	if err != nil {
		return err
	}
	e.step("region")
	return nil
}

// certify issues the SM2 certificates that are missing, issuers first.
func (e *establishing) certify(context.Context) error {
	issued := map[string]*gm.Certificate{}
	for _, r := range roles() {
		path := e.path(certsDir, r.name, certSuffix)
		der, err := readCert(path)
		if errors.Is(err, fs.ErrNotExist) {
			if der, err = e.issue(r, issued[r.issuer]); err != nil {
				return err
			}
			if err = durable.CreateFile(path, certPEM(der), certMode); err == nil {
				e.step("certificate " + r.name)
			}
		}
		if err != nil {
			return err
		}
		if issued[r.name], err = gm.ParseCertificate(der); err != nil {
			return fmt.Errorf("reading the certificate of %s: %w", r.name, err)
		}
	}
	return nil
}

// issue makes the certificate of one role; issuer is nil for the root.
func (e *establishing) issue(r role, issuer *gm.Certificate) ([]byte, error) {
	pub, err := sm2Public(e.keys[r.name])
	if err != nil {
		return nil, fmt.Errorf("key of %s: %w", r.name, err)
	}
	by := r.issuer
	if by == "" {
		by = r.name
	}
	i := &Issuer{cert: issuer, key: e.keys[by], src: e.src}
	return i.Issue(Request{Profile: r.profile, PublicKey: pub, Subject: pkix.Name{
		Country:            []string{"CN"},
		Organization:       []string{e.about.Name},
		OrganizationalUnit: []string{r.profile},
		CommonName:         e.about.Name + r.title,
	}})
}
