package cms

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // names a certificate in old attributes, where nothing rests on it
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"yinzheng/internal/der"
	"yinzheng/internal/gm"
)

// Kinds of signature algorithms.
const (
	kindSM2   = "SM2"
	kindECDSA = "ECDSA"
	kindRSA   = "RSA"
	kindPSS   = "RSA-PSS"
)

var (
	oidECDSA384   = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 3}
	oidECDSA512   = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 4}
	oidRSA        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidRSA256     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}
	oidRSA384     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 12}
	oidRSA512     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 13}
	oidPSS        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}
	oidMGF1       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 8}
	oidMD5        = asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 5}
	oidECDSASHA1  = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 1}
	oidRSAWithSHA = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 5}
	oidRSAWithMD5 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 4}
)

// algorithm is a digest algorithm.
type algorithm struct {
	oid  asn1.ObjectIdentifier
	hash crypto.Hash // 0 for SM3
}

func algorithms() []algorithm {
	return []algorithm{{der.SM3, 0}, {der.SHA256, crypto.SHA256}, {der.SHA384, crypto.SHA384}, {der.SHA512, crypto.SHA512}}
}

// sum is the digest of a message.
func (a algorithm) sum(b []byte) []byte {
	if a.hash == 0 {
		d := gm.Sum(b)
		return d[:]
	}
	h := a.hash.New()
	h.Write(b)
	return h.Sum(nil)
}

// readAlgorithm reads an AlgorithmIdentifier; params is nil when there are none or NULL.
func readAlgorithm(in *cryptobyte.String) (oid asn1.ObjectIdentifier, params cryptobyte.String, ok bool) {
	var alg, null cryptobyte.String
	if !in.ReadASN1(&alg, cbasn1.SEQUENCE) || !alg.ReadASN1ObjectIdentifier(&oid) {
		return nil, nil, false
	}
	if alg.PeekASN1Tag(cbasn1.NULL) && (!alg.ReadASN1(&null, cbasn1.NULL) || !null.Empty() || !alg.Empty()) {
		return nil, nil, false
	}
	return oid, alg, true
}

func readDigest(in *cryptobyte.String) (algorithm, error) {
	oid, params, ok := readAlgorithm(in)
	if !ok || !params.Empty() {
		return algorithm{}, bad("digestAlgorithm")
	}
	return digestOf(oid)
}

func digestOf(oid asn1.ObjectIdentifier) (algorithm, error) {
	for _, a := range algorithms() {
		if a.oid.Equal(oid) {
			return a, nil
		}
	}
	if oid.Equal(der.SHA1) || oid.Equal(oidMD5) {
		return algorithm{}, fmt.Errorf("digest %v: %w", oid, ErrWeak)
	}
	return algorithm{}, fmt.Errorf("digest %v: %w", oid, ErrAlgorithm)
}

// listed wants the signer's digest algorithm among those of the SignedData.
func (d *Detached) listed(digests cryptobyte.String) error {
	found := false
	for !digests.Empty() {
		oid, params, ok := readAlgorithm(&digests)
		if !ok || !params.Empty() {
			return bad("digestAlgorithms")
		}
		found = found || oid.Equal(d.digest.oid)
	}
	if !found {
		return fmt.Errorf("digestAlgorithms without that of the signer: %w", ErrAlgorithm)
	}
	return nil
}

// scheme is a signature algorithm with its digest.
type scheme struct {
	kind   string // SM2, ECDSA, RSA, RSA-PSS
	digest algorithm
	salt   int // of RSA-PSS
}

// String is the usual name.
func (s scheme) String() string {
	if s.digest.hash == 0 {
		return s.kind + "/SM3"
	}
	return s.kind + "/" + s.digest.hash.String()
}

// readScheme reads a signature algorithm that goes with a digest.
func readScheme(in *cryptobyte.String, digest algorithm) (s scheme, oid asn1.ObjectIdentifier, err error) {
	oid, params, ok := readAlgorithm(in)
	if !ok {
		return s, nil, bad("SignerInfo.signatureAlgorithm")
	}
	if oid.Equal(oidPSS) {
		s, err = readPSS(params, digest)
	} else {
		s, err = schemeNamed(oid, params, digest)
	}
	return s, oid, err
}

