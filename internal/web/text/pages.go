package text

import "strings"

// Page returns a fixed text of the pages in the page's language ("en", otherwise Chinese).
func Page(key, lang string) string {
	s, known := pages[key]
	if !known {
		return key
	}
	if strings.HasPrefix(lang, "en") {
		return s.en
	}
	return s.zh
}

// PageKeys returns every key that Page knows.
func PageKeys() []string {
	keys := make([]string, 0, len(pages))
	for key := range pages {
		keys = append(keys, key)
	}
	return keys
}

var pages = map[string]sentence{
	"name":      {"印证", "Yinzheng"},
	"tagline":   {"电子证照、电子印章、电子档案信任服务", "Trust for electronic licences, seals and archives"},
	"language":  {"English", "中文"},
	"skip":      {"跳到正文", "Skip to content"},
	"internal":  {"服务内部出错。", "Internal error."},
	"home":      {"回到首页", "Back to the first page"},
	"foot":      {"核验结论只对所提交的字节负责；不能证明的，一律不答“有效”。", "A verdict speaks for the bytes submitted alone; what cannot be proved is never called valid."},
	"beijing":   {"北京时间", "Beijing time"},
	"longterm":  {"长期", "No end"},
	"holder":    {"持证主体", "Holder"},
	"issuer":    {"颁发机构", "Issued by"},
	"number":    {"证照编号", "Number"},
	"kind":      {"证照类型", "Kind"},
	"id":        {"电子证照标识", "Identifier"},
	"validfrom": {"有效期自", "Valid from"},
	"validto":   {"有效期至", "Valid to"},
	"sealedat":  {"签章时间", "Sealed at"},
	"seal":      {"电子印章", "Seal"},

	"title.home":    {"核验电子证照", "Verify a licence"},
	"title.report":  {"核验结论", "Verdict"},
	"title.shown":   {"证照出示", "A licence is shown"},
	"title.checked": {"扫码查验", "Check by code"},
	"title.wallet":  {"亮证", "Show a licence"},
	"title.seals":   {"电子印章备案公示", "Seals on record"},
	"title.seal":    {"电子印章", "Seal"},
	"title.refused": {"无法显示", "Nothing to show"},

	"home.lead":     {"这份电子证照是真的吗？", "Is this licence genuine?"},
	"home.how":      {"选择电子证照文件，即可得到逐步核验的结论。文件只在核验时使用，不会保存。", "Choose the licence file to get a verdict, step by step. The file is used for the check alone and not kept."},
	"home.document": {"电子证照（PDF）", "Licence (PDF)"},
	"home.receipt":  {"存证回执（JSON，可不选）", "Receipt (JSON, optional)"},
	"home.drop":     {"拖到这里，或点击选择", "Drop it here, or choose"},
	"home.verify":   {"开始核验", "Verify"},
	"home.offline":  {"不信任网络？用离线核验程序 yzverify 和信任清单，不联网也能得到同样的结论。", "No trust in the network? The offline verifier yzverify reaches the same verdict from the trust file alone."},
	"home.trust":    {"下载信任清单", "Download the trust file"},
	"home.api":      {"接口文档", "API contract"},
	"home.wallet":   {"演示：出示证照", "Demo: show a licence"},
	"home.seals":    {"电子印章备案公示", "Seals on record"},
	"home.recorded": {"留痕操作", "Acts on record"},
	"home.logged":   {"已公示批次", "Batches logged"},
	"home.kinds":    {"证照类型", "Kinds"},
	"home.root":     {"根证书指纹（SM3）", "Root certificate (SM3)"},

	"verdict.valid":         {"有效", "Valid"},
	"verdict.invalid":       {"无效", "Invalid"},
	"verdict.indeterminate": {"无法判定", "Indeterminate"},
	"explain.valid":         {"印章、内容、证书、时间与状态均已逐项证明。", "Seal, content, certificates, time and status are each proved."},
	"explain.invalid":       {"至少一项核验未通过，请勿采信。", "At least one check failed: do not rely on it."},
	"explain.indeterminate": {"现有材料不足以证明其有效，请勿当作有效使用。", "What is at hand does not prove it valid: do not treat it as valid."},
	"report.steps":          {"核验步骤", "Steps"},
	"report.subject":        {"证照内容", "What it says"},
	"report.proof":          {"一眼看懂", "At a glance"},
	"report.digest":         {"文件摘要（SM3）", "Digest of the file (SM3)"},
	"report.at":             {"核验时间", "Judged at"},
	"report.another":        {"再核验一份", "Verify another"},

	"proof.who":        {"谁签发的？", "Who issued it?"},
	"proof.when":       {"何时签发？", "When?"},
	"proof.now":        {"现在有效吗？", "In force now?"},
	"proof.recorded":   {"存证了吗？", "On record?"},
	"link.document":    {"文件", "File"},
	"link.signature":   {"签章", "Signature"},
	"link.seal":        {"印章", "Seal"},
	"link.certificate": {"证书", "Certificate"},
	"link.root":        {"信任根", "Root of trust"},
	"link.time":        {"签章时间", "Signing time"},
	"link.timestamp":   {"时间戳", "Timestamp"},
	"link.authority":   {"时间戳机构", "Authority"},
	"link.data":        {"证照数据", "Licence data"},
	"link.office":      {"颁发机构", "Issuer"},
	"link.period":      {"有效期", "Period"},
	"link.status":      {"状态", "Status"},
	"link.receipt":     {"存证回执", "Receipt"},
	"link.digest":      {"文件摘要", "File digest"},
	"link.log":         {"公开日志", "Public log"},

	"outcome.pass":    {"通过", "passed"},
	"outcome.warn":    {"提示", "noted"},
	"outcome.unknown": {"不能确定", "not decided"},
	"outcome.fail":    {"未通过", "failed"},

	"status.01":     {"有效", "In force"},
	"status.02":     {"已暂扣", "Suspended"},
	"status.03":     {"已撤销", "Withdrawn"},
	"status.04":     {"已注销", "Cancelled"},
	"status.05":     {"已失效", "Expired"},
	"status.07":     {"已吊销", "Revoked"},
	"status.notyet": {"尚未生效", "Not yet in force"},

	"result.true":         {"属实", "true"},
	"result.false":        {"不属实", "false"},
	"result.partial":      {"部分不一致", "partly different"},
	"result.unverifiable": {"无法核实", "not verifiable"},

	"seals.lead":    {"本区域制作并备案的电子印章，及其现在的状态。", "The electronic seals made and recorded in this region, and how they stand."},
	"seals.none":    {"还没有制作印章。", "No seal has been made yet."},
	"seals.more":    {"下一页", "Next page"},
	"seals.id":      {"印章编号", "Number"},
	"seals.owner":   {"印章所有者", "Owner"},
	"seals.type":    {"印章类型", "Type"},
	"seals.filing":  {"备案编号", "Record number"},
	"seals.state":   {"状态", "State"},
	"seals.until":   {"有效期至", "Valid to"},
	"seals.life":    {"生命周期", "Life"},
	"seals.at":      {"时间", "Time"},
	"seals.uses":    {"用印次数", "Uses"},
	"seals.failed":  {"未成功", "failed"},
	"seals.byday":   {"近30日用印", "Uses in 30 days"},
	"seals.log":     {"最近的用印日志", "The use log, newest first"},
	"seals.line":    {"序号", "Line"},
	"seals.matter":  {"事项编码", "Matter"},
	"seals.result":  {"结果", "Result"},
	"seals.ok":      {"成功", "done"},
	"seals.nouse":   {"尚未用印。", "Not used yet."},
	"seals.before":  {"原印章", "Remake of"},
	"seals.after":   {"重制印章", "Remade as"},
	"seals.revoked": {"证书撤销于", "Certificate revoked"},
	"seals.public":  {"此页公示印章的状态。用印人、办件编号和文件内容不在公示范围。", "This page shows how a seal stands; who used it, for which case and on what is not public."},
	"seals.all":     {"全部印章", "All seals"},

	"sealstate.applied":             {"已申请", "Applied"},
	"sealstate.approved":            {"已核准", "Approved"},
	"sealstate.made":                {"已制作", "Made"},
	"sealstate.recorded":            {"已备案", "Recorded"},
	"sealstate.active":              {"使用中", "In use"},
	"sealstate.suspended":           {"已停用", "Suspended"},
	"sealstate.cancelled":           {"已注销", "Cancelled"},
	"sealstate.lost":                {"遗失注销", "Lost"},
	"sealstate.expired":             {"已到期", "Expired"},
	"sealstate.authorised":          {"用印授权", "Use authorised"},
	"sealstate.withdrawn":           {"收回授权", "Authorisation withdrawn"},
	"sealstate.certificate-revoked": {"证书已撤销", "Certificate revoked"},

	"sealtype.1": {"法定名称章", "Name of the office"},
	"sealtype.2": {"财务专用章", "Finance"},
	"sealtype.3": {"发票专用章", "Invoices"},
	"sealtype.4": {"合同专用章", "Contracts"},
	"sealtype.5": {"个人名章", "Personal"},
	"sealtype.0": {"业务专用章", "Special business"},

	"shown.once":   {"此页只显示一次，重新打开须由持证人再次出示。", "This page shows once; to open it again, the holder shows a new code."},
	"shown.only":   {"持证人只出示了以下内容", "The holder chose to show only this"},
	"shown.at":     {"核验于", "Checked at"},
	"checked.face": {"纸面或图片不是证明，请向持证人索取电子文件核验，或请其亮证。", "Paper or a picture is no proof: ask the holder for the file, or to show the licence."},
	"wallet.tell":  {"请对方扫描此码", "Let the other person scan this code"},
	"wallet.left":  {"剩余", "Left"},
	"wallet.sec":   {"秒", "s"},
	"wallet.new":   {"换一个新码", "New code"},
	"wallet.safe":  {"此码一分钟内有效，只能使用一次，截图无用。", "The code lives one minute and works once; a screenshot is useless."},
	"wallet.demo":  {"演示身份，仅限本机", "Demonstration identity, this machine only"},
}
