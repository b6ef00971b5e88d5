package ceremony

import (
	"context"

	"yinzheng/ca"
)

// Certify is OneGo as a region asks for it and takes it in.
func Certify(ctx context.Context, c Config, requests []ca.CARequest) (ca.Certified, error) {
	asked := make([]Request, 0, len(requests))
	for _, q := range requests {
		asked = append(asked, Request{Name: q.Name, CSR: q.CSR})
	}
	made, err := OneGo(ctx, c, asked)
	if err != nil {
		return ca.Certified{}, err
	}
	done := ca.Certified{Root: made.Root, TLSRoot: made.TLSRoot, Authorities: map[string][]byte{}, Lists: map[string][]byte{}}
	for _, s := range made.Signed {
		done.Authorities[s.Name] = s.Certificate
	}
	for _, l := range made.Lists {
		done.Lists[l.Name] = l.Certificate
	}
	return done, nil
}
