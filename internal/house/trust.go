package house

import (
	"context"
	"fmt"
	"sync"
	"time"

	"yinzheng/ca"
	"yinzheng/internal/gm"
	"yinzheng/licences"
	"yinzheng/verify"
)

const (
	// trustLife is how long a trust file is believed: long enough for a verifier that is offline for a week.
	trustLife = 7 * 24 * time.Hour
	// trustRefresh is how old the file given out may be while nothing changes.
	trustRefresh = time.Hour
	// trustGlance is how long a look at the register is good for: a revocation is published within it.
	trustGlance = time.Second
	// trustSerial names the sequence of trust files in the books.
	trustSerial = "trust"
)

// publisher makes the region's trust file and keeps the newest. A change of any licence's status shows within a second.
type publisher struct {
	house *House

	mu      sync.Mutex
	file    []byte
	parsed  *verify.Trust // of file
	made    time.Time
	looked  time.Time
	content gm.Digest // of the statuses in file
}

// Trust returns the newest trust file.
func (p *publisher) Trust(ctx context.Context) ([]byte, error) {
	file, _, err := p.newest(ctx)
	return file, err
}

// newest returns the newest trust file, also as it was read back.
func (p *publisher) newest(ctx context.Context) ([]byte, *verify.Trust, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.house.cfg.Now().UTC().Truncate(time.Second)
	if p.file != nil && now.Sub(p.looked) < trustGlance && now.Sub(p.made) < trustRefresh {
		return p.file, p.parsed, nil
	}
	out, err := p.house.DB.OutOfForce(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the statuses : %w", err)
	}
	statuses, content := statusesOf(out)
	vouched, crls, err := p.authority(ctx, now)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the authority : %w", err)
	}
	content = digestOf(content, vouched, crls)
	p.looked = now
	if p.file != nil && content == p.content && now.Sub(p.made) < trustRefresh {
		return p.file, p.parsed, nil
	}
	file, err := p.make(ctx, now, statuses, vouched, crls)
	if err != nil {
		return nil, nil, fmt.Errorf("making the trust file : %w", err)
	}
	parsed, err := verify.ParseTrust(file)
	if err != nil {
		return nil, nil, fmt.Errorf("reading our own trust file : %w", err)
	}
	p.file, p.parsed, p.made, p.content = file, parsed, now, content
	return file, parsed, nil
}

func statusesOf(out []licences.Licence) ([]verify.Status, gm.Digest) {
	h := gm.NewHash()
	statuses := make([]verify.Status, 0, len(out))
	for _, l := range out {
		s := verify.Status{Identifier: gm.Sum([]byte(l.Identifier)), Status: string(l.Status), At: l.StatusAt}
		statuses = append(statuses, s)
		fmt.Fprintf(h, "%s %s %d\n", s.Identifier, s.Status, s.At.Unix())
	}
	return statuses, gm.Digest(h.Sum(nil))
}

// authority returns what the region vouches for, and the newest revocation lists of every authority.
func (p *publisher) authority(ctx context.Context, now time.Time) (ca.Vouched, [][]byte, error) {
	vouched, err := p.house.Region.Vouched(now)
	if err != nil {
		return vouched, nil, err
	}
	crls, err := p.house.Region.ImportedLists(now)
	if err != nil {
		return vouched, nil, err
	}
	for _, issuer := range p.house.Region.Issuers() {
		crl, err := p.house.Revoked.CRL(ctx, issuer.Name)
		if err != nil {
			return vouched, nil, err
		}
		crls = append(crls, crl)
	}
	return vouched, crls, nil
}

// digestOf tells one content of a trust file from another.
func digestOf(statuses gm.Digest, v ca.Vouched, crls [][]byte) gm.Digest {
	h := gm.NewHash()
	h.Write(statuses[:])
	for _, list := range [][][]byte{v.Roots, v.Authorities, v.SealMakers, v.Timestampers, v.LedgerKeys, crls} {
		for _, b := range list {
			d := gm.Sum(b)
			h.Write(d[:])
		}
		h.Write([]byte{0})
	}
	return gm.Digest(h.Sum(nil))
}

func (p *publisher) make(ctx context.Context, now time.Time, statuses []verify.Status, vouched ca.Vouched, crls [][]byte) ([]byte, error) {
	r := p.house.Region
	sequence, err := p.house.DB.NextSerial(ctx, trustSerial)
	if err != nil {
		return nil, err
	}
	logKey, err := r.LogVerifier()
	if err != nil {
		return nil, err
	}
	return verify.EncodeTrust(verify.Trust{
		Version: verify.TrustVersion, Region: r.Code(), Name: r.Name(), Sequence: sequence, Issued: now, Expires: now.Add(trustLife),
		Roots: vouched.Roots, Authorities: vouched.Authorities, SealMakers: vouched.SealMakers, Timestampers: vouched.Timestampers,
		LedgerKeys: vouched.LedgerKeys, LogKeys: []string{logKey}, CRLs: crls, StatusAsOf: now, Statuses: statuses,
	}, r.TrustSigner().Certificate, r.TrustSigner().Key)
}
