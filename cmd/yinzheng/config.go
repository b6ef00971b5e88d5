package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
)

// MaxConfig bounds a configuration file in bytes: it is written by hand.
const MaxConfig = 1 << 20

// Config is the whole configuration: one YAML file, unknown keys refused, secrets by file path only.
type Config struct {
	Listen     string       `yaml:"listen"`     // host:port; 127.0.0.1:8080 by default
	URL        string       `yaml:"url"`        // where citizens reach the pages; http://<listen> by default
	Region     RegionConfig `yaml:"region"`     //
	Data       string       `yaml:"data"`       // data folder: holds everything, 0700, moves as a whole
	Database   string       `yaml:"database"`   // "sqlite" (default) or a file that holds a postgres:// URL
	Blobs      string       `yaml:"blobs"`      // "files" (default)
	Ledger     string       `yaml:"ledger"`     // "embedded" (default)
	Passphrase string       `yaml:"passphrase"` // file with the passphrase of the keys; <data>/secrets/passphrase by default
	Kinds      string       `yaml:"kinds"`      // folder with further kinds of licence; none by default
}

// RegionConfig says whose service this is.
type RegionConfig struct {
	Code string `yaml:"code"` // GB/T 2260, six digits
	Name string `yaml:"name"` // its name in full
}

func defaultConfig(data string) Config {
	return Config{
		Listen: "127.0.0.1:8080", Region: RegionConfig{Code: "450000", Name: "广西壮族自治区"}, Data: data,
		Database: "sqlite", Blobs: "files", Ledger: "embedded",
	}
}

// readConfig reads a file and explains every mistake at once.
func readConfig(name string) (Config, error) {
	info, err := os.Stat(name)
	if err != nil {
		return Config{}, fmt.Errorf("reading the configuration : %w", err)
	}
	if info.Size() > MaxConfig {
		return Config{}, fmt.Errorf("reading the configuration : %s has more than %d bytes", name, MaxConfig)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return Config{}, fmt.Errorf("reading the configuration : %w", err)
	}
	c := defaultConfig("")
	if err := yaml.UnmarshalWithOptions(text, &c, yaml.Strict()); err != nil {
		return Config{}, fmt.Errorf("reading the configuration %s : %s", name, yaml.FormatError(err, false, true))
	}
	if !filepath.IsAbs(c.Data) && c.Data != "" {
		c.Data = filepath.Join(filepath.Dir(name), c.Data)
	}
	return c, c.check()
}

var regionCode = regexp.MustCompile(`^[1-9][0-9]{5}$`)

// check fills in what follows from the rest and returns every mistake.
func (c *Config) check() error {
	var wrong []error
	say := func(key, format string, args ...any) {
		wrong = append(wrong, fmt.Errorf("%s : %s", key, fmt.Sprintf(format, args...)))
	}
	if _, port, err := net.SplitHostPort(c.Listen); err != nil || port == "" {
		say("listen", "%q is not host:port", c.Listen)
	}
	if c.URL == "" {
		c.URL = "http://" + c.Listen
	}
	if u, err := url.Parse(c.URL); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" {
		say("url", "%q is not the http(s) address of a site", c.URL)
	}
	c.URL = strings.TrimSuffix(c.URL, "/")
	if !regionCode.MatchString(c.Region.Code) {
		say("region.code", "%q is not a six-digit code of GB/T 2260", c.Region.Code)
	}
	if c.Region.Name == "" {
		say("region.name", "is missing")
	}
	if c.Data == "" {
		say("data", "is missing: name the folder that holds everything")
	}
	if c.Passphrase == "" {
		c.Passphrase = filepath.Join(c.Data, "secrets", "passphrase")
	}
	if c.Blobs != "files" {
		say("blobs", "%q is not known; there is: files", c.Blobs)
	}
	if c.Ledger != "embedded" {
		say("ledger", "%q is not known; there is: embedded", c.Ledger)
	}
	if c.Database != "sqlite" && strings.Contains(c.Database, "://") {
		say("database", "holds an address, which may hold a password; name a file that holds it, or say sqlite")
	}
	return errors.Join(wrong...)
}

// databaseURL reads the database's address; "" for SQLite in the data folder.
func (c *Config) databaseURL() (string, error) {
	if c.Database == "sqlite" {
		return "", nil
	}
	text, err := os.ReadFile(c.Database)
	if err != nil {
		return "", fmt.Errorf("reading the database address : %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}
