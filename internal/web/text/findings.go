package text

import (
	"fmt"
	"maps"
	"time"

	"yinzheng/verify"
)

// Finding returns the Chinese and the English sentence for one step of a judgement. A step without a text is a fault of
// ours that a test finds; its code is shown then.
func Finding(code string, outcome verify.Outcome, params map[string]string) (zh, en string) {
	for _, key := range findingKeys(code, outcome, params["why"]) {
		if s, known := findings[key]; known {
			paramsZH, paramsEN := translate(params)
			zh, _ = s.with(paramsZH)
			_, en = s.with(paramsEN)
			return zh, en
		}
	}
	return code, code
}

// Check returns the short Chinese and English name of a check, for tables and lists.
func Check(code string) (zh, en string) {
	s, known := checks[code]
	if !known {
		return code, code
	}
	return s.zh, s.en
}

// translate puts names in the place of codes (of checks, results, states and kinds) and writes times and durations as people
// do. Every other parameter is data.
func translate(params map[string]string) (zh, en map[string]string) {
	zh, en = maps.Clone(params), maps.Clone(params)
	for name, value := range params {
		switch name {
		case "needs":
			zh[name], en[name] = Check(value)
		case "result", "state", "kind", "wanted":
			if w, known := words[value]; known {
				zh[name], en[name] = w.zh, w.en
			}
		case "age":
			if d, err := time.ParseDuration(value); err == nil {
				zh[name], en[name] = lasting(d)
			}
		case "time", "since", "from", "to", "issued", "expires", "updated", "next", "declared", "stamped", "made", "used", "as_of":
			if t, err := time.Parse(time.RFC3339, value); err == nil {
				zh[name], en[name] = t.Format("2006-01-02 15:04:05"), t.Format("2006-01-02 15:04:05 -07:00")
			}
		}
	}
	return zh, en
}

