package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"yinzheng/internal/auth"
	"yinzheng/internal/durable"
	"yinzheng/internal/house"
)

// passphraseBytes is the entropy of a passphrase that we make.
const passphraseBytes = 32

// configFile is where init leaves a configuration, inside the data folder.
const configFile = "yinzheng.yaml"

func runInit(ctx context.Context, p *program, args []string) error {
	fs := p.flags("init")
	data := fs.String("data", "", "folder that will hold everything")
	code := fs.String("region", "450000", "region code (GB/T 2260)")
	name := fs.String("name", "广西壮族自治区", "region name")
	if err := parse(fs, args); err != nil {
		return err
	}
	cfg := defaultConfig(*data)
	cfg.Region = RegionConfig{Code: *code, Name: *name}
	if err := cfg.check(); err != nil {
		return usageError{"init : " + err.Error()}
	}
	if err := establish(ctx, p, cfg); err != nil {
		return err
	}
	file := filepath.Join(cfg.Data, configFile)
	text := fmt.Sprintf("# 印证 yinzheng. check-config explains every mistake.\nlisten: 127.0.0.1:8080\nregion:\n  code: %q\n  name: %s\ndata: .\n", *code, *name)
	if _, err := os.Stat(file); err != nil {
		if err := durable.WriteFile(file, []byte(text), 0o600); err != nil {
			return fmt.Errorf("init : %w", err)
		}
	}
	fmt.Fprintf(p.out, "%s\nnext: yinzheng seal make --config %[1]s --code <USCC> --office <name>; yinzheng key add --config %[1]s …; yinzheng serve --config %[1]s\n", file)
	return nil
}

// establish makes the data folder, the passphrase and the region, or completes what an earlier run left.
func establish(ctx context.Context, p *program, cfg Config) error {
	if err := os.MkdirAll(filepath.Dir(cfg.Passphrase), 0o700); err != nil {
		return fmt.Errorf("making the data folder : %w", err)
	}
	if _, err := passphrase(cfg.Passphrase); err != nil {
		return fmt.Errorf("making the passphrase : %w", err)
	}
	hc, err := houseConfig(p, cfg)
	if err != nil {
		return err
	}
	return house.Establish(ctx, hc)
}

// houseConfig turns the configuration into what the house is opened with; secrets are read here.
func houseConfig(p *program, cfg Config) (house.Config, error) {
	secret, err := os.ReadFile(cfg.Passphrase)
	if err != nil {
		return house.Config{}, hinted{fmt.Errorf("opening the keys : %w", err), "run yinzheng init, or name the file under passphrase"}
	}
	hc := house.Config{
		Data: cfg.Data, Region: cfg.Region.Code, RegionName: cfg.Region.Name, Passphrase: bytes.TrimSpace(secret), URL: cfg.URL, Version: version,
		Now: p.now, Log: p.log,
	}
	if hc.Database, err = cfg.databaseURL(); err != nil {
		return hc, err
	}
	if cfg.Kinds != "" {
		hc.Kinds = os.DirFS(cfg.Kinds)
	}
	return hc, nil
}

// openHouse opens the house of a configuration; adjust may change what it is opened with.
func openHouse(ctx context.Context, p *program, cfg Config, adjust func(*house.Config)) (*house.House, error) {
	hc, err := houseConfig(p, cfg)
	if err != nil {
		return nil, err
	}
	if adjust != nil {
		adjust(&hc)
	}
	return house.Open(ctx, hc)
}

// passphrase reads the file, or makes one with a passphrase of 256 random bits.
func passphrase(file string) ([]byte, error) {
	text, err := os.ReadFile(file)
	if !errors.Is(err, fs.ErrNotExist) {
		return text, err
	}
	random := make([]byte, passphraseBytes)
	if _, err := rand.Read(random); err != nil {
		return nil, err
	}
	text = []byte(base64.RawURLEncoding.EncodeToString(random))
	return text, durable.WriteFile(file, text, 0o600)
}

// withHouse opens the house of a configuration for one act.
func withHouse(ctx context.Context, p *program, config string, act func(*house.House) error) error {
	if config == "" {
		return usageError{"--config FILE is missing"}
	}
	cfg, err := readConfig(config)
	if err != nil {
		return err
	}
	h, err := openHouse(ctx, p, cfg, nil)
	if err != nil {
		return err
	}
	return errors.Join(act(h), h.Close())
}

func runSeal(ctx context.Context, p *program, args []string) error {
	if len(args) == 0 || args[0] != "make" {
		return usageError{"seal : there is one verb: make"}
	}
	fs := p.flags("seal make")
	config := fs.String("config", "", "configuration")
	code := fs.String("code", "", "unified social credit code of the office")
	office := fs.String("office", "", "full name of the office")
	if err := parse(fs, args[1:]); err != nil {
		return err
	}
	return withHouse(ctx, p, *config, func(h *house.House) error {
		record, err := h.MakeSeal(ctx, *code, *office)
		if err != nil {
			return err
		}
		fmt.Fprintf(p.out, "%s %s\n", record.ID, record.Name)
		return nil
	})
}

func runKey(ctx context.Context, p *program, args []string) error {
	if len(args) == 0 || args[0] != "add" {
		return usageError{"key : there is one verb: add"}
	}
	fs := p.flags("key add")
	config := fs.String("config", "", "configuration")
	caller := fs.String("caller", "", "stable name of the calling system, for the audit record")
	office := fs.String("office", "", "unified social credit code of the office it acts for")
	may := fs.String("may", "", "actions, divided by commas")
	if err := parse(fs, args[1:]); err != nil {
		return err
	}
	if *caller == "" || *may == "" {
		return usageError{"key add : --caller and --may are needed"}
	}
	c := auth.Caller{ID: *caller, Office: *office}
	for action := range strings.SplitSeq(*may, ",") {
		c.Actions = append(c.Actions, auth.Action(strings.TrimSpace(action)))
	}
	if err := c.Check(); err != nil {
		return usageError{"key add : " + err.Error()}
	}
	return withHouse(ctx, p, *config, func(h *house.House) error {
		key, err := h.AddKey(ctx, c)
		if err != nil {
			return err
		}
		fmt.Fprintln(p.out, key)
		return nil
	})
}
