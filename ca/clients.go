package ca

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"yinzheng/internal/auth"
	"yinzheng/internal/gm"
)

const (
	// TokenLife is how long an enrolment token can be used: long enough to carry it to another office, no longer.
	TokenLife = 24 * time.Hour
	// TokenPrefix starts every enrolment token, so that a leaked one is found by scanning for it.
	TokenPrefix = "yzt_"
	tokenBytes  = 32
)

// ErrClient means that a client certificate does not speak for anybody: not ours, expired or revoked.
var ErrClient = errors.New("ca: client certificate is not good")

// Enrolment brings calling systems (approval systems, nodes) to client certificates: a one-time token, then a request for a
// certificate, then renewals under the certificate itself. It is safe for concurrent use.
type Enrolment struct {
	Region  *Region
	Tokens  Tokens
	Callers auth.Credentials
	Rand    io.Reader // nil for the system's
}

// NewToken makes a token under which the system named by caller.ID can enrol once. It is shown to its bearer only here.
func (e *Enrolment) NewToken(ctx context.Context, by string, caller auth.Caller) (token string, expires time.Time, err error) {
	if err := caller.Check(); err != nil {
		return "", expires, err
	}
	_, prof, err := profile(ProfileTLSClient)
	if err != nil {
		return "", expires, err
	}
	if !prof.NameWhitelist.MatchString(caller.ID) {
		return "", expires, fmt.Errorf("making an enrolment token: %w: %q", ErrName, caller.ID)
	}
	source := e.Rand
	if source == nil {
		source = rand.Reader
	}
	var secret [tokenBytes]byte
	if _, err := io.ReadFull(source, secret[:]); err != nil {
		return "", expires, fmt.Errorf("making an enrolment token: %w", err)
	}
	token = TokenPrefix + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret[:]))
	about, err := json.Marshal(caller)
	if err != nil {
		return "", expires, fmt.Errorf("making an enrolment token: %w", err)
	}
	now, err := e.Region.now()
	if err != nil {
		return "", expires, err
	}
	expires = now.Add(TokenLife)
	err = e.Tokens.PutToken(ctx, Token{Digest: gm.Sum([]byte(token)), Name: caller.ID, Caller: about, By: by, Made: now, Expires: expires})
	return token, expires, err
}

// Enrol exchanges a token and a request (PKCS#10, DER, P-256) for a client certificate, whose common name is the caller's
// and no wish of the request. The request is judged before the token is used up. A repeat for the same key gives the same
// certificate, so that neither side is stranded when the answer is lost. Errors: ErrToken, ErrCSR, those of IssueTLS.
func (e *Enrolment) Enrol(ctx context.Context, token string, csr []byte) ([]byte, error) {
	q, err := ParseOrder(csr, ProfileTLSClient, "")
	if err != nil {
		return nil, err
	}
	spki, err := gm.MarshalPublicKey(q.Key)
	if err != nil {
		return nil, fmt.Errorf("encoding a public key: %w", err)
	}
	now, err := e.Region.now()
	if err != nil {
		return nil, err
	}
	now = now.Truncate(time.Microsecond) // as the books keep it
	t, err := e.Tokens.UseToken(ctx, gm.Sum([]byte(token)), gm.Sum(spki), now)
	if err != nil {
		return nil, fmt.Errorf("enrolling: %w", err)
	}
	var caller auth.Caller
	if err := json.Unmarshal(t.Caller, &caller); err != nil {
		return nil, fmt.Errorf("enrolling: reading the token's caller: %w", err)
	}
	der, err := e.Region.IssueTLS(ctx, Order{Profile: ProfileTLSClient, Subject: named(t.Name), By: t.By}, csr)
	if err != nil {
		return nil, err
	}
	if t.Used.Before(now) { // a repeat: what was changed about the caller since stays as it is
		if _, err := e.Callers.CallerOf(ctx, clientKey(t.Name)); !errors.Is(err, auth.ErrNoCaller) {
			return der, err
		}
	}
	if err := e.Callers.PutCaller(ctx, clientKey(t.Name), caller); err != nil {
		return nil, fmt.Errorf("enrolling %s: %w", t.Name, err)
	}
	return der, nil
}

// Renew gives the bearer of a good client certificate the next one, for the same name and a new key.
func (e *Enrolment) Renew(ctx context.Context, present *x509.Certificate, csr []byte) ([]byte, error) {
	if _, err := e.CallerOf(ctx, present); err != nil {
		return nil, err
	}
	return e.Region.IssueTLS(ctx, Order{Profile: ProfileTLSClient, Subject: named(present.Subject.CommonName), By: present.Subject.CommonName}, csr)
}

// CallerOf returns who a client certificate, already verified by TLS against our CA, speaks for: ErrClient when it was
// revoked, is of another profile, or its system is known no more.
func (e *Enrolment) CallerOf(ctx context.Context, present *x509.Certificate) (auth.Caller, error) {
	record, err := e.Region.c.Books.Certificate(ctx, hex.EncodeToString(present.AuthorityKeyId), present.SerialNumber.String())
	if err != nil && !errors.Is(err, ErrNoCertificate) {
		return auth.Caller{}, fmt.Errorf("asking the register: %w", err)
	}
	if err != nil || record.State != Good || record.Profile != ProfileTLSClient || gm.Sum(record.DER) != gm.Sum(present.Raw) || !e.Region.c.Now().Before(record.NotAfter) {
		return auth.Caller{}, ErrClient
	}
	caller, err := e.Callers.CallerOf(ctx, clientKey(present.Subject.CommonName))
	if errors.Is(err, auth.ErrNoCaller) {
		return caller, ErrClient
	}
	return caller, err
}

// clientKey is under what the callers' table keeps who a client certificate's name speaks for; no API key has such a digest.
func clientKey(name string) gm.Digest { return gm.Sum([]byte("client certificate\x00" + name)) }
