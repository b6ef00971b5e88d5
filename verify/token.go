package verify

import (
	"crypto/sha256"
	"encoding/asn1"
	"errors"

	"yinzheng/internal/der"
	"yinzheng/internal/gm"
	"yinzheng/internal/ses"
	"yinzheng/internal/tsp"
)

func tokenDigest(t *tsp.Token) []byte { return t.Imprint[:] }
func verifyToken(t *tsp.Token, imprint []byte) error {
	q := &tsp.Query{Hash: t.Hash, Imprint: imprint, Nonce: t.Nonce, CertReq: true}
	err := t.VerifyAnswer(q)
	if errors.Is(err, tsp.ErrAnswer) {
		q.CertReq = false
		err = t.VerifyAnswer(q)
	}
	return err
}
func imprintOf(id asn1.ObjectIdentifier, v []byte) []byte {
	if id.Equal(der.SHA256) {
		d := sha256.Sum256(v)
		return d[:]
	}
	d := gm.Sum(v)
	return d[:]
}
func versionOf(*ses.Signature) int      { return 4 }
func dialectOf(*ses.Signature) []string { return nil }
