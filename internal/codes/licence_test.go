package codes_test

import (
	"errors"
	"strings"
	"testing"

	"yinzheng/internal/codes"
)

// published are identifiers found in public documents (GB/T 36904).
var published = []string{
	"1.2.156.3005.2.11100000000013338W011.11110000000021135M.20230329701.003.Y",
	"1.2.156.3005.2.11100000000013338W009.11330105002500287C.2025052201.002.0",
	"1.2.156.3005.2.11100000000013338W032.11220000013544541J.2430599.001.F",
	"1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U",
	"1.2.156.3005.2.11100000000013338W087.11370800MB28559184.37080001202411010001.001.3",
}

func TestPublishedLicenceIdentifiersReadAndWriteTheSame(t *testing.T) {
	for _, s := range published {
		id, err := codes.ParseLicenceID(s)
		if err != nil {
			t.Errorf("%s: %v", s, err)
			continue
		}
		if got := id.String(); got != s {
			t.Errorf("got %s, want %s", got, s)
		}
	}
	id, err := codes.ParseLicenceID(published[0])
	want := codes.LicenceID{Type: "11100000000013338W011", Issuer: "11110000000021135M", Serial: "20230329701", Version: 3}
	if err != nil || id != want {
		t.Errorf("got %+v, %v, want %+v", id, err, want)
	}
}

func TestLicenceIdentifierThatIsWrongSaysWhere(t *testing.T) {
	const root = "1.2.156.3005.2."
	parse := func(s string) error { _, err := codes.ParseLicenceID(s); return err }
	refuse(t, parse, []wrong{
		// A sample from a published interface description whose check character is wrong: D would be right.
		{root + "11100000000013661B006.113700000045046442.209FA4E88F9E4C878F3E9BED2CE7EA49.001.M", codes.ErrCheck, 94, "D"},
		{root + "11100000000013338W032.11220000013544541J.2430599.001.f", codes.ErrForm, 69, "one check character"},
		{"1.2.156.3005.3.11100000000013338W032.11220000013544541J.2430599.001.F", codes.ErrForm, 1, root},
		{"", codes.ErrForm, 1, root},
		{root, codes.ErrForm, 0, "5 parts after the root"},
		{root + "11100000000013338W032.11220000013544541J.2430599.001.F.", codes.ErrForm, 0, "5 parts after the root"},
		{root + "11100000000013338W032.11220000013544541J.2430599.1.F", codes.ErrForm, 0, "a version of 3 digits"},
		{root + "11100000000013338W032.11220000013544541J.2430599.+01.F", codes.ErrForm, 0, "a version of 3 digits"},
		{root + "11100000000013338W032.11220000013544541J.2430599.000.F", codes.ErrForm, 0, "001-999"},
		{root + "11100000000013338W032.11220000013544541J..001.F", codes.ErrLength, 0, "1-32"},
		{root + "11100000000013338W032.11220000013544541J.24305a9.001.F", codes.ErrCharacter, 6, ""},
		{root + "11100000000013338W03.11220000013544541J.2430599.001.F", codes.ErrLength, 0, "21"},
		{root + "11100000000013338W03-.11220000013544541J.2430599.001.F", codes.ErrCharacter, 21, ""},
		{root + "11100000000013338X032.11220000013544541J.2430599.001.F", codes.ErrCheck, 18, "W"},
		{root + "11100000000013338W032.11220000013544541K.2430599.001.F", codes.ErrCheck, 18, "J"},
		{root + strings.Repeat("1", 200), codes.ErrLength, 0, "at most 94"},
	})
}

func TestLicenceIdentifierWithOneCharacterChangedIsRefused(t *testing.T) {
	for _, good := range published {
		for i := range good {
			for _, c := range "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ." {
				changed := good[:i] + string(c) + good[i+1:]
				if changed == good {
					continue
				}
				if _, err := codes.ParseLicenceID(changed); err == nil {
					t.Errorf("%s was accepted", changed)
				}
			}
		}
	}
}

func TestPartsThatAreWrongMakeNoIdentifier(t *testing.T) {
	good := codes.LicenceID{Type: "11100000000013338W032", Issuer: "11220000013544541J", Serial: "2430599", Version: 1}
	if good.String() != published[2] {
		t.Errorf("got %s", good)
	}
	for _, change := range []func(*codes.LicenceID){
		func(id *codes.LicenceID) { id.Type = "" },
		func(id *codes.LicenceID) { id.Issuer = "11220000013544541K" },
		func(id *codes.LicenceID) { id.Serial = strings.Repeat("A", codes.MaxSerialLen+1) },
		func(id *codes.LicenceID) { id.Serial = "桂2026" },
		func(id *codes.LicenceID) { id.Version = 0 },
		func(id *codes.LicenceID) { id.Version = codes.MaxVersion + 1 },
	} {
		bad := good
		change(&bad)
		if got := bad.String(); got != "" {
			t.Errorf("%+v wrote %q", bad, got)
		}
		if bad.Check() == nil {
			t.Errorf("%+v was accepted", bad)
		}
	}
	if _, err := codes.LicenceCheckChar(""); !errors.Is(err, codes.ErrLength) {
		t.Errorf("empty: %v", err)
	}
	if _, err := codes.LicenceCheckChar("A.B"); !errors.Is(err, codes.ErrCharacter) {
		t.Errorf("dot: %v", err)
	}
}

// seeds fails a fuzz target that was given nothing to start from.
func seeds(f *testing.F, corpus []string) {
	f.Helper()
	if len(corpus) == 0 {
		f.Fatal("the seed corpus is empty")
	}
	for _, s := range corpus {
		f.Add(s)
	}
}

func FuzzParseLicenceID(f *testing.F) {
	seeds(f, published)
	f.Fuzz(func(t *testing.T, s string) {
		id, err := codes.ParseLicenceID(s)
		if err != nil {
			return
		}
		if got := id.String(); got != s {
			t.Errorf("read %q, wrote %q", s, got)
		}
	})
}

func FuzzCheckUSCC(f *testing.F) {
	seeds(f, []string{"11320000MB151840XJ", "91350100M000100Y4Z", "９１", ""})
	f.Fuzz(func(t *testing.T, s string) {
		err := codes.CheckUSCC(s)
		var known *codes.Error
		if err != nil && !errors.As(err, &known) {
			t.Errorf("an error of another type: %v", err)
		}
		if err == nil && len(s) != codes.USCCLen {
			t.Errorf("%q was accepted", s)
		}
	})
}

func FuzzCheckCitizenID(f *testing.F) {
	seeds(f, []string{"450100190001010016", "45010019000101001X", ""})
	f.Fuzz(func(t *testing.T, s string) {
		err := codes.CheckCitizenID(s)
		var known *codes.Error
		if err != nil && !errors.As(err, &known) {
			t.Errorf("an error of another type: %v", err)
		}
		if _, dateErr := codes.BirthDate(s); err == nil && dateErr != nil {
			t.Errorf("%q was accepted without a birth date", s)
		}
	})
}

func FuzzCheckFoodLicenceNumber(f *testing.F) {
	seeds(f, []string{"JY11108071215650", "JY1", ""})
	f.Fuzz(func(t *testing.T, s string) {
		err := codes.CheckFoodLicenceNumber(s)
		var known *codes.Error
		if err != nil && !errors.As(err, &known) {
			t.Errorf("an error of another type: %v", err)
		}
	})
}
