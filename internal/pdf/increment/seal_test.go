package increment_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"yinzheng/internal/pdf"
	"yinzheng/internal/pdf/changes"
	"yinzheng/internal/pdf/cos"
	"yinzheng/internal/pdf/increment"
	"yinzheng/internal/pdf/pdftest"
	"yinzheng/internal/pdf/signature"
)

// at is a place on the first page that is a hundred points wide.
func at(name string) increment.Place {
	return increment.Place{Field: name, Page: 1, Rect: [4]float64{100, 100, 200, 200}}
}

func find(t testing.TB, b []byte) *signature.Set {
	t.Helper()
	set, err := signature.Find(open(t, b))
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// explained wants every revision from one on to be explained, at most to a level.
func explained(t testing.TB, b []byte, from int, most changes.Level) {
	t.Helper()
	f := open(t, b)
	steps, err := changes.Steps(f, find(t, b))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range steps {
		if s.Revision < from {
			continue
		}
		if s.Level > most {
			t.Errorf("revision %d is of level %v", s.Revision, s.Level)
		}
		for _, c := range s.Changes {
			if c.Rule == "" {
				t.Errorf("revision %d: %s is not explained: %s", s.Revision, c.Path, c.What)
			}
		}
	}
}

func fileNamed(t testing.TB, name string) []byte {
	t.Helper()
	for _, f := range pdftest.Files() {
		if f.Name == name {
			return f.Bytes
		}
	}
	t.Fatalf("no file %q", name)
	return nil
}

// edited changes one text in a classic file for another of the same length.
func edited(t testing.TB, b []byte, old, now string) []byte {
	t.Helper()
	if len(now) > len(old) || bytes.Count(b, []byte(old)) != 1 {
		t.Fatalf("%q stands %d times", old, bytes.Count(b, []byte(old)))
	}
	return bytes.Replace(b, []byte(old), []byte(now+strings.Repeat(" ", len(old)-len(now))), 1)
}

func refused(t *testing.T, base []byte, s increment.Seal, want error) {
	t.Helper()
	if _, err := increment.Prepare(open(t, base), s); !errors.Is(err, want) {
		t.Errorf("%v, want %v", err, want)
	}
}

func TestAnEmptyFieldIsFilledWhereItIs(t *testing.T) {
	for _, name := range []string{"classic-1.7", "form-direct", "object-streams", "object-streams-two-levels", "hybrid", "linearised", "indirect-annots"} {
		base := fileNamed(t, name)
		out := sealed(t, base, spec(t, increment.Place{Field: "Seal"}))
		set := find(t, out)
		if len(set.Signatures) != 1 || len(set.Empty) != 0 || len(set.Problems)+len(set.Signatures[0].Problems) != 0 {
			t.Errorf("%s: %+v", name, set)
			continue
		}
		field := set.Signatures[0].Fields[0]
		if field.Rect != [4]float64{400, 100, 500, 200} || field.Page != 1 || field.Appearance.Picture.IsZero() {
			t.Errorf("%s: %+v", name, field)
		}
		explained(t, out, len(open(t, base).Revisions()), changes.Signing)
	}
}

func TestFieldsThatAreMissingWithoutPageAreFoundByTheirAnnotation(t *testing.T) {
	base := edited(t, pdftest.Classic(), "/F 132 /P 20 0 R", "/F 0")
	field := find(t, sealed(t, base, spec(t, increment.Place{Field: "Seal"}))).Signatures[0].Fields[0]
	if field.Page != 1 || field.Flags != 132 {
		t.Errorf("page %d, flags %d", field.Page, field.Flags)
	}
	refused(t, edited(t, pdftest.Classic(), "/F 132 /P 20 0 R", "/F 2"), spec(t, increment.Place{Field: "Seal"}), increment.ErrField)
}

func TestALockOfAFieldIsPartOfItsSignature(t *testing.T) {
	w := func(lock string) []byte {
		return withObject(t, "/T (Seal) /Rect [400 100 500 200] /F 132 /P 20 0 R", "/T (Seal) /Rect [400 100 500 200] /F 132 /P 20 0 R /Lock "+lock)
	}
	out := sealed(t, w("<< /Type /SigFieldLock /Action /Include /Fields [(holder) (Later)] >>"), spec(t, increment.Place{Field: "Seal"}))
	s := find(t, out).Signatures[0]
	if s.Lock == nil || s.Lock.Action != "Include" || len(s.Lock.Fields) != 2 || len(s.Problems) != 0 {
		t.Fatalf("lock %+v, problems %v", s.Lock, s.Problems)
	}
	if !bytes.Contains(out, []byte("/TransformMethod /FieldMDP")) || !bytes.Contains(out, []byte("/Data 1 0 R")) {
		t.Error("no FieldMDP over the catalogue")
	}
	if bytes.Contains(sealed(t, w("<< /Action /All >>"), stamp(increment.Place{Field: "Seal"})), []byte("FieldMDP")) {
		t.Error("a timestamp locks fields")
	}
	refused(t, w("<< /Action /Some >>"), spec(t, increment.Place{Field: "Seal"}), increment.ErrField)
	refused(t, w("(All)"), spec(t, increment.Place{Field: "Seal"}), increment.ErrField)
}

// withObject replaces a text in an object of the classic file by way of a revision.
func withObject(t testing.TB, old, now string) []byte {
	t.Helper()
	s := pdftest.Scan(pdftest.Classic())
	for num, body := range s.Bodies {
		if strings.Contains(body, old) {
			w := s.Continue()
			w.Obj(num, strings.Replace(body, old, now, 1))
			w.Table("/Root 1 0 R /Info 3 0 R")
			return w.Bytes()
		}
	}
	t.Fatalf("no object with %q", old)
	return nil
}

func TestAFieldThatIsLockedIsNotFilled(t *testing.T) {
	base, err := increment.WithFields(open(t, pdftest.Classic()), []increment.Place{at("Later")})
	if err != nil {
		t.Fatal(err)
	}
	two := append(pdftest.Classic(), base...)
	s := pdftest.Scan(two)
	for num, body := range s.Bodies {
		if strings.Contains(body, "/T (Seal)") {
			w := s.Continue()
			w.Obj(num, strings.Replace(body, "/T (Seal)", "/T (Seal) /Lock << /Action /Include /Fields [(Later)] >>", 1))
			w.Table("/Root 1 0 R")
			two = w.Bytes()
		}
	}
	locked := sealed(t, two, spec(t, increment.Place{Field: "Seal"}))
	refused(t, locked, spec(t, increment.Place{Field: "Later"}), increment.ErrLocked)
	explained(t, sealed(t, locked, spec(t, at("Other"))), len(open(t, locked).Revisions()), changes.Signing)
}

func stamp(p increment.Place) increment.Seal {
	return increment.Seal{Places: []increment.Place{p}, Filter: "Adobe.PPKLite", SubFilter: "ETSI.RFC3161", Reserve: 200, Timestamp: true}
}

func TestACertificationAllowsWhatItSays(t *testing.T) {
	for _, name := range []string{"classic-1.7", "object-streams", "linearised", "form-direct"} {
		base := fileNamed(t, name)
		for p := 1; p <= 2; p++ {
			s := spec(t, at("First"))
			s.Certify = p
			out := sealed(t, base, s)
			first := len(open(t, base).Revisions())
			if got := find(t, out).Signatures[0]; got.Permission != p || len(got.Problems) != 0 {
				t.Errorf("%s: P = %d, problems %v", name, got.Permission, got.Problems)
			}
			again := s
			again.Places = []increment.Place{at("Second")}
			refused(t, out, again, increment.ErrCertified)
			if p == 1 {
				refused(t, out, spec(t, at("Second")), increment.ErrCertified)
				refused(t, out, spec(t, increment.Place{Field: "Seal"}), increment.ErrCertified)
			} else {
				out = sealed(t, out, spec(t, at("Second")))
			}
			if _, err := increment.WithFields(open(t, out), []increment.Place{at("Third")}); !errors.Is(err, increment.ErrCertified) {
				t.Errorf("empty fields: %v", err)
			}
			out = evidenced(t, out, signature.DSS{Certs: [][]byte{der()}})
			out = sealed(t, out, stamp(increment.Place{Field: "Stamp", Page: 1}))
			explained(t, out, first, changes.Signing)
			if set := find(t, out); len(set.Problems) != 0 || !set.Signatures[len(set.Signatures)-1].Timestamp {
				t.Errorf("%s: %+v", name, set)
			}
		}
	}
}

func TestACertificationComesFirst(t *testing.T) {
	s := spec(t, at("Second"))
	s.Certify = 2
	refused(t, sealed(t, pdftest.Classic(), spec(t, at("First"))), s, increment.ErrCertified)
	refused(t, sealed(t, pdftest.Classic(), stamp(increment.Place{Field: "Stamp", Page: 1})), s, increment.ErrCertified)
}

func TestWhatIsNoPlaceIsRefused(t *testing.T) {
	nan := 0.0
	nan /= nan
	for name, p := range map[string]increment.Place{
		"no name":             {Page: 1},
		"name of a text":      {Field: "holder", Page: 1},
		"name with a level":   {Field: "a.b", Page: 1},
		"long name":           {Field: strings.Repeat("x", 256), Page: 1},
		"page 0":              {Field: "A", Page: 0},
		"page 2 of 1":         {Field: "A", Page: 2},
		"off the page":        {Field: "A", Page: 1, Rect: [4]float64{500, 100, 600, 200}},
		"far off the page":    {Field: "A", Page: 1, Rect: [4]float64{0, 0, 1e12, 1e12}},
		"part beyond":         {Field: "A", Page: 1, Part: [4]float64{0, 0, 1.1, 1}},
		"part of nothing":     {Field: "A", Page: 1, Part: [4]float64{.5, 0, .5, 1}},
		"part that is no one": {Field: "A", Page: 1, Part: [4]float64{nan, 0, 1, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, pdftest.Classic(), spec(t, p), increment.ErrField)
			if _, err := increment.WithFields(open(t, pdftest.Classic()), []increment.Place{p}); !errors.Is(err, increment.ErrField) {
				t.Error(err)
			}
		})
	}
	refused(t, pdftest.Classic(), spec(t, at("A"), at("A")), increment.ErrField)
	refused(t, pdftest.Classic(), spec(t), increment.ErrField)
	refused(t, sealed(t, pdftest.Classic(), spec(t, at("A"))), spec(t, at("A")), increment.ErrField)
	for _, change := range []func(s *increment.Seal){
		func(s *increment.Seal) { s.Reserve = 0 }, func(s *increment.Seal) { s.Reserve = 1<<20 + 1 }, func(s *increment.Seal) { s.Certify = 3 },
		func(s *increment.Seal) { s.Filter = "" }, func(s *increment.Seal) { s.SubFilter = "a b" },
		func(s *increment.Seal) { s.Timestamp, s.Certify = true, 1 },
	} {
		s := spec(t, at("A"))
		change(&s)
		refused(t, pdftest.Classic(), s, increment.ErrField)
	}
}

