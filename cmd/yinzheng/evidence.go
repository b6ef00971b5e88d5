package main

import (
	"fmt"
	"os"

	"yinzheng/internal/gm"
	"yinzheng/verify"
)

// readEvidence reads the three files that a stranger has.
func readEvidence(document, receipt, trust string) (in verify.Input, trustFile []byte, err error) {
	for _, f := range []struct {
		name string
		to   *[]byte
	}{{document, &in.Document}, {receipt, &in.Receipt}, {trust, &trustFile}} {
		if *f.to, err = os.ReadFile(f.name); err != nil {
			return in, nil, fmt.Errorf("reading evidence: %w", err)
		}
	}
	return in, trustFile, nil
}

// digestOf is the SM3 of bytes, for people.
func digestOf(b []byte) string { return gm.Sum(b).String() }
