package intake_test

import (
	"bytes"
	"strings"
	"testing"

	"yinzheng/internal/pdf"
	"yinzheng/internal/pdf/cos"
	"yinzheng/sealing/intake"
)

func face(t testing.TB, pages int) []byte {
	t.Helper()
	b := pdf.New(pdf.Info{Title: "食品经营许可证(示例)"})
	for range pages {
		b.AddPage(210, 297)
		b.Text(105, 60, 24, "食品经营许可证", pdf.TextStyle{Align: pdf.Center})
		b.Text(30, 90, 12, "经营者名称:南宁示例食品有限公司", pdf.TextStyle{})
	}
	b.Attach(pdf.Attachment{Name: "licence.json", MIME: "application/json", Data: []byte(`{"example":true}`)})
	out, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestHonestDocumentComesOutAsOneCleanRevision(t *testing.T) {
	i := newIntake(t, intake.Config{})
	for _, c := range []struct {
		what  string
		in    []byte
		pages int
		codes string
	}{
		{"a plain document", document("", ""), 1, ""},
		{"a face of ours", face(t, 2), 2, "attachment"},
		{"a link within and one to the web", document("", "/Annots [ << /Type /Annot /Subtype /Link /Rect [0 0 9 9] /A << /S /GoTo /D [3 0 R /Fit] >> >> << /Type /Annot /Subtype /Link /Rect [0 0 9 9] /A << /S /URI /URI (https://example.org/) >> >> ] "), 1, ""},
		{"an empty signature field", document("/AcroForm << /Fields [6 0 R] /SigFlags 3 >> ", "/Annots [6 0 R] ", "<< /Type /Annot /Subtype /Widget /FT /Sig /T (seal) /Rect [10 10 90 90] /P 3 0 R /F 4 >>"), 1, ""},
		{"fonts that are called as actions are", renamed("/Font << /F1 5 0 R >>", "/Font << /F1 5 0 R /JS 5 0 R /AA 5 0 R /OC 5 0 R >>"), 1, ""},
	} {
		out, report, err := normalise(t, i, c.in)
		if err != nil {
			t.Errorf("%s: %v", c.what, err)
			continue
		}
		if report.Pages != c.pages || codes(report.Findings) != c.codes {
			t.Errorf("%s: %d pages, findings %v; want %d, %q", c.what, report.Pages, report.Findings, c.pages, c.codes)
		}
		f, err := cos.OpenBytes(out, cos.Limits{})
		if err != nil {
			t.Errorf("%s: %v", c.what, err)
			continue
		}
		revisions := f.Revisions()
		if n := len(revisions); n != 1 || revisions[0].Streamed {
			t.Errorf("%s: %d revisions", c.what, n)
		}
		for n, slot := range revisions[0].Slots {
			if slot.Num != n {
				t.Errorf("%s: object %d stands at place %d: numbers have gaps", c.what, slot.Num, n)
			}
		}
		again, second, err := normalise(t, i, out)
		if err != nil || codes(second.Findings) != c.codes || len(pagesOf(t, again)) != c.pages {
			t.Errorf("%s: once more: %v, %v", c.what, second.Findings, err)
		}
	}
}

func renamed(old, replacement string) []byte {
	return file(
		"<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		strings.Replace("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>", old, replacement, 1),
		stream("", words),
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
	)
}

const js = "<< /S /JavaScript /JS (app.alert\\(1\\)) >>"

func TestWhatActsOrHidesIsTakenOutAndReported(t *testing.T) {
	i := newIntake(t, intake.Config{Limits: small()})
	link := func(action string) string {
		return "/Annots [ << /Type /Annot /Subtype /Link /Rect [0 0 9 9] /A " + action + " >> ] "
	}
	layer := "/OCProperties << /OCGs [6 0 R] /D << /ON [6 0 R] /Order [6 0 R] >> >> "
	for _, c := range []struct {
		what  string
		in    []byte
		codes string
		gone  string
		page  int
	}{
		{"script on opening", document("/OpenAction "+js+" ", ""), "open_action", "JavaScript", 0},
		{"script by name", document("/Names << /JavaScript << /Names [(a) "+js+"] >> >> ", ""), "javascript", "app.alert", 0},
		{"script on a page's opening", document("", "/AA << /O "+js+" >> "), "additional_actions", "/AA", 1},
		{"script behind a link", document("", link(js)), "javascript", "JavaScript", 1},
		{"script behind a link within", document("", link("<< /S /GoTo /D [3 0 R /Fit] /Next "+js+" >>")), "javascript", "JavaScript", 1},
		{"script among the next actions", document("", link("<< /S /GoTo /D [3 0 R /Fit] /Next [ "+js+" << /S /GoTo /D [3 0 R /Fit] >> ] >>")), "javascript", "JavaScript", 1},
		{"program", document("", link("<< /S /Launch /F (calc.exe) >>")), "launch", "calc.exe", 1},
		{"other file", document("", link("<< /S /GoToR /F (a.pdf) /D [0 /Fit] >>")), "goto_remote", "GoToR", 1},
		{"embedded file that leads to itself", document("", link("6 0 R"), "<< /S /GoToE /D [0 /Fit] /T 7 0 R >>", "<< /R /P /T 7 0 R >>"), "goto_embedded", "GoToE", 1},
		{"form sent away", document("", link("<< /S /SubmitForm /F (https://example.org/) >>")), "submit_form", "SubmitForm", 1},
		{"data fetched", document("", link("<< /S /ImportData /F (a.fdf) >>")), "import_data", "ImportData", 1},
		{"hiding", document("", link("<< /S /Hide /T (a) >>")), "hide", "/Hide", 1},
		{"film", document("", "/Annots [ << /Type /Annot /Subtype /Movie /Rect [0 0 9 9] /Movie << /F (a.avi) >> >> ] "), "multimedia_annotation", "Movie", 1},
		{"visible layer", document(layer, "", "<< /Type /OCG /Name (layer) >>"), "optional_content", "OCProperties", 0},
		{"portfolio", document("/Collection << /View /D >> ", ""), "collection", "Collection", 0},
		{"fields redrawn by the reader", document("/AcroForm << /Fields [] /NeedAppearances true >> ", ""), "need_appearances", "NeedAppearances", 0},
		{"loose object with other words", document("", "", stream("", "BT /F1 24 Tf 72 700 Td (Shadow) Tj ET")), "unreachable", "Shadow", 0},
	} {
		out, report, err := normalise(t, i, c.in)
		if err != nil {
			t.Errorf("%s: %v", c.what, err)
			continue
		}
		if got := codes(report.Findings); got != c.codes {
			t.Errorf("%s: findings %q, want %q", c.what, got, c.codes)
			continue
		}
		if f := report.Findings[0]; f.Page != c.page || f.Object == 0 {
			t.Errorf("%s: found in object %d on page %d, want page %d", c.what, f.Object, f.Page, c.page)
		}
		if bytes.Contains(out, []byte(c.gone)) {
			t.Errorf("%s: %s is still there", c.what, c.gone)
		}
	}
}

func TestOnlyTheLastRevisionOfAnUnsignedFileIsTaken(t *testing.T) {
	i := newIntake(t, intake.Config{Limits: small()})
	first := document("", "", "<< /Shadow (of the first revision) >>")
	var b bytes.Buffer
	b.Write(first)
	at := bytes.LastIndex(first, []byte("startxref\n")) + 10
	prev := strings.TrimSpace(string(first[at:bytes.LastIndex(first, []byte("%%EOF"))]))
	second := finish(&b, 4, "/Prev "+prev+" ", []string{
		stream("", strings.Replace(words, "Example", "Amended", 1)),
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
		"<< /Type /ExtGState >>",
	})
	out, report, err := normalise(t, i, second)
	if err != nil {
		t.Fatal(err)
	}
	if got := codes(report.Findings); got != "revisions unreachable" {
		t.Errorf("findings %q", got)
	}
	f, err := cos.OpenBytes(out, cos.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(f.Revisions()); n != 1 {
		t.Errorf("%d revisions", n)
	}
	if bytes.Contains(out, []byte("Shadow")) {
		t.Error("the first revision's object is still there")
	}
}

func TestWhatCannotBeTakenOutIsRefusedWithItsPlace(t *testing.T) {
	i := newIntake(t, intake.Config{Limits: small()})
	hidden := func(config, group string) []byte {
		return document("/OCProperties << /OCGs [6 0 R] /D << "+config+" >> >> ", "", "<< /Type /OCG /Name (layer) "+group+">>")
	}
	member := "<< /Type /OCMD /OCGs [6 0 R] /P /AllOff >>"
	sig := "<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /ByteRange [0 1 2 3] /Contents <00> >>"
	for _, c := range []struct {
		what string
		in   []byte
		kind error
		code string
	}{
		{"XFA", document("/AcroForm << /Fields [] /XFA 6 0 R >> ", "", stream("", "<xdp/>")), intake.ErrUnsafe, "xfa"},
		{"rich media", document("", "/Annots [ << /Type /Annot /Subtype /RichMedia /Rect [0 0 9 9] >> ] "), intake.ErrUnsafe, "rich_media"},
		{"layer off", hidden("/OFF [6 0 R]", ""), intake.ErrUnsafe, "hidden_content"},
		{"all layers off", hidden("/BaseState /OFF", ""), intake.ErrUnsafe, "hidden_content"},
		{"layer off in print", hidden("", "/Usage << /Print << /PrintState /OFF >> >> "), intake.ErrUnsafe, "hidden_content"},
		{"layer by magnification", hidden("", "/Usage << /Zoom << /min 2 >> >> "), intake.ErrUnsafe, "hidden_content"},
		{"shown when a layer is off", document("/OCProperties << /OCGs [6 0 R] /D << >> >> ", "/Annots [ << /Type /Annot /Subtype /Square /Rect [0 0 9 9] /BS "+member+" >> ] ", "<< /Type /OCG /Name (layer) >>"), intake.ErrUnsafe, "hidden_content"},
		{"data in another file", document("", "/Metadata 6 0 R ", "<< /Type /Metadata /Subtype /XML /Length 0 /F (a.xml) >>\nstream\n\nendstream"), intake.ErrUnsafe, "external_stream"},
		{"signed field", document("/AcroForm << /Fields [6 0 R] /SigFlags 3 >> ", "/Annots [6 0 R] ", "<< /Type /Annot /Subtype /Widget /FT /Sig /T (seal) /V 7 0 R /Rect [0 0 0 0] /P 3 0 R >>", sig), intake.ErrSigned, "signed"},
		{"signature without a field", document("/Perms << /DocMDP 6 0 R >> ", "", sig), intake.ErrSigned, "signed"},
		{"field with a broken signature", document("/AcroForm << /Fields [6 0 R] >> ", "", "<< /FT /Sig /T (seal) /V << >> >>"), intake.ErrSigned, "signed"},
	} {
		_, _, err := normalise(t, i, c.in)
		wantRefusal(t, c.what, err, c.kind, c.code)
	}
}
