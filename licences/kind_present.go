package licences

import "strings"

// CheckPresentable refuses every name that the kind does not let a holder show, by its place in /fields.
func (k *Kind) CheckPresentable(names []string) error {
	var r refusals
	allowed := k.masks()
	seen := make(map[string]bool)
	for i, name := range names {
		at := pointer("fields", itoa(i))
		if _, ok := allowed[name]; !ok {
			r.add(NotPresentable, at)
		} else if seen[name] {
			r.add(FieldTwice, at)
		}
		seen[name] = true
	}
	return r.err()
}

// Disclose returns the values asked for, in the order of the kind's own list, and nothing else. Values that the kind masks
// are masked for natural persons: their names and codes; a field's mask holds for everyone.
func (k *Kind) Disclose(l Licence, names []string) ([]Item, error) {
	if err := k.CheckPresentable(names); err != nil {
		return nil, err
	}
	fields, err := readFields(l.Fields)
	if err != nil {
		return nil, err
	}
	v := values{k, l, fields}
	asked := make(map[string]bool, len(names))
	for _, name := range names {
		asked[name] = true
	}
	items := make([]Item, 0, len(names))
	for _, p := range k.present {
		if !asked[p.Name] {
			continue
		}
		item := v.item(p.Name)
		if !strings.HasPrefix(p.Name, "holder.") || !l.Holder.organisation() {
			item.Value = mask(p.Mask, item.Value)
		}
		items = append(items, item)
	}
	return items, nil
}

func (k *Kind) masks() map[string]string {
	masks := make(map[string]string, len(k.present))
	for _, p := range k.present {
		masks[p.Name] = p.Mask
	}
	return masks
}

// organisation says whether the holder is a legal person or another organisation.
func (h Holder) organisation() bool {
	return h.CodeType == CodeTypeUSCC || h.CodeType == CodeTypeOrgans
}

// mask hides the middle of a text, or all of it but the first character; short texts lose more than they keep.
func mask(how, s string) string {
	r := []rune(s)
	switch how {
	case "ends":
		if len(r) <= 8 {
			return strings.Repeat("*", len(r))
		}
		return string(r[:4]) + strings.Repeat("*", len(r)-8) + string(r[len(r)-4:])
	case "first":
		if len(r) == 0 {
			return ""
		}
		return string(r[:1]) + strings.Repeat("*", len(r)-1)
	}
	return s
}
