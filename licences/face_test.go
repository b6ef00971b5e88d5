package licences_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"yinzheng/licences"
	"yinzheng/verify"
)

// checkURL is what the QR on the faces of tests holds: an address with a code of 128 bits.
const checkURL = "https://zz.example.gov.cn/c/ABCDEFGHIJKLMNOPQRSTUV"

func TestSameLicenceGivesTheSameBytes(t *testing.T) {
	c, err := licences.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range c.All() {
		l := example(t, k)
		a, err := k.Render(l, checkURL)
		if err != nil {
			t.Fatalf("%s: %v", k.Name, err)
		}
		b, err := kindOf(t, k.Code).Render(l, checkURL)
		if err != nil {
			t.Fatalf("%s: %v", k.Name, err)
		}
		if !bytes.Equal(a.PDF, b.PDF) || a.SealPlace != b.SealPlace {
			t.Errorf("%s: two renderings differ", k.Name)
		}
		if a.SealPlace.Page != 1 || a.SealPlace.W != 42 || a.SealPlace.H != 42 {
			t.Errorf("%s: the seal goes to %+v", k.Name, a.SealPlace)
		}
	}
}

func TestFaceCarriesTheLicenceForMachines(t *testing.T) {
	for _, code := range []string{foodKind, estateKind, plainKind} {
		k := kindOf(t, code)
		l := example(t, k)
		face, err := k.Render(l, checkURL)
		if err != nil {
			t.Fatal(err)
		}
		read := verify.Read(verify.Input{Document: face.PDF}).Document
		if read.Problem != nil || read.Data == nil {
			t.Fatalf("%+v", read)
		}
		data, err := verify.ParseData(read.Data.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if data.Metadata.ZZBS != l.Identifier || data.Metadata.ZZLXDM != code {
			t.Errorf("got %+v", data.Metadata)
		}
		if !bytes.Equal(read.Data.Bytes, k.Data(l).Encode()) {
			t.Error("the attachment is not the licence's data")
		}
	}
}

func TestFaceIsNotDrawnForWhatTheKindRefuses(t *testing.T) {
	k := kindOf(t, plainKind)
	l := example(t, k)
	l.Holder.Name = "示例\U0003106c申请人"
	face, err := k.Render(l, checkURL)
	var found licences.Refusals
	if !errors.As(err, &found) || found[0].Code != licences.GlyphMissing || found[0].Pointer != "/holder/name" {
		t.Fatalf("got %v", err)
	}
	if found[0].Params["code"] != "U+3106C" || found[0].Params["char"] != "\U0003106c" || face.PDF != nil {
		t.Errorf("got %+v", found[0])
	}
	l = example(t, k)
	l.Fields = with(t, l.Fields, "statement", strings.Repeat("文", 601))
	if _, err := k.Render(l, checkURL); !errors.As(err, &found) || found[0].Code != licences.FieldLength {
		t.Errorf("got %v", err)
	}
}

func TestAddressTooLongForAQRIsAnError(t *testing.T) {
	k := kindOf(t, plainKind)
	if _, err := k.Render(example(t, k), strings.Repeat("x", 5000)); err == nil {
		t.Error("a QR of 5,000 characters was drawn")
	}
}

func BenchmarkRender(b *testing.B) {
	c, err := licences.Builtin()
	if err != nil {
		b.Fatal(err)
	}
	for _, k := range c.All() {
		l := example(b, k)
		b.Run(strings.ReplaceAll(k.NameEN, " ", "-"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				face, err := k.Render(l, checkURL)
				if err != nil {
					b.Fatal(err)
				}
				b.SetBytes(int64(len(face.PDF)))
			}
		})
	}
}

func BenchmarkCheckLicence(b *testing.B) {
	k := kindOf(b, foodKind)
	l := example(b, k)
	for b.Loop() {
		if err := k.CheckLicence(l); err != nil {
			b.Fatal(err)
		}
	}
}
