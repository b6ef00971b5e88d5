// Command yinzheng is the trust service: it establishes a region, issues, seals, anchors, shows, checks and archives.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/sealing/intake"
)

// version is what `yinzheng version` and the API say.
const version = "0.1.0"

// Exit statuses.
const (
	exitOK      = 0
	exitFailed  = 1
	exitUnclean = 2 // fsck found something
	exitUsage   = 3
)

// program is what a command needs of the world around it.
type program struct {
	out, err io.Writer
	now      func() time.Time
	log      *slog.Logger
}

// command is one verb.
type command struct {
	name, args, summary string
	run                 func(ctx context.Context, p *program, args []string) error
}

func commands() []command {
	return []command{
		{"demo", "[--once] [--json] [--listen HOST:PORT] [--data DIR]", "the whole story on an embedded default, then keeps serving", runDemo},
		{"init", "--data DIR [--region CODE --name NAME] [--ceremony DIR]", "make a data folder: region, keys, log, configuration", runInit},
		{"serve", "--config FILE", "serve the API and the pages", runServe},
		{"seal", "<verb> --config FILE --operator FILE …", "seals from application to end: who decides, makes, uses; seal alone lists its verbs", runSeal},
		{"verify", "--config FILE [--operator FILE] [--receipt FILE] [--html OUT] [--report-json OUT] [--pdf OUT [--seal ID --matter M]] FILE.pdf", "judge a document, and write the report: for people, as data, on sealed paper", runVerify},
		{"ca", "<verb> --config FILE --operator FILE …", "the authority: certificates, ceremony, revocation, dual control; ca alone lists its verbs", runCA},
		{"key", "<verb> --config FILE …", "API keys and the inventory of private keys; key alone lists its verbs", runKey},
		{"signer", "--config FILE [--user UID]", "hold the private keys and sign for the service over a Unix socket", runSigner},
		{"enrol", "--server URL --ca FILE --dir DIR [--token FILE] [--renew] [--watch]", "bring a calling system to its client certificate, and keep it renewed", runEnrol},
		{"check-config", "FILE", "explain every mistake in a configuration", runCheckConfig},
		{"fsck", "--config FILE | --data DIR [--json]", "re-derive everything: content, packages, receipts, log, audit", runFsck},
		{"openapi", "", "print the API contract", runOpenAPI},
		{"version", "", "print the version", runVersion},
	}
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == intake.WorkerVerb { // run by this very program for one foreign file, caged
		os.Exit(intake.RunWorker(os.Stdin, os.Stdout))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	p := &program{
		out: os.Stdout, err: os.Stderr, now: time.Now,
		log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelInfo})),
	}
	status := p.main(ctx, os.Args[1:])
	stop()
	os.Exit(status)
}

// usageError is a call that cannot be taken.
type usageError struct{ text string }

func (e usageError) Error() string { return e.text }

// hinted is an error with something to do about it.
type hinted struct {
	error
	hint string
}

func (h hinted) Unwrap() error { return h.error }

var errUnclean = errors.New("fsck : what is stored is not what was acknowledged")

// main runs one command and returns the exit status.
func (p *program) main(ctx context.Context, args []string) int {
	if len(args) == 0 || slices.Contains([]string{"help", "-h", "--help"}, args[0]) {
		p.usage()
		return exitUsage
	}
	for _, c := range commands() {
		if c.name != args[0] {
			continue
		}
		if err := gm.SelfTest(); err != nil {
			return p.fail(fmt.Errorf("self test of SM2, SM3 and SM4 : %w", err))
		}
		return p.fail(c.run(ctx, p, args[1:]))
	}
	return p.fail(usageError{fmt.Sprintf("%s : there is no such command; see yinzheng help", args[0])})
}

// fail prints an error as one line and, where there is something to do, a hint.
func (p *program) fail(err error) int {
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	var help hinted
	for line := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintf(p.err, "yinzheng: %s\n", line)
	}
	if errors.As(err, &help) {
		fmt.Fprintf(p.err, "hint: %s\n", help.hint)
	}
	var usage usageError
	switch {
	case errors.As(err, &usage):
		return exitUsage
	case errors.Is(err, errUnclean):
		return exitUnclean
	}
	return exitFailed
}

func (p *program) usage() {
	fmt.Fprintln(p.err, "印证 yinzheng "+version+"\n\nusage:")
	for _, c := range commands() {
		fmt.Fprintf(p.err, "  yinzheng %-13s %s\n  %22s %s\n", c.name, c.args, "", c.summary)
	}
}

// flags makes a flag set that reports through our own errors.
func (p *program) flags(name string) *flag.FlagSet {
	fs := flag.NewFlagSet("yinzheng "+name, flag.ContinueOnError)
	fs.SetOutput(p.err)
	return fs
}

// parse reads flags; stray arguments are refused.
func parse(fs *flag.FlagSet, args []string) error {
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return usageError{strings.TrimPrefix(fs.Name(), "yinzheng ") + " : " + err.Error()}
	}
	if fs.NArg() > 0 {
		return usageError{fmt.Sprintf("%s : unexpected %q", strings.TrimPrefix(fs.Name(), "yinzheng "), fs.Arg(0))}
	}
	return nil
}

func runVersion(_ context.Context, p *program, args []string) error {
	if err := parse(p.flags("version"), args); err != nil {
		return err
	}
	fmt.Fprintln(p.out, "yinzheng "+version)
	return nil
}

func runCheckConfig(_ context.Context, p *program, args []string) error {
	fs := p.flags("check-config")
	if err := fs.Parse(args); err != nil {
		return usageError{"check-config : " + err.Error()}
	}
	if fs.NArg() != 1 {
		return usageError{"check-config : name one file"}
	}
	c, err := readConfig(fs.Arg(0))
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "%s : good; %s %s, data in %s, listening on %s\n", fs.Arg(0), c.Region.Code, c.Region.Name, c.Data, c.Listen)
	return nil
}
