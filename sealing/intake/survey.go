package intake

import (
	"context"

	"yinzheng/internal/pdf/cos"
	"yinzheng/sealing/intake/worker"
)

// look is what a survey saw.
type look struct {
	pages     int
	findings  []Finding // everything that is not let in, whoever may take it out; at most worker.MaxFindings
	reached   []int     // the objects in use that are reached from the trailer, ascending
	unreached int       // the first that is not; 0: none
}

// survey looks at every object in use, measures every stream, and walks what the trailer reaches.
func survey(ctx context.Context, doc *cos.File, l Limits) (*look, error) {
	view := doc.Latest()
	pages, err := view.Pages()
	if err != nil {
		return nil, translate(err)
	}
	if len(pages) > l.Pages {
		return nil, refuse(ErrLimit, "%d pages, at most %d", len(pages), l.Pages)
	}
	m := &measure{doc: doc, view: view, limits: l, left: l.Inflated}
	if err := m.all(ctx); err != nil {
		return nil, err
	}
	s := &surveyor{view: view, seen: map[int]sight{}, pageOf: map[int]int{}, look: &look{pages: len(pages)}}
	for n, p := range pages {
		s.pageOf[p.Ref.Num] = n + 1
	}
	trailer := view.Trailer()
	for _, key := range []cos.Name{"Root", "Info"} {
		if ref, ok := trailer.Get(key).(cos.Ref); ok {
			s.queue = append(s.queue, visit{ref.Num, asKeys})
		}
	}
	if err := s.walk(ctx); err != nil {
		return nil, err
	}
	for num := range view.Numbers() {
		switch {
		case s.seen[num] != 0:
			s.look.reached = append(s.look.reached, num)
		case s.look.unreached == 0:
			s.look.unreached = num
		}
	}
	return s.look, nil
}

// sight is how an object was looked at; the worker's scrubber has the same rule.
type sight uint8

const (
	asNames sight = 1 + iota // its keys are names of the file's own choice
	asKeys                   // its keys mean what the standard says
)

type visit struct {
	object int
	as     sight
}

// surveyor says what of a document is not let in. It knows the same rules as the worker's scrubber, written for another reader, so
// that a mistake of one is seen by the other.
type surveyor struct {
	view   cos.View
	seen   map[int]sight
	pageOf map[int]int
	queue  []visit
	object int
	look   *look
}

