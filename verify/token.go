package verify

import (
	"errors"

	"yinzheng/internal/gm"
	"yinzheng/internal/tsp"
)

// parseToken reads a token in the one form that this service writes (ours), or in that of another authority. The signer of
// one without certificates is looked for among the listed authorities.
func parseToken(b []byte, listed []*gm.Certificate) (token *tsp.Token, ours bool, err error) {
	if token, err = tsp.ParseAny(b); err == nil {
		ours = true
	} else if token, err = tsp.ParseForeign(b); err != nil {
		return nil, false, err
	}
	for _, c := range listed {
		if token.Signer != nil {
			break
		}
		if named, err := token.SignedBy(c.Raw); err == nil {
			token = named
		}
	}
	if token.Signer == nil {
		return nil, false, errors.New("the token's signer is not in it and not listed")
	}
	return token, ours, nil
}
