package pdf

import (
	"fmt"
	"slices"
)

// newObjects is how many objects a seal adds: soft mask (not always), image, appearance, signature, field.
const newObjects = 5

// readStamp takes a later revision apart, writes what was found anew, and demands the same bytes.
func (d *document) readStamp(r revision) (stamp, error) {
	wrong := func(format string, args ...any) error {
		return &MalformedError{r.start, "a revision that is not a seal: " + fmt.Sprintf(format, args...)}
	}
	if d.permitted == 1 {
		return stamp{}, wrong("the file was certified before, against any change")
	}
	changed := slices.IndexFunc(r.objects, func(o found) bool { return o.num > len(d.objects) })
	added := r.objects[max(changed, 0):]
	if changed != 2 || len(added) != newObjects && len(added) != newObjects-1 {
		return stamp{}, wrong("it changes other objects than a seal does")
	}
	for i, o := range added {
		if o.dict == nil || o.num != len(d.objects)+1+i {
			return stamp{}, wrong("object %d", o.num)
		}
	}
	s, err := d.readImages(added[:len(added)-3])
	if err != nil {
		return s, err
	}
	if err := s.readDicts(d, added[len(added)-2].dict, added[len(added)-1].dict); err != nil {
		return s, wrong("%v", err)
	}
	if err := s.check(d); err != nil {
		return s, wrong("%v", err)
	}
	if first := len(d.seals) == 0; first != (s.permission != 0) {
		return s, wrong("the first seal certifies, and no other")
	}
	got, want := d.b[r.start:r.end], d.increment(&s).bytes
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			return s, &MalformedError{r.start + int64(i), "a seal's revision differs from what its parts make"}
		}
	}
	if len(got) != len(want) {
		return s, &MalformedError{r.start + int64(min(len(got), len(want))), "a seal's revision has another length than its parts make"}
	}
	return s, nil
}

// readImages judges the picture of a seal; there are one or two objects.
func (d *document) readImages(added []found) (s stamp, err error) {
	w := &walker{objects: append(slices.Clip(d.objects), added...), roles: make([]role, len(d.objects)+len(added))}
	image := added[len(added)-1]
	if err := to(imageRole)(w, ref(image.num)); err != nil {
		return s, w.wrong(image.num-1, err)
	}
	s.color = image.object
	if len(added) == 2 {
		if s.color.dict.get("SMask") != ref(added[0].num) {
			return s, w.wrong(image.num-1, fmt.Errorf("its soft mask is not the seal's"))
		}
		s.color.dict = s.color.dict[:len(s.color.dict)-1] // the shape has /SMask at the end
		s.mask = &added[0].object
	}
	return s, nil
}

// readDicts takes the values of signature and field that increment writes; what else they hold, it will miss.
func (s *stamp) readDicts(d *document, sig, field dict) error {
	page, _ := field.get("P").(ref)
	s.page = slices.Index(d.pages, page) + 1
	rect, _ := field.get("Rect").(array)
	if len(rect) != len(s.rect) {
		return fmt.Errorf("/Rect is not a rectangle")
	}
	for i, v := range rect {
		n, ok := real(v)
		if !ok {
			return fmt.Errorf("/Rect is not a rectangle")
		}
		s.rect[i] = n
	}
	s.field, _ = readText(field.get("T"))
	filter, _ := sig.get("Filter").(name)
	subFilter, _ := sig.get("SubFilter").(name)
	s.filter, s.subFilter = string(filter), string(subFilter)
	s.date, _ = sig.get("M").(literal)
	s.signer, _ = readText(sig.get("Name"))
	s.reason, _ = readText(sig.get("Reason"))
	s.location, _ = readText(sig.get("Location"))
	contents, _ := sig.get("Contents").(hexText)
	s.contents = []byte(contents)
	if s.date == "" || len(contents) == 0 {
		return fmt.Errorf("a signature without /M or /Contents")
	}
	return s.readPermission(sig.get("Reference"))
}

// readPermission takes P out of a certification.
func (s *stamp) readPermission(v value) error {
	if v == nil {
		return nil
	}
	references, _ := v.(array)
	if len(references) != 1 {
		return fmt.Errorf("/Reference is not one certification")
	}
	reference, _ := references[0].(dict)
	params, _ := reference.get("TransformParams").(dict)
	p, _ := params.get("P").(integer)
	if p != 1 && p != 2 {
		return fmt.Errorf("a certification with P = %d", p)
	}
	s.permission = int(p)
	return nil
}
