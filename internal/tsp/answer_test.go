package tsp_test

import (
	"bytes"
	"encoding/asn1"
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yinzheng/internal/cms"
	"yinzheng/internal/der"
	"yinzheng/internal/gm"
	"yinzheng/internal/gm/gmtest"
	"yinzheng/internal/tsp"
	"yinzheng/internal/tsp/tsptest"
)

var stamp = tsp.Stamp{Serial: big.NewInt(7), Time: at, Accuracy: 1500*time.Millisecond + 20*time.Microsecond}

// identities are one for each algorithm, and the root of the ECDSA one.
type identities struct {
	sm2, ecdsa gmtest.Leaf
	root       []byte
}

func signers(t testing.TB) identities {
	t.Helper()
	root, ecdsa := tsptest.ECDSA(t)
	return identities{sm2: gmtest.NewCA(t, "示例根").Timestamper(t, "示例时间戳"), ecdsa: ecdsa, root: root}
}

func (i identities) of(q *tsp.Query) gmtest.Leaf {
	if q.ForSM2() {
		return i.sm2
	}
	return i.ecdsa
}

func answer(t testing.TB, q *tsp.Query, by identities) *tsp.Token {
	t.Helper()
	token, err := tsp.Answer(q, stamp, by.of(q).DER, by.of(q).Key)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// judgeReply is what a client does with a reply.
func judgeReply(b []byte, q *tsp.Query, signer []byte) error {
	reply, err := tsp.ParseReply(b)
	if err != nil {
		return err
	}
	if reply.Token == nil {
		return errors.New("no token")
	}
	token, err := reply.Token.SignedBy(signer)
	if err != nil {
		return err
	}
	return token.VerifyAnswer(q)
}

func TestAnswersReadBackAndVerify(t *testing.T) {
	by := signers(t)
	for _, q := range queries() {
		if q.CheckPolicy() != nil {
			continue
		}
		issued := answer(t, &q, by)
		reply, err := tsp.Granted(issued.DER)
		if err != nil {
			t.Fatal(err)
		}
		if err := judgeReply(reply, &q, by.of(&q).DER); err != nil {
			t.Errorf("%+v: %v", q, err)
		}
		token, err := tsp.ParseAny(issued.DER)
		if err != nil {
			t.Fatal(err)
		}
		if (token.Signer != nil) != q.CertReq {
			t.Errorf("certReq %t: signer %v", q.CertReq, token.Signer)
		}
		if !token.Hash.Equal(q.Hash) || token.Imprint != imprint || token.Serial.Int64() != 7 || !token.Time.Equal(at.Truncate(time.Second)) ||
			token.Accuracy != stamp.Accuracy || !token.Policy.Equal(der.AnyPolicy) {
			t.Errorf("read back %+v", token)
		}
		if err := issued.CrossCheck(); err != nil {
			t.Error(err)
		}
	}
}

func TestTheAnswerToSM3IsTheTokenOfASealButForItsAccuracy(t *testing.T) {
	by := signers(t)
	token, err := tsp.Answer(&tsp.Query{Hash: der.SM3, Imprint: imprint[:], CertReq: true},
		tsp.Stamp{Serial: big.NewInt(7), Time: at, Accuracy: tsp.IssuedAccuracy}, by.sm2.DER, by.sm2.Key)
	if err != nil {
		t.Fatal(err)
	}
	if err := judge(token.DER); err != nil {
		t.Error(err)
	}
	issued, err := tsp.Issue(imprint, big.NewInt(7), at, by.sm2.DER, by.sm2.Key)
	if err != nil {
		t.Fatal(err)
	}
	ours, err := cms.Parse(token.DER)
	if err != nil {
		t.Fatal(err)
	}
	seals, err := cms.Parse(issued.DER)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(seals.Attributes, ours.Attributes); diff != "" || !bytes.Equal(ours.Content, seals.Content) {
		t.Errorf("what is signed differs: %s", diff)
	}
}

func TestTokensOfTheProtocolAreNotThoseOfSeals(t *testing.T) {
	by := signers(t)
	for _, q := range []*tsp.Query{
		{Hash: der.SHA256, Imprint: imprint[:], CertReq: true}, {Hash: der.SHA256, Imprint: imprint[:]}, {Hash: der.SM3, Imprint: imprint[:]},
	} {
		token := answer(t, q, by)
		if _, err := tsp.Parse(token.DER); !errors.Is(err, tsp.ErrFormat) {
			t.Errorf("%v, certificate %t: got %v, want ErrFormat", q.Hash, q.CertReq, err)
		}
		if q.ForSM2() {
			continue
		}
		if err := token.Verify(imprint); !errors.Is(err, tsp.ErrImprint) {
			t.Errorf("a digest of SHA-256 taken for one of SM3: %v", err)
		}
	}
}

func TestAnswersToOtherQueriesAreRefused(t *testing.T) {
	by := signers(t)
	other := gm.Sum([]byte("another"))
	q := tsp.Query{Hash: der.SHA256, Imprint: imprint[:], Nonce: big.NewInt(5), CertReq: true}
	token := answer(t, &q, by)
	for name, c := range map[string]struct {
		change func(*tsp.Query)
		want   error
	}{
		"imprint":     {func(q *tsp.Query) { q.Imprint = other[:] }, tsp.ErrImprint},
		"hash":        {func(q *tsp.Query) { q.Hash = der.SM3 }, tsp.ErrImprint},
		"nonce":       {func(q *tsp.Query) { q.Nonce = big.NewInt(6) }, tsp.ErrAnswer},
		"no nonce":    {func(q *tsp.Query) { q.Nonce = nil }, tsp.ErrAnswer},
		"policy":      {func(q *tsp.Query) { q.Policy = asn1.ObjectIdentifier{1, 2, 3} }, tsp.ErrAnswer},
		"certificate": {func(q *tsp.Query) { q.CertReq = false }, tsp.ErrAnswer},
	} {
		changed := q
		c.change(&changed)
		if err := token.VerifyAnswer(&changed); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

func TestATokenWithoutItsCertificateNeedsTheRightOne(t *testing.T) {
	by := signers(t)
	q := &tsp.Query{Hash: der.SHA256, Imprint: imprint[:]}
	token, err := tsp.ParseAny(answer(t, q, by).DER)
	if err != nil {
		t.Fatal(err)
	}
	if err := token.VerifyAnswer(q); !errors.Is(err, tsp.ErrSigner) {
		t.Errorf("without: got %v, want ErrSigner", err)
	}
	_, another := tsptest.ECDSA(t) // the same names and number, another key
	for name, cert := range map[string][]byte{"SM2": by.sm2.DER, "its issuer": by.root, "nothing": nil} {
		if _, err := token.SignedBy(cert); !errors.Is(err, tsp.ErrSigner) {
			t.Errorf("%s: got %v, want ErrSigner", name, err)
		}
	}
	named, err := token.SignedBy(another.DER)
	if err != nil {
		t.Fatal(err)
	}
	if err := named.VerifyAnswer(q); err == nil {
		t.Error("verifies with another key")
	}
}

func TestEveryChangedByteOfAReplyIsRefused(t *testing.T) {
	by := signers(t)
	for _, certReq := range []bool{true, false} {
		q := &tsp.Query{Hash: der.SHA256, Imprint: imprint[:], Nonce: big.NewInt(99), CertReq: certReq}
		reply, err := tsp.Granted(answer(t, q, by).DER)
		if err != nil {
			t.Fatal(err)
		}
		for i := range reply {
			for _, flip := range []byte{0x01, 0x20, 0x80} {
				changed := bytes.Clone(reply)
				changed[i] ^= flip
				granted, err := tsp.ParseReply(changed)
				if judgeReply(changed, q, by.ecdsa.DER) == nil && !(err == nil && granted.Status == 1) { // granted with modifications
					t.Errorf("byte %d ^ %#x verifies", i, flip)
				}
			}
			if judgeReply(reply[:i], q, by.ecdsa.DER) == nil {
				t.Errorf("%d of %d bytes verify", i, len(reply))
			}
		}
	}
}

func TestKeysOfTheOtherAlgorithmDoNotAnswer(t *testing.T) {
	by := signers(t)
	for _, q := range []*tsp.Query{{Hash: der.SM3, Imprint: imprint[:]}, {Hash: der.SHA256, Imprint: imprint[:]}} {
		other := by.sm2
		if q.ForSM2() {
			other = by.ecdsa
		}
		if _, err := tsp.Answer(q, stamp, other.DER, other.Key); !errors.Is(err, tsp.ErrSigner) {
			t.Errorf("%v: got %v, want ErrSigner", q.Hash, err)
		}
	}
	q := &tsp.Query{Hash: der.SM3, Imprint: imprint[:], Policy: asn1.ObjectIdentifier{1, 2, 3}}
	if _, err := tsp.Answer(q, stamp, by.sm2.DER, by.sm2.Key); !errors.Is(err, tsp.ErrPolicy) {
		t.Errorf("got %v, want ErrPolicy", err)
	}
	if _, err := tsp.Answer(&tsp.Query{Hash: der.SM3}, stamp, by.sm2.DER, by.sm2.Key); !errors.Is(err, tsp.ErrQuery) {
		t.Errorf("got %v, want ErrQuery", err)
	}
}
