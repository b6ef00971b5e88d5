package main

import (
	"bytes"
	"fmt"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

// pdfcpuReserve is the room for the signature, in bytes: as much as ours has without a picture.
const pdfcpuReserve = 6000

// pdfcpuSeal appends an invisible signature with pdfcpu: it reads and validates the file, adds field and signature dictionary,
// writes the increment, hashes the whole with SM3 and signs.
func pdfcpuSeal(doc []byte, k *sm2.PrivateKey) ([]byte, error) {
	conf := model.NewDefaultConfiguration()
	conf.WriteXRefStream, conf.WriteObjectStream = false, false
	ctx, err := api.ReadAndValidate(bytes.NewReader(doc), conf)
	if err != nil {
		return nil, err
	}
	ctx.Write.Increment, ctx.Write.Offset = true, ctx.Read.FileSize
	contents := types.NewHexLiteral(make([]byte, pdfcpuReserve))
	signature, err := ctx.IndRefForNewObject(types.Dict{"Type": types.Name("Sig"), "Filter": types.Name("GM.PKILite"),
		"SubFilter": types.Name("GM.sm2cms.detached"), "Contents": contents,
		"ByteRange": types.Array{types.Integer(0), types.Integer(0), types.Integer(0), types.Integer(0)}})
	if err != nil {
		return nil, err
	}
	page, err := ctx.PageDictIndRef(1)
	if err != nil {
		return nil, err
	}
	field, err := ctx.IndRefForNewObject(types.Dict{"Type": types.Name("Annot"), "Subtype": types.Name("Widget"), "FT": types.Name("Sig"),
		"T": types.StringLiteral("Seal1"), "F": types.Integer(132), "P": *page, "V": *signature,
		"Rect": types.Array{types.Integer(0), types.Integer(0), types.Integer(0), types.Integer(0)}})
	if err != nil {
		return nil, err
	}
	root, err := ctx.Catalog()
	if err != nil {
		return nil, err
	}
	root["AcroForm"] = types.Dict{"Fields": types.Array{*field}, "SigFlags": types.Integer(3)}
	dict, err := ctx.DereferenceDict(*page)
	if err != nil {
		return nil, err
	}
	dict["Annots"] = types.Array{*field}
	for _, ref := range []types.IndirectRef{*ctx.Root, *page, *signature, *field} {
		ctx.Write.IncrementWithObjNr(ref.ObjectNumber.Value())
	}
	out := bytes.NewBuffer(make([]byte, 0, len(doc)+4*pdfcpuReserve))
	out.Write(doc)
	if err := api.WriteIncrement(ctx, out); err != nil {
		return nil, err
	}
	return pdfcpuSign(ctx, out.Bytes(), k)
}

// pdfcpuSign puts the ranges and the signature where pdfcpu left room for them.
func pdfcpuSign(ctx *model.Context, b []byte, k *sm2.PrivateKey) ([]byte, error) {
	start := ctx.Write.OffsetSigContents
	end := start + 2*pdfcpuReserve + 2
	if start <= 0 || end > int64(len(b)) || b[start] != '<' || b[end-1] != '>' {
		return nil, fmt.Errorf("pdfcpu left no room at %d", start)
	}
	copy(b[ctx.Write.OffsetSigByteRange:], fmt.Sprintf("%-36s", fmt.Sprintf("[0 %d %d %d]", start, end, int64(len(b))-end)))
	h := sm3.New()
	h.Write(b[:start])
	h.Write(b[end:])
	signature, err := k.Sign(nil, h.Sum(nil), sm2.DefaultSM2SignerOpts)
	if err != nil {
		return nil, err
	}
	copy(b[start+1:], fmt.Sprintf("%x", signature))
	return b, nil
}
