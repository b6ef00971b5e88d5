package intake

import "yinzheng/sealing/intake/worker"

// Understand is for fuzzing.
func Understand(b []byte) (*worker.Answer, error) { return understand(b) }

// Pages of what was seen.
func (l *look) Pages() int { return l.pages }

// Survey is for fuzzing.
var Survey = survey
