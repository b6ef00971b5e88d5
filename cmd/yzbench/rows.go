package main

// rows are all rows of this version, cheap ones first.
func rows() []row {
	return []row{
		{
			"sm2.sign", "the library's signing",
			"gm.Sign over 512 bytes; it verifies its own signature before it leaves", higher, signRow,
		},
		{
			"sm2.verify", "the library's verification",
			"gm.Verify over 512 bytes, with its check of the key", higher, verifyRow,
		},
		{
			"face.render/bound", "deflating the same streams once",
			"a whole face: check, lay out, subset the font, draw, attach the data", lower, faceRow,
		},
		{
			"face.render/gopdf", "signintech/gopdf setting the same text in the same font, without frame, QR, data and PDF/A parts",
			"the same whole face", lower, gopdfRow,
		},
		{
			"face.render/fpdf", "go-pdf/fpdf setting the same text in the same font, which it parses each time",
			"the same whole face", lower, fpdfRow,
		},
		{
			"seal.100KB/bound", "SM3 over the sealed file, one SM2 signature, one write of the file",
			"the sealer without the service around it: read the structure, hash, sign and check, write", lower, engineRow(smallDocument),
		},
		{
			"seal.20MB/bound", "SM3 over the sealed file, one SM2 signature, one write of the file",
			"the same with a large annex inside", lower, engineRow(largeDocument),
		},
		{
			"seal.20MB-stored/seal.100KB", "the same sealer, a document of 100 KB at hand, written whole",
			"a document of 20 MB that is stored with its hash state; what is appended is written", lower, storedRow,
		},
		{
			"seal.100KB/pdfcpu", "pdfcpu's increment: read, validate, append, SM3, one SM2 signature; nothing is written",
			"the sealer without the service: an invisible SM2 signature in CMS, the document stored", lower, peerRow(smallDocument, pdfcpuPeer),
		},
		{
			"seal.20MB/pdfcpu", "the same",
			"the same with a large annex inside", lower, peerRow(largeDocument, pdfcpuPeer),
		},
		{
			"seal.100KB/pdfbox", "PDFBox with BouncyCastle, warmed up: load, append, SM3 and SM2 in CMS; nothing is written",
			"the sealer without the service: an invisible SM2 signature in CMS, the document stored", lower, peerRow(smallDocument, pdfBoxPeer),
		},
		{
			"seal.100KB.served/bound", "SM3 over the file, one SM2 signature, one copy of the file",
			"Sealer.Seal in the service: hash, sign, stamp, judge the result in full, write the use log durably", lower, sealRow(smallDocument),
		},
		{
			"seal.20MB.served/bound", "SM3 over the file, one SM2 signature, one copy of the file",
			"the same with a large annex inside", lower, sealRow(largeDocument),
		},
		{
			"verify.pdf.1/bound", "SM3 over the file, and each signature of it and of its chain once",
			"a sealed licence judged in full, with its difference analysis, by a trust file that was read before", lower, judgeRow(false),
		},
		{
			"verify.pdf.1.stranger/bound", "SM3 over the file, and each signature that it and the trust file rest on once",
			"the same as a stranger judges: file and trust file, from bytes", lower, judgeRow(true),
		},
		{
			"verify.pdf.20/verify.pdf.1", "a document of 100 KB with one seal",
			"the same with twenty seals one after another, judged in full", lower, twentyRow,
		},
		{
			"ledger.receipt/bound", "the same hashes and signatures raw",
			"Receipt.Verify, logged: SM3 path, SM2 root, SHA-256 path, Ed25519 checkpoint", lower, receiptRow,
		},
		{
			"ca.issue/bound", "on all cores, the library's signing and one insert in a shared durable commit",
			"Region.IssueSM2 for an office: policy, draft, lints, intent stored, signature, a second SM2 library's opinion, stored", higher, certificateRow,
		},
		{
			"ca.issue/cfssl", "cfssl's own server over HTTP with ECDSA: signs, and keeps, lints and checks nothing",
			"Region.IssueSM2 as above, in this process", higher, cfsslRow,
		},
		{
			"ca.ocsp/bound", "the library's signing on all cores",
			"status answers over HTTP from the pre-signed cache, without a nonce", higher, statusRow,
		},
		{
			"ca.tsa/bound", "the library's signing on all cores",
			"timestamps (SM3, SM2) over HTTP: clock, serial number on disk, signature, read back and verified", higher, stampRow,
		},
		{
			"issue.http/bound", "on all cores, deflating the face, SM3 over the file, three SM2 signatures, one insert in a shared durable commit",
			"licences over HTTP, from request to archive package", higher, issueRow,
		},
	}
}
