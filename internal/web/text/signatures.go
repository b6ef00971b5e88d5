package text

import "yinzheng/verify"

// SignatureKind returns the Chinese and the English name of a kind of signature (verify.SignatureReport.Kind).
func SignatureKind(kind string) (zh, en string) {
	switch kind {
	case verify.SignatureSeal:
		return "电子签章", "Electronic seal"
	case verify.SignatureCMS:
		return "数字签名", "Digital signature"
	case verify.SignaturePAdES:
		return "PAdES 签名", "PAdES signature"
	case verify.SignatureTimestamp:
		return "文档时间戳", "Document timestamp"
	}
	return "签名", "Signature"
}

// TimeBasis says what a signature's time rests on (verify.SignatureReport.TimeBasis).
func TimeBasis(basis string) (zh, en string) {
	switch basis {
	case verify.BasisTimestamp:
		return "时间戳证明", "proved by its timestamp"
	case verify.BasisDocument:
		return "文档时间戳证明", "proved by a document timestamp"
	case verify.BasisReceipt:
		return "存证回执证明", "proved by the receipt"
	}
	return "签署人自述", "the signer's own word"
}

// Level names what a revision after a signature holds (verify.Change.Level).
func Level(level string) (zh, en string) {
	switch level {
	case verify.LevelNone:
		return "没有变更", "nothing"
	case verify.LevelEvidence:
		return "验证证据或文档时间戳", "evidence or a document timestamp"
	case verify.LevelSigning:
		return "其他签章", "another signature"
	case verify.LevelFilling:
		return "填写表单", "filled in forms"
	}
	return "其他变更", "other changes"
}
