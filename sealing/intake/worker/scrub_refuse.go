package worker

import (
	"fmt"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

// refusals looks for what cannot be taken out without changing what the document says or destroying its signatures.
func (s *scrubber) refusals(d types.Dict) error {
	_, span := d["ByteRange"]
	_, contents := d["Contents"]
	kind, err := s.name(d, "Type")
	if err != nil {
		return err
	}
	if span && contents || kind == "Sig" || kind == "DocTimeStamp" {
		return s.refuse(FailSigned, CodeSigned, "a signature")
	}
	field, err := s.name(d, "FT")
	if err != nil {
		return err
	}
	if v, ok := d["V"]; ok && field == "Sig" && v != nil {
		return s.refuse(FailSigned, CodeSigned, "a signed field")
	}
	if _, ok := d["XFA"]; ok {
		return s.refuse(FailUnsafe, CodeXFA, "an XFA form")
	}
	subtype, err := s.name(d, "Subtype")
	if err != nil {
		return err
	}
	if subtype == "RichMedia" {
		return s.refuse(FailUnsafe, CodeRichMedia, "a rich media annotation")
	}
	return nil
}

// layer tells an optional content group or membership.
func (s *scrubber) layer(o types.Object) (bool, error) {
	if ref, ok := o.(types.IndirectRef); ok {
		var err error
		if o, err = s.x.Dereference(ref); err != nil {
			return false, fmt.Errorf("object %d: %w", ref.ObjectNumber.Value(), err)
		}
	}
	d, ok := o.(types.Dict)
	if !ok {
		return false, nil
	}
	kind, err := s.name(d, "Type")
	if err != nil {
		return false, err
	}
	if kind == "OCMD" {
		if policy, err := s.name(d, "P"); err != nil {
			return false, err
		} else if _, ve := d["VE"]; ve || policy == "AllOff" || policy == "AnyOff" {
			return false, s.refuse(FailUnsafe, CodeHiddenContent, "content that shows only when a layer is off")
		}
	}
	return kind == "OCG" || kind == "OCMD", nil
}

// layers refuses optional content that is not visible always and for everybody (ISO 32000-2, 8.11.4); what remains is flattened.
func (s *scrubber) layers(root types.Dict) error {
	o, ok := root["OCProperties"]
	if !ok {
		return nil
	}
	props, err := s.x.DereferenceDict(o)
	if err != nil {
		return fmt.Errorf("optional content: %w", err)
	}
	config, err := s.x.DereferenceDict(props["D"])
	if err != nil {
		return fmt.Errorf("optional content: %w", err)
	}
	base, err := s.name(config, "BaseState")
	if err != nil {
		return err
	}
	off, err := s.x.DereferenceArray(config["OFF"])
	if err != nil {
		return fmt.Errorf("optional content: %w", err)
	}
	if base != "" && base != "ON" || len(off) > 0 {
		return s.refuse(FailUnsafe, CodeHiddenContent, "a layer is off when the file is opened")
	}
	groups, err := s.x.DereferenceArray(props["OCGs"])
	if err != nil {
		return fmt.Errorf("optional content: %w", err)
	}
	for _, g := range groups {
		if err := s.group(g); err != nil {
			return err
		}
	}
	return nil
}

// group refuses a layer that is off for print, for viewing or for export, or at some magnifications.
func (s *scrubber) group(o types.Object) error {
	if ref, ok := o.(types.IndirectRef); ok {
		s.object = ref.ObjectNumber.Value()
	}
	g, err := s.x.DereferenceDict(o)
	if err != nil {
		return fmt.Errorf("optional content: %w", err)
	}
	usage, err := s.x.DereferenceDict(g["Usage"])
	if err != nil {
		return fmt.Errorf("optional content: %w", err)
	}
	if _, ok := usage["Zoom"]; ok {
		return s.refuse(FailUnsafe, CodeHiddenContent, "a layer shows only at some magnifications")
	}
	for use, state := range map[string]string{"Print": "PrintState", "View": "ViewState", "Export": "ExportState"} {
		u, err := s.x.DereferenceDict(usage[use])
		if err != nil {
			return fmt.Errorf("optional content: %w", err)
		}
		if v, err := s.name(u, state); err != nil {
			return err
		} else if v == "OFF" {
			return s.refuse(FailUnsafe, CodeHiddenContent, "a layer is off for "+use)
		}
	}
	return nil
}
