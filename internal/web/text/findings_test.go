package text

import (
	"slices"
	"strings"
	"testing"

	"yinzheng/verify"
	"yinzheng/verify/completion"
)

// everyEnding lists every way in which every check of the house can end.
func everyEnding() map[string][]verify.Ending {
	all := completion.Endings()
	for _, c := range verify.Checks() {
		all[c.Code] = append(slices.Clone(c.Endings), verify.Ending{Outcome: verify.Unknown, Why: "needs"}, verify.Ending{Outcome: verify.Unknown, Why: "fault"})
	}
	return all
}

func TestEveryEndingOfEveryCheckHasBothTexts(t *testing.T) {
	for code, endings := range everyEnding() {
		if zh, en := Check(code); zh == code || en == code {
			t.Errorf("%s has no name", code)
		}
		for _, e := range endings {
			zh, en := Finding(code, e.Outcome, map[string]string{"why": e.Why, "needs": "SIG_VALUE"})
			if zh == "" || en == "" || zh == code || en == code {
				t.Errorf("%s %s %s has no text: %q, %q", code, e.Outcome, e.Why, zh, en)
			}
		}
	}
}

func TestNoTextIsUnused(t *testing.T) {
	used := map[string]bool{}
	for code, endings := range everyEnding() {
		for _, e := range endings {
			for _, key := range findingKeys(code, e.Outcome, e.Why) {
				if _, known := findings[key]; known {
					used[key] = true
					break
				}
			}
		}
	}
	for key := range findings {
		if !used[key] {
			t.Errorf("no check ends in %q", key)
		}
	}
	codes := everyEnding()
	for code := range checks {
		if codes[code] == nil {
			t.Errorf("no check is called %s", code)
		}
	}
}

func TestBothLanguagesUseTheSameParameters(t *testing.T) {
	for key, s := range findings {
		zh, en := placeholders(s.zh), placeholders(s.en)
		for _, p := range en {
			if !slices.Contains(zh, p) {
				t.Errorf("%s: {%s} is in the English text alone", key, p)
			}
		}
	}
}

func placeholders(s string) []string {
	var names []string
	for part := range strings.SplitSeq(s, "{") {
		if name, _, found := strings.Cut(part, "}"); found {
			names = append(names, name)
		}
	}
	return names
}
