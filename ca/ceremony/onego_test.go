package ceremony_test

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yinzheng/ca/ceremony"
	"yinzheng/internal/gm"
)

func (b *bench) oneGo() ceremony.Config {
	return ceremony.Config{
		Dir: b.dir, Region: "450000", Name: "广西壮族自治区", URL: "https://zhengzhao.example.cn", Tool: "yinzheng test",
		Now: b.clock, OnStep: b.step,
	}
}

func TestOneGoMakesEverythingAndAgainMakesNothing(t *testing.T) {
	b := empty(t)
	requests := []ceremony.Request{
		{Name: "authority", CSR: request(t, "示例签发CA", sm2Key(t))}, {Name: "tls", CSR: request(t, "示例TLS CA", p256Key(t))},
	}
	first, err := ceremony.OneGo(context.Background(), b.oneGo(), requests)
	if err != nil {
		t.Fatal(err)
	}
	if len(first.Signed) != 2 || first.Signed[0].Name != "authority" || first.Signed[1].Name != "tls" ||
		!bytes.Equal(first.Root, b.der("out/root.pem")) || !bytes.Equal(first.TLSRoot, b.der("out/tls-root.pem")) {
		t.Fatalf("%d certificates, or the roots are others", len(first.Signed))
	}
	files, err := snapshot(b.dir)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ceremony.OneGo(context.Background(), b.oneGo(), requests)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, again); diff != "" {
		t.Error(diff)
	}
	after, err := snapshot(b.dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(after) != len(files) {
		t.Errorf("%d files, before %d", len(after), len(files))
	}
	list, err := gm.ParseCRL(b.file("out/root.crl"))
	if err != nil {
		t.Fatal(err)
	}
	if err := gm.CheckCRL(list, b.certificate("root.pem")); err != nil {
		t.Error(err)
	}
}

func TestOneGoOpensTheRootsForTheNextGeneration(t *testing.T) {
	b := empty(t)
	old := ceremony.Request{Name: "authority", CSR: request(t, "示例签发CA", sm2Key(t))}
	first, err := ceremony.OneGo(context.Background(), b.oneGo(), []ceremony.Request{old})
	if err != nil {
		t.Fatal(err)
	}
	b.now = b.now.Add(300 * 24 * time.Hour)
	next := ceremony.Request{Name: "authority-2", CSR: request(t, "示例签发CA", sm2Key(t))}
	second, err := ceremony.OneGo(context.Background(), b.oneGo(), []ceremony.Request{next, old})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(second.Signed[1].Certificate, first.Signed[0].Certificate) || bytes.Equal(second.Signed[0].Certificate, first.Signed[0].Certificate) {
		t.Error("the generations are mixed up")
	}
	list, err := gm.ParseCRL(b.file("out/root.crl"))
	if err != nil {
		t.Fatal(err)
	}
	if list.Number.Int64() != 2 {
		t.Errorf("list %v was not renewed after more than half of its life", list.Number)
	}
	if _, err := ceremony.OneGo(context.Background(), b.oneGo(), []ceremony.Request{{Name: "authority", CSR: request(t, "示例", sm2Key(t))}}); !errors.Is(err, ceremony.ErrExists) {
		t.Errorf("another key under an old name: %v", err)
	}
}

func TestOneGoKilledAtEachStepComesToItsEnd(t *testing.T) {
	t.Parallel()
	key, tls := sm2Key(t), p256Key(t)
	requests := []ceremony.Request{{Name: "authority", CSR: request(t, "示例签发CA", key)}, {Name: "tls", CSR: request(t, "示例TLS CA", tls)}}
	b := empty(t)
	kills := 0
	for run := 1; ; run += 5 { // in one folder, each run further; the acts' own tests kill them at every step
		step, err := b.until(run, func() error {
			_, err := ceremony.OneGo(context.Background(), b.oneGo(), requests)
			return err
		})
		if err != nil {
			t.Fatalf("run %d: %v", run, err)
		}
		if step == "" {
			break
		}
		kills++
	}
	if kills < 5 {
		t.Errorf("%d kills", kills)
	}
	b.checkWhole("at the end")
	if got, err := filepath.Glob(filepath.Join(b.dir, "out", "*.pem")); err != nil || len(got) != 4 {
		t.Errorf("%v %v", got, err)
	}
}
