package ca

import (
	"context"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"crypto/x509/pkix"

	"github.com/cloudflare/cfssl/certdb"
	"github.com/cloudflare/cfssl/config"
	"github.com/cloudflare/cfssl/info"
	"github.com/cloudflare/cfssl/signer"
	"github.com/cloudflare/cfssl/signer/local"

	"yinzheng/internal/der"
	"yinzheng/internal/gm"
)

// MaxCSR bounds a certificate request in bytes: with many names it has a few KB.
const MaxCSR = 64 << 10

// maxCSRDepth bounds the nesting of a request: names in extensions reach about 10.
const maxCSRDepth = 16

// ErrCSR means that a certificate request cannot be taken; what is wrong with it is in the error it wraps.
var ErrCSR = errors.New("ca: certificate request is not good")

// SM2Signer is the SM2 issuing CA behind cfssl's signer.Signer, so that cfssl's own handlers serve it: the same policy
// objects decide as for ECDSA, certdb records come from the same register. It is safe for concurrent use.
type SM2Signer struct {
	region   *Region
	by       string // for the register
	profiles []string
}

var _ signer.Signer = (*SM2Signer)(nil)

// SM2Signer returns the issuing CA as a cfssl signer for one caller, who may ask for the named profiles only.
func (r *Region) SM2Signer(by string, profiles ...string) *SM2Signer {
	return &SM2Signer{r, by, profiles}
}

// Sign implements signer.Signer: the PEM of a new certificate. Beside the profile's rules it refuses what cfssl would pass
// over: an unknown profile, a serial number or dates of the caller's choosing.
func (s *SM2Signer) Sign(req signer.SignRequest) ([]byte, error) {
	if !slices.Contains(s.profiles, req.Profile) {
		return nil, fmt.Errorf("signing: %w: %q", ErrProfile, req.Profile)
	}
	if req.Serial != nil || !req.NotBefore.IsZero() || !req.NotAfter.IsZero() || req.CRLOverride != "" || req.ReturnPrecert {
		return nil, fmt.Errorf("signing: %w: serial number, dates and addresses are not the caller's", ErrExtension)
	}
	csr, err := decodeCSR([]byte(req.Request))
	if err != nil {
		return nil, err
	}
	o, err := ParseOrder(csr, req.Profile, s.by)
	if err != nil {
		return nil, err
	}
	o.Subject = local.PopulateSubjectFromCSR(req.Subject, o.Subject)
	if req.Hosts != nil {
		o.Hosts = req.Hosts
	}
	for _, e := range req.Extensions {
		value, err := hex.DecodeString(e.Value)
		if err != nil {
			return nil, fmt.Errorf("signing: %w: %s", ErrExtension, asn1.ObjectIdentifier(e.ID))
		}
		o.Extensions = append(o.Extensions, pkix.Extension{Id: asn1.ObjectIdentifier(e.ID), Critical: e.Critical, Value: value})
	}
	der, err := s.region.IssueSM2(context.Background(), o) // cfssl's interface brings no context
	if err != nil {
		return nil, err
	}
	return PEM(der), nil
}

// ParseOrder reads a PKCS#10 request (DER) under a profile: its self-signature must verify and its key must be usable. Of
// what the request says, the profile's CSR whitelist decides what counts; without one only the key does.
func ParseOrder(csr []byte, profileName, by string) (Order, error) {
	_, prof, err := profile(profileName)
	if err != nil {
		return Order{}, err
	}
	if err := der.Check(csr, der.Limits{MaxBytes: MaxCSR, MaxDepth: maxCSRDepth}); err != nil {
		return Order{}, fmt.Errorf("%w: %w", ErrCSR, err)
	}
	q, err := gm.ParseRequest(csr)
	if err != nil {
		return Order{}, fmt.Errorf("%w: %w", ErrCSR, err)
	}
	o := Order{Profile: profileName, Key: q.PublicKey, By: by}
	w := prof.CSRWhitelist
	if w != nil && w.Subject {
		o.Subject = q.Subject
		o.Subject.ExtraNames = nil
	}
	if w != nil && w.DNSNames {
		o.Hosts = append(o.Hosts, q.DNSNames...)
	}
	if w != nil && w.IPAddresses {
		o.Hosts = append(o.Hosts, hostsOf(nil, q.IPAddresses)...)
	}
	return o, nil
}

// decodeCSR reads one PEM block of a certificate request.
func decodeCSR(text []byte) ([]byte, error) {
	if len(text) > 2*MaxCSR {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrCSR, 2*MaxCSR)
	}
	block, rest := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE REQUEST" && block.Type != "NEW CERTIFICATE REQUEST" || len(strings.TrimSpace(string(rest))) != 0 {
		return nil, fmt.Errorf("%w: not one PEM block CERTIFICATE REQUEST", ErrCSR)
	}
	return block.Bytes, nil
}

// DecodeCSR reads a request in PEM or DER and returns its DER.
func DecodeCSR(b []byte) ([]byte, error) {
	if len(b) > 0 && b[0] == 0x30 {
		return b, nil
	}
	return decodeCSR(b)
}

// csrPEM wraps a DER request.
func csrPEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
}

// Info implements signer.Signer.
func (s *SM2Signer) Info(req info.Req) (*info.Resp, error) {
	_, p, err := profile(req.Profile)
	if err != nil {
		return nil, err
	}
	return &info.Resp{Certificate: string(PEM(s.region.Authority().Certificate)), Usage: p.Usage, ExpiryString: p.ExpiryString}, nil
}

// Policy implements signer.Signer.
func (s *SM2Signer) Policy() *config.Signing {
	p, err := policy()
	if err != nil {
		return nil // no policy signs nothing
	}
	return p
}

// SigAlgo implements signer.Signer; crypto/x509 has no name for SM2 with SM3.
func (s *SM2Signer) SigAlgo() x509.SignatureAlgorithm { return x509.UnknownSignatureAlgorithm }

// GetDBAccessor implements signer.Signer: certdb over the register.
func (s *SM2Signer) GetDBAccessor() certdb.Accessor {
	return accessor{s.region.c.Books, s.region.c.Now}
}

// SetDBAccessor implements signer.Signer; the register is not the caller's to change.
func (s *SM2Signer) SetDBAccessor(certdb.Accessor) {}

// SetPolicy implements signer.Signer; the policy is not the caller's to change.
func (s *SM2Signer) SetPolicy(*config.Signing) {}

// SetReqModifier implements signer.Signer; nothing is signed elsewhere.
func (s *SM2Signer) SetReqModifier(func(*http.Request, []byte)) {}
