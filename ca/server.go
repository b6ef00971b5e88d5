package ca

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/keys"
)

const (
	// serverLife is the part of a server certificate's life after which the next one is made.
	serverLife = 2.0 / 3
	// house is who asks when the service itself does.
	house = "yinzheng"
)

// Due is when the successor of a server certificate of ours is to be made.
func Due(leaf *x509.Certificate) time.Time {
	return leaf.NotBefore.Add(time.Duration(float64(leaf.NotAfter.Sub(leaf.NotBefore)) * serverLife))
}

// ServerTLS returns the identity under which the service is reached by TLS, for lower-case host names and addresses: the one
// there is, which other processes of the service may use as well, or a new key and certificate when it is Due. Keys that no
// certificate can be valid for any more are retired.
func (r *Region) ServerTLS(ctx context.Context, hosts []string) (tls.Certificate, error) {
	if len(hosts) == 0 {
		return tls.Certificate{}, fmt.Errorf("issuing for no host: %w", ErrName)
	}
	o := Order{Profile: ProfileTLSServer, Subject: named(hosts[0]), Hosts: hosts, By: house}
	_, prof, err := profile(o.Profile)
	if err != nil {
		return tls.Certificate{}, err
	}
	now := r.c.Now()
	if err := allow(prof, o, r.TLSAuthority(), now); err != nil { // before a key is made for it
		return tls.Certificate{}, fmt.Errorf("issuing %s: %w", o.Profile, err)
	}
	inventory, err := r.serverKeys(ctx, now.Add(-prof.Expiry))
	if err != nil {
		return tls.Certificate{}, err
	}
	if there, err := r.present(ctx, hosts, inventory, now); err != nil || there.Leaf != nil {
		return there, err
	}
	serial, err := gm.NewSerial(r.c.Rand)
	if err != nil {
		return tls.Certificate{}, err
	}
	id := ProfileTLSServer + "-" + serial.Text(16)
	if _, err := r.c.Keys.Create(ctx, keys.Spec{ID: id, Algorithm: keys.P256, Use: keys.Use(ProfileTLSServer)}); err != nil {
		return tls.Certificate{}, fmt.Errorf("making the key of %s: %w", id, err)
	}
	key, err := r.c.Keys.Signer(ctx, id)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("opening the key of %s: %w", id, err)
	}
	csr, err := gm.CreateRequest(o.Subject, nil, key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("requesting a certificate: %w", err)
	}
	der, err := r.IssueTLS(ctx, o, csr)
	if err != nil {
		return tls.Certificate{}, err
	}
	return r.identity(der, key)
}

// serverKeys returns the names of the active keys of servers by the SM3 of their public half, and retires those made before a
// time.
func (r *Region) serverKeys(ctx context.Context, before time.Time) (map[gm.Digest]string, error) {
	all, err := r.c.Keys.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the inventory: %w", err)
	}
	active, retired := map[gm.Digest]string{}, keys.Retired
	for _, k := range all {
		switch {
		case k.Use != keys.Use(ProfileTLSServer) || k.State != keys.Active:
		case k.Created.Before(before):
			if _, err := r.c.Keys.Change(ctx, k.ID, keys.Change{State: &retired}); err != nil {
				return nil, fmt.Errorf("retiring %s: %w", k.ID, err)
			}
		default:
			active[gm.Sum(k.Public)] = k.ID
		}
	}
	return active, nil
}

// present finds the identity in use: the newest good certificate of exactly these hosts under the present authority, not yet
// due, whose key is active. Its Leaf is nil when there is none.
func (r *Region) present(ctx context.Context, hosts []string, inventory map[gm.Digest]string, now time.Time) (tls.Certificate, error) {
	authority := hex.EncodeToString(r.TLSAuthority().cert.SubjectKeyId)
	var newest Record
	for q := (Query{Limit: MaxPage, Authority: authority, Name: hosts[0], Profile: ProfileTLSServer, State: Good}); ; {
		found, last, err := r.c.Books.Certificates(ctx, q)
		if err != nil {
			return tls.Certificate{}, fmt.Errorf("looking for the identity in use: %w", err)
		}
		for _, c := range found {
			if c.By == house && slices.Equal(c.SANs, hosts) && inventory[c.Key] != "" && c.NotBefore.After(newest.NotBefore) {
				newest = c
			}
		}
		if len(found) < q.Limit {
			break
		}
		q.After = last
	}
	if newest.DER == nil {
		return tls.Certificate{}, nil
	}
	leaf, err := x509.ParseCertificate(newest.DER)
	if err != nil || !now.Before(Due(leaf)) {
		return tls.Certificate{}, err
	}
	key, err := r.c.Keys.Signer(ctx, inventory[newest.Key])
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("opening the key of %s: %w", inventory[newest.Key], err)
	}
	return r.identity(newest.DER, key)
}

// identity puts key and chain together.
func (r *Region) identity(der []byte, key crypto.Signer) (tls.Certificate, error) {
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("reading back: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der, r.TLSAuthority().Certificate}, PrivateKey: key, Leaf: leaf}, nil
}
