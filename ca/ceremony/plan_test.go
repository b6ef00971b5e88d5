package ceremony_test

import (
	"errors"
	"strings"
	"testing"

	"yinzheng/ca/ceremony"
)

func TestEveryMistakeOfAPlanIsExplainedAtOnce(t *testing.T) {
	_, err := ceremony.ParsePlan([]byte(`version: 2
act: root
region: "45"
name: ""
url: ftp://example.cn
roots:
  root: {subject: {organization: 示例, common_name: ""}, years: 30}
  tls-root: {subject: {country: cn, organization: 示例, common_name: 示例}}
officers: {threshold: 4, labels: [a, a, "B!"]}
lists: {next_update: soon}
`))
	if !errors.Is(err, ceremony.ErrPlan) {
		t.Fatal(err)
	}
	for _, want := range []string{
		"version", "region", "name:", "url", "roots.root.subject.common_name", "roots.root.years", "roots.tls-root.subject.country",
		"officers.threshold", "officers.labels[1]", "officers.labels[2]", "lists: has no place", "lists.next_update",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not explained in:\n%v", want, err)
		}
	}
}

func TestPlansThatAreNotStrictAreRefused(t *testing.T) {
	for name, text := range map[string]string{
		"unknown key":     rootPlan + "more: 1\n",
		"key twice":       rootPlan + "act: root\n",
		"two documents":   rootPlan + "---\n" + rootPlan,
		"empty":           "",
		"not UTF-8":       "name: \xff\n",
		"too long":        rootPlan + strings.Repeat("# filling\n", ceremony.MaxPlan/10),
		"unknown act":     strings.Replace(rootPlan, "act: root", "act: burn", 1),
		"missing part":    head + "act: issue\n",
		"no requests":     head + "act: issue\nrequests: []\n",
		"seventeen":       strings.Replace(rootPlan, "officer-3]", "a, b, c, d, e, f, g, h, i, j, k, l, m, n, o]", 1),
		"one officer":     strings.NewReplacer("threshold: 2", "threshold: 1", "officer-1, officer-2, officer-3", "a").Replace(rootPlan),
		"file not hashed": head + "act: issue\nrequests: [{name: a, profile: tls-ca, file: a.csr, subject: {organization: 示例, common_name: 示例}}]\n",
		"way out of out/": head + "act: issue\nrequests: [{name: ../a, profile: tls-ca, file: a.csr, sm3: \"" + strings.Repeat("0", 64) + "\", subject: {organization: 示例, common_name: 示例}}]\n",
		"hold":            head + "act: crl\nlists: {next_update: 2027-01-01, root: [{serial: \"4f\", reason: certificate-hold, date: 2026-01-01}]}\n",
		"alias":           head + "act: issue\nrequests: [&a {name: a}, *a]\n",
		"tag":             strings.Replace(rootPlan, "name: 广西", "name: !!str 广西", 1),
		"library panics":  "lists:\n  root:\n    ! #0\n",
		"deep":            head + "act: " + strings.Repeat("[", ceremony.MaxPlan/2) + "\n",
		"deep by dashes":  head + "act:\n  " + strings.Repeat("- ", ceremony.MaxPlan/4) + "\n",
		"deep by lines":   deep(),
		"anything goes":   head + "act: cross\ncross: {name: a, file: a.pem, sm3: \"" + strings.Repeat("0", 64) + "\", permitted: [{}]}\n",
	} {
		if _, err := ceremony.ParsePlan([]byte(text)); !errors.Is(err, ceremony.ErrPlan) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// deep nests as far as indentation fits into a plan.
func deep() string {
	var text strings.Builder
	for i := 0; text.Len() < ceremony.MaxPlan-1000; i++ {
		text.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return text.String()
}

func TestWhatAPlanDoesNotSayIsFilledIn(t *testing.T) {
	p, err := ceremony.ParsePlan([]byte(strings.Replace(rootPlan, "    years: 20\n", "", 1)))
	if err != nil {
		t.Fatal(err)
	}
	if p.Roots.SM2.Years != 20 || p.Roots.TLS.Years != 20 || p.Roots.SM2.Subject.Country != "CN" {
		t.Errorf("%+v", p.Roots)
	}
}

func FuzzPlan(f *testing.F) {
	plans := []string{rootPlan, listPlan("4f"), head + "act: cross\ncross: {name: a, permitted: [{organization: 示例}]}\n", head + "act: issue\nrequests: [&a {name: a}, *a]\n"}
	if len(plans) == 0 {
		f.Fatal("no seeds")
	}
	for _, p := range plans {
		f.Add([]byte(p))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ceremony.ParsePlan(b)
		if err != nil {
			if !errors.Is(err, ceremony.ErrPlan) {
				t.Fatal(err)
			}
			return
		}
		if p.Act == ceremony.ActRoot && (p.Officers.Threshold < 2 || p.Officers.Threshold > len(p.Officers.Labels)) {
			t.Fatalf("%+v", p.Officers)
		}
	})
}
