package text

import "strings"

// Stage names the part of a judgement that a check belongs to. Checks of one stage stand together in a report.
func Stage(code string) (zh, en string) {
	for _, g := range []struct{ mark, zh, en string }{
		{"_SEAL", "印章", "Seal"}, {"SEAL_", "印章", "Seal"}, {"LICENCE_", "证照", "Licence"}, {"RECEIPT_", "存证", "Receipt"},
		{"OUTCOME_", "办结核验", "Outcome"}, {"TRUST_", "信任", "Trust"}, {"POLICY", "信任", "Trust"}, {"INPUT", "信任", "Trust"},
	} {
		if strings.HasPrefix(code, g.mark) || strings.HasPrefix(g.mark, "_") && strings.HasSuffix(code, g.mark) {
			return g.zh, g.en
		}
	}
	return "签章", "Signature"
}
