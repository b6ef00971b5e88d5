package changes

import (
	"slices"

	"yinzheng/internal/pdf/cos"
	"yinzheng/internal/pdf/signature"
)

// takes follows every reference below a value that a rule lets in. New objects are explained by the rule; references to what
// was there before have to be allowed. It returns what is wrong, or "". Nothing is settled when something is wrong.
func (s *step) takes(x cos.Value, c Change, allowed func(cos.Ref) (bool, error)) (string, error) {
	seen := map[int]bool{}
	var order []int
	stack := []cos.Value{x}
	for len(stack) > 0 {
		x := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		switch x := x.(type) {
		case cos.Array:
			stack = append(stack, x...)
		case cos.Dict:
			for _, e := range x {
				stack = append(stack, e.Value)
			}
		case cos.Stream:
			stack = append(stack, x.Dict)
		case cos.Ref:
			if seen[x.Num] {
				continue
			}
			seen[x.Num] = true
			if len(seen) > maxClosure {
				return "", signature.ErrLimit
			}
			if !s.fresh[x.Num] {
				ok, err := allowed(x)
				if err != nil {
					return "", err
				}
				if !ok {
					return "it refers to object " + itoa(x.Num) + ", which is older", nil
				}
				continue
			}
			v, err := s.new.Get(x)
			if err != nil {
				return "", err
			}
			order = append(order, x.Num)
			stack = append(stack, v)
		}
	}
	slices.Sort(order)
	for _, num := range order {
		if !s.settled[num] {
			s.explain(num, c.Path, c.Field, c.Rule, c.Level)
		}
	}
	return "", nil
}

// nothing allows no older object.
func nothing(cos.Ref) (bool, error) { return false, nil }

// anything allows every older object: where a reference shows nothing, such as /Data of a signature reference.
func anything(cos.Ref) (bool, error) { return true, nil }

// drawable allows fonts and images that were there before, so that seals can share a picture: they cannot change without
// being reported themselves.
func (s *step) drawable(ref cos.Ref) (bool, error) {
	x, err := s.old.Get(ref)
	if err != nil {
		return false, err
	}
	switch x := x.(type) {
	case cos.Dict:
		return x.Get("Type") == cos.Name("Font"), nil
	case cos.Stream:
		return x.Dict.Get("Subtype") == cos.Name("Image"), nil
	}
	return false, nil
}

// holder judges where a value stands that a rule compares: directly, in the same object as before, or in a new one. An object
// that was there before must be used by parent alone, in one place. It returns what is wrong, or "".
func (s *step) holder(old, now cos.Value, parent int, c Change) string {
	ref, ok := now.(cos.Ref)
	if !ok {
		return ""
	}
	switch {
	case s.fresh[ref.Num]:
		s.explain(ref.Num, c.Path, c.Field, c.Rule, c.Level)
	case old != now:
		return "it refers to object " + itoa(ref.Num) + ", which is older"
	case s.changed[ref.Num]:
		if by, alone := s.set.UsedBy(ref.Num); !alone || by != parent {
			return "object " + itoa(ref.Num) + " has another role as well"
		}
		s.explain(ref.Num, c.Path, c.Field, c.Rule, c.Level)
	}
	return ""
}

// below is the object in which the parts of a value stand: its own, or the one of its parent.
func below(x cos.Value, parent int) int {
	if ref, ok := x.(cos.Ref); ok {
		return ref.Num
	}
	return parent
}

// touched reports whether a value could be different: it is written differently, or its own object was written.
func (s *step) touched(old, now cos.Value) bool {
	if !equal(old, now) {
		return true
	}
	ref, ok := now.(cos.Ref)
	return ok && (s.changed[ref.Num] || s.fresh[ref.Num])
}
