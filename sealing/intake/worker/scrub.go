package worker

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

// maxDirect bounds objects nested in one another without references; pdfcpu's own parser stops earlier.
const maxDirect = 200

// scrubber walks everything that a document's catalog and information dictionary reach, once, page by page first so that findings
// can name a page, and takes out what is not let in. Every decision rests on the object itself, not on where it hangs: what is
// reached by any way at all has been looked at.
type scrubber struct {
	input int
	note  func(Finding)

	x      *model.XRefTable
	seen   map[int]sight
	pageOf map[int]int    // pages by object number; nodes of the page tree are page 0
	queue  []visit        // objects of the part at work
	later  []visit        // objects that are no part of one page
	gone   []types.Object // what was taken out: what hangs on that alone goes with it
	page   int
	object int
}

// sight is how an object was looked at.
type sight uint8

const (
	asNames sight = 1 + iota // its keys are names that the file chose, as of fonts in /Resources
	asKeys                   // its keys mean what the standard says; this includes all that is looked for in names
)

type visit struct {
	object int
	as     sight
}

// chosen are keys whose dictionary has names of the file's own choice for keys.
var chosen = map[string]bool{
	"Font": true, "XObject": true, "ExtGState": true, "ColorSpace": true, "Pattern": true, "Shading": true, "Properties": true,
	"CharProcs": true, "Dests": true, "RoleMap": true, "ClassMap": true, "Colorants": true, "N": true, "R": true, "D": true,
}

func (s *scrubber) scrub(ctx *model.Context) error {
	s.x, s.seen, s.pageOf = ctx.XRefTable, map[int]sight{}, map[int]int{}
	root, err := s.x.Catalog()
	if err != nil {
		return fmt.Errorf("finding the catalog: %w", err)
	}
	if root == nil || s.x.Root == nil {
		return errors.New("finding the catalog: there is none")
	}
	s.object = s.x.Root.ObjectNumber.Value()
	if err := s.layers(root); err != nil {
		return err
	}
	pages, err := s.pages(root["Pages"])
	if err != nil {
		return err
	}
	for i, nr := range pages {
		s.page, s.queue = i+1, append(s.queue, visit{nr, asKeys})
		if err := s.run(); err != nil {
			return err
		}
	}
	s.later = append(s.later, visit{s.x.Root.ObjectNumber.Value(), asKeys})
	s.page, s.queue, s.later = 0, s.later, nil
	if s.x.Info != nil {
		s.queue = append(s.queue, visit{s.x.Info.ObjectNumber.Value(), asKeys})
	}
	for len(s.queue) > 0 {
		if err := s.run(); err != nil {
			return err
		}
		s.queue, s.later = s.later, nil
	}
	return s.unreached(ctx)
}

// pages lists the pages' object numbers in order. A tree that is no tree is refused.
func (s *scrubber) pages(o types.Object) ([]int, error) {
	var list []int
	stack := []types.Object{o}
	for len(stack) > 0 {
		o := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		ref, ok := o.(types.IndirectRef)
		if !ok {
			return nil, errors.New("page tree: a node is not a reference")
		}
		nr := ref.ObjectNumber.Value()
		if _, twice := s.pageOf[nr]; twice {
			return nil, fmt.Errorf("page tree: object %d hangs in it twice", nr)
		}
		s.pageOf[nr] = 0
		d, err := s.x.DereferenceDict(ref)
		if err != nil {
			return nil, fmt.Errorf("page tree: object %d: %w", nr, err)
		}
		kids, err := s.x.DereferenceArray(d["Kids"])
		if err != nil {
			return nil, fmt.Errorf("page tree: object %d: %w", nr, err)
		}
		if kids == nil {
			list = append(list, nr)
			s.pageOf[nr] = len(list)
			continue
		}
		for _, k := range slices.Backward(kids) {
			stack = append(stack, k)
		}
	}
	return list, nil
}

func (s *scrubber) run() error {
	for len(s.queue) > 0 {
		v := s.queue[len(s.queue)-1]
		s.queue = s.queue[:len(s.queue)-1]
		nr := v.object
		if s.seen[nr] >= v.as {
			continue
		}
		s.seen[nr] = v.as
		entry, ok := s.x.FindTableEntryLight(nr)
		if !ok || entry.Free {
			continue
		}
		o, err := s.x.Dereference(*types.NewIndirectRef(nr, 0))
		if err != nil {
			return fmt.Errorf("object %d: %w", nr, err)
		}
		s.object = nr
		changed, err := s.value(o, v.as, 0)
		if err != nil {
			return err
		}
		if a, ok := changed.(types.Array); ok {
			entry.Object = a
		}
	}
	return nil
}

// value scrubs a value in place; only arrays come back as another value.
func (s *scrubber) value(o types.Object, as sight, depth int) (types.Object, error) {
	if depth > maxDirect {
		return nil, fail(FailLimit, fmt.Errorf("object %d: nested deeper than %d", s.object, maxDirect))
	}
	switch o := o.(type) {
	case types.IndirectRef:
		s.reach(visit{o.ObjectNumber.Value(), as})
	case types.Dict:
		return o, s.dict(o, as, depth)
	case types.StreamDict:
		return o, s.stream(o.Dict, depth)
	case *types.StreamDict:
		return o, s.stream(o.Dict, depth)
	case types.Array:
		return s.array(o, depth)
	}
	return o, nil
}

func (s *scrubber) reach(v visit) {
	if n, tree := s.pageOf[v.object]; tree && s.page != 0 && n != s.page {
		s.later = append(s.later, v)
		return
	}
	s.queue = append(s.queue, v)
}

