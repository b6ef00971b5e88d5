package ca_test

import (
	"errors"
	"testing"

	"yinzheng/ca"
	"yinzheng/ca/catest"
)

func TestSealOfAGivenNumberHasAnIdentityOfItsOwn(t *testing.T) {
	w, err := catest.Open(t.Context(), t.TempDir(), catest.Start)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	r, err := ca.Establish(t.Context(), w.Config, w.Spec())
	if err != nil {
		t.Fatal(err)
	}
	number := func(n int) string {
		t.Helper()
		id, err := r.SealNumber(n)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	if last, err := r.LastSeal(t.Context()); err != nil || last != 0 {
		t.Errorf("before any seal the last is %d, %v", last, err)
	}
	o := ca.Office{Name: catest.OfficeName, Code: catest.OfficeCode, Seal: number(7)}
	first, err := r.Enrol(t.Context(), o)
	if err != nil || first.Name != o.Seal {
		t.Fatalf("%s, %v; want %s", first.Name, err, o.Seal)
	}
	again, err := r.Enrol(t.Context(), o)
	if err != nil || string(again.Certificate) != string(first.Certificate) {
		t.Errorf("asked again it is another identity: %v", err)
	}
	o.Seal = number(9)
	other, err := r.Enrol(t.Context(), o)
	if err != nil || other.Name != o.Seal || string(other.Certificate) == string(first.Certificate) {
		t.Errorf("a second seal of the office = %s, %v", other.Name, err)
	}
	for name, o := range map[string]ca.Office{
		"another office under a number that is used": {Name: "示例市自然资源局", Code: catest.OfficeCode, Seal: number(7)},
		"another region's number":                    {Name: catest.OfficeName, Code: catest.OfficeCode, Seal: "11000000000001"},
		"no number":                                  {Name: catest.OfficeName, Code: catest.OfficeCode, Seal: "../../x"},
	} {
		if _, err := r.Enrol(t.Context(), o); !errors.Is(err, ca.ErrOffice) {
			t.Errorf("%s = %v, want ErrOffice", name, err)
		}
	}
	if last, err := r.LastSeal(t.Context()); err != nil || last != 9 {
		t.Errorf("the last is %d, %v; want 9", last, err)
	}
	if _, err := r.SealNumber(100_000_000); !errors.Is(err, ca.ErrFull) {
		t.Errorf("a number of nine digits = %v, want ErrFull", err)
	}
}
