package changes_test

import (
	"bytes"
	"fmt"
	"testing"

	"yinzheng/internal/midstate"
	"yinzheng/internal/pdf/changes"
	"yinzheng/internal/pdf/cos"
	"yinzheng/internal/pdf/pdftest"
	"yinzheng/internal/pdf/signature"
)

func TestDebug(t *testing.T) {
	target := pdftest.NewPKI(t).Target()
	for _, a := range pdftest.Attacks() {
		b := a.Make(target)
		if b == nil {
			continue
		}
		line := fmt.Sprintf("%2d %-9s %-50s ", a.Class, a.Want, a.Name)
		flagged := false
		func() {
			f, err := cos.OpenBytes(b, cos.Limits{})
			if err != nil {
				line += "OPEN " + err.Error()
				flagged = true
				return
			}
			set, err := signature.Find(f)
			if err != nil {
				line += "FIND " + err.Error()
				flagged = true
				return
			}
			for _, p := range set.Problems {
				line += "| set " + p.Code + ": " + p.Detail
				flagged = true
			}
			first := 1000
			for _, s := range set.Signatures {
				first = min(first, s.Revision)
				sums := []signature.Span{{Range: s.ByteRange, Hash: signature.SHA256}}
				if err := signature.Digests(f, sums, midstate.State{}); err != nil {
					line += " DIGEST " + err.Error()
				} else if len(s.Contents) > 0 {
					line += fmt.Sprintf(" inside=%v ", bytes.Contains(s.Contents, sums[0].Sum))
					flagged = flagged || !bytes.Contains(s.Contents, sums[0].Sum)
				}
				for _, p := range s.Problems {
					flagged = true
					line += fmt.Sprintf("| sig%d %s: %s", s.Ref.Num, p.Code, p.Detail)
				}
			}
			steps, err := changes.Steps(f, set)
			if err != nil {
				flagged = true
				line += "STEPS " + err.Error()
				return
			}
			for _, s := range steps {
				if s.Revision <= first {
					continue
				}
				line += fmt.Sprintf("| step %d %s", s.Revision, s.Level)
				for _, c := range s.Changes {
					if c.Rule == "" {
						flagged = true
						line += fmt.Sprintf(" !%d %s %s", c.Object.Num, c.Path, c.What)
					} else {
						line += fmt.Sprintf(" +%d %s %s", c.Object.Num, c.Path, c.Rule)
					}
				}
			}
			if n := len(f.Oddities()); n > 0 {
				flagged = true
				line += fmt.Sprintf("| odd %v", f.Oddities()[0].Code)
			}
		}()
		if flagged == (a.Want == pdftest.Valid) {
			fmt.Println(line)
		}
	}
}
