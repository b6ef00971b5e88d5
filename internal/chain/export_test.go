package chain

import "yinzheng/internal/gm"

// Work counts what one search did.
type Work struct{ Steps, Signatures, Comparisons int }

// Measure builds as Build does and says what it took.
func (p *Pool) Measure(leaf *gm.Certificate, o Options) (found bool, w Work) {
	s := search{pool: p, o: o}
	path := s.run(p.member(leaf))
	return path != nil, Work{s.steps, s.signatures, s.comparisons}
}

// Limits of what is read.
const MaxNames = maxNames

// ReadConstraints reads a nameConstraints and counts its subtrees.
func ReadConstraints(b []byte) (*Constraints, error) {
	c, err := parseConstraints(b)
	return (*Constraints)(c), err
}

// Constraints are what ReadConstraints has read.
type Constraints constraints

// Count counts the subtrees.
func (c *Constraints) Count() (permitted, excluded int) {
	for f := range forms {
		permitted += len(c.permitted[f])
		excluded += len(c.excluded[f])
	}
	return permitted, excluded
}

// Refuse holds the names of a subjectAltName against the constraints: the name that is refused, "" for none.
func (c *Constraints) Refuse(alternative []byte) (refused string, err error) {
	names, err := parseAlternative(alternative)
	if err != nil {
		return "", err
	}
	m := &member{names: func() ([]generalName, error) { return names, nil }}
	comparisons := 0
	return (*constraints)(c).refuse(m, &comparisons), nil
}

// ReadAlternative counts the names of a subjectAltName.
func ReadAlternative(b []byte) (int, error) {
	names, err := parseAlternative(b)
	return len(names), err
}

// PermittedOnly are the constraints without the exclusions.
func (c *Constraints) PermittedOnly() *Constraints { return &Constraints{permitted: c.permitted} }
