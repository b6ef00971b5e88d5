package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"yinzheng/sealing"
	"yinzheng/verify"
)

// judged is a document with what it is judged by.
type judged struct {
	doc    []byte
	trust  []byte
	parsed *verify.Trust
}

func newJudged(ctx context.Context, w *world, doc []byte) (*judged, error) {
	trust, err := w.Trust(ctx)
	if err != nil {
		return nil, err
	}
	parsed, err := verify.ParseTrust(trust)
	return &judged{doc: doc, trust: trust, parsed: parsed}, err
}

// again judges as a verifier does that judges all day: its trust file was read before.
func (j *judged) again() error {
	return accepted(verify.DefaultPolicy().Judge(verify.Read(verify.Input{Document: j.doc}), j.parsed, time.Now()))
}

// stranger judges file and trust file from bytes.
func (j *judged) stranger() error {
	return accepted(verify.Judge(verify.Input{Document: j.doc}, j.trust, time.Now()))
}

func accepted(r verify.Report) error {
	if r.Verdict == verify.Valid {
		return nil
	}
	for _, f := range r.Findings {
		if f.Outcome == verify.Fail || f.Outcome == verify.Unknown {
			return fmt.Errorf("judged %s by %s %v", r.Verdict, f.Code, f.Params)
		}
	}
	return fmt.Errorf("judged %s", r.Verdict)
}

// bound is the file hashed once and each signature verified once.
func (j *judged) bound(signatures []signed) func() error {
	return func() error {
		sm3.Sum(j.doc)
		for _, s := range signatures {
			if err := s.verify(); err != nil {
				return err
			}
		}
		return nil
	}
}

func named(doc []byte, signatures []signed) func() ([]string, error) {
	return func() ([]string, error) {
		var names []string
		for _, s := range signatures {
			names = append(names, s.what)
		}
		return []string{fmt.Sprintf("%d bytes, %d signatures: %s", len(doc), len(signatures), strings.Join(names, ", "))}, nil
	}
}

// judgeRow judges one licence, with the trust file read before or as a stranger does.
func judgeRow(stranger bool) func(context.Context, *lab) (*pair, error) {
	return func(ctx context.Context, l *lab) (*pair, error) {
		w, err := l.open(ctx)
		if err != nil {
			return nil, err
		}
		doc, err := w.issueOne(ctx, fmt.Sprint("judge ", stranger))
		if err != nil {
			return nil, err
		}
		j, err := newJudged(ctx, w, doc)
		if err != nil {
			return nil, err
		}
		all, err := signaturesOf(doc, j.trust)
		if err != nil {
			return nil, err
		}
		if stranger {
			return &pair{ours: each(j.stranger), beside: each(j.bound(all)), notes: named(doc, all)}, nil
		}
		var own []signed // those of the document and of its chain
		for _, s := range all {
			if s.what != "trust file" && !strings.HasPrefix(s.what, "CRL of ") && s.what != "trust signer's certificate" {
				own = append(own, s)
			}
		}
		return &pair{ours: each(j.again), beside: each(j.bound(own)), notes: named(doc, own)}, nil
	}
}

// twenty is how many seals the large row has.
const twenty = 20

// twentyRow judges a document with twenty seals beside one with one.
func twentyRow(ctx context.Context, l *lab) (*pair, error) {
	w, err := l.open(ctx)
	if err != nil {
		return nil, err
	}
	doc, place, err := document(w, smallDocument)
	if err != nil {
		return nil, err
	}
	var one *judged
	for i := range twenty {
		r := sealing.Request{Document: doc, Seal: w.seal.ID, Places: []sealing.Place{place}, By: "yzbench", Office: w.seal.Office}
		if i == 0 {
			r.Certify = 2
		}
		sealed, err := w.Sealer.Seal(ctx, r)
		if err != nil {
			return nil, err
		}
		if doc = sealed.Document; i == 0 {
			if one, err = newJudged(ctx, w, doc); err != nil {
				return nil, err
			}
		}
	}
	all, err := newJudged(ctx, w, doc)
	if err != nil {
		return nil, err
	}
	signatures, err := signaturesOf(one.doc, one.trust)
	if err != nil {
		return nil, err
	}
	var checks []signed // signature and timestamp of each seal: the seal itself is the same
	for _, s := range signatures {
		if s.what == "signature" || s.what == "timestamp" {
			checks = append(checks, s)
		}
	}
	return &pair{
		ours: each(all.again), beside: each(one.again),
		notes: func() ([]string, error) {
			started := time.Now()
			for range twenty {
				for _, s := range checks {
					if err := s.verify(); err != nil {
						return nil, err
					}
				}
			}
			return []string{fmt.Sprintf("%d bytes and %d; the signatures and timestamps of twenty seals alone take %.2f ms",
				len(all.doc), len(one.doc), time.Since(started).Seconds()*1e3)}, nil
		},
	}, nil
}
