package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"yinzheng/ca/ceremony"
	"yinzheng/internal/gm"
)

// maxCeremonyFile bounds what a ceremony reads besides its folder, in bytes; every kind has its own lower limit too.
const maxCeremonyFile = ceremony.MaxTranscript

func ceremonyVerbs() []verb {
	return []verb{
		{"draft", "root|issue|cross|crl|reshare …", "write a plan to be reviewed; draft ACT -h tells its flags", runCeremonyDraft},
		{"review", "--plan FILE", "show what a plan would do, and its SM3; does nothing", runCeremonyReview},
		{"perform", "--plan FILE --reviewed SM3 --dir DIR [--share FILE …]", "do what was reviewed, with the officers", runCeremonyPerform},
		{"verify", "--dir DIR [--root-sm3 SM3] [--last-sm3 SM3] | --transcript FILE [--root FILE]", "prove the record of a folder or a copy of one, or one transcript", runCeremonyVerify},
		{"check-share", "--dir DIR --share FILE", "whether an officer's share and passphrase still fit, with nobody else", runCeremonyCheckShare},
	}
}

// runCeremony is `yinzheng ca ceremony`.
func runCeremony(ctx context.Context, p *program, args []string) error {
	return runVerb(ctx, p, "ca ceremony", ceremonyVerbs(), args)
}

// pairs collects a flag that may be given many times as NAME=VALUE.
type pairs map[string]string

func (p pairs) String() string { return "" }

func (p pairs) Set(s string) error {
	name, value, ok := strings.Cut(s, "=")
	if _, twice := p[name]; !ok || name == "" || value == "" || twice {
		return fmt.Errorf("%q is not NAME=VALUE, or the name is there twice", s)
	}
	p[name] = value
	return nil
}

// several collects a flag that may be given many times.
type several []string

func (s *several) String() string { return "" }

func (s *several) Set(v string) error {
	*s = append(*s, v)
	return nil
}

// missing is the error of a verb without a flag that it needs.
func missing(fs *flag.FlagSet, what string) error {
	return usageError{strings.TrimPrefix(fs.Name(), "yinzheng ") + " : " + what + " is missing"}
}

// readPlan reads a plan and its SM3.
func readPlan(fs *flag.FlagSet, file string) ([]byte, *ceremony.Plan, gm.Digest, error) {
	if file == "" {
		return nil, nil, gm.Digest{}, missing(fs, "--plan FILE")
	}
	text, err := readBounded(file)
	if err != nil {
		return nil, nil, gm.Digest{}, fmt.Errorf("reading the plan : %w", err)
	}
	plan, err := ceremony.ParsePlan(text)
	return text, plan, gm.Sum(text), err
}

func runCeremonyReview(_ context.Context, p *program, args []string) error {
	fs := p.flags("ca ceremony review")
	file := fs.String("plan", "", "file that says what is to be done")
	if err := parse(fs, args); err != nil {
		return err
	}
	_, plan, sum, err := readPlan(fs, *file)
	if err != nil {
		return err
	}
	writePlan(p.out, plan)
	writeReviewed(p.out, sum)
	return nil
}

func runCeremonyVerify(_ context.Context, p *program, args []string) error {
	fs := p.flags("ca ceremony verify")
	dir := fs.String("dir", "", "ceremony folder, or a copy of one without keys and shares")
	pinned := fs.String("root-sm3", "", "SM3 of the SM2 root's certificate, as it was written down")
	last := fs.String("last-sm3", "", "SM3 of the last transcript, as it was written down")
	transcript := fs.String("transcript", "", "one transcript")
	root := fs.String("root", "", "with --transcript: SM2 root certificate; root.pem beside the transcript if not given")
	if err := parse(fs, args); err != nil {
		return err
	}
	if *dir == "" == (*transcript == "") {
		return usageError{"ca ceremony verify : name --dir or --transcript"}
	}
	if *transcript != "" {
		return verifyTranscript(p.out, *transcript, *root)
	}
	r, err := ceremony.ReadRecord(*dir)
	if err != nil {
		return err
	}
	if got := gm.Sum(r.Root).String(); *pinned != "" && !strings.EqualFold(got, *pinned) {
		return fmt.Errorf("%w : the root has the SM3 %s, written down was %s", ceremony.ErrTranscript, got, *pinned)
	}
	if *last != "" && !slices.ContainsFunc(r.Digests, func(d gm.Digest) bool { return strings.EqualFold(d.String(), *last) }) {
		return fmt.Errorf("%w : there is no transcript with the SM3 %s: acts are missing at the end", ceremony.ErrTranscript, *last)
	}
	writeRecord(p.out, r)
	return nil
}

// verifyTranscript checks one transcript against the root and tells what it says.
func verifyTranscript(w io.Writer, name, root string) error {
	if root == "" {
		root = filepath.Join(filepath.Dir(name), ceremony.RootFile)
	}
	file, err := readBounded(name)
	if err != nil {
		return fmt.Errorf("reading the transcript : %w", err)
	}
	der, err := readCertificate(root)
	if err != nil {
		return err
	}
	t, err := ceremony.VerifyTranscript(file, der)
	if err != nil {
		return err
	}
	writeTranscript(w, t)
	return nil
}

func runCeremonyCheckShare(ctx context.Context, p *program, args []string) error {
	fs := p.flags("ca ceremony check-share")
	dir := fs.String("dir", "", "ceremony folder, or a copy of one without keys")
	file := fs.String("share", "", "the officer's share")
	passphrases := pairs{}
	fs.Var(passphrases, "passphrase", "OFFICER=FILE: the passphrase; asked for at the terminal if not given")
	if err := parse(fs, args); err != nil {
		return err
	}
	if *dir == "" || *file == "" {
		return missing(fs, "--dir DIR or --share FILE")
	}
	given, err := readShares(ctx, newAsker(p), []string{*file}, passphrases)
	if err != nil {
		return err
	}
	defer clear(given[0].Passphrase)
	s, err := ceremony.CheckShare(*dir, given[0])
	if err != nil {
		return err
	}
	writeShare(p.out, s)
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
