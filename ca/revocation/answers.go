package revocation

import (
	"sync"
	"time"

	"yinzheng/internal/ocsp"
)

const (
	// MaxAnswers bounds the status answers that are kept: about 1.2 KB each, so 75 MB. A hash algorithm and a certificate
	// make one answer.
	MaxAnswers = 1 << 16
	// maxKey bounds a request that is looked up as it came, in bytes: one for a single certificate has at most 150.
	maxKey = 256
)

// answer is a signed status answer about one certificate; it is never changed.
type answer struct {
	der   []byte
	epoch uint64    // in which it was last compared with the register
	old   time.Time // when it is made anew: at half its life
	about ocsp.Single
}

// answers keeps status answers by the canonical DER of the request without nonce, which says issuer, serial number and hash
// algorithm. It has two generations: when the young one holds half of the limit, the old one is dropped and the young one
// takes its place; what is asked for again moves to the young one.
type answers struct {
	mu         sync.RWMutex
	half       int
	young, old map[string]*answer
}

func newAnswers(limit int) *answers {
	return &answers{half: limit / 2, young: make(map[string]*answer), old: make(map[string]*answer)}
}

// get returns the answer to a request, nil when none is kept.
func (c *answers) get(request []byte) *answer {
	if len(request) > maxKey {
		return nil
	}
	c.mu.RLock()
	a := c.young[string(request)]
	older := a
	if a == nil {
		older = c.old[string(request)]
	}
	c.mu.RUnlock()
	if a == nil && older != nil {
		c.put(request, older)
	}
	return older
}

// put keeps an answer.
func (c *answers) put(request []byte, a *answer) {
	if len(request) > maxKey {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if there := c.young[string(request)]; there != nil && there.epoch > a.epoch {
		return // another request was served from a later look at the register
	}
	if _, there := c.young[string(request)]; !there && len(c.young) >= c.half {
		c.old, c.young = c.young, make(map[string]*answer, c.half)
	}
	c.young[string(request)] = a
}

// len returns how many answers are kept.
func (c *answers) len() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	n := len(c.young)
	for key := range c.old {
		if c.young[key] == nil {
			n++
		}
	}
	return n
}