func (s *scrubber) stream(d types.Dict, depth int) error {
	if _, ok := d["F"]; ok {
		return s.refuse(FailUnsafe, CodeExternalStream, "a stream's data lies in another file")
	}
	return s.dict(d, asKeys, depth)
}

func (s *scrubber) array(a types.Array, depth int) (types.Object, error) {
	kept := a[:0:0]
	for _, o := range a {
		code, err := s.forbidden(o)
		if err != nil {
			return nil, err
		}
		if code != "" {
			s.gone = append(s.gone, o)
			s.found(code, "")
			continue
		}
		o, err := s.value(o, asKeys, depth+1)
		if err != nil {
			return nil, err
		}
		kept = append(kept, o)
	}
	return kept, nil
}

func (s *scrubber) dict(d types.Dict, as sight, depth int) error {
	if err := s.refusals(d); err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(d)) {
		o := d[key]
		code := ""
		if as == asKeys {
			code = entry(d, key)
		}
		var err error
		if code == "" {
			code, err = s.forbidden(o)
		}
		if err != nil {
			return err
		}
		if code != "" {
			delete(d, key)
			s.gone = append(s.gone, o)
			s.found(code, "")
			continue
		}
		if layer, err := s.layer(o); err != nil {
			return err
		} else if layer { // named in /Properties: marked content without a layer
			d[key] = types.NewDict()
			s.gone = append(s.gone, o)
			s.found(CodeOptionalContent, key)
			continue
		}
		if ref, ok := o.(types.IndirectRef); ok && s.page != 0 && (key == "Parent" || key == "P") {
			s.later = append(s.later, visit{ref.ObjectNumber.Value(), asKeys}) // a field's or page's parent belongs to more than one page
			continue
		}
		below := asKeys
		if as == asKeys && chosen[key] {
			below = asNames
		}
		if d[key], err = s.value(o, below, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// entry says why an entry of a dictionary has to go, "" when it may stay.
func entry(d types.Dict, key string) string {
	switch key {
	case "OpenAction":
		return CodeOpenAction
	case "AA":
		return CodeAdditionalActions
	case "JavaScript", "JS":
		return CodeJavaScript
	case "OCProperties", "OC":
		return CodeOptionalContent
	case "Alternates", "OPI":
		return CodeAlternateImage
	case "Perms":
		return CodeUsageRights
	case "DSS":
		return CodeEvidence
	case "Requirements":
		return CodeRequirements
	case "Collection":
		return CodeCollection
	case "NeedAppearances":
		return CodeNeedAppearances
	case "Ref": // of a form XObject (ISO 32000-2, 8.10.4), not of a structure element
		if name(d["Subtype"]) == "Form" {
			return CodeReference
		}
	}
	return ""
}

// forbidden tells actions and annotations that are taken out wherever they hang.
func (s *scrubber) forbidden(o types.Object) (string, error) {
	if ref, ok := o.(types.IndirectRef); ok {
		var err error
		if o, err = s.x.Dereference(ref); err != nil {
			return "", fmt.Errorf("object %d: %w", ref.ObjectNumber.Value(), err)
		}
	}
	d, ok := o.(types.Dict)
	if !ok {
		return "", nil
	}
	kind, err := s.name(d, "Type")
	if err != nil {
		return "", err
	}
	if kind == "" || kind == "Action" {
		verb, err := s.name(d, "S")
		if err != nil || actions[verb] != "" {
			return actions[verb], err
		}
	}
	if kind == "" || kind == "Annot" {
		subtype, err := s.name(d, "Subtype")
		if err != nil || multimedia[subtype] {
			return CodeMultimediaAnnotation, err
		}
	}
	return "", nil
}

// actions that are taken out, by /S (ISO 32000-2, table 201). Links within the file and to web addresses stay.
var actions = map[string]string{
	"JavaScript": CodeJavaScript, "Launch": CodeLaunch, "GoToR": CodeGoToRemote, "GoToE": CodeGoToEmbedded,
	"SubmitForm": CodeSubmitForm, "ImportData": CodeImportData, "ResetForm": CodeResetForm,
	"Hide": CodeHide, "SetOCGState": CodeHide, "Trans": CodeHide,
	"Movie": CodeMultimediaAction, "Sound": CodeMultimediaAction, "Rendition": CodeMultimediaAction,
	"GoTo3DView": CodeMultimediaAction, "RichMediaExecute": CodeMultimediaAction, "Thread": CodeGoToRemote, "GoToDp": CodeGoToRemote,
}

var multimedia = map[string]bool{"Screen": true, "Movie": true, "Sound": true, "3D": true}

func (s *scrubber) found(code, detail string) {
	s.note(Finding{Code: code, Input: s.input, Object: s.object, Page: s.page, Detail: clip(detail)})
}

func (s *scrubber) refuse(kind, code, what string) error {
	return &failure{code: kind, finding: &Finding{Code: code, Input: s.input, Object: s.object, Page: s.page},
		err: fmt.Errorf("object %d: %s", s.object, what)}
}

// name reads a name that stands in the dictionary or is referred to.
func (s *scrubber) name(d types.Dict, key string) (string, error) {
	o := d[key]
	if ref, ok := o.(types.IndirectRef); ok {
		var err error
		if o, err = s.x.Dereference(ref); err != nil {
			return "", fmt.Errorf("object %d: %w", ref.ObjectNumber.Value(), err)
		}
	}
	return name(o), nil
}

func name(o types.Object) string {
	if n, ok := o.(types.Name); ok {
		return n.Value()
	}
	return ""
}
