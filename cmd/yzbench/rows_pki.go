package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"yinzheng/internal/der"
	"yinzheng/internal/gm"
	"yinzheng/internal/ocsp"
	"yinzheng/internal/tsp"
)

const (
	ocspBatch = 2000 // answers of one turn
	tsaBatch  = 200
	longest   = 16 << 10 // bytes of an answer; a token with its certificate has about 1 KB
)

var errAnswer = errors.New("the answer is not what was asked for")

// asker posts one request again and again.
type asker struct {
	url, mime string
	body      []byte
	http      *http.Client
}

func newAsker(url, mime string, body []byte) *asker {
	return &asker{url, mime, body, &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}}
}

func (a *asker) one(ctx context.Context) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url, bytes.NewReader(a.body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", a.mime)
	res, err := a.http.Do(req)
	if err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(io.LimitReader(res.Body, longest))
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w: %s: %.200s", errAnswer, res.Status, answer)
	}
	return answer, nil
}

// signing is the library's signing over as many bytes, on all cores.
func signing(length int) (func(context.Context, int) error, error) {
	k, _, err := key()
	if err != nil {
		return nil, err
	}
	message := make([]byte, length)
	if _, err := rand.Read(message); err != nil {
		return nil, err
	}
	return func(_ context.Context, n int) error {
		var cores errgroup.Group
		count := runtime.GOMAXPROCS(0)
		for core := range count {
			cores.Go(func() error {
				for i := core; i < n; i += count {
					if err := rawSign(k, message); err != nil {
						return err
					}
				}
				return nil
			})
		}
		return cores.Wait()
	}, nil
}

// statusRow asks for the status of one certificate over HTTP, as browsers and gateways do: without a nonce.
func statusRow(ctx context.Context, l *lab) (*pair, error) {
	w, err := l.open(ctx)
	if err != nil {
		return nil, err
	}
	issuer, err := gm.ParseCertificate(w.Region.Authority().Certificate)
	if err != nil {
		return nil, err
	}
	cert, err := gm.ParseCertificate(w.seal.Signer)
	if err != nil {
		return nil, err
	}
	id, err := ocsp.ID(der.SHA1, issuer, cert.SerialNumber)
	if err != nil {
		return nil, err
	}
	request, err := (&ocsp.Request{IDs: []ocsp.CertID{id}}).Encode()
	if err != nil {
		return nil, err
	}
	a := newAsker(w.url+"/ocsp", "application/ocsp-request", request)
	good := func(answer []byte) error {
		r, err := ocsp.Parse(answer)
		if err != nil {
			return err
		}
		if len(r.Singles) != 1 || r.Singles[0].Status != ocsp.Good {
			return errAnswer
		}
		return r.Verify(issuer, time.Now())
	}
	first, err := a.one(ctx)
	if err != nil {
		return nil, err
	}
	if err := good(first); err != nil {
		return nil, err
	}
	beside, err := signing(len(first))
	if err != nil {
		return nil, err
	}
	return &pair{
		ours: func(ctx context.Context, n int) error {
			return atOnce(ctx, n, func(ctx context.Context) error {
				answer, err := a.one(ctx)
				if err == nil && !bytes.Equal(answer, first) { // signed anew ahead of its end
					err = good(answer)
				}
				return err
			})
		},
		beside: beside, batch: ocspBatch,
	}, nil
}

// stampRow has one digest stamped over HTTP.
func stampRow(ctx context.Context, l *lab) (*pair, error) {
	w, err := l.open(ctx)
	if err != nil {
		return nil, err
	}
	digest := gm.Sum([]byte("yzbench"))
	query, err := tsp.Query{Hash: der.SM3, Imprint: digest[:], CertReq: true}.Encode()
	if err != nil {
		return nil, err
	}
	a := newAsker(w.url+"/tsa", "application/timestamp-query", query)
	granted := func(answer []byte) error {
		reply, err := tsp.ParseReply(answer)
		if err != nil {
			return err
		}
		if reply.Token == nil {
			return errAnswer
		}
		return reply.Token.Verify(digest)
	}
	first, err := a.one(ctx)
	if err != nil {
		return nil, err
	}
	beside, err := signing(len(first) / 3) // the signed attributes' share, generously
	if err != nil {
		return nil, err
	}
	last := first
	return &pair{
		ours: func(ctx context.Context, n int) error {
			return atOnce(ctx, n, func(ctx context.Context) error {
				answer, err := a.one(ctx)
				if err == nil && !bytes.HasPrefix(answer[min(4, len(answer)):], first[4:9]) { // granted
					err = granted(answer)
				}
				return err
			})
		},
		beside: beside, batch: tsaBatch,
		notes: func() ([]string, error) {
			if last, err = a.one(ctx); err != nil {
				return nil, err
			}
			return nil, errors.Join(granted(first), granted(last))
		},
	}, nil
}
