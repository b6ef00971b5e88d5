package text

import "strings"

// Stage returns the Chinese and the English name of the part of a judgement that a check belongs to.
func Stage(code string) (zh, en string) {
	for _, g := range []struct{ prefix, zh, en string }{
		{"SIG_TIME_OUTSIDE_SEAL", "印章", "Seal"}, {"SIGNER_NOT_IN_SEAL", "印章", "Seal"}, {"SEAL_", "印章", "Seal"},
		{"SIG_TIME_OUTSIDE_CERT", "证书", "Certificate"}, {"SIGNER_CERT_", "证书", "Certificate"},
		{"TIMESTAMP", "时间", "Time"}, {"SIG_TIME", "时间", "Time"},
		{"PDF_", "文件", "File"}, {"SIG_COUNT", "文件", "File"},
		{"SIG_CHANGES", "变更", "Changes"}, {"SIG_OVERLAP", "变更", "Changes"}, {"SIG_LEVEL", "时间", "Time"},
		{"LICENCE_", "证照", "Licence"}, {"RECEIPT_", "存证", "Receipt"},
		{"OUTCOME_", "办结核验", "Outcome"}, {"TRUST_", "信任", "Trust"}, {"POLICY", "信任", "Trust"}, {"INPUT", "信任", "Trust"},
	} {
		if strings.HasPrefix(code, g.prefix) {
			return g.zh, g.en
		}
	}
	return "签章", "Signature"
}
