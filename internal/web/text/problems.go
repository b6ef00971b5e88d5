package text

import "strings"

// sentence is one text in both languages; {name} stands for a parameter.
type sentence struct{ zh, en string }

func (s sentence) with(params map[string]string) (zh, en string) {
	if len(params) == 0 {
		return s.zh, s.en
	}
	pairs := make([]string, 0, 2*len(params))
	for name, value := range params {
		pairs = append(pairs, "{"+name+"}", value)
	}
	r := strings.NewReplacer(pairs...)
	return r.Replace(s.zh), r.Replace(s.en)
}

// Problem returns the Chinese and the English sentence of a refusal's code. A code without a text is a fault of ours that a
// test finds; it is shown as it is.
func Problem(code string, params map[string]string) (zh, en string) {
	s, known := problems[code]
	if !known {
		return code, code
	}
	return s.with(params)
}

// ProblemCodes returns every code that Problem has sentences for.
func ProblemCodes() []string {
	codes := make([]string, 0, len(problems))
	for code := range problems {
		codes = append(codes, code)
	}
	return codes
}

var problems = map[string]sentence{
	// Who is asking, and for what.
	"UNAUTHENTICATED": {"请提供有效的接口密钥。", "Give a valid API key."},
	"DENIED":          {"无权办理此事项。", "You may not do this."},
	"NOT_FOUND":       {"没有找到，或无权查看。", "Not found, or not yours to see."},
	"NO_SUCH_PATH":    {"没有这个接口。", "There is no such path or method."},
	"TOO_MANY":        {"请求过于频繁，请稍后再试。", "Too many requests; try again later."},
	"BUSY":            {"服务繁忙，请稍后重试。", "The service is busy; try again."},
	"NOT_READY":       {"服务尚未就绪。", "The service is not ready."},
	"INTERNAL":        {"服务内部出错，已记录；没有任何内容被改变。", "An internal error was recorded; nothing was changed."},
	"CONTENT_DAMAGED": {"存储的内容与其摘要不符，已停止输出。", "Stored content does not have its digest; nothing was given out."},

	// The body as a whole.
	"BODY_BROKEN":            {"请求内容不是完整的 JSON 或表单。", "The body is not complete JSON or form data."},
	"BODY_TOO_LARGE":         {"请求内容超过大小限制。", "The body is larger than allowed."},
	"BODY_SLOW":              {"请求内容没有按时传完。", "The body did not arrive in time."},
	"MEDIA_TYPE":             {"不支持这种内容类型。", "This content type is not supported."},
	"NOT_ACCEPTABLE":         {"无法以所要求的格式作答。", "The answer cannot be given in the form asked for."},
	"REQUEST_INVALID":        {"请求内容不符合接口规定。", "The request does not fit the interface."},
	"IDEMPOTENCY_KEY_REUSED": {"这个幂等键已用于另一个请求。", "This Idempotency-Key was used with another request."},
	"DOCUMENT_MISSING":       {"没有收到要核验的文件。", "No document to judge was sent."},

	// Fields.
	"KIND_UNKNOWN":             {"没有这种证照类型。", "There is no such kind of licence."},
	"FIELD_REQUIRED":           {"缺少必填项。", "A required field is missing."},
	"FIELD_UNKNOWN":            {"有未定义的字段。", "There is a field that is not defined."},
	"FIELD_TYPE":               {"字段的数据类型不对。", "The field has the wrong type."},
	"FIELD_FORMAT":             {"字段的格式不对。", "The field has the wrong format."},
	"FIELD_TOO_MANY":           {"数量超过限制。", "There are more than allowed."},
	"FIELD_LENGTH":             {"字段过长或过短。", "The field is too long or too short."},
	"FIELD_VALUE":              {"字段的值不在允许范围内。", "The field's value is not allowed."},
	"USCC_CHECK":               {"统一社会信用代码不正确（校验码不符）。", "The unified social credit code is wrong (check character)."},
	"CITIZEN_ID_CHECK":         {"公民身份号码不正确（校验码不符）。", "The citizen number is wrong (check character)."},
	"LICENCE_ID_CHECK":         {"电子证照标识不正确（校验位不符）。", "The licence identifier is wrong (check character)."},
	"DATE_INVALID":             {"日期不正确，应为 YYYY-MM-DD。", "The date is wrong; write YYYY-MM-DD."},
	"DATE_ORDER":               {"有效期截止日期早于起始日期。", "The validity ends before it begins."},
	"FIELDS_NOT_JSON":          {"照面字段不是完整的 JSON 对象。", "The fields are no complete JSON object."},
	"FIELDS_TOO_LARGE":         {"照面字段内容过大。", "The fields are larger than allowed."},
	"FIELD_TWICE":              {"同一字段出现了两次。", "A field is there twice."},
	"FIELD_CHARACTER":          {"含有不可见字符、控制字符或多余空格（{code}）。", "It holds an invisible or control character, or a stray space ({code})."},
	"FIELD_NOT_PRESENTABLE":    {"此类证照不允许出示该字段。", "This kind does not let that field be shown."},
	"HOLDER_TYPE":              {"此类证照不颁发给这种持证主体。", "This kind is not issued to such a holder."},
	"ISSUER_NOT_ALLOWED":       {"此机构无权颁发这类证照。", "This office may not issue this kind."},
	"NUMBER_FORM":              {"证照编号不符合编号规则。", "The licence number does not follow the kind's rule."},
	"NUMBER_REQUIRED":          {"此类证照须由申请系统给出证照编号。", "This kind needs a licence number from the caller."},
	"VALIDITY_TERM":            {"有效期超过此类证照允许的期限。", "The validity is longer than the kind allows."},
	"IDEMPOTENCY_KEY_REQUIRED": {"缺少幂等键 Idempotency-Key。", "The Idempotency-Key is missing."},
	"IDEMPOTENCY_KEY_LENGTH":   {"幂等键过长。", "The Idempotency-Key is too long."},
	"GLYPH_MISSING":            {"字库缺少字符“{char}”（{code}），不能印制。", "The font has no glyph for “{char}” ({code}); the licence cannot be printed."},
	"FIELD_TOO_LONG_FOR_FACE":  {"内容过长，证面排不下。", "The text is too long for the face."},

	// States.
	"ENROLMENT_TOKEN":           {"登记令牌无效、已使用或已过期。", "The enrolment token is unknown, used or expired."},
	"ACTION_UNKNOWN":            {"有未定义的权限。", "There is an action that does not exist."},
	"CLIENT_CERTIFICATE_NEEDED": {"请以客户端证书连接。", "Connect with a client certificate."},
	"CSR_INVALID":               {"证书请求不是完整、规范的 PKCS#10。", "The certificate request is not one whole, canonical PKCS#10."},
	"CSR_CURVE":                 {"证书请求的密钥不在此类证书要求的曲线上。", "The request's key is not on the curve that this profile takes."},
	"CSR_POINT":                 {"证书请求的公钥不是曲线上的点。", "The request's public key is not a point on its curve."},
	"CSR_WEAK_KEY":              {"证书请求的私钥为人所知，不能使用。", "The private key of this public key is known to everybody."},
	"CSR_SIGNATURE":             {"证书请求的自签名不正确。", "The request's own signature does not verify."},
	"KEY_USED":                  {"这个密钥已签发过证书，请换新的密钥。", "This key was certified before; make a new one."},
	"CERTIFICATE_NAME":          {"名称不符合此类证书的规则。", "A name is not allowed by the profile."},
	"CERTIFICATE_EXTENSION":     {"此类证书不允许所请求的扩展项。", "An extension is not allowed by the profile."},
	"CERTIFICATE_REVOKED":       {"证书已经撤销。", "The certificate is revoked already."},
	"CERTIFICATE_MISMATCH":      {"证书与密钥或签发者不符。", "The certificate does not belong to its key or its issuer."},
	"REVOCATION_REASON":         {"撤销原因不在允许范围内。", "The reason for revoking is not one that is taken."},
	"PROFILE_UNKNOWN":           {"没有这种证书模板，或不在此签发。", "There is no such profile, or it is not issued here."},
	"AUTHORITY_CONSTRAINT":      {"签发机构现在不能签发这种证书。", "The authority may not issue that kind of certificate now."},
	"LINT_FAILED":               {"证书未通过签发前检查，没有签发。", "The certificate would not pass its checks and was not signed."},
	"LINT":                      {"未通过检查 {lint}（{clause}）。", "Check {lint} ({clause}) failed."},
	"NO_KEY_SERVICE":            {"密钥服务不保管加密密钥。", "The key holder keeps no encryption keys."},
	"SIGNING_STOPPED":           {"两种密码实现的结果不一致，已停止签发，等待人工查明。", "Two implementations disagreed: signing is stopped until a person has looked."},
	"CLOCK_WRONG":               {"系统时钟回退，已停止签发。", "The clock went back; nothing is issued."},
	"KEY_QUOTA":                 {"密钥的使用次数已达上限。", "The key has used up its quota."},
	"KEY_STATE":                 {"密钥的当前状态不允许此操作。", "The key's state does not allow this."},
	"TWO_PEOPLE":                {"此事须由一人提出、另一人批准。", "This is to be proposed by one person and approved by another."},
	"SAME_PERSON":               {"提出人不能自己批准。", "Who proposed it cannot approve it."},
	"ACT_UNKNOWN":               {"没有这种事项。", "There is no such act."},
	"ACT_DETAIL":                {"事项的内容不符合规定。", "The details of the act cannot be read."},
	"SIGNER_AWAY":               {"签名进程没有应答，请稍后再试。", "The signer process does not answer; try again later."},
	"SIGNER_FORBIDS":            {"签名进程未被授权执行此操作。", "The signer process was not started to do that."},
	"KEY_IN_USE":                {"该密钥正在使用，请先更新服务证书或更替签发机构。", "This key is in use; renew the service or roll the authority over first."},
	"PROPOSALS_FULL":            {"待审批的提议过多，请先处理。", "Too many proposals wait; decide some first."},
	"PROPOSAL_EXPIRED":          {"提议已过期。", "The proposal has expired."},
	"NO_SEAL":                   {"颁发机构没有可用的电子印章。", "The issuing office has no seal in use."},
	"SEAL_NOT_USABLE":           {"印章当前状态不能用印，或不在有效期内。", "The seal is not in use, or not valid now."},
	"REPORT_SEAL":               {"未配置核验报告所用的印章，也未在请求中指明。", "No seal is configured for reports, and none was named."},
	"SEAL_NOT_AUTHORISED":       {"没有对此事项的用印授权，或授权已用尽、已到期。", "No authorisation covers this use of the seal, or it is used up or over."},
	"SEAL_TRANSITION":           {"印章当前状态不能这样变更。", "The seal's state does not lead to that one."},
	"SEAL_SAME_PERSON":          {"申请、核准、制作须由不同的人办理，也不能为自己授权用印。", "Applying, approving and making are for different people, and nobody authorises themselves."},
	"SEAL_SPEC":                 {"印章的名称、类型、尺寸或图样不符合规定。", "The seal's name, type, size or picture is not allowed."},
	"SEAL_TEXT":                 {"印文含有无法刻制的字符，或字数不合规定。", "A text on the seal has a character that cannot be drawn, or too many or too few."},
	"SEAL_FILING":               {"备案编号不符合规定。", "The number of the record is not of an allowed form."},
	"SEAL_FILING_TAKEN":         {"这个备案编号已属于另一枚印章。", "Another seal is recorded under that number."},
	"SEAL_AUTHORISATION":        {"用印授权的事项、对象、期限或次数不符合规定。", "The authorisation's matter, receiver, period or limit is not allowed."},
	"SEALING_REQUEST":           {"用印请求不完整、自相矛盾或过大。", "The request to seal is incomplete, contradicts itself or is too large."},
	"SEALING_PROFILE":           {"没有这种签章方式或级别，或此处不提供。", "There is no such profile or level, or it is not offered here."},
	"SEALING_PLACE":             {"印章不能盖在那里：没有这一页或这个签名域，或超出页面。", "The seal cannot go there: no such page or field, or it leaves the page."},
	"SEALING_KEYWORD":           {"文件中没有这个关键字，或没有这么多处。", "The keyword is not in the document, or not so often."},
	"SEALING_REMOTE":            {"所给的摘要状态与增量不相配，或不是本服务的签章增量。", "The hash state and the revision do not fit each other, or are no seal of ours."},
	"SEALING_UNPREPARED":        {"没有这个待完成的签章，或已过时限。", "Nothing was prepared under this number, or it is too late."},
	"SEALING_COMPLETED":         {"这个签章已经完成，不能再取。", "This was completed before."},
	"SEALING_JUDGED":            {"盖章后的文件未通过本服务自己的验证，没有发出；文件中原有的签名可能无效。", "Our own verifier refused the sealed document, which never left; a signature in it may be invalid."},
	"DOCUMENT_UNKNOWN":          {"没有这份文件。", "There is no such document."},
	"DOCUMENT_UNFIT":            {"这份文件不能盖章。", "The document cannot be sealed."},
	"DOCUMENT_CERTIFIED":        {"文件已被认证签名，不允许这样的变更。", "A certification of the document forbids this."},
	"DOCUMENT_SIGNED":           {"文件带有签名，重新生成会毁掉签名。", "The document carries a signature, which making it anew would destroy."},
	"DOCUMENT_PASSWORD":         {"文件已加密，需要口令，或口令不对。", "The document is encrypted; its password is missing or wrong."},
	"DOCUMENT_UNSAFE":           {"文件含有不予接收的内容。", "The document holds what is never let in."},
	"DOCUMENT_LIMIT":            {"文件的大小、页数或处理所需超出限制。", "The document exceeds a limit of size, pages or effort."},
	"DOCUMENT_MALFORMED":        {"文件已损坏、不是 PDF，或可有两种读法。", "The document is damaged, no PDF, or can be read in two ways."},
	"DOCUMENT_UNSUPPORTED":      {"不支持这种图像、加密方式或文字。", "This form of image or encryption, or a character, is not supported."},
	"JOINT_TURN":                {"尚未轮到本机关用印，或本机关已用印。", "It is another office's turn, or this one has sealed."},
	"JOINT_CLOSED":              {"这份联合签发已完成、已放弃或已过期。", "The joint sealing is complete, given up or too old."},
	"JOINT_PARTIES":             {"联合签发的机关数量不符合规定，或有重复。", "The parties of the joint sealing are too few, too many or twice there."},
	"IDENTIFIER_TAKEN":          {"电子证照标识已被占用。", "The licence identifier is taken."},
	"STATE_MOVED":               {"当前状态不允许此操作，或已被他人改变。", "The state does not allow this, or somebody changed it meanwhile."},
	"PACKAGE_CONFLICT":          {"已有同号而内容不同的档案包。", "A package of that number with other content is there."},
	"NO_SUCH_PAGE":              {"没有这个页面。", "There is no such page."},
	"CODE_UNKNOWN":              {"没有查到这张证照，请核对二维码来源。", "No licence has this code; check where the code comes from."},
	"TOKEN_UNKNOWN":             {"亮证码无效。", "The code is not valid."},
	"TOKEN_USED":                {"亮证码已使用过，请持证人重新出示。", "The code was used before; ask the holder to show a new one."},
	"REASON_REQUIRED":           {"请说明理由。", "Give a reason."},
	"REASON_LENGTH":             {"理由过长。", "The reason is too long."},
	"REASON_CHARACTER":          {"理由中含有不可见字符或控制字符。", "The reason holds an invisible or control character."},
	"STATUS_TRANSITION":         {"证照当前状态不能这样变更。", "The licence's status does not change to that one."},
	"NOT_YET":                   {"证照尚未签发完成。", "The licence is not issued yet."},
	"CASE_CLOSED":               {"此办件已核验，不能再变更。", "The case is checked already and takes no more."},
	"ITEM_TAKEN":                {"此项证明已有另一份承诺。", "Another commitment stands for that item."},
	"NO_COMMITMENT":             {"此办件没有可核验的承诺。", "The case has no commitment to check."},
	"PACKAGE_INVALID":           {"归档内容不能打包：文件名、数量或大小不符合规定。", "The deposit cannot be packed: a name, the number or the size of its files."},
	"TOKEN_EXPIRED":             {"亮证码已过期，请持证人重新出示。", "The code is over; ask the holder to show a new one."},
}
