package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"unicode/utf8"

	"golang.org/x/term"

	"yinzheng/ca/ceremony"
	"yinzheng/internal/gm"
)

// performFlags are the flags of `yinzheng ca ceremony perform`.
type performFlags struct {
	fs                                 *flag.FlagSet
	plan, dir, reviewed                string
	passphrases, newSecrets, shareDirs pairs
	shares                             several
}

func runCeremonyPerform(ctx context.Context, p *program, args []string) error {
	fs := p.flags("ca ceremony perform")
	c := performFlags{fs: fs, passphrases: pairs{}, newSecrets: pairs{}, shareDirs: pairs{}}
	fs.StringVar(&c.plan, "plan", "", "file that says what is to be done")
	fs.StringVar(&c.dir, "dir", "", "ceremony folder, of its own and never on the server")
	fs.StringVar(&c.reviewed, "reviewed", "", "SM3 of the plan that was reviewed")
	fs.Var(&c.shares, "share", "an officer's share, as often as shares are needed; not for the act root")
	fs.Var(c.passphrases, "passphrase", "OFFICER=FILE: what opens that officer's share; asked for at the terminal if not given")
	fs.Var(c.newSecrets, "new-passphrase", "OFFICER=FILE: acts root and reshare: what shall open that officer's new share; asked for at the terminal if not given")
	fs.Var(c.shareDirs, "share-dir", "OFFICER=DIR: acts root and reshare: where that officer's new share goes; the ceremony folder if not given")
	if err := parse(fs, args); err != nil {
		return err
	}
	text, plan, sum, err := readPlan(fs, c.plan)
	if err != nil {
		return err
	}
	if c.dir == "" {
		return missing(fs, "--dir DIR")
	}
	in := ceremony.Input{
		Dir: c.dir, Plan: text, PlanDir: filepath.Dir(c.plan), Tool: "yinzheng " + version, Now: p.now, ShareDirs: c.shareDirs,
	}
	if in.Reviewed, err = gm.ParseDigest(c.reviewed); err != nil {
		return hinted{usageError{"ca ceremony perform : --reviewed wants the 64 hexadecimal digits of the plan's SM3"}, "run review first and read what would be done"}
	}
	if in.Reviewed != sum { // said before anybody is asked for a passphrase
		return hinted{ceremony.ErrNotReviewed, "run review again and compare the SM3 with the one that was written down"}
	}
	defer forget(&in)
	if err := c.secrets(ctx, p, plan, &in); err != nil {
		return err
	}
	out, err := ceremony.Perform(ctx, in)
	if err != nil {
		return err
	}
	writeOutcome(p.out, out)
	return nil
}

