package increment_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"slices"
	"testing"

	"yinzheng/internal/midstate"
	"yinzheng/internal/pdf/changes"
	"yinzheng/internal/pdf/cos"
	"yinzheng/internal/pdf/increment"
	"yinzheng/internal/pdf/pdftest"
	"yinzheng/internal/pdf/signature"
)

func prepared(t testing.TB, base []byte) *increment.Prepared {
	t.Helper()
	p, err := increment.Prepare(open(t, base), spec(t, at("Seal1")))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func stateOf(t testing.TB, b []byte) midstate.State {
	t.Helper()
	h := midstate.New()
	h.Write(b)
	s, err := h.State()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestASealIsPreparedHereAndCompletedThere(t *testing.T) {
	base := pdftest.Classic()
	here := prepared(t, base)
	b, err := here.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var there increment.Prepared
	if err := there.UnmarshalBinary(b); err != nil {
		t.Fatal(err)
	}
	if there.ByteRange() != here.ByteRange() || there.Reserve() != here.Reserve() {
		t.Errorf("%v, want %v", there.ByteRange(), here.ByteRange())
	}
	want, err := here.Digest(signature.SHA256, midstate.State{})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := there.Digest(signature.SHA256, stateOf(t, base)); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%x, %v, want %x", got, err, want)
	}
	for name, known := range map[string]midstate.State{"nothing": {}, "a beginning": stateOf(t, base[:100])} {
		if _, err := there.Digest(signature.SM3, known); !errors.Is(err, increment.ErrBase) {
			t.Errorf("with %s: %v", name, err)
		}
	}
	a, err := here.Complete(der())
	if err != nil {
		t.Fatal(err)
	}
	if c, err := there.Complete(der()); err != nil || !bytes.Equal(a, c) {
		t.Errorf("two revisions: %v", err)
	}
}

func TestEveryHashIsThatOfWhatIsSigned(t *testing.T) {
	base := fileNamed(t, "no-eol-at-end")
	p := prepared(t, base)
	r, whole := p.ByteRange(), append(bytes.Clone(base), p.Tail()...)
	want := sha256.Sum256(append(bytes.Clone(whole[:r[1]]), whole[r[2]:]...))
	old := stateOf(t, base)
	old.SHA256 = nil
	for _, known := range []midstate.State{{}, stateOf(t, base), stateOf(t, base[:64]), old} {
		if got, err := p.Digest(signature.SHA256, known); err != nil || [32]byte(got) != want {
			t.Errorf("%x, %v, want %x", got, err, want)
		}
	}
	for _, hash := range []signature.Hash{signature.SHA384, signature.SHA512} {
		h := hash.New()
		h.Write(whole[:r[1]])
		h.Write(whole[r[2]:])
		if got, err := p.Digest(hash, stateOf(t, base)); err != nil || !bytes.Equal(got, h.Sum(nil)) {
			t.Errorf("%s: %x, %v", hash, got, err)
		}
	}
	broken := stateOf(t, base)
	broken.Length--
	if _, err := p.Digest(signature.SM3, broken); !errors.Is(err, midstate.ErrState) {
		t.Error(err)
	}
	if _, err := p.Digest(signature.Hash(99), midstate.State{}); !errors.Is(err, signature.ErrSpan) {
		t.Error(err)
	}
}

func TestASealIsCompletedOnceWithOneSequenceThatFits(t *testing.T) {
	p := prepared(t, pdftest.Classic())
	long := append([]byte{0x30, 99}, make([]byte, 99)...)
	for _, c := range []struct {
		contents []byte
		want     error
	}{
		{nil, increment.ErrContents}, {[]byte{0x30}, increment.ErrContents}, {[]byte{4, 0}, increment.ErrContents},
		{append(der(), 0), increment.ErrContents}, {der()[:4], increment.ErrContents}, {[]byte{0x30, 0x80, 0, 0}, increment.ErrContents},
		{append([]byte{0x30, 0x81, 3}, der()[2:]...), increment.ErrContents}, {long, increment.ErrReserve}, {der(), nil}, {der(), increment.ErrCompleted},
	} {
		if _, err := p.Complete(c.contents); !errors.Is(err, c.want) {
			t.Errorf("%x: %v, want %v", c.contents, err, c.want)
		}
	}
	if _, err := p.MarshalBinary(); !errors.Is(err, increment.ErrCompleted) {
		t.Error(err)
	}
}

func TestWhatWasTamperedWithIsNotCompleted(t *testing.T) {
	good, err := prepared(t, pdftest.Classic()).MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	change := func(f func(b []byte) []byte) []byte { return f(bytes.Clone(good)) }
	zeros := bytes.Index(good, []byte("<0000"))
	for name, b := range map[string][]byte{
		"nothing":       nil,
		"cut off":       good[:len(good)-1],
		"magic":         change(func(b []byte) []byte { b[0] = 'x'; return b }),
		"base":          change(func(b []byte) []byte { b[15]++; return b }),
		"negative base": change(func(b []byte) []byte { b[8] = 0xff; return b }),
		"gap begins":    change(func(b []byte) []byte { b[23]++; return b }),
		"gap ends":      change(func(b []byte) []byte { b[31]++; return b }),
		"gap beyond":    change(func(b []byte) []byte { b[28] = 0x7f; return b }),
		"a signature":   change(func(b []byte) []byte { b[zeros+3] = '3'; return b }),
		"range":         change(func(b []byte) []byte { i := bytes.Index(b, []byte("/ByteRange [0 ")); b[i+14]++; return b }),
		"more behind":   append(bytes.Clone(good), ' '),
	} {
		if err := new(increment.Prepared).UnmarshalBinary(b); !errors.Is(err, increment.ErrPrepared) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func evidenced(t testing.TB, base []byte, d signature.DSS) []byte {
	t.Helper()
	tail, err := increment.WithEvidence(open(t, base), d)
	if err != nil {
		t.Fatal(err)
	}
	out := append(bytes.Clone(base), tail...)
	f := open(t, out)
	for _, o := range f.Oddities() {
		if len(tail) > 0 && o.Revision == len(f.Revisions())-1 {
			t.Errorf("oddity %+v", o)
		}
	}
	return out
}

func TestEvidenceOnlyGrows(t *testing.T) {
	one, two, three, four := []byte("one"), []byte("twotwo"), []byte("three three three"), []byte("4")
	for _, file := range pdftest.Files() {
		signed := sealed(t, file.Bytes, spec(t, at("Seal1")))
		n := len(open(t, signed).Revisions())
		out := evidenced(t, signed, signature.DSS{Certs: [][]byte{one, two, one}})
		out = evidenced(t, out, signature.DSS{Certs: [][]byte{two, three}, CRLs: [][]byte{one}, OCSPs: [][]byte{four}})
		same := evidenced(t, out, signature.DSS{Certs: [][]byte{three, one}, OCSPs: [][]byte{four}})
		if !bytes.Equal(same, out) {
			t.Errorf("%s: a revision without anything new", file.Name)
		}
		set := find(t, out)
		if set.DSS == nil || !slices.EqualFunc(set.DSS.Certs, [][]byte{one, two, three}, bytes.Equal) ||
			!slices.EqualFunc(set.DSS.CRLs, [][]byte{one}, bytes.Equal) || !slices.EqualFunc(set.DSS.OCSPs, [][]byte{four}, bytes.Equal) || len(set.Problems) != 0 {
			t.Errorf("%s: %+v, %v", file.Name, set.DSS, set.Problems)
		}
		explained(t, out, n, changes.Evidence)
	}
}

func TestEvidenceKeepsWhatItFinds(t *testing.T) {
	for _, dss := range []string{
		"/DSS << /VRI << /AB << /Cert [3 0 R] >> >> /Certs [3 0 R] >>",
		"/DSS << /Certs [] >> /Extensions << /ADBE << /BaseVersion /1.7 /ExtensionLevel 8 >> >>",
		"/Version /2.0",
	} {
		base := withObject(t, "/Type /Catalog", "/Type /Catalog "+dss)
		out := evidenced(t, sealed(t, base, spec(t, at("A"))), signature.DSS{CRLs: [][]byte{der()}})
		catalog, _, err := open(t, out).Latest().Catalog()
		if err != nil {
			t.Fatal(err)
		}
		got := string(cos.Append(nil, catalog))
		if esic := bytes.Contains([]byte(got), []byte("/ESIC")); esic == (dss == "/Version /2.0") {
			t.Errorf("%s: %s", dss, got)
		}
		for _, part := range []string{"/VRI << /AB << /Cert [3 0 R] >> >>", "/ADBE << /BaseVersion /1.7 /ExtensionLevel 8 >>", "/Version /2.0"} {
			if bytes.Contains([]byte(dss), []byte(part)) && !bytes.Contains([]byte(got), []byte(part)) {
				t.Errorf("%s was lost: %s", part, got)
			}
		}
		explained(t, out, 2, changes.Signing)
	}
	if _, err := increment.WithEvidence(open(t, withObject(t, "/Type /Catalog", "/Type /Catalog /DSS 5")), signature.DSS{Certs: [][]byte{der()}}); !errors.Is(err, increment.ErrForm) {
		t.Error(err)
	}
}

func TestAnUpdateWritesOnlyObjectsThatItMay(t *testing.T) {
	base := fileNamed(t, "freed-and-reused")
	f := open(t, base)
	last := 0
	for n := range f.Latest().Numbers() {
		last = n
	}
	update := func() *increment.Update {
		u, err := increment.New(f)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	u := update()
	u.Set(cos.Ref{Num: last, Gen: 1}, cos.String{Bytes: []byte("changed")})
	added := u.Add(cos.Integer(5))
	tail, err := u.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	view := open(t, append(bytes.Clone(base), tail...)).Latest()
	if v, err := view.Get(cos.Ref{Num: last, Gen: 1}); err != nil || string(cos.Append(nil, v)) != "(changed)" {
		t.Errorf("%v, %v", v, err)
	}
	if v, err := view.Get(added); err != nil || v != cos.Integer(5) {
		t.Errorf("%v, %v", v, err)
	}
	for name, r := range map[string]cos.Ref{"generation": {Num: last}, "number": {Num: last + 1000}, "zero": {}} {
		u := update()
		u.Set(r, cos.Null{})
		if _, err := u.Bytes(); !errors.Is(err, increment.ErrForm) {
			t.Errorf("%s: %v", name, err)
		}
	}
	u = update()
	u.Reserve()
	if _, err := u.Bytes(); !errors.Is(err, increment.ErrForm) {
		t.Errorf("reserved: %v", err)
	}
}
