package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"yinzheng/internal/house"
	"yinzheng/internal/keys/remote"
)

// runSigner runs the signer process: it alone opens the private keys, and signs for who asks over a Unix socket.
func runSigner(ctx context.Context, p *program, args []string) error {
	fs := p.flags("signer")
	config := fs.String("config", "", "configuration; its keys.socket is where this process listens")
	user := fs.Int("user", -1, "number of the user as whom the service runs, if another than this one's")
	allowed := fs.String("allow", "", "what the service may also do to keys, divided by commas: activate, destroy, quota; each then rests on the service's dual control alone")
	if err := parse(fs, args); err != nil {
		return err
	}
	if *config == "" {
		return usageError{"signer : --config FILE is missing"}
	}
	cfg, err := readConfig(*config)
	if err != nil {
		return err
	}
	if cfg.Keys.Socket == "" {
		return usageError{"signer : the configuration names no keys.socket"}
	}
	allow, err := allowances(*allowed)
	if err != nil {
		return err
	}
	where, err := cfg.keys(true)
	if err != nil {
		return err
	}
	holder, closeKeys, err := house.OpenKeys(cfg.Data, where, p.now, p.log)
	if err != nil {
		return fmt.Errorf("opening the keys : %w", err)
	}
	server, err := remote.Listen(remote.ServerConfig{Socket: cfg.Keys.Socket, Holder: holder, User: *user, Allow: allow, Log: p.log})
	if err != nil {
		return errors.Join(fmt.Errorf("signer : %w", err), closeKeys())
	}
	fmt.Fprintf(p.out, "signing for %s on %s\n", cfg.Region.Name, cfg.Keys.Socket)
	return errors.Join(server.Run(ctx), closeKeys())
}

// allowances reads what a signer does for the service beside making keys and signing.
func allowances(list string) (a remote.Allow, err error) {
	for word := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == ',' || r == ' ' }) {
		switch word {
		case "activate":
			a.Activate = true
		case "destroy":
			a.Destroy = true
		case "quota":
			a.RaiseQuota = true
		default:
			return a, usageError{fmt.Sprintf("signer : --allow knows no %q", word)}
		}
	}
	return a, nil
}