func TestTwentySealsShareOnePicture(t *testing.T) {
	for _, name := range []string{"classic-1.4", "object-streams", "linearised"} {
		base := fileNamed(t, name)
		out, first := base, 0
		for i := range 20 {
			before := len(out)
			out = sealed(t, out, spec(t, at(fmt.Sprint("Seal", i))))
			if grown := len(out) - before; i == 0 {
				first = grown
			} else if grown >= first {
				t.Errorf("%s: seal %d takes %d bytes, the first %d", name, i, grown, first)
			}
		}
		set := find(t, out)
		if len(set.Signatures) != 20 || len(set.Problems) != 0 {
			t.Fatalf("%s: %d signatures, %v", name, len(set.Signatures), set.Problems)
		}
		want, err := pdf.PictureDigest(png1(t))
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range set.Signatures {
			if a := s.Fields[0].Appearance; a.Picture != want || a.Part != [4]float64{0, 0, 1, 1} || len(s.Problems) != 0 {
				t.Errorf("%s: seal %d shows %+v, problems %v", name, i, a, s.Problems)
			}
		}
		if n := bytes.Count(out[len(base):], []byte("/SMask")); n != 1 {
			t.Errorf("%s: %d pictures", name, n)
		}
		explained(t, out, len(open(t, base).Revisions()), changes.Signing)
	}
}

