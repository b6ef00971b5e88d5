package ceremony_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"yinzheng/ca/ceremony"
	"yinzheng/internal/gm"
)

const rootPlan = `version: 1
act: root
region: "450000"
name: 广西壮族自治区
url: https://zhengzhao.example.cn
roots:
  root:
    subject: {organization: 广西壮族自治区, unit: root-ca, common_name: 示例电子证照根CA}
    years: 20
  tls-root:
    subject: {organization: 广西壮族自治区, unit: tls-root, common_name: 示例TLS根CA}
officers:
  threshold: 2
  labels: [officer-1, officer-2, officer-3]
`

const head = `version: 1
region: "450000"
name: 广西壮族自治区
url: https://zhengzhao.example.cn
`

var start = time.Date(2026, 11, 2, 1, 2, 3, 0, time.UTC)

// bench is a ceremony folder with three officers, and a clock that goes on a second with each look.
type bench struct {
	t    testing.TB
	dir  string // the ceremony folder
	desk string // plans and requests
	now  time.Time
	step func(string)
}

func officers() []string { return []string{"officer-1", "officer-2", "officer-3"} }

func passOf(officer string) []byte { return []byte("the own passphrase of " + officer) }

func (b *bench) clock() time.Time {
	b.now = b.now.Add(time.Second)
	return b.now
}

func empty(t testing.TB) *bench {
	t.Helper()
	b := &bench{t: t, dir: filepath.Join(t.TempDir(), "ceremony"), desk: t.TempDir(), now: start}
	return b
}

// made is a folder with roots; they are made once and copied.
func made(t testing.TB) *bench {
	t.Helper()
	files, err := template()
	if err != nil {
		t.Fatal(err)
	}
	b := empty(t)
	b.now = start.Add(time.Hour)
	restore(t, b.dir, files)
	return b
}

var template = sync.OnceValues(func() (map[string]string, error) { return rootsOf(rootPlan) })

// rootsOf performs a plan of the act root and returns the folder's files.
func rootsOf(plan string) (map[string]string, error) {
	dir, err := os.MkdirTemp("", "ceremony")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o700); err != nil {
		return nil, err
	}
	b := &bench{dir: dir, now: start}
	in := b.rootInput()
	in.Plan, in.Reviewed = []byte(plan), gm.Sum([]byte(plan))
	if _, err := ceremony.Perform(context.Background(), in); err != nil {
		return nil, err
	}
	return snapshot(dir)
}

func snapshot(dir string) (map[string]string, error) {
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		out[name] = string(content)
		return err
	})
	return out, err
}

func restore(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func (b *bench) input(plan string) ceremony.Input {
	return ceremony.Input{
		Dir: b.dir, Plan: []byte(plan), PlanDir: b.desk, Reviewed: gm.Sum([]byte(plan)), Tool: "yinzheng test",
		Now: b.clock, OnStep: b.step,
	}
}

func (b *bench) rootInput() ceremony.Input {
	in := b.input(rootPlan)
	in.Passphrases = map[string][]byte{}
	for _, o := range officers() {
		in.Passphrases[o] = passOf(o)
	}
	return in
}

func (b *bench) share(officer string) ceremony.ShareInput {
	file, err := os.ReadFile(filepath.Join(b.dir, officer+".share"))
	if err != nil {
		b.t.Fatal(err)
	}
	return ceremony.ShareInput{File: file, Passphrase: passOf(officer)}
}

// perform holds an act with the shares of the first two officers.
func (b *bench) perform(plan string) (*ceremony.Outcome, error) {
	in := b.input(plan)
	in.Shares = []ceremony.ShareInput{b.share("officer-1"), b.share("officer-2")}
	return ceremony.Perform(context.Background(), in)
}

func (b *bench) must(plan string) *ceremony.Outcome {
	b.t.Helper()
	out, err := b.perform(plan)
	if err != nil {
		b.t.Fatal(err)
	}
	return out
}

// put writes a file to the desk and returns its SM3, which is its name too.
func (b *bench) put(content []byte) string {
	name := gm.Sum(content).String()
	if err := os.WriteFile(filepath.Join(b.desk, name), content, 0o600); err != nil {
		b.t.Fatal(err)
	}
	return name
}

func sm2Key(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := gm.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func p256Key(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func request(t testing.TB, cn string, key crypto.Signer) []byte {
	t.Helper()
	der, err := gm.CreateRequest(pkix.Name{Country: []string{"CN"}, Organization: []string{"广西壮族自治区"}, CommonName: cn}, nil, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// issuePlan writes the requests to the desk and returns the plan that has them signed.
func (b *bench) issuePlan(requests ...ask) string {
	plan := head + "act: issue\nrequests:\n"
	for _, r := range requests {
		sum := b.put(request(b.t, r.cn, r.key))
		plan += fmt.Sprintf("  - {name: %s, profile: %s, file: %q, sm3: %[3]q, subject: {organization: 广西壮族自治区, common_name: %s}}\n",
			r.name, r.profile, sum, r.cn)
	}
	return plan
}

type ask struct {
	name, profile, cn string
	key               crypto.Signer
}

func both(t testing.TB) []ask {
	return []ask{{"authority", "issuing-ca", "示例签发CA", sm2Key(t)}, {"tls", "tls-ca", "示例TLS CA", p256Key(t)}}
}

func (b *bench) certificate(name string) *gm.Certificate {
	b.t.Helper()
	c, err := gm.ParseCertificate(b.der(name))
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

func (b *bench) der(name string) []byte {
	b.t.Helper()
	text, err := os.ReadFile(filepath.Join(b.dir, name))
	if err != nil {
		b.t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		b.t.Fatalf("%s is no PEM", name)
	}
	return block.Bytes
}

func (b *bench) transcript(n int) []byte {
	b.t.Helper()
	file, err := os.ReadFile(filepath.Join(b.dir, fmt.Sprintf("transcript-%d.json", n)))
	if err != nil {
		b.t.Fatal(err)
	}
	return file
}