func schemeNamed(oid asn1.ObjectIdentifier, params cryptobyte.String, digest algorithm) (scheme, error) {
	var ok bool
	s := scheme{digest: digest}
	fits := func(h crypto.Hash) bool { return digest.hash == h }
	switch {
	case !params.Empty():
		return s, bad("SignerInfo.signatureAlgorithm")
	case oid.Equal(der.SM2Sign) || oid.Equal(der.SM2WithSM3):
		s.kind, ok = kindSM2, fits(0)
	case oid.Equal(der.ECDSAWithSHA256):
		s.kind, ok = kindECDSA, fits(crypto.SHA256)
	case oid.Equal(oidECDSA384):
		s.kind, ok = kindECDSA, fits(crypto.SHA384)
	case oid.Equal(oidECDSA512):
		s.kind, ok = kindECDSA, fits(crypto.SHA512)
	case oid.Equal(oidRSA):
		s.kind, ok = kindRSA, digest.hash != 0
	case oid.Equal(oidRSA256):
		s.kind, ok = kindRSA, fits(crypto.SHA256)
	case oid.Equal(oidRSA384):
		s.kind, ok = kindRSA, fits(crypto.SHA384)
	case oid.Equal(oidRSA512):
		s.kind, ok = kindRSA, fits(crypto.SHA512)
	case oid.Equal(oidECDSASHA1), oid.Equal(oidRSAWithSHA), oid.Equal(oidRSAWithMD5):
		return s, fmt.Errorf("signature algorithm %v: %w", oid, ErrWeak)
	default:
		return s, fmt.Errorf("signature algorithm %v: %w", oid, ErrAlgorithm)
	}
	if !ok {
		return s, fmt.Errorf("signature algorithm %v with digest %v: %w", oid, digest.oid, ErrMismatch)
	}
	return s, nil
}

// readPSS reads RSASSA-PSS-params (RFC 4055, 3.1): one hash throughout, written out, since the defaults are SHA-1.
func readPSS(params cryptobyte.String, digest algorithm) (scheme, error) {
	var seq, hash, mask, salt cryptobyte.String
	length := int64(20)
	if !params.ReadASN1(&seq, cbasn1.SEQUENCE) || !params.Empty() || !seq.ReadASN1(&hash, tag0) || !seq.ReadASN1(&mask, tag1) {
		return scheme{}, fmt.Errorf("RSASSA-PSS with default hash: %w", ErrWeak)
	}
	own, err := readDigest(&hash)
	if err != nil {
		return scheme{}, err
	}
	oid, inner, ok := readAlgorithm(&mask)
	if !ok || !oid.Equal(oidMGF1) {
		return scheme{}, fmt.Errorf("mask of RSASSA-PSS: %w", ErrAlgorithm)
	}
	of, err := readDigest(&inner)
	if err != nil {
		return scheme{}, err
	}
	tag2 := cbasn1.Tag(2).Constructed().ContextSpecific()
	if seq.PeekASN1Tag(tag2) && (!seq.ReadASN1(&salt, tag2) || !salt.ReadASN1Integer(&length) || !salt.Empty()) || !seq.Empty() {
		return scheme{}, bad("RSASSA-PSS-params")
	}
	if !own.oid.Equal(digest.oid) || !of.oid.Equal(digest.oid) || digest.hash == 0 || length < 0 || length > gm.MaxRSABits/8 {
		return scheme{}, fmt.Errorf("RSASSA-PSS with another hash or salt: %w", ErrMismatch)
	}
	return scheme{kindPSS, digest, int(length)}, nil
}

// add writes the AlgorithmIdentifier.
func (s scheme) add(b *cryptobyte.Builder) {
	oid := map[string]map[crypto.Hash]asn1.ObjectIdentifier{
		kindSM2:   {0: der.SM2Sign},
		kindECDSA: {crypto.SHA256: der.ECDSAWithSHA256, crypto.SHA384: oidECDSA384, crypto.SHA512: oidECDSA512},
		kindRSA:   {crypto.SHA256: oidRSA256, crypto.SHA384: oidRSA384, crypto.SHA512: oidRSA512},
		kindPSS:   {s.digest.hash: oidPSS},
	}[s.kind][s.digest.hash]
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oid)
		switch s.kind {
		case kindSM2, kindRSA:
			b.AddASN1NULL()
		case kindPSS:
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(tag0, s.digest.add)
				b.AddASN1(tag1, func(b *cryptobyte.Builder) {
					b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
						b.AddASN1ObjectIdentifier(oidMGF1)
						s.digest.add(b)
					})
				})
				b.AddASN1(cbasn1.Tag(2).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) { b.AddASN1Int64(int64(s.salt)) })
			})
		}
	})
}

// add writes the AlgorithmIdentifier: of SM3 with NULL, as GB/T 35275 products write it, of the others without (RFC 5754, 2).
func (a algorithm) add(b *cryptobyte.Builder) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(a.oid)
		if a.hash == 0 {
			b.AddASN1NULL()
		}
	})
}