func TestAnotherPictureIsWrittenAnew(t *testing.T) {
	one := sealed(t, pdftest.Classic(), spec(t, at("A")))
	// A picture whose image is the same but for its mask.
	s := spec(t, at("B"))
	s.Picture = pictureOf(t, 7)
	two := sealed(t, one, s)
	set := find(t, two)
	if set.Signatures[0].Fields[0].Appearance.Picture == set.Signatures[1].Fields[0].Appearance.Picture {
		t.Error("the second seal shows the first one's picture")
	}
}

func TestARidingSealHasOnePictureAndOneSignature(t *testing.T) {
	base := fileNamed(t, "twelve-pages")
	var places []increment.Place
	for i := range 12 {
		places = append(places, increment.Place{Field: fmt.Sprint("Edge", i), Page: i + 1, Rect: [4]float64{585, 300, 595, 420},
			Part: [4]float64{float64(i) / 12, 0, float64(i+1) / 12, 1}})
	}
	out := sealed(t, base, spec(t, places...))
	if a, v := bytes.Count(out, []byte("/SMask")), bytes.Count(out, []byte("/ByteRange")); a != 1 || v != 1 {
		t.Errorf("%d pictures, %d signatures", a, v)
	}
	explained(t, out, 1, changes.Signing)
	explained(t, sealed(t, out, spec(t, at("Next"))), 1, changes.Signing)
}

func TestTheFieldsOfAFormAreNamed(t *testing.T) {
	s := spec(t, at("Second"))
	s.Certify = 2
	for i, base := range [][]byte{pdftest.Classic(), sealed(t, pdftest.Classic(), s)} {
		got, err := increment.ReadFields(open(t, base))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.Empty, []string{"Seal"}) || len(got.Signed) != i || got.Certified != 2*i || !got.Taken("holder") || got.Taken("Second") != (i == 1) {
			t.Errorf("%+v", got)
		}
	}
}

// counted counts the bytes that are read.
type counted struct {
	long
	read int64
}

func (c *counted) ReadAt(b []byte, at int64) (int, error) {
	c.read += int64(len(b))
	return c.long.ReadAt(b, at)
}

func TestAGigabyteIsNotRead(t *testing.T) {
	c := &counted{long: large(300, 1<<30)}
	f, err := cos.Open(c, c.size(), cos.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	c.read = 0
	for _, page := range []int{1, 150, 300} {
		place := at("Seal")
		place.Page = page
		p, err := increment.Prepare(f, spec(t, place))
		if err != nil {
			t.Fatal(err)
		}
		if r := p.ByteRange(); r[1] < c.size() || r[2]+r[3] != c.size()+int64(len(p.Tail())) {
			t.Errorf("range %v", r)
		}
	}
	if most := int64(1 << 20); c.read > most {
		t.Errorf("%d bytes were read", c.read)
	}
}
