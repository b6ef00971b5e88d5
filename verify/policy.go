package verify

import (
	"time"

	"yinzheng/internal/gm"
)

// Policy is what a judge insists on. The zero Policy never says Valid: it has no name, and it accepts nothing less than a
// timestamp and a receipt.
type Policy struct {
	Name string // shown in the report; "" makes every judgement at most Indeterminate

	// Root is the SM3 of the one root certificate that is believed, learned some other way than from the trust file. Zero
	// believes the roots of the trust file and says so with a warning.
	Root gm.Digest

	// Anchors are roots that are believed beside it for signatures with ECDSA and RSA; they make nobody an issuer of licences.
	// Roots of the trust file that are not SM2 are believed by the word of its signer, whatever Root is.
	Anchors *Anchors

	Skew            time.Duration // how far clocks may differ: a time this much in the future still counts as now
	StampDelay      time.Duration // how far a timestamp may be from the time that the signer declared
	MaxStatusAge    time.Duration // how old the status list may be; 0 leaves it to the trust file's own expiry
	AcceptUnstamped bool          // a signature without a timestamp is a warning: the signer's own word for the time
	AcceptNoReceipt bool          // a licence without a receipt is a warning
}

// DefaultPolicy is what the service, the pages and yzverify use: time must be stamped, revocation must be known, a receipt
// is welcome but not needed (the seal alone can prove a licence).
func DefaultPolicy() Policy {
	return Policy{
		Name:            "default",
		Skew:            5 * time.Minute,  // clocks of offices are set by hand now and then
		StampDelay:      10 * time.Minute, // sealing asks for the stamp at once
		AcceptNoReceipt: true,
	}
}
