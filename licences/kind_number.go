package licences

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"yinzheng/internal/codes"
)

// maxNumberLen bounds a licence number, in characters; 证照编号 holds 128 (standards.md 3.4).
const maxNumberLen = 100

// ErrNoTemplate is returned by MakeNumber for a kind whose numbers come from elsewhere.
var ErrNoTemplate = errors.New("licences: the kind does not say how to number")

// NumberRule says how 证照编号 is written.
type NumberRule struct {
	Rule     string `json:"rule"`     // "pattern", "food" (JY and 14 digits with a check digit) or "holder-code"
	Pattern  string `json:"pattern"`  // RE2, for the rule "pattern"
	Template string `json:"template"` // how MakeNumber writes one: {year}, {date}, {seq:N}, {check}; "" for never
	match    *regexp.Regexp
	parts    []numberPart
}

// numberPart is a literal or one placeholder of a template.
type numberPart struct {
	literal string
	what    string // "", "year", "date", "seq" or "check"
	width   int    // digits of seq
}

var placeholder = regexp.MustCompile(`\{[^{}]*\}`)

// prepare compiles pattern and template.
func (n *NumberRule) prepare() error {
	if n.Pattern != "" {
		match, err := regexp.Compile(n.Pattern)
		if err != nil {
			return fmt.Errorf("compiling pattern: %w", err)
		}
		n.match = match
	}
	rest := n.Template
	for rest != "" {
		at := placeholder.FindStringIndex(rest)
		if at == nil {
			n.parts = append(n.parts, numberPart{literal: rest})
			break
		}
		if at[0] > 0 {
			n.parts = append(n.parts, numberPart{literal: rest[:at[0]]})
		}
		part, err := parsePart(rest[at[0]+1 : at[1]-1])
		if err != nil {
			return err
		}
		n.parts = append(n.parts, part)
		rest = rest[at[1]:]
	}
	return nil
}

func parsePart(s string) (numberPart, error) {
	what, width, _ := strings.Cut(s, ":")
	switch what {
	case "year", "date", "check":
		if width == "" {
			return numberPart{what: what}, nil
		}
	case "seq":
		if n, err := strconv.Atoi(width); err == nil && n >= 1 && n <= 18 {
			return numberPart{what: what, width: n}, nil
		}
	}
	return numberPart{}, fmt.Errorf("no placeholder {%s}: there are {year}, {date}, {seq:1} to {seq:18} and {check}", s)
}

// checkNumber refuses a number that does not follow the rule.
func (k *Kind) checkNumber(r *refusals, number string, h Holder) {
	ok := number != "" && len([]rune(number)) <= maxNumberLen
	switch k.Number.Rule {
	case "food":
		if err := codes.CheckFoodLicenceNumber(number); err != nil {
			addFormat(r, "/number", "food-number", err)
			return
		}
	case "holder-code":
		ok = ok && number == h.Code
	default:
		ok = ok && k.Number.match.MatchString(number)
	}
	if !ok {
		r.add(NumberForm, "/number")
	}
}

// MakeNumber writes the number of the licence with a running number that the caller keeps. issuedOn is YYYY-MM-DD. It
// returns ErrNoTemplate for a kind that does not say how, and an error when seq does not fit.
func (k *Kind) MakeNumber(h Holder, issuedOn string, seq int64) (string, error) {
	if k.Number.Rule == "holder-code" {
		return h.Code, nil
	}
	if len(k.Number.parts) == 0 {
		return "", ErrNoTemplate
	}
	day, err := parseDate(issuedOn)
	if err != nil {
		return "", fmt.Errorf("numbering %s: %w", k.Code, err)
	}
	var b strings.Builder
	for _, p := range k.Number.parts {
		switch p.what {
		case "year":
			b.WriteString(day.Format("2006"))
		case "date":
			b.WriteString(day.Format("20060102"))
		case "seq":
			digits := fmt.Sprintf("%0*d", p.width, seq)
			if seq < 0 || len(digits) > p.width {
				return "", fmt.Errorf("numbering %s: %d does not fit %d digits", k.Code, seq, p.width)
			}
			b.WriteString(digits)
		case "check":
			digit, err := codes.DecimalCheckDigit(strings.TrimLeft(b.String(), "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
			if err != nil {
				return "", fmt.Errorf("numbering %s: %w", k.Code, err)
			}
			b.WriteByte(digit)
		default:
			b.WriteString(p.literal)
		}
	}
	return b.String(), nil
}

// Serial returns a licence number as the 流水号 of an identifier (GB/T 36904): without punctuation, if only 0-9 A-Z are
// left and no more than 32. The second result is false for a number that cannot stand there.
func Serial(number string) (string, bool) {
	var b strings.Builder
	for _, r := range number {
		switch {
		case r >= '0' && r <= '9' || r >= 'A' && r <= 'Z':
			b.WriteRune(r)
		case strings.ContainsRune("-./ ()", r):
		default:
			return "", false
		}
	}
	return b.String(), b.Len() > 0 && b.Len() <= codes.MaxSerialLen
}
