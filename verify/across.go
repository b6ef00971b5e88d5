package verify

import (
	"fmt"
	"slices"
	"time"

	"yinzheng/internal/chain"
	"yinzheng/internal/gm"
)

// Across reads another region's trust file by way of this one, and returns what judges that region's licences for somebody
// who believes this region's roots only: a path must end in one of them, so it leads over a cross-certificate that this
// file or the other one holds, and keeps what that allows. The signer of the other file needs such a path too. What is
// returned is in force while both files are, and revocation lists of both count. Errors as of ParseTrust.
func (t *Trust) Across(other []byte) (*Trust, error) {
	there, err := ParseTrust(other)
	if err != nil {
		return nil, fmt.Errorf("reading another region's trust file: %w", err)
	}
	there.by = t
	there.roots = t.roots // its own anchor nothing: they are reached over a cross-certificate or not at all
	there.authorities = slices.Concat(t.authorities, there.authorities)
	there.crls = slices.Concat(t.crls, there.crls)
	there.pool = chain.New(there.roots, there.authorities, slices.Concat([]*gm.Certificate{there.signer}, there.sealMakers, there.timestampers))
	if t.Issued.After(there.Issued) {
		there.Issued = t.Issued
	}
	if t.Expires.Before(there.Expires) {
		there.Expires = t.Expires
	}
	if err := there.checkSigner(); err != nil {
		return nil, fmt.Errorf("reading the trust file of region %s by way of %s: %w: %w", there.Region, t.Region, ErrTrustSigner, err)
	}
	return there, nil
}

// JudgeAcross judges another region's evidence with that region's trust file, by way of the one of the reader's own region
// (see Trust.Across). With a pinned root, the signers of both files must hang on it.
func (p Policy) JudgeAcross(e Evidence, trust, own []byte, at time.Time) Report {
	home, err := ParseTrust(own)
	if err != nil {
		return p.judge(e, nil, err, at)
	}
	t, err := home.Across(trust)
	return p.judge(e, t, err, at)
}
