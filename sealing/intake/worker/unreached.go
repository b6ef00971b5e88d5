package worker

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

// unreached reports what will not be written: nothing refers to it. What the file's own structure needs is no content.
func (s *scrubber) unreached(ctx *model.Context) error {
	if err := s.taken(); err != nil {
		return err
	}
	for _, nr := range slices.Sorted(maps.Keys(ctx.Table)) {
		entry := ctx.Table[nr]
		if nr == 0 || s.seen[nr] != 0 || entry == nil || entry.Free || ctx.Encrypt != nil && ctx.Encrypt.ObjectNumber.Value() == nr {
			continue
		}
		o, err := s.x.Dereference(*types.NewIndirectRef(nr, 0))
		if err != nil {
			return fmt.Errorf("object %d: %w", nr, err)
		}
		switch o := o.(type) {
		case nil, types.ObjectStreamDict, *types.ObjectStreamDict, types.XRefStreamDict, *types.XRefStreamDict, types.Integer:
			continue // an integer may be a stream's length
		case types.Dict:
			if _, ok := o["Linearized"]; ok {
				continue
			}
		case types.StreamDict:
			if kind := name(o.Dict["Type"]); kind == "ObjStm" || kind == "XRef" {
				continue
			}
		}
		s.object, s.page = nr, 0
		s.found(CodeUnreachable, "")
	}
	return nil
}

// taken marks what hangs on things that were taken out, so that it is not reported once more. A signature among it is not taken
// out silently, as that of /Perms.
func (s *scrubber) taken() error {
	for len(s.gone) > 0 {
		o := s.gone[len(s.gone)-1]
		s.gone = s.gone[:len(s.gone)-1]
		if ref, ok := o.(types.IndirectRef); ok {
			nr := ref.ObjectNumber.Value()
			if s.seen[nr] != 0 {
				continue
			}
			s.seen[nr] = asKeys
			var err error
			if o, err = s.x.Dereference(ref); err != nil {
				return fmt.Errorf("object %d: %w", nr, err)
			}
		}
		if d, ok := o.(types.Dict); ok {
			if err := s.refusals(d); err != nil {
				return err
			}
		}
		switch o := o.(type) {
		case types.Dict:
			s.gone = slices.AppendSeq(s.gone, maps.Values(o))
		case types.StreamDict:
			s.gone = slices.AppendSeq(s.gone, maps.Values(o.Dict))
		case types.Array:
			s.gone = append(s.gone, o...)
		}
	}
	return nil
}
