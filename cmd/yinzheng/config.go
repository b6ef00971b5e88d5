package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"

	"yinzheng/internal/house"
	"yinzheng/internal/keys/token"
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
	Keys       KeysConfig   `yaml:"keys"`       // where the private keys are; files under the passphrase by default
	TLS        TLSConfig    `yaml:"tls"`        // a second address for calling systems with client certificates; none by default
	Clock      string       `yaml:"clock"`      // "kernel" (default): nothing is stamped unless the kernel says that the clock is in sync; "unchecked"
	Kinds      string       `yaml:"kinds"`      // folder with further kinds of licence; none by default
	Reports    ReportConfig `yaml:"reports"`    // the seal of verification reports; none by default: callers then name their own
	PDF        PDFConfig    `yaml:"pdf"`        // names in signature dictionaries
}

// PDFConfig names what stands in the signature dictionaries of PDFs (GM/T 0112-2021, whose table of names was not at hand). Verifiers
// go by what a signature holds when its sub-filter begins with "GM.".
type PDFConfig struct {
	Filter       string `yaml:"filter"`         // GM.PKILite by default
	SubFilter    string `yaml:"sub_filter"`     // of seals; GM.sm2seal by default
	SubFilterCMS string `yaml:"sub_filter_cms"` // of SM2 signatures without a seal; GM.sm2cms.detached by default
}

// pdfName is a name that needs no escapes.
var pdfName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

func (c *PDFConfig) check(say func(key, format string, args ...any)) {
	for key, name := range map[string]string{"pdf.filter": c.Filter, "pdf.sub_filter": c.SubFilter, "pdf.sub_filter_cms": c.SubFilterCMS} {
		if name != "" && !pdfName.MatchString(name) {
			say(key, "%q is no plain name", name)
		}
		if name != "" && key != "pdf.filter" && !strings.HasPrefix(name, "GM.") {
			say(key, "%q does not begin with GM.", name)
		}
	}
}

// ReportConfig says which seal the verification reports get that anybody asks for, and the matter that it is used for. The caller
// verification-report must be authorised to use it so.
type ReportConfig struct {
	Seal   string `yaml:"seal"`
	Matter string `yaml:"matter"`
}

// RegionConfig says whose service this is.
type RegionConfig struct {
	Code string `yaml:"code"` // GB/T 2260, six digits
	Name string `yaml:"name"` // its name in full
}

// KeysConfig says where the private keys are.
type KeysConfig struct {
	Socket string      `yaml:"socket"` // of the signer process (yinzheng signer): no private key is then in the service itself
	Token  TokenConfig `yaml:"pkcs11"` // a token whose key encrypts the files
}

// TokenConfig names a PKCS#11 token.
type TokenConfig struct {
	Module string `yaml:"module"` // library of the token's maker
	Label  string `yaml:"label"`  // of the token
	Key    string `yaml:"key"`    // label of the key-encryption key; "yinzheng" by default
	PIN    string `yaml:"pin"`    // file with the PIN
}

// TLSConfig is the address for calling systems.
type TLSConfig struct {
	Listen string   `yaml:"listen"` // host:port
	Hosts  []string `yaml:"hosts"`  // lower-case names under which it is reached
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

// The values of clock.
const (
	clockKernel    = "kernel"
	clockUnchecked = "unchecked"
)

// keys reads the secrets of where the private keys are. Here is true for the process that holds them itself.
func (c *Config) keys(here bool) (house.KeysConfig, error) {
	var k house.KeysConfig
	if c.Keys.Socket != "" && !here {
		k.Socket = c.Keys.Socket
		return k, nil
	}
	if t := c.Keys.Token; t.Module != "" {
		pin, err := os.ReadFile(t.PIN)
		if err != nil {
			return k, fmt.Errorf("opening the token : %w", err)
		}
		k.Token = &token.Config{Module: t.Module, TokenLabel: t.Label, KeyLabel: t.Key, PIN: strings.TrimSpace(string(pin))}
		return k, nil
	}
	secret, err := os.ReadFile(c.Passphrase)
	if err != nil {
		return k, hinted{fmt.Errorf("opening the keys : %w", err), "run yinzheng init, or name the file under passphrase"}
	}
	k.Passphrase = bytes.TrimSpace(secret)
	return k, nil
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
	if t := c.Keys.Token; t != (TokenConfig{}) {
		if t.Module == "" || t.Label == "" || t.PIN == "" {
			say("keys.pkcs11", "module, label and pin are needed")
		}
		if t.Key == "" {
			c.Keys.Token.Key = "yinzheng"
		}
	}
	if c.TLS.Listen != "" {
		if _, port, err := net.SplitHostPort(c.TLS.Listen); err != nil || port == "" {
			say("tls.listen", "%q is not host:port", c.TLS.Listen)
		}
		if len(c.TLS.Hosts) == 0 {
			say("tls.hosts", "is missing: the names under which the address is reached")
		}
	}
	if (c.Reports.Seal == "") != (c.Reports.Matter == "") {
		say("reports", "seal and matter belong together")
	}
	c.PDF.check(say)
	if c.Clock == "" {
		c.Clock = clockKernel
	}
	if c.Clock != clockKernel && c.Clock != clockUnchecked {
		say("clock", "%q is not known; there are: kernel, unchecked", c.Clock)
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