// secrets reads shares and passphrases: from the files that are named, otherwise from the terminal.
func (c *performFlags) secrets(ctx context.Context, p *program, plan *ceremony.Plan, in *ceremony.Input) (err error) {
	switch {
	case plan.Act == ceremony.ActRoot && len(c.shares) > 0:
		return usageError{"ca ceremony perform : the act root makes the shares, it takes none"}
	case plan.Act != ceremony.ActRoot && len(c.shares) == 0:
		return missing(c.fs, "--share FILE")
	case plan.Officers == nil && len(c.newSecrets)+len(c.shareDirs) > 0:
		return usageError{fmt.Sprintf("ca ceremony perform : the act %s gives out no shares", plan.Act)}
	}
	for officer := range c.newSecrets {
		if !slices.Contains(plan.Officers.Labels, officer) {
			return usageError{fmt.Sprintf("ca ceremony perform : %s is no officer of the plan", officer)}
		}
	}
	ask := newAsker(p)
	if in.Shares, err = readShares(ctx, ask, c.shares, c.passphrases); err != nil || plan.Officers == nil {
		return err
	}
	in.Passphrases = map[string][]byte{}
	for _, officer := range plan.Officers.Labels {
		if file := c.newSecrets[officer]; file != "" {
			in.Passphrases[officer], err = readSecret(file)
		} else {
			in.Passphrases[officer], err = ask.choose(ctx, officer)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// readShares reads share files and what opens them. A passphrase for nobody's share is a mistake.
func readShares(ctx context.Context, ask *asker, files []string, passphrases pairs) ([]ceremony.ShareInput, error) {
	var given []ceremony.ShareInput
	known := map[string]bool{}
	for _, name := range files {
		file, err := readBounded(name)
		if err != nil {
			return nil, fmt.Errorf("reading a share : %w", err)
		}
		s, err := ceremony.ParseShare(file)
		if err != nil {
			return nil, fmt.Errorf("reading %s : %w", name, err)
		}
		known[s.Officer] = true
		in := ceremony.ShareInput{File: file}
		if secret := passphrases[s.Officer]; secret != "" {
			in.Passphrase, err = readSecret(secret)
		} else {
			in.Passphrase, err = ask.forShare(ctx, s.Officer)
		}
		if err != nil {
			return nil, err
		}
		given = append(given, in)
	}
	for officer := range passphrases {
		if !known[officer] {
			return nil, usageError{fmt.Sprintf("--passphrase %s=… : there is no --share of %[1]s", officer)}
		}
	}
	return given, nil
}

// forget overwrites the passphrases.
func forget(in *ceremony.Input) {
	for _, s := range in.Shares {
		clear(s.Passphrase)
	}
	for _, secret := range in.Passphrases {
		clear(secret)
	}
}

// asker asks officers for their passphrases at the terminal, one after the other, without showing what they type.
type asker struct {
	terminal *os.File
	say      io.Writer
}

func newAsker(p *program) *asker { return &asker{os.Stdin, p.err} }

// forShare asks for what opens an officer's share.
func (a *asker) forShare(ctx context.Context, officer string) ([]byte, error) {
	return a.ask(ctx, officer, fmt.Sprintf("%s：份额口令 · passphrase of the share: ", officer))
}

// choose asks twice for what shall open an officer's new share.
func (a *asker) choose(ctx context.Context, officer string) ([]byte, error) {
	for {
		first, err := a.ask(ctx, officer, fmt.Sprintf("%s：新份额口令，至少 %d 个字符 · passphrase for the new share, at least %[2]d characters: ", officer, gm.MinPassphrase))
		if err != nil {
			return nil, err
		}
		if utf8.RuneCount(first) < gm.MinPassphrase {
			clear(first)
			fmt.Fprintln(a.say, "太短，请重来 · too short: begin again")
			continue
		}
		again, err := a.ask(ctx, officer, fmt.Sprintf("%s：再输入一次 · once more: ", officer))
		if err != nil {
			return nil, err
		}
		if bytes.Equal(first, again) {
			clear(again)
			return first, nil
		}
		clear(first)
		clear(again)
		fmt.Fprintln(a.say, "两次输入不同，请重来 · they differ: begin again")
	}
}

// ask reads one line without echo. The terminal is left as it was, also when the run is interrupted.
func (a *asker) ask(ctx context.Context, officer, prompt string) ([]byte, error) {
	fd := int(a.terminal.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return nil, hinted{fmt.Errorf("no passphrase of %s : there is no terminal to ask at", officer), "name a file: --passphrase " + officer + "=FILE for a share, --new-passphrase for a new one"}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	fmt.Fprint(a.say, prompt)
	type answer struct {
		line []byte
		err  error
	}
	got := make(chan answer, 1)
	go func() {
		line, err := term.ReadPassword(fd)
		got <- answer{line, err}
	}()
	select {
	case x := <-got:
		fmt.Fprintln(a.say)
		if x.err != nil {
			return nil, fmt.Errorf("asking %s : %w", officer, x.err)
		}
		return x.line, nil
	case <-ctx.Done():
		fmt.Fprintln(a.say)
		_ = term.Restore(fd, before) // the run ends here anyway
		return nil, ctx.Err()
	}
}
