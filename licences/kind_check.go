package licences

import (
	"encoding/json"
	"sort"
	"strconv"
	"strings"

	"yinzheng/internal/codes"
)

const (
	maxHolderName = 200 // characters: 持证主体 of several holders is joined to one text
	maxHolderCode = 64  // characters
	maxOfficeName = 100 // characters
)

func itoa(i int) string { return strconv.Itoa(i) }

// Check judges a licence's fields by the kind's schema. The error is a Refusals with one entry for each failure, in the
// order of the fields, and pointers that begin with /fields; it never repeats a value.
func (k *Kind) Check(fields json.RawMessage) error {
	_, err := k.readFields(fields)
	return err
}

// readFields is Check that also returns what it read.
func (k *Kind) readFields(raw json.RawMessage) (map[string]any, error) {
	fields, err := readFields(raw)
	if err != nil {
		return nil, err
	}
	var r refusals
	if err := k.schema.Validate(fields); err != nil {
		schemaRefusals(&r, "/fields", err)
	}
	checkTexts(&r, "/fields", fields)
	k.sort(r.list)
	return fields, r.err()
}

// sort puts refusals in the order of the fields.
func (k *Kind) sort(list Refusals) {
	order := func(r Refusal) int {
		name, _, _ := strings.Cut(strings.TrimPrefix(r.Pointer, "/fields/"), "/")
		if i, known := k.byName[name]; known {
			return i
		}
		return len(k.Fields)
	}
	sort.SliceStable(list, func(i, j int) bool {
		if a, b := order(list[i]), order(list[j]); a != b {
			return a < b
		}
		if list[i].Pointer != list[j].Pointer {
			return list[i].Pointer < list[j].Pointer
		}
		return list[i].Code < list[j].Code
	})
}

// checkTexts refuses texts with characters that no licence may carry, anywhere in the value.
func checkTexts(r *refusals, at string, value any) {
	switch value := value.(type) {
	case string:
		if bad, found := badRune(value); found {
			r.add(FieldCharacter, at, "code", codePoint(bad))
		}
	case []any:
		for i, one := range value {
			checkTexts(r, at+"/"+itoa(i), one)
		}
	case map[string]any:
		for name, one := range value {
			checkTexts(r, at+pointer(name), one)
		}
	}
}

// CheckLicence judges a whole licence before it is stored: fields, number, holder, office, dates, identifier, and that
// the font has every character that will be printed. The error is a Refusals with everything that is wrong.
func (k *Kind) CheckLicence(l Licence) error {
	_, err := k.admit(l)
	return err
}

// admit is CheckLicence that also returns the licence's values.
func (k *Kind) admit(l Licence) (values, error) {
	var r refusals
	fields, err := k.readFields(l.Fields)
	if err := r.take(err); err != nil {
		return values{}, err
	}
	k.checkHolder(&r, l)
	k.checkNumber(&r, l.Number, l.Holder)
	k.checkIssuer(&r, l)
	k.checkDates(&r, l)
	k.checkIdentifier(&r, l)
	v := values{k, l, fields}
	if len(r.list) == 0 {
		if err := k.checkGlyphs(&r, v); err != nil {
			return values{}, err
		}
	}
	return v, r.err()
}

func (k *Kind) checkHolder(r *refusals, l Licence) {
	checkText(r, "/holder/name", l.Holder.Name, maxHolderName)
	checkText(r, "/holder/code", l.Holder.Code, maxHolderCode)
	allowed := false
	for _, t := range k.Holders {
		allowed = allowed || t == l.Holder.CodeType
	}
	if !allowed {
		r.add(HolderType, "/holder/code_type", "allowed", strings.Join(k.Holders, " "))
		return
	}
	switch l.Holder.CodeType {
	case CodeTypeUSCC:
		if err := codes.CheckUSCC(l.Holder.Code); err != nil {
			addFormat(r, "/holder/code", "uscc", err)
		}
	case CodeTypeCitizen:
		if err := codes.CheckCitizenID(l.Holder.Code); err != nil {
			addFormat(r, "/holder/code", "cn-id", err)
			return
		}
		born, err := codes.BirthDate(l.Holder.Code)
		if issued, dateErr := parseDate(l.IssuedOn); err == nil && dateErr == nil && born.After(issued) {
			r.add(CitizenIDCheck, "/holder/code", "position", "7")
		}
	}
}

// checkText refuses an empty or too long text and characters that no licence may carry.
func checkText(r *refusals, at, s string, limit int) {
	switch n := len([]rune(s)); {
	case n == 0:
		r.add(FieldRequired, at)
	case n > limit:
		r.add(FieldLength, at, "max", itoa(limit))
	default:
		if bad, found := badRune(s); found {
			r.add(FieldCharacter, at, "code", codePoint(bad))
		}
	}
}

func (k *Kind) checkIssuer(r *refusals, l Licence) {
	checkText(r, "/issuer", l.Issuer, maxOfficeName)
	if err := codes.CheckUSCC(l.IssuerCode); err != nil {
		addFormat(r, "/issuer_code", "uscc", err)
		return
	}
	if !k.MayIssue(l.IssuerCode) {
		r.add(IssuerNotAllowed, "/issuer_code")
	}
}

// MayIssue says whether the office with this USCC is one of those that issue the kind.
func (k *Kind) MayIssue(office string) bool {
	for _, code := range k.Issuers {
		if code == office {
			return true
		}
	}
	return len(k.Issuers) == 0
}

func (k *Kind) checkDates(r *refusals, l Licence) {
	if _, err := parseDate(l.IssuedOn); err != nil {
		r.add(DateInvalid, "/issued_on")
		return
	}
	from, to, err := k.Period(l.IssuedOn, l.ValidFrom, l.ValidTo, l.Fields)
	if r.take(err) != nil || err != nil {
		return
	}
	if from != l.ValidFrom || to != l.ValidTo {
		r.add(ValidityTerm, "/valid_to", "max", to)
	}
}

// checkIdentifier holds the identifier against the parts that the licence names itself.
func (k *Kind) checkIdentifier(r *refusals, l Licence) {
	id, err := codes.ParseLicenceID(l.Identifier)
	if err != nil {
		addFormat(r, "/identifier", "licence-id", err)
		return
	}
	if id.Type != k.Code || id.Issuer != l.IssuerCode || l.Kind != k.Code {
		r.add(LicenceIDCheck, "/identifier")
	}
}

// Licence returns the example as a licence of version 1 with a made-up serial and check code, in the first state.
func (e Example) Licence(k *Kind) (Licence, error) {
	from, to, err := k.Period(e.IssuedOn, e.ValidFrom, e.ValidTo, e.Fields)
	if err != nil {
		return Licence{}, err
	}
	id := codes.LicenceID{Type: k.Code, Issuer: e.Issuer.Code, Serial: "EXAMPLE0000000000001", Version: 1}
	return Licence{
		ID: "example", Identifier: id.String(), CheckCode: "EXAMPLE", Kind: k.Code, KindName: k.Name, Number: e.Number,
		Holder: e.Holder, Issuer: e.Issuer.Name, IssuerCode: e.Issuer.Code, Fields: compact(e.Fields), IssuedOn: e.IssuedOn,
		ValidFrom: from, ValidTo: to, State: Issuing, Status: InForce,
	}, nil
}
