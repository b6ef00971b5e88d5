package house

import (
	"sync"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/verify"
)

const (
	judgedKept = 256         // reports that wait to be asked for: more than there are seals under way
	judgedLife = time.Second // how long a report on the same bytes is the same report
)

// judged hands the sealer's own judgement of a document on to the service that asked for the seal and judges the same bytes
// right after: once, and only while it is fresh. The zero value is ready.
type judged struct {
	mu      sync.Mutex
	reports map[gm.Digest]verify.Report
}

func (j *judged) put(r verify.Report) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.reports == nil || len(j.reports) >= judgedKept {
		j.reports = make(map[gm.Digest]verify.Report, judgedKept)
	}
	j.reports[r.Document] = r
}

// take returns a fresh report on a document and forgets it.
func (j *judged) take(document gm.Digest, at time.Time) (verify.Report, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	r, there := j.reports[document]
	delete(j.reports, document)
	age := at.Sub(r.At)
	return r, there && age >= 0 && age < judgedLife
}
