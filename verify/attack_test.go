package verify_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"yinzheng/internal/gm"
	"yinzheng/internal/pdf/pdftest"
	"yinzheng/internal/ses"
	"yinzheng/verify"
	"yinzheng/verify/verifytest"
)

// update writes docs/attacks.md anew.
var update = flag.Bool("update", false, "write docs/attacks.md anew")

// maxJudging is what judging one hostile file may allocate, all in all: some times what a document in memory takes.
const maxJudging = 256 << 20

// court is a world of the house beside a PKI of ECDSA and RSA, and a judge who knows both.
type court struct {
	w      *verifytest.World
	pki    *pdftest.PKI
	trust  *verify.Trust
	policy verify.Policy
}

func newCourt(t testing.TB) *court {
	t.Helper()
	c := &court{w: verifytest.New(t), pki: pdftest.NewPKI(t), policy: verify.DefaultPolicy()}
	var err error
	if c.trust, err = verify.ParseTrust(c.w.TrustFile()); err != nil {
		t.Fatal(err)
	}
	if c.policy.Anchors, err = verify.ParseAnchors(c.pki.Root.Cert); err != nil {
		t.Fatal(err)
	}
	return c
}

// informed makes the trust file vouch for the PKI too, with its revocation list: signed data of the house holds none.
func (c *court) informed(t testing.TB) *court {
	t.Helper()
	var err error
	if c.trust, err = verify.ParseTrust(c.w.TrustFile(func(f *verify.Trust) {
		f.Roots, f.CRLs = append(f.Roots, c.pki.Root.Cert), append(f.CRLs, c.pki.List)
	})); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *court) judge(file []byte) verify.Report {
	return c.policy.Judge(verify.Read(verify.Input{Document: file}), c.trust, c.w.Now)
}

// seal makes an SES_Signature of the office, or a wrong one.
func (c *court) seal(covered []byte, wrong pdftest.SealWrong) []byte {
	s := verifytest.Sealing{Time: c.w.Now, Signer: &c.w.Office, Stamper: &c.w.Stamper, Seal: c.w.Seal}
	digest := gm.Sum(covered)
	switch wrong {
	case pdftest.SealOtherHash:
		digest = gm.Sum([]byte("other data"))
	case pdftest.SealNotListed:
		other := c.w.Leaf(verifytest.Leaf{Name: "45000000000002", Organisation: c.w.OfficeCode + verifytest.OfficeName})
		return c.w.SignAs(c.w.Sign(digest, s), other)
	case pdftest.SealByStranger:
		stranger := verifytest.New(noTest{})
		s.Seal = c.w.MakeSealBy(stranger.Maker, nil)
	case pdftest.SealExpired:
		s.Seal = c.w.MakeSeal(func(i *ses.SealInfo) { i.NotAfter = c.w.Now.AddDate(0, -1, 0) })
	case pdftest.SealNoSignor:
		stranger := verifytest.New(noTest{})
		s.Signer, s.Stamper, s.Seal = &stranger.Office, &stranger.Stamper, stranger.Seal
	case pdftest.SealPicture:
		p := c.w.Take(c.w.Sign(digest, s))
		p.TBS = bytes.Replace(p.TBS, []byte("IEND"), []byte("IENE"), 1)
		return c.w.SignAs(c.w.Join(p), c.w.Office)
	case pdftest.SealRight:
	}
	return c.w.Sign(digest, s)
}

// noTest lets a stranger's world be made where no test is at hand; a failure there is a mistake of ours.
type noTest struct{ testing.TB }

func (noTest) Helper()                           {}
func (noTest) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

// targets are what is attacked: a foreign document under each profile, and a licence of the house.
func (c *court) targets() []*pdftest.Target {
	own := c.pki.SealTarget("licence", c.w.Face(c.w.Data().Encode()), c.seal)
	own.Own, own.File = true, c.w.Document()
	return []*pdftest.Target{
		c.pki.Target(),
		c.pki.SM2Target(c.w.Office.DER(), c.w.Office.Key, c.w.Stamper.DER(), c.w.Stamper.Key),
		c.pki.SealTarget("seal", nil, c.seal),
		own,
	}
}

// line is a row of the table: one class.
type line struct{ files, valid, indeterminate, invalid, honest, honestValid int }

func (l *line) count(want pdftest.Want, v verify.Verdict) {
	if want == pdftest.Valid {
		l.honest++
		if v == verify.Valid {
			l.honestValid++
		}
		return
	}
	l.files++
	switch v {
	case verify.Valid:
		l.valid++
	case verify.Invalid:
		l.invalid++
	default:
		l.indeterminate++
	}
}

