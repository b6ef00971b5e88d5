package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"yinzheng/ca/ceremony"
	"yinzheng/internal/durable"
	"yinzheng/internal/gm"
)

// draftFlags are the flags of `yinzheng ca ceremony draft ACT`; each act registers those that it knows.
type draftFlags struct {
	fs                              *flag.FlagSet
	out, dir, region, name, url, as string
	until                           string
	officers                        several
	threshold                       int
	revoke                          pairs
}

// days that a root's list stands if nothing else is said: a ceremony each year, with a month to spare.
const listDays = 395

func runCeremonyDraft(_ context.Context, p *program, args []string) error {
	drafts := map[ceremony.Act]func(*draftFlags, *program) (ceremony.Plan, error){
		ceremony.ActRoot: draftRoot, ceremony.ActIssue: draftIssue, ceremony.ActCross: draftCross,
		ceremony.ActCRL: draftLists, ceremony.ActReshare: draftReshare,
	}
	if len(args) == 0 || drafts[ceremony.Act(args[0])] == nil {
		return usageError{"ca ceremony draft : name an act: root, issue, cross, crl or reshare"}
	}
	act := ceremony.Act(args[0])
	d := &draftFlags{fs: p.flags("ca ceremony draft " + args[0]), revoke: pairs{}}
	d.register(act)
	if err := d.fs.Parse(args[1:]); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return usageError{"ca ceremony draft : " + err.Error()}
	}
	if act != ceremony.ActIssue && act != ceremony.ActCross && d.fs.NArg() > 0 {
		return usageError{fmt.Sprintf("ca ceremony draft : unexpected %q", d.fs.Arg(0))}
	}
	plan, err := drafts[act](d, p)
	if err != nil {
		return err
	}
	if d.url != "" {
		plan.URL = d.url
	}
	text, err := plan.Encode()
	if err != nil {
		return err
	}
	if d.out == "" {
		_, err := p.out.Write(text)
		return err
	}
	if err := durable.CreateFile(d.out, text, 0o600); err != nil {
		return err
	}
	fmt.Fprintf(p.out, "已写出草案，请审阅、修改 · a draft to be read and changed: %s\nyinzheng ca ceremony review --plan %[1]s\n", d.out)
	return nil
}

func (d *draftFlags) register(act ceremony.Act) {
	d.fs.StringVar(&d.out, "out", "", "where the plan goes; standard output by default")
	d.fs.StringVar(&d.url, "url", "", "address of the service, for the certificates; that of the last plan by default")
	if act == ceremony.ActRoot {
		d.fs.StringVar(&d.region, "region", "", "region code (GB/T 2260), as the server's init was told")
		d.fs.StringVar(&d.name, "name", "", "region name, as the server's init was told")
	} else {
		d.fs.StringVar(&d.dir, "dir", "", "ceremony folder, or a copy of one without keys")
	}
	switch act {
	case ceremony.ActRoot, ceremony.ActReshare:
		d.fs.Var(&d.officers, "officer", "label of an officer who will hold a share: a-z, 0-9 and -; once for each")
		d.fs.IntVar(&d.threshold, "threshold", 0, "how many of them open the roots")
	case ceremony.ActCross:
		d.fs.StringVar(&d.as, "as", "", "name of the certificate under out/, e.g. cross-460000")
	case ceremony.ActCRL:
		d.fs.StringVar(&d.until, "until", "", fmt.Sprintf("day until which both lists stand; %d days from now by default", listDays))
		d.fs.Var(d.revoke, "revoke", "SERIAL=REASON: revoke one more certificate; serial number as verify shows it, "+strings.Join(ceremony.Reasons(), ", "))
	default:
	}
}

// record reads the ceremony folder.
func (d *draftFlags) record() (*ceremony.Record, error) {
	if d.dir == "" {
		return nil, missing(d.fs, "--dir DIR")
	}
	return ceremony.ReadRecord(d.dir)
}

// file reads a file that the plan will name relative to itself.
func (d *draftFlags) file(path string) (ceremony.File, error) {
	content, err := readBounded(path)
	if err != nil {
		return ceremony.File{}, fmt.Errorf("drafting a plan : %w", err)
	}
	f := ceremony.File{Path: path, Content: content, Name: strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))}
	if d.out != "" && !filepath.IsAbs(path) {
		if f.Path, err = filepath.Rel(filepath.Dir(d.out), path); err != nil {
			return f, fmt.Errorf("drafting a plan : %w", err)
		}
	}
	return f, nil
}

func draftRoot(d *draftFlags, _ *program) (ceremony.Plan, error) {
	return ceremony.DraftRoot(d.region, d.name, d.url, d.officers, d.threshold), nil
}

func draftIssue(d *draftFlags, _ *program) (plan ceremony.Plan, err error) {
	r, err := d.record()
	if err != nil {
		return plan, err
	}
	if d.fs.NArg() == 0 {
		return plan, missing(d.fs, "a request (the server leaves them in its region/requests)")
	}
	var files []ceremony.File
	for _, path := range d.fs.Args() {
		f, err := d.file(path)
		if err != nil {
			return plan, err
		}
		files = append(files, f)
	}
	return r.DraftIssue(files)
}

func draftCross(d *draftFlags, _ *program) (plan ceremony.Plan, err error) {
	r, err := d.record()
	if err != nil {
		return plan, err
	}
	if d.fs.NArg() != 1 {
		return plan, missing(d.fs, "the other region's root certificate (one)")
	}
	f, err := d.file(d.fs.Arg(0))
	if err != nil {
		return plan, err
	}
	if f.Name = d.as; f.Name == "" {
		return plan, missing(d.fs, "--as NAME")
	}
	return r.DraftCross(f)
}

func draftLists(d *draftFlags, p *program) (plan ceremony.Plan, err error) {
	r, err := d.record()
	if err != nil {
		return plan, err
	}
	until := p.now().Add(listDays * 24 * time.Hour)
	for _, root := range [][]byte{r.Root, r.TLSRoot} {
		c, err := gm.ParseCertificate(root)
		if err != nil {
			return plan, err
		}
		if c.NotAfter.Before(until) {
			until = c.NotAfter
		}
	}
	if d.until != "" {
		if until, err = time.Parse(time.DateOnly, d.until); err != nil {
			return plan, usageError{"ca ceremony draft crl : --until wants a day such as 2030-01-31"}
		}
	}
	return r.DraftLists(p.now(), until, d.revoke)
}

func draftReshare(d *draftFlags, _ *program) (plan ceremony.Plan, err error) {
	r, err := d.record()
	if err != nil {
		return plan, err
	}
	return r.DraftReshare(d.officers, d.threshold), nil
}
