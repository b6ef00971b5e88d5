package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"yinzheng/ca"
	"yinzheng/internal/clock"
	"yinzheng/internal/durable"
	"yinzheng/internal/house"
)

// passphraseBytes is the entropy of a passphrase that we make.
const passphraseBytes = 32

// configFile is where init leaves a configuration, inside the data folder.
const configFile = "yinzheng.yaml"

func runInit(ctx context.Context, p *program, args []string) error {
	flags := p.flags("init")
	data := flags.String("data", "", "folder that will hold everything")
	code := flags.String("region", "450000", "region code (GB/T 2260)")
	name := flags.String("name", "广西壮族自治区", "region name")
	address := flags.String("url", "", "where citizens and verifiers reach the service; it stands in every certificate (http://127.0.0.1:8080)")
	rootDir := flags.String("ceremony", "", "folder, outside the data folder, of a ceremony held here and now; without it the requests wait for one elsewhere")
	unchecked := flags.Bool("clock-unchecked", false, "stamp without asking the kernel whether the clock is in sync; for a trial")
	if err := parse(flags, args); err != nil {
		return err
	}
	file := filepath.Join(*data, configFile)
	cfg, err := readConfig(file) // written by hand, or by an earlier run
	written := err == nil
	if errors.Is(err, fs.ErrNotExist) {
		cfg = defaultConfig(*data)
		cfg.Region, cfg.URL = RegionConfig{Code: *code, Name: *name}, *address
		if err := cfg.check(); err != nil {
			return usageError{"init : " + err.Error()}
		}
	} else if err != nil {
		return err
	}
	err = establish(ctx, p, cfg, *rootDir)
	if errors.Is(err, ca.ErrCeremony) {
		return hinted{err, "sign the requests with yinzheng ca ceremony on a machine of its own, copy its out folder into " +
			filepath.Join(cfg.Data, "region", "certs") + ", and run init again; or try things out with --ceremony DIR"}
	}
	if err != nil {
		return err
	}
	text := fmt.Sprintf("# 印证 yinzheng. check-config explains every mistake.\nlisten: 127.0.0.1:8080\nregion:\n  code: %q\n  name: %s\ndata: .\n", *code, *name)
	if *address != "" {
		text += "url: " + strconv.Quote(cfg.URL) + "\n"
	}
	if *unchecked {
		text += "clock: unchecked\n"
	}
	if !written {
		if err := durable.WriteFile(file, []byte(text), 0o600); err != nil {
			return fmt.Errorf("init : %w", err)
		}
	}
	fmt.Fprintf(p.out, "%s\nnext: yinzheng key add --config %[1]s … (three people for seals); yinzheng seal apply --config %[1]s …; yinzheng serve --config %[1]s\n", file)
	return nil
}

// establish makes the data folder, the passphrase and the region, or completes what an earlier run left.
func establish(ctx context.Context, p *program, cfg Config, ceremony string) error {
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
	hc.Ceremony = ceremony
	return house.Establish(ctx, hc)
}

// houseConfig turns the configuration into what the house is opened with; secrets are read here.
func houseConfig(p *program, cfg Config) (house.Config, error) {
	where, err := cfg.keys(false)
	if err != nil {
		return house.Config{}, err
	}
	hc := house.Config{
		Data: cfg.Data, Region: cfg.Region.Code, RegionName: cfg.Region.Name, Keys: where, URL: cfg.URL, Version: version, Now: p.now, Log: p.log,
		Filter: cfg.PDF.Filter, SubFilter: cfg.PDF.SubFilter, SubFilterCMS: cfg.PDF.SubFilterCMS,
		ReportSeal: cfg.Reports.Seal, ReportMatter: cfg.Reports.Matter,
	}
	if cfg.Clock == clockUnchecked {
		hc.Clock = clock.Unchecked()
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
