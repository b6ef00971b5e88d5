// Command yzbench measures the service beside its bounds and its peers, in one run: ours and what stands beside it take
// turns, so that both see the same machine, and a ratio means something where a number alone would not.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"runtime/pprof"
	"syscall"

	"yinzheng/internal/gm"
)

// Exit statuses.
const (
	exitOK     = 0
	exitFailed = 1 // a row could not be measured, or a licence was lost or doubled
	exitUsage  = 3
)

// options are the command line.
type options struct {
	quick   bool
	json    bool
	only    *regexp.Regexp // nil for every row
	profile string         // file for a CPU profile, "" for none
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

func run(ctx context.Context, args []string, out, errs io.Writer) int {
	o, err := parse(args, errs)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		fmt.Fprintf(errs, "yzbench: %v\n", err)
		return exitUsage
	}
	if err := gm.SelfTest(); err != nil {
		fmt.Fprintf(errs, "yzbench: self test of SM2, SM3 and SM4 : %v\n", err)
		return exitFailed
	}
	if err := bench(ctx, o, out, errs); err != nil {
		fmt.Fprintf(errs, "yzbench: %v\n", err)
		return exitFailed
	}
	return exitOK
}

func parse(args []string, errs io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("yzbench", flag.ContinueOnError)
	fs.SetOutput(errs)
	fs.BoolVar(&o.quick, "quick", false, "fewer and shorter rounds: under a minute on two cores, noisier")
	fs.BoolVar(&o.json, "json", false, "print one JSON array, nothing else")
	only := fs.String("only", "", "measure only the rows whose name this regular expression matches")
	fs.StringVar(&o.profile, "cpuprofile", "", "also write a CPU profile of the whole run to this file")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	if fs.NArg() > 0 {
		return o, fmt.Errorf("unexpected %q", fs.Arg(0))
	}
	if *only == "" {
		return o, nil
	}
	var err error
	if o.only, err = regexp.Compile(*only); err != nil {
		return o, fmt.Errorf("--only : %w", err)
	}
	for _, r := range rows() {
		if o.only.MatchString(r.name) {
			return o, nil
		}
	}
	return o, fmt.Errorf("--only : no row is called %s", *only)
}

// bench measures the rows one after the other. A row that fails does not keep the others from being measured.
func bench(ctx context.Context, o options, out, errs io.Writer) (err error) {
	if o.profile != "" {
		f, err := os.Create(o.profile)
		if err != nil {
			return fmt.Errorf("profiling : %w", err)
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return errors.Join(fmt.Errorf("profiling : %w", err), f.Close())
		}
		defer func() {
			pprof.StopCPUProfile()
			_ = f.Close()
		}()
	}
	l := &lab{quick: o.quick, errs: errs}
	defer func() { err = errors.Join(err, l.close()) }()
	if !o.json {
		printHead(out, o)
	}
	results := []result{}
	var failed []error
	for _, r := range rows() {
		if o.only != nil && !o.only.MatchString(r.name) {
			continue
		}
		measured, err := r.measure(ctx, l)
		if err != nil {
			failed = append(failed, fmt.Errorf("%s : %w", r.name, err))
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if measured == nil {
			continue
		}
		results = append(results, *measured)
		if !o.json {
			measured.print(out)
		}
	}
	if o.json {
		enc := json.NewEncoder(out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		failed = append(failed, enc.Encode(results))
	}
	return errors.Join(failed...)
}