func (s *surveyor) walk(ctx context.Context) error {
	for len(s.queue) > 0 {
		v := s.queue[len(s.queue)-1]
		s.queue = s.queue[:len(s.queue)-1]
		if s.seen[v.object] >= v.as {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		s.seen[v.object] = v.as
		slot, ok := s.view.Slot(v.object)
		if !ok {
			continue
		}
		value, err := s.view.Get(cos.Ref{Num: v.object, Gen: slot.Gen})
		if err != nil {
			return translate(err)
		}
		s.object = v.object
		if err := s.value(value, v.as); err != nil {
			return err
		}
	}
	return nil
}

// value looks at a value; how deep it nests is bounded by cos.
func (s *surveyor) value(v cos.Value, as sight) error {
	switch v := v.(type) {
	case cos.Ref:
		s.queue = append(s.queue, visit{v.Num, as})
	case cos.Array:
		for _, e := range v {
			if err := s.value(e, asKeys); err != nil {
				return err
			}
		}
	case cos.Dict:
		return s.dict(v, as)
	case cos.Stream:
		if v.Dict.Get("F") != nil {
			s.found(worker.CodeExternalStream)
		}
		return s.dict(v.Dict.With("Length", nil), asKeys) // a length that stands elsewhere is written in its place
	}
	return nil
}

func (s *surveyor) dict(d cos.Dict, as sight) error {
	code, err := s.kind(d)
	if err != nil {
		return err
	}
	if code != "" {
		s.found(code)
	}
	for _, e := range d {
		if as == asKeys {
			if code := s.key(d, e.Key); code != "" {
				s.found(code)
			}
		}
		below := asKeys
		if as == asKeys && chosen[e.Key] {
			below = asNames
		}
		if err := s.value(e.Value, below); err != nil {
			return err
		}
	}
	return nil
}

func (s *surveyor) found(code string) {
	if len(s.look.findings) < worker.MaxFindings || refused[code] != nil {
		s.look.findings = append(s.look.findings, Finding{Code: code, Object: s.object, Page: s.pageOf[s.object]})
	}
}

// chosen are keys whose dictionary has names of the file's own choice for keys.
var chosen = map[cos.Name]bool{
	"Font": true, "XObject": true, "ExtGState": true, "ColorSpace": true, "Pattern": true, "Shading": true, "Properties": true,
	"CharProcs": true, "Dests": true, "RoleMap": true, "ClassMap": true, "Colorants": true, "N": true, "R": true, "D": true,
}

// keys that are not let in, wherever they stand.
var keys = map[cos.Name]string{
	"OpenAction": worker.CodeOpenAction, "AA": worker.CodeAdditionalActions, "JavaScript": worker.CodeJavaScript, "JS": worker.CodeJavaScript,
	"OCProperties": worker.CodeOptionalContent, "OC": worker.CodeOptionalContent, "Alternates": worker.CodeAlternateImage,
	"OPI": worker.CodeAlternateImage, "Perms": worker.CodeUsageRights, "DSS": worker.CodeEvidence, "Requirements": worker.CodeRequirements,
	"Collection": worker.CodeCollection, "NeedAppearances": worker.CodeNeedAppearances, "XFA": worker.CodeXFA,
}

func (s *surveyor) key(d cos.Dict, key cos.Name) string {
	if key == "Ref" && d.Get("Subtype") == cos.Name("Form") {
		return worker.CodeReference
	}
	return keys[key]
}

// kind judges a dictionary by what it says it is.
func (s *surveyor) kind(d cos.Dict) (string, error) {
	var names [4]cos.Name
	for i, key := range []cos.Name{"Type", "Subtype", "S", "FT"} {
		v, err := s.view.Resolve(d.Get(key))
		if err != nil {
			return "", translate(err)
		}
		names[i], _ = v.(cos.Name)
	}
	kind, subtype, verb, field := names[0], names[1], names[2], names[3]
	_, unsigned := d.Get("V").(cos.Null)
	switch {
	case kind == "Sig", kind == "DocTimeStamp", d.Get("ByteRange") != nil && d.Get("Contents") != nil, field == "Sig" && d.Get("V") != nil && !unsigned:
		return worker.CodeSigned, nil
	case kind == "OCG", kind == "OCMD":
		return worker.CodeOptionalContent, nil
	case subtype == "RichMedia":
		return worker.CodeRichMedia, nil
	case kind == "" || kind == "Action":
		if code := verbs[verb]; code != "" {
			return code, nil
		}
	}
	if (kind == "" || kind == "Annot") && (subtype == "Screen" || subtype == "Movie" || subtype == "Sound" || subtype == "3D") {
		return worker.CodeMultimediaAnnotation, nil
	}
	return "", nil
}

// verbs are the actions that are not let in (ISO 32000-2, table 201).
var verbs = map[cos.Name]string{
	"JavaScript": worker.CodeJavaScript, "Launch": worker.CodeLaunch, "GoToR": worker.CodeGoToRemote, "GoToE": worker.CodeGoToEmbedded,
	"SubmitForm": worker.CodeSubmitForm, "ImportData": worker.CodeImportData, "ResetForm": worker.CodeResetForm,
	"Hide": worker.CodeHide, "SetOCGState": worker.CodeHide, "Trans": worker.CodeHide,
	"Movie": worker.CodeMultimediaAction, "Sound": worker.CodeMultimediaAction, "Rendition": worker.CodeMultimediaAction,
	"GoTo3DView": worker.CodeMultimediaAction, "RichMediaExecute": worker.CodeMultimediaAction,
	"Thread": worker.CodeGoToRemote, "GoToDp": worker.CodeGoToRemote,
}
