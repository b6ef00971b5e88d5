package codes_test

import (
	"errors"
	"strings"
	"testing"

	"yinzheng/internal/codes"
)

// wrong is one code that must be refused.
type wrong struct {
	code     string
	err      error
	position int
	want     string
}

// refuse runs check over the table and compares kind, position and the expected character.
func refuse(t *testing.T, check func(string) error, table []wrong) {
	t.Helper()
	for _, w := range table {
		err := check(w.code)
		var got *codes.Error
		if !errors.As(err, &got) || !errors.Is(err, w.err) {
			t.Errorf("%q: got %v, want %v", w.code, err, w.err)
			continue
		}
		if got.Position != w.position {
			t.Errorf("%q: position %d, want %d", w.code, got.Position, w.position)
		}
		if got.Want != w.want {
			t.Errorf("%q: wants %q, want %q", w.code, got.Want, w.want)
		}
		if len(w.code) > 3 && strings.Contains(err.Error(), w.code) {
			t.Errorf("the error repeats the code: %v", err)
		}
	}
}

func TestUSCCOfPublishedOrganisationsIsAccepted(t *testing.T) {
	for _, s := range []string{
		"11320000MB151840XJ", "11320500014150050B", "11110000000021135M", "12100000000018032A", "11100000000013338W",
		"11100000MB03271699", "11370800MB28559184", "91350100M000100Y43",
		"9131000063159284XQ",
	} {
		if err := codes.CheckUSCC(s); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
}

func TestUSCCThatIsWrongSaysWhere(t *testing.T) {
	refuse(t, codes.CheckUSCC, []wrong{
		{"", codes.ErrLength, 0, "18"},
		{"91350100M000100Y4", codes.ErrLength, 0, "18"},
		{"91350100M000100Y433", codes.ErrLength, 0, "18"},
		{"91350100M000100Y4Z", codes.ErrCharacter, 18, ""}, // Z is not in the alphabet
		{"91350100M000100Y44", codes.ErrCheck, 18, "3"},
		{"91350211M0000XUF46", codes.ErrCheck, 18, "R"},
		{"91350100m000100Y43", codes.ErrCharacter, 9, ""},
		{"9135010IM000100Y43", codes.ErrCharacter, 8, ""},
		{"91X50100M000100Y43", codes.ErrCharacter, 3, ""},
		{"913501０M00010Y43", codes.ErrCharacter, 7, ""}, // full-width zero
	})
}

func TestUSCCWithOneCharacterChangedIsRefused(t *testing.T) {
	const good, alphabet = "91350100M000100Y43", "0123456789ABCDEFGHJKLMNPQRTUWXY"
	for i := range good {
		for _, c := range alphabet {
			changed := good[:i] + string(c) + good[i+1:]
			if changed != good && codes.CheckUSCC(changed) == nil {
				t.Errorf("%s was accepted", changed)
			}
		}
	}
}

func TestOrganisationCodeInsideIsChecked(t *testing.T) {
	for _, uscc := range []string{"11110000000021135M", "11320000MB151840XJ", "11320500014150050B", "9131000063159284XQ"} {
		if err := codes.CheckOrgCode(uscc[8:17]); err != nil {
			t.Errorf("%s: %v", uscc, err)
		}
	}
	refuse(t, codes.CheckOrgCode, []wrong{
		{"00002113", codes.ErrLength, 0, "9"},
		{"000021136", codes.ErrCheck, 9, "5"},
		{"MB1518400", codes.ErrCheck, 9, "X"},
		{"mB151840X", codes.ErrCharacter, 1, ""},
		{"MB151840-", codes.ErrCharacter, 9, ""},
	})
}

func TestCitizenNumberIsAccepted(t *testing.T) {
	for _, s := range []string{"450100190001010016", "450100190001010024"} {
		if err := codes.CheckCitizenID(s); err != nil {
			t.Errorf("%s: %v", s, err)
		}
		born, err := codes.BirthDate(s)
		if err != nil || born.Format("2006-01-02") != "1900-01-01" {
			t.Errorf("%s: born %v, %v", s, born, err)
		}
	}
}

func TestCitizenNumberThatIsWrongSaysWhere(t *testing.T) {
	refuse(t, codes.CheckCitizenID, []wrong{
		{"45010019000101001", codes.ErrLength, 0, "18"},
		{"450100190001010017", codes.ErrCheck, 18, "6"},
		{"45010019000101001x", codes.ErrCharacter, 18, ""},
		{"45010019000101001Y", codes.ErrCharacter, 18, ""},
		{"4501001900O1010016", codes.ErrCharacter, 11, ""},
		{"X50100190001010016", codes.ErrCharacter, 1, ""},
		{"050100190001010016", codes.ErrRegion, 1, ""},
		{"450100190002300016", codes.ErrDate, 7, ""}, // 30 February
		{"450100190013010016", codes.ErrDate, 7, ""},
		{"450100184912310016", codes.ErrDate, 7, ""},
		{"450100000000000016", codes.ErrDate, 7, ""},
	})
}

func TestFoodLicenceNumbersOfPublishedShopsAreAccepted(t *testing.T) {
	for _, s := range []string{"JY11108071215650", "JY11105050876919", "JY13101060025900", "JY13301080111719", "JY14419082492249"} {
		if err := codes.CheckFoodLicenceNumber(s); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
	refuse(t, codes.CheckFoodLicenceNumber, []wrong{
		{"JY1110807121565", codes.ErrLength, 0, "16"},
		{"JY11108071215651", codes.ErrCheck, 16, "0"},
		{"SC11108071215650", codes.ErrCharacter, 1, ""},
		{"JY41108071215650", codes.ErrCharacter, 3, ""},
		{"JY1110807121A650", codes.ErrCharacter, 13, ""},
	})
	if _, err := codes.DecimalCheckDigit(""); !errors.Is(err, codes.ErrLength) {
		t.Errorf("no digits: %v", err)
	}
	if _, err := codes.DecimalCheckDigit("12a"); !errors.Is(err, codes.ErrCharacter) {
		t.Errorf("a letter: %v", err)
	}
}
