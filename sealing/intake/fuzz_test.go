package intake_test

import (
	"context"
	"testing"

	"yinzheng/internal/pdf/cos"
	"yinzheng/sealing/intake"
	"yinzheng/sealing/intake/worker"
)

func FuzzAnswer(f *testing.F) {
	seeds := []string{
		`{"Version":1}`, `{"Version":1,"Pages":3,"Findings":[{"Code":"launch","Object":4,"Page":1}]}`, `{"Version":1,"Failure":"signed","Findings":[{"Code":"signed","Object":7}]}`,
		`{"Version":1,"Failure":"another"}`, `{"Version":1}{}`, `{"Version":1,"More":1}`, ``, `[]`,
	}
	if len(seeds) < 8 {
		f.Fatal("the seeds are gone")
	}
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := intake.Understand(b)
		if (a == nil) == (err == nil) {
			t.Errorf("%v, %v", a, err)
		}
		if a != nil && (a.Version != worker.Version || a.Failure != "") {
			t.Errorf("%+v was taken for done", a)
		}
	})
}

func FuzzSurvey(f *testing.F) {
	seeds := [][]byte{
		document("", ""), document("/OpenAction "+js+" ", ""), document("/OCProperties << /OCGs [6 0 R] /D << >> >> ", "", "<< /Type /OCG /Name (layer) >>"),
		document("", "", stream("/Filter [/FlateDecode /DCTDecode] /Subtype /Image /Width 9 /Height 9 ", deflate([]byte("\xff\xd8")))), face(f, 1), streamed(60),
	}
	if len(seeds) < 6 {
		f.Fatal("the seeds are gone")
	}
	for _, s := range seeds {
		f.Add(s)
	}
	l := small()
	f.Fuzz(func(t *testing.T, b []byte) {
		doc, err := cos.OpenBytes(b, cos.Limits{FileBytes: l.FileBytes, Objects: l.Objects, Decoded: l.Stream})
		if err != nil {
			return
		}
		look, err := intake.Survey(context.Background(), doc, l)
		if err == nil && look.Pages() > l.Pages {
			t.Errorf("%d pages", look.Pages())
		}
	})
}
