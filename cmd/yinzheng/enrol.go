package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"yinzheng/ca/enrol"
)

// runEnrol brings a calling system to its client certificate. Run again it renews what is due; with --watch it stays and keeps
// the certificate renewed. A token is redeemed only when it is needed, so a service manager may start the same line again.
func runEnrol(ctx context.Context, p *program, args []string) error {
	fs := p.flags("enrol")
	server := fs.String("server", "", "https://host[:port] of the service")
	roots := fs.String("ca", "", "PEM file of the service's TLS root: nothing else is trusted")
	token := fs.String("token", "", "file with the one-time token, redeemed when there is no certificate that is in time")
	dir := fs.String("dir", "", "folder of this system's private key and certificate")
	renew := fs.Bool("renew", false, "get the next certificate now, due or not; with --token by the token")
	watch := fs.Bool("watch", false, "stay, and keep the certificate renewed")
	if err := parse(fs, args); err != nil {
		return err
	}
	for name, value := range map[string]string{"--server URL": *server, "--ca FILE": *roots, "--dir DIR": *dir} {
		if value == "" {
			return usageError{"enrol : " + name + " is missing"}
		}
	}
	pinned, err := os.ReadFile(*roots)
	if err != nil {
		return fmt.Errorf("reading the TLS root : %w", err)
	}
	t, err := enrol.New(enrol.Config{Server: *server, Roots: pinned, Dir: *dir, Now: p.now, Log: p.log})
	if err != nil {
		return explained(err)
	}
	defer t.CloseIdleConnections()
	present := t.Certificate()
	needed := *renew || present == nil || !p.now().Before(present.NotAfter)
	switch {
	case *token != "" && needed:
		err = redeem(ctx, t, *token)
	case *renew:
		err = t.Renew(ctx)
	default:
		err = t.RefreshKeys(ctx)
	}
	if err != nil {
		return explained(err)
	}
	c := t.Certificate()
	fmt.Fprintf(p.out, "%s : serial number %s, good until %s, renewed from %s on\n",
		c.Subject.CommonName, c.SerialNumber, c.NotAfter.Format(time.RFC3339), t.Due().Format(time.RFC3339))
	if !*watch {
		return nil
	}
	return explained(t.Run(ctx))
}

// redeem enrols with the token in a file, its first line: what yinzheng ca token prints below it is for people.
func redeem(ctx context.Context, t *enrol.Transport, file string) error {
	secret, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("reading the token : %w", err)
	}
	first, _, _ := strings.Cut(strings.TrimSpace(string(secret)), "\n")
	return t.Enrol(ctx, strings.TrimSpace(first))
}

// explained adds what can be done about an error.
func explained(err error) error {
	var unknown x509.UnknownAuthorityError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, enrol.ErrConfig):
		return usageError{"enrol : " + err.Error()}
	case errors.Is(err, enrol.ErrToken), errors.Is(err, enrol.ErrRefused), errors.Is(err, enrol.ErrExpired), errors.Is(err, enrol.ErrNotEnrolled):
		return hinted{err, "an operator of the authority makes a token with yinzheng ca token; redeem it with --token FILE, and --renew if there is a certificate"}
	case errors.Is(err, enrol.ErrIdentity):
		return hinted{err, "bring the folder back from a backup, or remove the file and enrol with a new token"}
	case errors.As(err, &unknown):
		return hinted{err, "the server's certificate is not under the root in the file of --ca"}
	}
	return err
}
