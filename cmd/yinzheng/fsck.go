package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"yinzheng/internal/house"
)

func runFsck(ctx context.Context, p *program, args []string) error {
	fs := p.flags("fsck")
	config := fs.String("config", "", "configuration")
	data := fs.String("data", "", "data folder with the defaults (as the demonstration makes it)")
	asJSON := fs.Bool("json", false, "print one JSON object")
	if err := parse(fs, args); err != nil {
		return err
	}
	var cfg Config
	var err error
	switch {
	case *config != "":
		cfg, err = readConfig(*config)
	case *data != "":
		cfg = defaultConfig(*data)
		err = cfg.check()
	default:
		return usageError{"fsck : name --config FILE or --data DIR"}
	}
	if err != nil {
		return err
	}
	h, err := openHouse(ctx, p, cfg, nil)
	if err != nil {
		return err
	}
	found, err := h.Inspect(ctx)
	if err = errors.Join(err, h.Close()); err != nil {
		return err
	}
	if *asJSON {
		err = json.NewEncoder(p.out).Encode(found)
	} else {
		printInspection(p.out, found)
	}
	if err == nil && len(found.Faults) > 0 {
		err = hinted{errUnclean, "restore the named content from a copy; nothing is repaired by itself"}
	}
	return err
}

// printInspection tells what was found, for people.
func printInspection(w io.Writer, i *house.Inspection) {
	fmt.Fprintf(w, "contents %d, batches %d, licences %v, receipts %d, packages %d, audit entries %d; %.1f s\n",
		i.Contents, i.Batches, i.Licences, i.Receipts, i.Packages, i.Audit, i.Seconds)
	fmt.Fprintf(w, "certificates %v, signatures by our keys %d\n", i.Certificates, i.Signatures)
	for _, f := range i.Faults {
		fmt.Fprintf(w, "FAULT %s: %s\n", f.Where, f.What)
	}
	if i.More > 0 {
		fmt.Fprintf(w, "and %d more\n", i.More)
	}
	if len(i.Faults) == 0 {
		fmt.Fprintln(w, "clean")
	}
}
