package ceremony_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"yinzheng/ca/ceremony"
	"yinzheng/internal/gm"
)

// foreign is the folder of another region with roots of its own; they are made once and copied.
func foreign(t testing.TB) *bench {
	t.Helper()
	files, err := foreignTemplate()
	if err != nil {
		t.Fatal(err)
	}
	b := empty(t)
	restore(t, b.dir, files)
	return b
}

var foreignTemplate = sync.OnceValues(func() (map[string]string, error) {
	return rootsOf(strings.NewReplacer("450000", "460000", "广西壮族自治区", "海南省", "示例电子", "示例海南电子").Replace(rootPlan))
})

func (b *bench) crossPlan(t testing.TB, from *bench, file string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(from.dir, file))
	if err != nil {
		t.Fatal(err)
	}
	sum := b.put(content)
	return head + fmt.Sprintf("act: cross\ncross:\n  name: region-460000\n  file: %q\n  sm3: %[1]q\n  permitted:\n    - {organization: 海南省}\n", sum)
}

func TestForeignRootIsCertifiedWithItsOwnKeyAndLimitedNames(t *testing.T) {
	b, other := made(t), foreign(t)
	b.must(b.crossPlan(t, other, "root.pem"))
	crossed, theirs := b.certificate("out/region-460000.pem"), other.certificate("root.pem")
	if err := gm.CheckIssued(crossed, b.certificate("root.pem")); err != nil {
		t.Error(err)
	}
	if string(crossed.RawSubject) != string(theirs.RawSubject) || string(crossed.SubjectKeyId) != string(theirs.SubjectKeyId) ||
		string(crossed.RawSubjectPublicKeyInfo) != string(theirs.RawSubjectPublicKeyInfo) {
		t.Error("name, key or key identifier changed")
	}
	if crossed.MaxPathLen != 1 || crossed.NotAfter.After(theirs.NotAfter) {
		t.Errorf("path length %d, until %v", crossed.MaxPathLen, crossed.NotAfter)
	}
	if !crossed.NotBefore.Equal(theirs.NotBefore) && !crossed.NotBefore.Equal(b.certificate("root.pem").NotBefore) {
		t.Errorf("from %v: what the other root did from its beginning %v is not vouched for", crossed.NotBefore, theirs.NotBefore)
	}
	constrained := false
	for _, e := range crossed.Extensions {
		constrained = constrained || e.Id.String() == "2.5.29.30" && e.Critical && strings.Contains(string(e.Value), "海南省")
	}
	if !constrained {
		t.Error("no critical name constraints")
	}
}

func TestCrossCertificateBeginsWhenThePlanSays(t *testing.T) {
	b, other := made(t), foreign(t)
	from := other.certificate("root.pem").NotBefore.Add(2 * time.Second)
	b.must(b.crossPlan(t, other, "root.pem") + "  from: " + from.Format(time.RFC3339) + "\n")
	if got := b.certificate("out/region-460000.pem").NotBefore; !got.Equal(from) {
		t.Errorf("from %v, want %v", got, from)
	}
}

func TestWhatIsNoForeignRootIsNotCertified(t *testing.T) {
	b, other := made(t), foreign(t)
	for name, plan := range map[string]string{
		"our own root":   b.crossPlan(t, b, "root.pem"),
		"an ECDSA root":  b.crossPlan(t, other, "tls-root.pem"),
		"no certificate": b.crossPlan(t, other, "root.key"),
	} {
		if _, err := b.perform(plan); !errors.Is(err, ceremony.ErrRequest) {
			t.Errorf("%s: %v", name, err)
		}
	}
	unlimited := strings.Replace(b.crossPlan(t, other, "root.pem"), "  permitted:\n    - {organization: 海南省}\n", "", 1)
	if _, err := b.perform(unlimited); !errors.Is(err, ceremony.ErrPlan) {
		t.Errorf("without limits to names: %v", err)
	}
}

func TestCrossCertificateIsRenewedUnderAnotherName(t *testing.T) {
	b, other := made(t), foreign(t)
	plan := b.crossPlan(t, other, "root.pem")
	b.must(plan)
	if out := b.must(plan); len(out.Kept) != 1 {
		t.Errorf("the same again: %+v", out)
	}
	b.must(strings.Replace(plan, "name: region-460000", "name: region-460000-2", 1))
	first, second := b.certificate("out/region-460000.pem"), b.certificate("out/region-460000-2.pem")
	if first.SerialNumber.Cmp(second.SerialNumber) == 0 || string(first.RawSubjectPublicKeyInfo) != string(second.RawSubjectPublicKeyInfo) {
		t.Error("not the same key under another serial number")
	}
}
