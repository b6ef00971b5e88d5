package licences

import (
	"encoding/json"
	"time"
)

// Validity is a kind's rule on how long a licence lasts.
type Validity struct {
	Term   string `json:"term"`   // "none" no end, "free" as asked, "years", "months", "days", or "field"
	Length int    `json:"length"` // of the term, in its unit
	Field  string `json:"field"`  // the date field that ends it, for "field"
}

// Period returns the first and the last day of a licence, YYYY-MM-DD; an empty last day means no end. from may be empty for
// issuedOn, to for what the rule says; a to that the rule does not allow is refused. The error is a Refusals.
func (k *Kind) Period(issuedOn, from, to string, fields json.RawMessage) (validFrom, validTo string, err error) {
	var r refusals
	if from == "" {
		from = issuedOn
	}
	begin, err := parseDate(from)
	if err != nil {
		r.add(DateInvalid, "/valid_from")
	}
	if to != "" {
		if _, err := parseDate(to); err != nil {
			r.add(DateInvalid, "/valid_to")
		} else if to < from {
			r.add(DateOrder, "/valid_to")
		}
	}
	if r.err() != nil {
		return "", "", r.err()
	}
	longest, open := k.Validity.last(begin, fields)
	switch {
	case k.Validity.Term == "free":
		return from, to, nil
	case open && to != "":
		r.add(ValidityTerm, "/valid_to", "max", "")
	case open:
		return from, "", nil
	case to == "":
		to = longest
	case to > longest || k.Validity.Term == "field" && to != longest:
		r.add(ValidityTerm, "/valid_to", "max", longest)
	}
	if to < from {
		r.add(DateOrder, "/valid_to")
	}
	if r.err() != nil {
		return "", "", r.err()
	}
	return from, to, nil
}

// last returns the last day that the rule allows; open is true when there is no end.
func (v Validity) last(begin time.Time, fields json.RawMessage) (day string, open bool) {
	switch v.Term {
	case "years":
		return lastDay(begin, v.Length*12), false
	case "months":
		return lastDay(begin, v.Length), false
	case "days":
		return begin.AddDate(0, 0, v.Length-1).Format(time.DateOnly), false
	case "field":
		var dates map[string]any
		if json.Unmarshal(fields, &dates) == nil {
			if s, isText := dates[v.Field].(string); isText {
				return s, false
			}
		}
		return "", false
	}
	return "", true
}

// lastDay is the day before the same day some months later, or the last day of that month when it is shorter.
func lastDay(begin time.Time, months int) string {
	first := time.Date(begin.Year(), begin.Month()+time.Month(months), 1, 0, 0, 0, 0, time.UTC)
	same := first.AddDate(0, 0, begin.Day()-1)
	if same.Month() != first.Month() {
		return first.AddDate(0, 1, -1).Format(time.DateOnly)
	}
	return same.AddDate(0, 0, -1).Format(time.DateOnly)
}
