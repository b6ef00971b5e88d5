package codes

import (
	"strings"
	"time"
)

const (
	gb11643 = "GB 11643"

	// CitizenIDLen is the length of a 公民身份号码: 6 region, 8 birth date, 3 sequence, 1 check.
	CitizenIDLen = 18
	// earliestBirth is the earliest year of birth accepted: nobody born before it can hold a licence.
	earliestBirth = 1850
)

// CheckCitizenID says whether s is a well formed 公民身份号码 (GB 11643-1999): digits, a region that does not begin with 0,
// a birth date that is in the calendar and not before 1850, and the right check character, where only X in upper case
// stands for ten. Whether the birth date lies in the future is for the caller, who has a clock: see BirthDate.
func CheckCitizenID(s string) error {
	if len(s) != CitizenIDLen {
		return wrongLength(gb11643, len(s), CitizenIDLen)
	}
	sum := 0
	weights := [CitizenIDLen - 1]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
	for i, w := range weights {
		if s[i] < '0' || s[i] > '9' {
			return wrongCharacter(gb11643, s, i)
		}
		sum += int(s[i]-'0') * w
	}
	if strings.IndexByte("0123456789X", s[CitizenIDLen-1]) < 0 {
		return wrongCharacter(gb11643, s, CitizenIDLen-1)
	}
	if s[0] == '0' {
		return &Error{Standard: gb11643, Err: ErrRegion, Position: 1}
	}
	if _, err := BirthDate(s); err != nil {
		return err
	}
	if want := "10X98765432"[sum%11]; s[CitizenIDLen-1] != want {
		return wrongCheck(gb11643, CitizenIDLen, s[CitizenIDLen-1], want)
	}
	return nil
}

// BirthDate returns the date in characters 7 to 14 of a 公民身份号码, at midnight UTC.
func BirthDate(s string) (time.Time, error) {
	if len(s) != CitizenIDLen {
		return time.Time{}, wrongLength(gb11643, len(s), CitizenIDLen)
	}
	born, err := time.Parse("20060102", s[6:14])
	if err != nil || born.Year() < earliestBirth {
		return time.Time{}, &Error{Standard: gb11643, Err: ErrDate, Position: 7}
	}
	return born, nil
}
