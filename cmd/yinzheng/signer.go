package main

import (
	"context"
	"errors"
	"fmt"

	"yinzheng/internal/house"
	"yinzheng/internal/keys/remote"
)

// runSigner runs the signer process: it alone opens the private keys, and signs for who asks over a Unix socket.
func runSigner(ctx context.Context, p *program, args []string) error {
	fs := p.flags("signer")
	config := fs.String("config", "", "configuration; its keys.socket is where this process listens")
	user := fs.Int("user", -1, "number of the user as whom the service runs, if another than this one's")
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
	where, err := cfg.keys(true)
	if err != nil {
		return err
	}
	holder, closeKeys, err := house.OpenKeys(cfg.Data, where, p.now, p.log)
	if err != nil {
		return fmt.Errorf("opening the keys : %w", err)
	}
	server, err := remote.Listen(remote.ServerConfig{Socket: cfg.Keys.Socket, Holder: holder, User: *user, Log: p.log})
	if err != nil {
		return errors.Join(fmt.Errorf("signer : %w", err), closeKeys())
	}
	fmt.Fprintf(p.out, "signing for %s on %s\n", cfg.Region.Name, cfg.Keys.Socket)
	return errors.Join(server.Run(ctx), closeKeys())
}
