package main

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"yinzheng/ca/ceremony"
	"yinzheng/internal/gm"
)

// maxCeremonyFile bounds what a ceremony reads besides its folder, in bytes; every kind has its own lower limit too.
const maxCeremonyFile = ceremony.MaxTranscript

// pairs collects a flag that may be given many times as OFFICER=FILE.
type pairs map[string]string

func (p pairs) String() string { return "" }

func (p pairs) Set(s string) error {
	name, file, ok := strings.Cut(s, "=")
	if _, twice := p[name]; !ok || name == "" || file == "" || twice {
		return fmt.Errorf("%q is not OFFICER=FILE, or the officer is there twice", s)
	}
	p[name] = file
	return nil
}

// several collects a flag that may be given many times.
type several []string

func (s *several) String() string { return "" }

func (s *several) Set(v string) error {
	*s = append(*s, v)
	return nil
}

// ceremonyFlags are the flags of `yinzheng ca ceremony`.
type ceremonyFlags struct {
	plan, dir, reviewed, verify, root string
	passphrases, shareDirs            pairs
	shares, shareSecrets              several
}

func (c *ceremonyFlags) register(fs *flag.FlagSet) {
	c.passphrases, c.shareDirs = pairs{}, pairs{}
	fs.StringVar(&c.plan, "plan", "", "file that says what is to be done")
	fs.StringVar(&c.dir, "dir", "", "ceremony folder, of its own and never on the server")
	fs.StringVar(&c.reviewed, "reviewed", "", "SM3 of the plan that was reviewed; without it nothing is done and the plan is shown")
	fs.Var(c.passphrases, "officer-passphrase", "OFFICER=FILE: act root: the officer's own passphrase (once for each officer)")
	fs.Var(c.shareDirs, "share-dir", "OFFICER=DIR: act root: where the officer's share goes; the ceremony folder if not given")
	fs.Var(&c.shares, "share", "other acts: an officer's share (as often as shares are needed)")
	fs.Var(&c.shareSecrets, "passphrase-file", "other acts: the passphrase of the share given before")
	fs.StringVar(&c.verify, "verify", "", "check a transcript and do nothing else")
	fs.StringVar(&c.root, "root", "", "with --verify: SM2 root certificate; root.pem beside the transcript if not given")
}

// runCeremony is `yinzheng ca ceremony`.
func runCeremony(ctx context.Context, p *program, args []string) error {
	fs := p.flags("ca ceremony")
	var c ceremonyFlags
	c.register(fs)
	if err := parse(fs, args); err != nil {
		return err
	}
	switch {
	case c.verify != "":
		return c.verifyTranscript(p.out)
	case c.plan == "":
		return usageError{"ca ceremony : --plan FILE is missing"}
	}
	text, err := readBounded(c.plan)
	if err != nil {
		return fmt.Errorf("reading the plan : %w", err)
	}
	plan, err := ceremony.ParsePlan(text)
	if err != nil {
		return err
	}
	sum := gm.Sum(text)
	if c.reviewed == "" {
		writePlan(p.out, plan)
		fmt.Fprintf(p.out, "\nSM3 %s\n尚未执行任何操作；审阅无误后，以 --reviewed %[1]s 再次运行。\nNothing was done. If this is right, run it again with --reviewed and this SM3.\n", sum)
		return nil
	}
	in, err := c.input(text, p)
	if err != nil {
		return err
	}
	out, err := ceremony.Perform(ctx, in)
	if errors.Is(err, ceremony.ErrNotReviewed) {
		return hinted{err, "run it without --reviewed and read what would be done"}
	}
	if err != nil {
		return err
	}
	writeOutcome(p.out, out)
	return nil
}

// input reads the files that the flags name.
func (c *ceremonyFlags) input(text []byte, p *program) (ceremony.Input, error) {
	in := ceremony.Input{
		Dir: c.dir, Plan: text, PlanDir: filepath.Dir(c.plan), Tool: "yinzheng " + version, Now: p.now,
		Passphrases: map[string][]byte{}, ShareDirs: c.shareDirs,
	}
	var err error
	if c.dir == "" {
		return in, usageError{"ca ceremony : --dir DIR is missing"}
	}
	if in.Reviewed, err = gm.ParseDigest(c.reviewed); err != nil {
		return in, usageError{"ca ceremony : --reviewed wants the 64 hexadecimal digits of an SM3"}
	}
	if len(c.shares) != len(c.shareSecrets) {
		return in, usageError{"ca ceremony : every --share wants one --passphrase-file"}
	}
	for officer, file := range c.passphrases {
		if in.Passphrases[officer], err = readSecret(file); err != nil {
			return in, fmt.Errorf("reading the passphrase of %s : %w", officer, err)
		}
	}
	for i, file := range c.shares {
		var s ceremony.ShareInput
		if s.File, err = readBounded(file); err != nil {
			return in, fmt.Errorf("reading a share : %w", err)
		}
		if s.Passphrase, err = readSecret(c.shareSecrets[i]); err != nil {
			return in, fmt.Errorf("reading the passphrase of %s : %w", file, err)
		}
		in.Shares = append(in.Shares, s)
	}
	return in, nil
}

// verifyTranscript checks a transcript against the root and tells what it says.
func (c *ceremonyFlags) verifyTranscript(w io.Writer) error {
	if c.root == "" {
		c.root = filepath.Join(filepath.Dir(c.verify), ceremony.RootFile)
	}
	file, err := readBounded(c.verify)
	if err != nil {
		return fmt.Errorf("reading the transcript : %w", err)
	}
	text, err := readBounded(c.root)
	if err != nil {
		return fmt.Errorf("reading the root : %w", err)
	}
	block, rest := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" || len(bytes.TrimSpace(rest)) != 0 {
		return fmt.Errorf("reading the root : %s is not one PEM certificate", c.root)
	}
	t, err := ceremony.VerifyTranscript(file, block.Bytes)
	if err != nil {
		return err
	}
	writeTranscript(w, t)
	return nil
}

// readBounded reads a whole file of at most maxCeremonyFile bytes.
func readBounded(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, maxCeremonyFile+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	if len(b) > maxCeremonyFile {
		return nil, fmt.Errorf("%s has more than %d bytes", name, maxCeremonyFile)
	}
	return b, nil
}
