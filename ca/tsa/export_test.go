package tsa

import "yinzheng/internal/tsp"

// CrossCheckEvery is how many SM2 tokens go with one second opinion.
const CrossCheckEvery = crossCheckEvery

// WithOpinion exchanges the second implementation for one that a test makes.
func (a *Authority) WithOpinion(opinion func(*tsp.Token) error) *Authority {
	a.opinion = opinion
	return a
}
