package verify

import (
	"crypto/ecdsa"
	"errors"
	"fmt"

	"yinzheng/internal/gm"
	"yinzheng/internal/receipt"
)

// ledgerKeys are the keys of a trust file in the form that receipts are verified with.
type ledgerKeys = receipt.Keys

func parseLedgerKeys(t *Trust) (ledgerKeys, error) {
	k := receipt.Keys{Region: t.Region, LogVerifiers: t.LogKeys}
	for i, spki := range t.LedgerKeys {
		pub, err := gm.ParsePublicKey(spki)
		if err != nil {
			return k, fmt.Errorf("ledger_keys[%d]: %w", i, err)
		}
		k.Ledger = append(k.Ledger, pub)
	}
	return k, nil
}

var _ []*ecdsa.PublicKey = receipt.Keys{}.Ledger

func receiptChecks() []Check {
	return []Check{
		{
			Code:    "RECEIPT_FORMAT",
			Endings: can(Pass).or(Warn, "absent").or(Unknown, "absent").or(Fail, ProblemSize, ProblemMalformed), applies: always, run: checkReceiptFormat,
		},
		{
			Code: "RECEIPT_DIGEST", Endings: can(Pass).or(Pass, "alone").or(Fail),
			applies: ofReceipt, needs: []string{"RECEIPT_FORMAT"}, run: checkReceiptDigest,
		},
		{
			Code: "RECEIPT_KIND", Endings: can(Pass).or(Fail),
			applies: ofReceipt, needs: []string{"RECEIPT_FORMAT"}, run: checkReceiptKind,
		},
		{
			Code: "RECEIPT_PROOF", Clause: "RFC 6962, 2.1.1",
			Endings: can(Pass).or(Unknown, "accepted", "state", "future").or(Fail, "format", "region", "promise", "path", "root", "checkpoint", "log"),
			applies: ofReceipt, needs: []string{"RECEIPT_FORMAT", "TRUST_FILE"}, run: checkReceiptProof,
		},
	}
}

func checkReceiptFormat(j *judgement) ending {
	e := j.e.Receipt
	switch {
	case e == nil && j.policy.AcceptNoReceipt:
		return warn("absent")
	case e == nil:
		return unknown("absent")
	case e.Problem != nil:
		return fail(ProblemSize, "limit", count(MaxReceipt>>10))
	}
	r, err := receipt.Parse(e.Bytes)
	if err != nil {
		return fail(ProblemMalformed, "detail", err.Error())
	}
	j.receipt = r
	return pass("state", string(r.State))
}

func checkReceiptDigest(j *judgement) ending {
	says := j.receipt.Entry.Digest
	if j.e.Document == nil && j.e.Outcome == nil {
		return ending{Pass, "alone", pairs([]string{"sm3", says.String()})}
	}
	if is := j.e.Digest(); is.IsZero() || is != says {
		return fail("", "is", is.String(), "says", says.String())
	}
	return pass("sm3", says.String())
}

func checkReceiptKind(j *judgement) ending {
	kind := j.receipt.Entry.Kind
	unread := j.e.Document != nil && j.e.Document.Problem != nil && kind == KindLicence // what it was cannot be told any more
	if j.kind == KindReceipt || kind == j.kind || unread {
		return pass("kind", kind)
	}
	return fail("", "kind", kind, "wanted", j.kind)
}

// checkReceiptProof recomputes everything that the receipt claims. A receipt that is only accepted is the region's promise,
// not yet a proof.
func checkReceiptProof(j *judgement) ending {
	if j.trust.signer == nil {
		return unknown(whyNeeds, "needs", "TRUST_FILE")
	}
	proved, err := j.receipt.Verify(j.trust.ledgerKeys)
	if err != nil {
		return fail(receiptFault(err), "detail", err.Error())
	}
	switch proved {
	case receipt.Accepted:
		return unknown("accepted", "time", when(j.receipt.Promise.Time))
	case receipt.Logged:
	default:
		return unknown("state", "state", string(proved))
	}
	root := j.receipt.Root
	params := []string{"time", when(root.Time), "region", root.Region, "sequence", fmt.Sprint(root.Sequence), "origin", j.receipt.Proof.Origin}
	if j.later(root.Time) {
		return unknown("future", params...)
	}
	return pass(params...)
}

// receiptFault names the step that failed.
func receiptFault(err error) string {
	for _, f := range []struct {
		err error
		why string
	}{
		{receipt.ErrRegion, "region"}, {receipt.ErrPromise, "promise"}, {receipt.ErrPath, "path"}, {receipt.ErrRootSignature, "root"},
		{receipt.ErrCheckpoint, "checkpoint"}, {receipt.ErrLogPath, "log"},
	} {
		if errors.Is(err, f.err) {
			return f.why
		}
	}
	return "format"
}
