// Command yzverify judges sealed licences and other signed documents, receipts and case outcomes offline: files in, a verdict and its reasons out. It
// opens the files it is given and nothing else.
//
// Exit status: 0 every file valid, 1 some file invalid, 2 some file indeterminate (and none invalid), 3 usage or input error.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"yinzheng/internal/gm"
	"yinzheng/verify"
)

// Exit statuses.
const (
	exitValid         = 0
	exitInvalid       = 1
	exitIndeterminate = 2
	exitUsage         = 3
)

const usage = `usage: yzverify [--trust FILE [--own FILE]] [--at TIME] [--root SM3] [--roots FILE.pem] [--lang zh|en|both] [--json] [--quiet] FILE…

FILE is a sealed licence or another signed PDF, a receipt or a signed case outcome (JSON). A receipt belongs to the file whose SM3 it states.

  --trust FILE   the region's signed trust file; without it nothing can be believed
  --own FILE     the trust file of one's own region, when --trust is of another one that it has cross-certified: then --root
                 is the root of one's own region
  --root SM3     fingerprint of the one root certificate to believe: 64 hexadecimal digits, learned from the region itself
  --roots FILE   root certificates (PEM) to believe for ECDSA and RSA signatures, beside those of the trust file
  --at TIME      judge at this time: 2026-03-02T09:00:00+08:00, or 2026-03-02 for the beginning of that day in China
  --lang LANG    language of the answer: zh, en or both
  --json         print one JSON array, an element for each file
  --quiet        print the verdict alone

exit status: 0 valid, 1 invalid, 2 indeterminate, 3 usage or input error
`

// surroundings are what a run takes from outside.
type surroundings struct {
	stdout, stderr io.Writer
	now            func() time.Time
	getenv         func(string) string
	terminal       bool // stdout is one
}

func main() {
	os.Exit(run(os.Args[1:], surroundings{
		stdout: os.Stdout, stderr: os.Stderr, now: time.Now, getenv: os.Getenv, terminal: term.IsTerminal(int(os.Stdout.Fd())),
	}))
}

// options are the command line.
type options struct {
	trust, own, at, root, roots, lang string
	json, quiet                       bool
	files                             []string
	time                              time.Time
	pin                               gm.Digest
}

// problem is an error for the user, with what to do about it.
type problem struct{ what, why, hint string }

func (p *problem) Error() string { return p.what + " : " + p.why }

func run(args []string, s surroundings) int {
	o, err := parse(args, s)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(s.stdout, usage)
		return exitValid
	case err != nil:
		return complain(s, err)
	}
	subjects, believed, err := load(o)
	if err != nil {
		return complain(s, err)
	}
	policy := verify.DefaultPolicy()
	policy.Root, policy.Anchors = o.pin, believed.anchors
	results := make([]result, 0, len(subjects))
	for _, subject := range subjects {
		var report verify.Report
		if believed.own != nil {
			report = policy.JudgeAcross(subject.evidence, believed.trust, believed.own, o.time)
		} else {
			report = policy.JudgeBytes(subject.evidence, believed.trust, o.time)
		}
		results = append(results, result{subject.names, report})
	}
	if o.json {
		err = printJSON(s.stdout, results)
	} else {
		err = newPrinter(s, o).print(results)
	}
	if err != nil {
		return complain(s, &problem{what: "writing the answer", why: err.Error()})
	}
	return status(results)
}

// status is the exit status: the worst verdict decides.
func status(results []result) int {
	worst := exitValid
	for _, r := range results {
		switch r.report.Verdict {
		case verify.Invalid:
			return exitInvalid
		case verify.Valid:
		case verify.Indeterminate:
			worst = exitIndeterminate
		}
	}
	return worst
}

func complain(s surroundings, err error) int {
	fmt.Fprintln(s.stderr, "yzverify: "+err.Error())
	var p *problem
	if errors.As(err, &p) && p.hint != "" {
		fmt.Fprintln(s.stderr, "hint: "+p.hint)
	}
	return exitUsage
}

// parse reads the command line; flags may stand before, between and after files.
func parse(args []string, s surroundings) (options, error) {
	var o options
	flags := flag.NewFlagSet("yzverify", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.trust, "trust", "", "")
	flags.StringVar(&o.own, "own", "", "")
	flags.StringVar(&o.at, "at", "", "")
	flags.StringVar(&o.root, "root", "", "")
	flags.StringVar(&o.roots, "roots", "", "")
	flags.StringVar(&o.lang, "lang", locale(s.getenv), "")
	flags.BoolVar(&o.json, "json", false, "")
	flags.BoolVar(&o.quiet, "quiet", false, "")
	for rest := args; ; {
		if err := flags.Parse(rest); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return o, err
			}
			return o, &problem{"reading the command line", err.Error(), "yzverify --help shows every option"}
		}
		if rest = flags.Args(); len(rest) == 0 {
			break
		}
		o.files, rest = append(o.files, rest[0]), rest[1:]
	}
	if len(o.files) == 0 {
		return o, &problem{"reading the command line", "no file to judge", "yzverify --trust trust.json licence.pdf receipt.json"}
	}
	return o, o.check(s)
}

func (o *options) check(s surroundings) error {
	var err error
	if o.own != "" && o.trust == "" {
		return &problem{"reading --own", "there is no --trust of another region", "give the one file as --trust"}
	}
	if o.lang != "zh" && o.lang != "en" && o.lang != "both" {
		return &problem{"reading --lang", fmt.Sprintf("%q is not a language", o.lang), "use zh, en or both"}
	}
	if o.time = s.now(); o.at != "" {
		if o.time, err = parseTime(o.at); err != nil {
			return &problem{"reading --at", fmt.Sprintf("%q is not a time", o.at), "write 2026-03-02T09:00:00+08:00 or 2026-03-02"}
		}
	}
	if o.root != "" {
		if o.pin, err = gm.ParseDigest(strings.ToLower(o.root)); err != nil || o.pin.IsZero() {
			return &problem{"reading --root", fmt.Sprintf("%q is not an SM3 digest", o.root), "write 64 hexadecimal digits"}
		}
	}
	return nil
}

func parseTime(s string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	return time.ParseInLocation(time.DateOnly, s, verify.ChinaTime())
}

// locale chooses the language of the user's environment; both when it says nothing.
func locale(getenv func(string) string) string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		switch value := strings.ToLower(getenv(name)); {
		case strings.HasPrefix(value, "zh"):
			return "zh"
		case strings.HasPrefix(value, "en"):
			return "en"
		case value != "":
			return "both"
		}
	}
	return "both"
}
