package changes_test

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"

	"yinzheng/internal/pdf/changes"
	"yinzheng/internal/pdf/cos"
	"yinzheng/internal/pdf/pdftest"
	"yinzheng/internal/pdf/signature"
)

// digestDER stands for a signature: a SEQUENCE with the SHA-256 of what is signed.
func digestDER(covered []byte) []byte {
	sum := sha256.Sum256(covered)
	return append([]byte{0x30, 0x22, 0x04, 0x20}, sum[:]...)
}

// sign adds a signature with little room.
func sign(file []byte, s pdftest.Seal) []byte {
	if s.Reserve == 0 {
		s.Reserve = 64
	}
	if s.Sign == nil {
		s.Sign = digestDER
	}
	return pdftest.Sign(file, s)
}

type (
	scanned = *pdftest.Scanned
	writer  = *pdftest.Writer
)

// then adds a revision.
func then(file []byte, change func(s scanned, w writer)) []byte {
	s := pdftest.Scan(file)
	w := s.Continue()
	change(s, w)
	return s.Finish(w)
}

// edit replaces a text in an object.
func edit(num int, old, now string) func(scanned, writer) {
	return func(s scanned, _ writer) {
		if !strings.Contains(s.Bodies[num], old) {
			panic(fmt.Sprintf("object %d has no %q: %s", num, old, s.Bodies[num]))
		}
		s.Set(num, strings.Replace(s.Bodies[num], old, now, 1))
	}
}

// all makes one revision of several changes.
func all(list ...func(scanned, writer)) func(scanned, writer) {
	return func(s scanned, w writer) {
		for _, f := range list {
			f(s, w)
		}
	}
}

// steps judges a file.
func steps(t testing.TB, b []byte) []changes.Step {
	t.Helper()
	f, err := cos.OpenBytes(b, cos.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	set, err := signature.Find(f)
	if err != nil {
		t.Fatal(err)
	}
	out, err := changes.Steps(f, set)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// lastStep is what the last revision did, its rules sorted; an unexplained change counts as the rule "".
func lastStep(t testing.TB, b []byte) (step changes.Step, rules []string) {
	t.Helper()
	all := steps(t, b)
	step = all[len(all)-1]
	for _, c := range step.Changes {
		rules = append(rules, c.Rule)
	}
	slices.Sort(rules)
	return step, slices.Compact(rules)
}

// unexplained lists the changes without a rule.
func unexplained(step changes.Step) (out []string) {
	for _, c := range step.Changes {
		if c.Rule == "" {
			out = append(out, fmt.Sprintf("%d %s: %s", c.Object.Num, c.Path, c.What))
		}
	}
	return out
}

// formed is a file of pdftest by its name.
func formed(t testing.TB, name string) []byte {
	t.Helper()
	for _, f := range pdftest.Files() {
		if f.Name == name {
			return f.Bytes
		}
	}
	t.Fatalf("no file %q", name)
	return nil
}

// office is the document of most tests: Classic under one visible signature. Its objects: 1 catalog, 3 information, 5 form, 6 and
// 7 text fields, 8 the empty field Seal, 9 an image, 11 the appearance of 6, 12 metadata, 20 the page, 21 its content; 22 the
// signature, 23 its appearance, 24 its field; 25 is free.
func office() []byte {
	return sign(pdftest.Classic(), pdftest.Seal{Field: "Office", Rect: "[100 100 200 200]", Look: "0 0 9 9 re f"})
}
