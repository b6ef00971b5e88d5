package tsp

import (
	"crypto"
	"errors"
	"fmt"
	"math/big"
	"time"

	"yinzheng/internal/cms"
	"yinzheng/internal/der"
	"yinzheng/internal/gm"
)

// IssuedAccuracy is what our tokens state: times are cut to whole seconds, and the clock may be half a second off.
const IssuedAccuracy = 2 * time.Second

// MaxSerial bounds serial numbers and nonces, in bits (RFC 3161, 2.4.2).
const MaxSerial = 160

// Issue stamps an SM3 imprint with a time, cut to whole seconds, under a serial number that must be positive and never used
// before by this certificate. The policy is anyPolicy: this service registers none of its own. Errors: ErrSigner, and those
// of cms.Sign.
func Issue(imprint gm.Digest, serial *big.Int, at time.Time, cert []byte, key crypto.Signer) (*Token, error) {
	at, err := checkStamp(serial, at)
	if err != nil {
		return nil, fmt.Errorf("issuing a timestamp: %w", err)
	}
	signer, err := gm.ParseCertificate(cert)
	if err != nil {
		return nil, fmt.Errorf("issuing a timestamp: %w: %w", ErrSigner, err)
	}
	if err := checkSigner(signer, at); err != nil {
		return nil, fmt.Errorf("issuing a timestamp: %w", err)
	}
	info := tstInfo{policy: der.AnyPolicy, imprint: messageImprint{hash: der.SM3, digest: imprint[:]}, serial: serial, time: at,
		accuracy: IssuedAccuracy}
	content, err := info.encode()
	if err != nil {
		return nil, fmt.Errorf("issuing a timestamp: %w", err)
	}
	token, err := cms.Sign(content, cert, key, cms.Options{ContentType: der.TSTInfo, SigningTime: at})
	if err != nil {
		return nil, fmt.Errorf("issuing a timestamp: %w", err)
	}
	t, err := Parse(token)
	if err != nil {
		return nil, fmt.Errorf("issuing a timestamp: reading it back: %w", err)
	}
	return t, nil
}

// checkStamp checks what a token is to state, and cuts the time to whole seconds.
func checkStamp(serial *big.Int, at time.Time) (time.Time, error) {
	if serial == nil || serial.Sign() <= 0 || serial.BitLen() > MaxSerial {
		return time.Time{}, errors.New("tsp: the serial number is not a positive number of at most 160 bits")
	}
	at = at.UTC().Truncate(time.Second)
	if year := at.Year(); year < 1950 || year > 9999 {
		return time.Time{}, fmt.Errorf("tsp: the year %d cannot be written", year)
	}
	return at, nil
}

// checkSigner checks that a certificate is for timestamps, and valid at the time of the token.
func checkSigner(cert *gm.Certificate, at time.Time) error {
	if err := checkPurpose(cert); err != nil {
		return err
	}
	if at.Before(cert.NotBefore) || at.After(cert.NotAfter) {
		return fmt.Errorf("certificate is not valid at %s: %w", at.Format(time.RFC3339), ErrSigner)
	}
	return nil
}

// checkPurpose checks what RFC 3161, 2.3 asks of a timestamping certificate.
func checkPurpose(cert *gm.Certificate) error {
	if len(cert.ExtKeyUsage) != 1 || cert.ExtKeyUsage[0] != gm.ExtKeyUsageTimeStamping || len(cert.UnknownExtKeyUsage) != 0 {
		return fmt.Errorf("extended key usage is not timeStamping alone: %w", ErrSigner)
	}
	for _, extension := range cert.Extensions {
		if extension.Id.Equal(der.ExtKeyUsageExtension) && !extension.Critical {
			return fmt.Errorf("extended key usage is not critical: %w", ErrSigner)
		}
	}
	if cert.KeyUsage&^(gm.KeyUsageDigitalSignature|gm.KeyUsageContentCommitment) != 0 || cert.KeyUsage == 0 {
		return fmt.Errorf("key usage is not for signatures alone: %w", ErrSigner)
	}
	return nil
}
