package pdf_test

import (
	"bytes"
	"io"
	"slices"
	"testing"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"

	"yinzheng/internal/pdf"
)

// configuration of the other library, away from the user's files. Its strict mode refuses /AFRelationship in PDF 1.7, where
// PDF/A-3 (ISO 19005-3, 6.8) demands it: hence relaxed.
func configuration() *model.Configuration {
	api.DisableConfigDir()
	c := model.NewDefaultConfiguration()
	c.ValidationMode = model.ValidationRelaxed
	c.Offline = true
	return c
}

// TestAnotherLibraryValidatesOurFiles has pdfcpu parse and validate a face before and after its seals, and extract the
// attachment.
func TestAnotherLibraryValidatesOurFiles(t *testing.T) {
	base := bytesOf(t, face(t))
	f := fieldFor(t, "Seal1", sealPNG(t, 100, true))
	f.MoreSeals = true
	once := sealed(t, base, f)
	twice := sealed(t, once, fieldFor(t, "Seal2", sealPNG(t, 80, false)))
	for name, doc := range map[string][]byte{"unsealed": base, "sealed": once, "sealed twice": twice} {
		conf := configuration()
		ctx, err := api.ReadContext(bytes.NewReader(doc), conf)
		if err != nil {
			t.Fatalf("%s: reading: %v", name, err)
		}
		if err := api.ValidateContext(ctx); err != nil {
			t.Fatalf("%s: validating: %v", name, err)
		}
		if ctx.PageCount != 1 {
			t.Errorf("%s: %d pages", name, ctx.PageCount)
		}
		theirs, err := api.ExtractAttachmentsRaw(bytes.NewReader(doc), "", nil, conf)
		if err != nil {
			t.Fatalf("%s: extracting: %v", name, err)
		}
		file := read(t, doc)
		if len(theirs) != len(file.Attachments()) {
			t.Fatalf("%s: %d attachments, ours %q", name, len(theirs), file.Attachments())
		}
		for _, a := range theirs {
			got, err := io.ReadAll(a)
			if err != nil {
				t.Fatal(err)
			}
			want, err := file.Attachment(a.FileName)
			if err != nil {
				t.Fatalf("%s: %q: %v", name, a.FileName, err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s: %q differs", name, a.FileName)
			}
		}
	}
}

// TestFileRewrittenByAnotherLibraryIsUnsupported: what another program wrote is not read, however valid.
func TestFileRewrittenByAnotherLibraryIsUnsupported(t *testing.T) {
	var out bytes.Buffer
	if err := api.Optimize(bytes.NewReader(bytesOf(t, face(t))), &out, configuration()); err != nil {
		t.Fatal(err)
	}
	_, err := pdf.Read(out.Bytes(), pdf.Limits{})
	if !isRefusal(err) {
		t.Errorf("%v, want a refusal", err)
	}
}

func TestIncrementOfAnotherLibraryIsRefused(t *testing.T) {
	doc := sealed(t, bytesOf(t, face(t)), fieldFor(t, "Seal1", sealPNG(t, 100, true)))
	ctx, err := api.ReadContext(bytes.NewReader(doc), configuration())
	if err != nil {
		t.Fatal(err)
	}
	ctx.Write.Increment = true
	ctx.Write.Offset = ctx.Read.FileSize
	ctx.WriteXRefStream = false
	ctx.Write.IncrementWithObjNr(1)
	var increment bytes.Buffer
	if err := api.WriteIncrement(ctx, &increment); err != nil {
		t.Fatal(err)
	}
	if increment.Len() == 0 {
		t.Fatal("the other library wrote nothing")
	}
	if _, err := pdf.Read(append(slices.Clone(doc), increment.Bytes()...), pdf.Limits{}); !isRefusal(err) {
		t.Errorf("%v, want a refusal", err)
	}
}