// verify checks a signature over a message.
func (s scheme) verify(pub crypto.PublicKey, message, signature []byte) error {
	switch key := pub.(type) {
	case *ecdsa.PublicKey:
		switch {
		case s.kind == kindSM2 && gm.IsSM2(key):
			return verifySM2(key, message, signature)
		case s.kind == kindECDSA && (key.Curve == elliptic.P256() || key.Curve == elliptic.P384() || key.Curve == elliptic.P521()):
			return verifyECDSA(key, s.digest.sum(message), signature)
		}
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits < gm.MinRSABits {
			return fmt.Errorf("RSA key of %d bits: %w", bits, ErrWeak)
		} else if bits > gm.MaxRSABits {
			return fmt.Errorf("RSA key of %d bits: %w", bits, ErrAlgorithm)
		}
		digest := s.digest.sum(message)
		switch {
		case s.kind == kindRSA && rsa.VerifyPKCS1v15(key, s.digest.hash, digest, signature) == nil,
			s.kind == kindPSS && rsa.VerifyPSS(key, s.digest.hash, digest, signature, &rsa.PSSOptions{SaltLength: s.salt}) == nil:
			return nil
		case s.kind == kindRSA || s.kind == kindPSS:
			return ErrSignature
		}
	}
	return fmt.Errorf("%s with a key of another kind: %w", s, ErrCurve)
}

// verifyECDSA wants r and s in DER, from 1 to n−1.
func verifyECDSA(key *ecdsa.PublicKey, digest, signature []byte) error {
	r, v := new(big.Int), new(big.Int)
	in := cryptobyte.String(signature)
	var pair cryptobyte.String
	n := key.Curve.Params().N
	if !in.ReadASN1(&pair, cbasn1.SEQUENCE) || !in.Empty() || !pair.ReadASN1Integer(r) || !pair.ReadASN1Integer(v) || !pair.Empty() ||
		r.Sign() <= 0 || v.Sign() <= 0 || r.Cmp(n) >= 0 || v.Cmp(n) >= 0 {
		return ErrRange
	}
	if !ecdsa.VerifyASN1(key, digest, signature) {
		return ErrSignature
	}
	return nil
}

// verifySM2 takes r and s in DER, or as they are, 32 bytes each. It hashes with Z of the default identity.
func verifySM2(key *ecdsa.PublicKey, message, signature []byte) error {
	encoded, _, err := gm.SignatureToDER(signature)
	if err != nil {
		return errors.Join(ErrRange, err)
	}
	return gm.Verify(key, message, encoded)
}

// signWith signs a message and verifies the signature.
func (s scheme) signWith(key crypto.Signer, message []byte) ([]byte, error) {
	if s.kind == kindSM2 {
		return gm.Sign(key, message)
	}
	var opts crypto.SignerOpts = s.digest.hash
	if s.kind == kindPSS {
		opts = &rsa.PSSOptions{SaltLength: s.salt, Hash: s.digest.hash}
	}
	signature, err := key.Sign(rand.Reader, s.digest.sum(message), opts)
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	if err := s.verify(key.Public(), message, signature); err != nil {
		return nil, fmt.Errorf("checking our own signature: %w", err)
	}
	return signature, nil
}

// schemeOf chooses for a key: SM3 with SM2, SHA-256 with P-256 and RSA, SHA-384 with P-384.
func schemeOf(pub crypto.PublicKey, o Options) (s scheme, err error) {
	all := algorithms()
	switch key := pub.(type) {
	case *ecdsa.PublicKey:
		switch {
		case gm.IsSM2(key):
			s = scheme{kindSM2, all[0], 0}
		case key.Curve == elliptic.P256():
			s = scheme{kindECDSA, all[1], 0}
		case key.Curve == elliptic.P384():
			s = scheme{kindECDSA, all[2], 0}
		}
	case *rsa.PublicKey:
		if key.N.BitLen() < gm.MinRSABits {
			return s, fmt.Errorf("RSA key of %d bits: %w", key.N.BitLen(), ErrWeak)
		}
		s = scheme{kindRSA, all[1], 0}
		for _, a := range all[1:] {
			if a.hash == o.Hash {
				s.digest = a
			}
		}
		if o.PSS {
			s.kind, s.salt = kindPSS, s.digest.hash.Size()
		}
	}
	switch {
	case s.kind == "":
		return s, fmt.Errorf("key of %T: %w", pub, ErrAlgorithm)
	case o.Hash == crypto.SHA1 || o.Hash == crypto.MD5:
		return s, fmt.Errorf("%v: %w", o.Hash, ErrWeak)
	case o.Hash != 0 && o.Hash != s.digest.hash, o.PSS && s.kind != kindPSS:
		return s, fmt.Errorf("%v with a key of %T: %w", o.Hash, pub, ErrAlgorithm)
	}
	return s, nil
}

// namesBySHA1 reports whether SigningCertificate of RFC 2634, which knows SHA-1 only, begins with this certificate's hash.
func namesBySHA1(hash, cert []byte) bool {
	sum := sha1.Sum(cert) //nolint:gosec // see the import
	return string(hash) == string(sum[:])
}