func TestNoAttackIsValidAndNoHonestCounterpartIsNot(t *testing.T) {
	c := newCourt(t)
	lines := make([]line, len(pdftest.Classes()))
	targets := slices.DeleteFunc(c.targets(), func(target *pdftest.Target) bool {
		r, again := c.judge(target.File), c.judge(target.Trust(target.Base, pdftest.Seal{Field: "Office"}))
		if r.Verdict != verify.Valid || again.Verdict != verify.Valid {
			t.Errorf("%s, not attacked, is %s:%s\nand signed by pdftest %s:%s", target.Name, r.Verdict, decisive(r), again.Verdict, decisive(again))
		}
		return r.Verdict != verify.Valid
	})
	if testing.Short() {
		targets = slices.DeleteFunc(targets, func(target *pdftest.Target) bool { return target.Cert == nil && !target.Own })
	}
	for _, a := range pdftest.Attacks() {
		for _, target := range targets {
			file := a.Make(target)
			if file == nil {
				continue
			}
			r, allocated := c.measured(file)
			lines[a.Class].count(a.Want, r.Verdict)
			if os.Getenv("ATTACKS") != "" {
				t.Logf("REASON %d|%s|%s|%s|%s", a.Class, target.Name, a.Name, r.Verdict, strings.ReplaceAll(decisive(r), "\n", " "))
			}
			if complaint := complain(a, r, allocated); complaint != "" {
				t.Errorf("class %d, %s, %s: %s, wanted %s%s:%s", a.Class, target.Name, a.Name, r.Verdict, a.Want, complaint, decisive(r))
				keep(t, fmt.Sprintf("%02d %s %s", a.Class, target.Name, a.Name), file)
			}
		}
	}
	table := attackTable(lines)
	t.Log("\n" + table)
	if !testing.Short() { // the document is about all targets
		checkDocument(t, table)
	}
}

// measured judges a file and says how many bytes that allocated.
func (c *court) measured(file []byte) (verify.Report, uint64) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r := c.judge(file)
	runtime.ReadMemStats(&after)
	return r, after.TotalAlloc - before.TotalAlloc
}

// complain says what is wrong with a judgement, "" when nothing is.
func complain(a pdftest.Attack, r verify.Report, allocated uint64) string {
	for _, s := range r.Signatures {
		if strings.Contains(s.Signer, pdftest.Claim) {
			return ", and repeats a claim"
		}
	}
	switch {
	case allocated > maxJudging:
		return fmt.Sprintf(", and it took %d MB", allocated>>20)
	case a.Want == pdftest.Valid && r.Verdict != verify.Valid, a.Want == pdftest.NotValid && r.Verdict == verify.Valid,
		a.Want == pdftest.Invalid && r.Verdict != verify.Invalid:
		return "."
	}
	return ""
}

// decisive are the findings that did not pass.
func decisive(r verify.Report) string {
	var b strings.Builder
	for _, f := range r.Findings {
		if f.Outcome == verify.Fail || f.Outcome == verify.Unknown && f.Params["why"] != "needs" {
			fmt.Fprintf(&b, "\n    %s %s %s %v", f.Outcome, f.Code, f.Signature, f.Params)
		}
	}
	return b.String()
}

// keep writes a file that was judged wrongly where $ATTACKS says, for a closer look.
func keep(t *testing.T, name string, file []byte) {
	t.Helper()
	if dir := os.Getenv("ATTACKS"); dir != "" {
		name = strings.NewReplacer(" ", "_", "/", "_").Replace(name) + ".pdf"
		if err := os.WriteFile(filepath.Join(dir, name), file, 0o600); err != nil {
			t.Error(err)
		}
	}
}

func attackTable(lines []line) string {
	var b strings.Builder
	b.WriteString("| class | attack | files | valid | indeterminate | invalid | expected | honest | of them valid |\n")
	b.WriteString("|--:|---|--:|--:|--:|--:|---|--:|--:|\n")
	var sum line
	row := func(n, name string, l line) {
		fmt.Fprintf(&b, "| %s | %s | %d | %d | %d | %d | no valid one | %d | %d |\n", n, name, l.files, l.valid, l.indeterminate, l.invalid, l.honest, l.honestValid)
	}
	for class, l := range lines {
		if class > 0 {
			row(fmt.Sprint(class), pdftest.Classes()[class], l)
			sum = line{sum.files + l.files, sum.valid + l.valid, sum.indeterminate + l.indeterminate, sum.invalid + l.invalid, sum.honest + l.honest, sum.honestValid + l.honestValid}
		}
	}
	row("", "all", sum)
	return b.String()
}

const attackText = `# Attacks on signed PDFs

Written by the test of ` + "`verify/attack_test.go`" + ` (` + "`go test ./verify -run Attack -update`" + `), and compared with what it finds. The files are made
by ` + "`internal/pdf/pdftest`" + `, which shares no code with the readers and writers of the house. Each attack is made on a foreign document
under PAdES, under signed data with SM2, under an electronic seal, and on a licence of the house. Beside the verdict the test
wants the one that each attack deserves: most must be invalid, some (a stranger's signature, missing proof) may be
indeterminate. The honest counterparts look like the attacks and must be valid.

`

func checkDocument(t *testing.T, table string) {
	t.Helper()
	name := filepath.Join("..", "docs", "attacks.md")
	want := []byte(attackText + table)
	if *update {
		if err := os.WriteFile(name, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not what this test finds (%v): run it with -update", name, err)
	}
}
