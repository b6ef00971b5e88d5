package codes

import "strings"

const (
	gb32100 = "GB 32100"
	gb11714 = "GB 11714"

	// USCCLen is the length of a 统一社会信用代码: 1 authority, 1 category, 6 region, 9 organisation code, 1 check.
	USCCLen = 18
	// OrgCodeLen is the length of an organisation code with its check character and without the hyphen.
	OrgCodeLen = 9
)

// usccAlphabet leaves out I, O, S, V and Z (GB 32100-2015, 5.1).
const usccAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

// CheckUSCC says whether s is a well formed 统一社会信用代码: 18 characters of its alphabet, digits in the region, and the
// right check character (GB 32100-2015). Lower case is refused. Real enterprise codes whose inner organisation code has
// a wrong check character exist, so that one is left to CheckOrgCode.
func CheckUSCC(s string) error {
	if len(s) != USCCLen {
		return wrongLength(gb32100, len(s), USCCLen)
	}
	for i := range USCCLen {
		if strings.IndexByte(usccAlphabet, s[i]) < 0 {
			return wrongCharacter(gb32100, s, i)
		}
		if i >= 2 && i < 8 && s[i] > '9' {
			return wrongCharacter(gb32100, s, i)
		}
	}
	if want := usccCheck(s); s[USCCLen-1] != want {
		return wrongCheck(gb32100, USCCLen, s[USCCLen-1], want)
	}
	return nil
}

// usccCheck returns the check character over the first 17 characters, all of which are in the alphabet: weights are
// 3^(i-1) mod 31 and the check is (31 - sum mod 31) mod 31.
func usccCheck(s string) byte {
	sum, weight := 0, 1
	for i := range USCCLen - 1 {
		sum += strings.IndexByte(usccAlphabet, s[i]) * weight
		weight = weight * 3 % 31
	}
	return usccAlphabet[(31-sum%31)%31]
}

// CheckOrgCode says whether s is a 9-character organisation code with the right check character (GB 11714): characters
// 9 to 17 of a USCC.
func CheckOrgCode(s string) error {
	if len(s) != OrgCodeLen {
		return wrongLength(gb11714, len(s), OrgCodeLen)
	}
	weights := [OrgCodeLen - 1]int{3, 7, 9, 10, 5, 8, 4, 2}
	sum := 0
	for i, w := range weights {
		v := value36(s[i])
		if v < 0 {
			return wrongCharacter(gb11714, s, i)
		}
		sum += v * w
	}
	want := "0X987654321"[sum%11] // 11 - sum mod 11, where 10 is X and 11 is 0
	if got := s[OrgCodeLen-1]; got != want {
		if value36(got) < 0 {
			return wrongCharacter(gb11714, s, OrgCodeLen-1)
		}
		return wrongCheck(gb11714, OrgCodeLen, got, want)
	}
	return nil
}