// lasting writes a duration in its two biggest units.
func lasting(d time.Duration) (zh, en string) {
	const day = 24 * time.Hour
	switch {
	case d >= day:
		return fmt.Sprintf("%d 天 %d 小时", d/day, d%day/time.Hour), fmt.Sprintf("%d d %d h", d/day, d%day/time.Hour)
	case d >= time.Hour:
		return fmt.Sprintf("%d 小时 %d 分", d/time.Hour, d%time.Hour/time.Minute), fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	case d >= time.Minute:
		return fmt.Sprintf("%d 分", d/time.Minute), fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d 秒", d/time.Second), fmt.Sprintf("%d s", d/time.Second)
}

// words are the names of values that stand in parameters.
var words = map[string]sentence{
	"true": {"属实", "true"}, "false": {"不属实", "false"}, "partial": {"部分不一致", "partly inconsistent"}, "unverifiable": {"无法核实", "unverifiable"},
	"accepted": {"已受理", "accepted"}, "logged": {"已记入日志", "logged"}, "on-chain": {"已上链", "on chain"},
	"licence": {"证照", "licence"}, "document": {"文件", "document"}, "outcome": {"办结核验结果", "case outcome"}, "package": {"归档信息包", "archive package"}, "trust": {"信任文件", "trust file"},
}

// findingKeys lists the keys of a text, the most exact first: "*" texts serve every check.
func findingKeys(code string, outcome verify.Outcome, why string) []string {
	exact := code + " " + string(outcome)
	if why == "" {
		return []string{exact}
	}
	return []string{exact + " " + why, "* " + string(outcome) + " " + why}
}

// checks names every check.
var checks = map[string]sentence{
	"POLICY":                  {"判定规则", "Policy"},
	"INPUT":                   {"待验文件", "Input"},
	"TRUST_FILE":              {"信任文件", "Trust file"},
	"TRUST_PERIOD":            {"信任文件有效期", "Trust file period"},
	"TRUST_ROOT":              {"信任根", "Trust root"},
	"PDF_FORMAT":              {"文件格式", "File format"},
	"PDF_STRICT":              {"读法唯一", "One reading"},
	"SIG_COUNT":               {"签章个数", "Signatures"},
	"SIG_DICTIONARY":          {"签章字典", "Signature dictionary"},
	"SIG_COVERAGE":            {"签章范围", "Signature coverage"},
	"SIG_FORMAT":              {"签章格式", "Signature format"},
	"CONTENT_HASH":            {"内容摘要", "Content digest"},
	"SIG_VALUE":               {"签章值", "Signature value"},
	"SIG_LEVEL":               {"长期保存级别", "Long-term level"},
	"SIG_CHANGES":             {"签章后的变更", "Changes afterwards"},
	"SIG_OVERLAP":             {"签章遮盖", "What it covers"},
	"TIMESTAMP":               {"时间戳", "Timestamp"},
	"TIMESTAMP_AUTHORITY":     {"时间戳机构", "Timestamp authority"},
	"TIMESTAMP_TIME":          {"时间戳时间", "Timestamp time"},
	"SIG_TIME":                {"签章时间", "Signing time"},
	"OUTCOME_FORMAT":          {"办结核验结果", "Case outcome"},
	"OUTCOME_SIGNATURE":       {"结果签名", "Outcome signature"},
	"OUTCOME_OFFICE":          {"办理机构", "Handling office"},
	"SIGNER_CERT_CHAIN":       {"签章证书链", "Signer's chain"},
	"SIGNER_CERT_USAGE":       {"签章证书用途", "Signer's key usage"},
	"SIG_TIME_OUTSIDE_CERT":   {"签章证书有效期", "Signer's validity"},
	"SIGNER_CERT_REVOKED":     {"签章证书吊销状态", "Signer's revocation"},
	"SEAL_FORMAT":             {"印章格式", "Seal format"},
	"SEAL_SIGNATURE":          {"印章签名", "Seal signature"},
	"SEAL_MAKER_CERT_CHAIN":   {"制章者证书链", "Seal maker's chain"},
	"SEAL_MAKER_CERT_USAGE":   {"制章者证书用途", "Maker's key usage"},
	"SEAL_MAKER_CERT_EXPIRED": {"制章者证书有效期", "Maker's validity"},
	"SEAL_MAKER_CERT_REVOKED": {"制章者证书吊销状态", "Maker's revocation"},
	"SEAL_TIMESTAMP":          {"印章时间戳", "Seal timestamp"},
	"SEAL_NOT_YET_VALID":      {"印章启用", "Seal start"},
	"SEAL_EXPIRED":            {"印章到期", "Seal end"},
	"SIG_TIME_OUTSIDE_SEAL":   {"用印时间", "Time of use"},
	"SIGNER_NOT_IN_SEAL":      {"印章与签章人", "Seal and signer"},
	"SEAL_PICTURE":            {"印章图像", "Seal picture"},
	"LICENCE_DATA":            {"证照数据", "Licence data"},
	"LICENCE_IDENTIFIER":      {"证照标识", "Licence identifier"},
	"LICENCE_ISSUER_CODE":     {"颁发机构代码", "Issuer's code"},
	"LICENCE_ISSUER":          {"颁发机构", "Issuer"},
	"LICENCE_PERIOD":          {"证照有效期", "Licence period"},
	"LICENCE_STATUS":          {"证照状态", "Licence status"},
	"COMMITMENT_EVIDENCE":     {"证照凭据", "Evidence"},
	"COMMITMENT_LICENCE":      {"所指证照", "Licence named"},
	"COMMITMENT_HOLDER":       {"申请人", "Applicant"},
	"COMMITMENT_KIND":         {"证照类型", "Kind of licence"},
	"COMMITMENT_FACT":         {"承诺事实", "Declared fact"},
	"RECEIPT_FORMAT":          {"存证回执", "Receipt"},
	"RECEIPT_DIGEST":          {"回执与文件", "Receipt and file"},
	"RECEIPT_KIND":            {"回执类别", "Receipt kind"},
	"RECEIPT_PROOF":           {"存证证明", "Ledger proof"},
}

var findings = merge(common, trustFindings, signatureFindings, sealFindings, licenceFindings, receiptFindings, commitmentFindings)

func merge(parts ...map[string]sentence) map[string]sentence {
	all := map[string]sentence{}
	for _, part := range parts {
		maps.Copy(all, part)
	}
	return all
}

// common are the texts of endings that several checks share.
var common = map[string]sentence{
	"* unknown needs":                {"未作检查，因为“{needs}”没有通过", "not checked, because “{needs}” did not pass"},
	"* unknown fault":                {"检查程序自身出错，不能作出结论", "the check itself broke, so nothing can be said"},
	"* unknown loop":                 {"“{name}”以上的签发者互相签发，不通往任何信任根", "the issuers above “{name}” certify each other and lead to no root"},
	"* unknown work":                 {"从“{name}”到信任根的证书路径过多，未能查完", "the ways from “{name}” to a root are too many to be searched"},
	"* unknown issuer_revoked_later": {"签发者“{name}”的证书其后已被吊销，而签署时间没有时间戳证明", "the issuer “{name}” was revoked since, and no timestamp proves that it was signed before"},
	"* unknown issuer":               {"信任文件中没有签发者“{name}”的证书", "the trust file holds no certificate of the issuer “{name}”"},
	"* fail signature":               {"证书不是由“{name}”签发的：签名不符", "the certificate was not signed by “{name}”"},
	"* fail algorithm":               {"不采信“{name}”的密钥或签名的算法", "the key or the signature of “{name}” is of an algorithm that is not believed"},
	"* fail name_constraint":         {"签发者“{name}”不得为此名称签发证书：{detail}", "the issuer “{name}” may not certify this name: {detail}"},
	"* fail issuer_time":             {"签发者“{name}”的证书在当时不在有效期内", "the issuer “{name}” was not valid at that time"},
	"* fail issuer_ca":               {"“{name}”无权签发证书", "“{name}” may not issue certificates"},
	"* fail issuer_revoked":          {"签发者“{name}”的证书当时已被吊销", "the issuer “{name}” was revoked by then"},
	"* fail path":                    {"证书链超过“{name}”允许的长度", "the chain is longer than “{name}” allows"},
	"* fail extension":               {"“{name}”含有无法识别的关键扩展", "“{name}” has a critical extension that is not understood"},
}

var trustFindings = map[string]sentence{
	"POLICY pass":                  {"按“{policy}”规则判定", "judged by the “{policy}” policy"},
	"POLICY unknown none":          {"没有给定判定规则", "no policy was given"},
	"INPUT pass":                   {"待验内容的 SM3 为 {sm3}", "SM3 of what is judged: {sm3}"},
	"INPUT unknown nothing":        {"没有可验证的内容", "there is nothing to judge"},
	"INPUT unknown both":           {"一次只能验证一份证照或一份办结结果", "one licence or one case outcome at a time"},
	"INPUT unknown version":        {"验证依据的版本 {version} 本程序不能识别", "evidence of version {version}, which this program does not know"},
	"TRUST_FILE pass":              {"{name}（{region}）第 {sequence} 号信任文件，由“{signer}”签发，签名有效", "trust file {sequence} of {name} ({region}), signed by “{signer}”"},
	"TRUST_FILE warn anchors":      {"没有信任文件，以另行指定的 {count} 个根证书为准", "no trust file: the {count} root(s) that the reader added are believed"},
	"TRUST_FILE unknown absent":    {"没有信任文件，无法判断证书是否可信", "no trust file: nobody can be believed"},
	"TRUST_FILE unknown format":    {"信任文件格式不符或已被改动：{detail}", "the trust file is malformed or was changed: {detail}"},
	"TRUST_FILE unknown signature": {"信任文件的签名不符，文件可能已被改动", "the trust file's signature does not verify: it may have been changed"},
	"TRUST_FILE unknown signer":    {"信任文件的签发者无权签发：{detail}", "the trust file's signer may not sign it: {detail}"},
	"TRUST_PERIOD pass":            {"信任文件自 {issued} 起，至 {expires} 止有效", "in force from {issued} to {expires}"},
	"TRUST_PERIOD unknown not_yet": {"信任文件签发于 {issued}，晚于判定时间；请使用当时的信任文件或检查时钟", "issued at {issued}, after the time judged at; use the file of that time, or check the clock"},
	"TRUST_PERIOD unknown expired": {"信任文件已于 {expires} 到期，请取得新的信任文件", "expired at {expires}; fetch a fresh one"},
	"TRUST_ROOT pass":              {"根证书“{name}”与指定的指纹一致", "the root “{name}” is the pinned one"},
	"TRUST_ROOT warn unpinned":     {"未指定根证书指纹；请核对“{name}”的 SM3 指纹：{root}", "no root was pinned; compare the SM3 of “{name}” with the published one: {root}"},
	"TRUST_ROOT unknown mismatch":  {"信任文件不属于指定的根证书 {root}", "the trust file does not hang on the pinned root {root}"},
}
