package codes

const (
	gb17710 = "GB/T 17710 MOD 11,10"

	foodPrefix = "JY"
	foodDigits = 14
)

// CheckFoodLicenceNumber says whether s is the number of a 食品经营许可证: JY, the kind of business (1 to 3), six digits of
// region, six of sequence and a check digit by MOD 11,10 (食品经营许可管理办法; the check digit agrees with five published
// numbers).
func CheckFoodLicenceNumber(s string) error {
	const standard = "JY number"
	if len(s) != len(foodPrefix)+foodDigits {
		return wrongLength(standard, len(s), len(foodPrefix)+foodDigits)
	}
	for i := range len(foodPrefix) {
		if s[i] != foodPrefix[i] {
			return wrongCharacter(standard, s, i)
		}
	}
	if c := s[len(foodPrefix)]; c < '1' || c > '3' {
		return wrongCharacter(standard, s, len(foodPrefix))
	}
	last := len(s) - 1
	for i := len(foodPrefix); i <= last; i++ {
		if s[i] < '0' || s[i] > '9' {
			return wrongCharacter(standard, s, i)
		}
	}
	want, err := DecimalCheckDigit(s[len(foodPrefix):last])
	if err != nil {
		return err
	}
	if s[last] != want {
		return wrongCheck(standard, len(s), s[last], want)
	}
	return nil
}

// DecimalCheckDigit returns the check digit of a string of digits by ISO/IEC 7064 MOD 11,10 (GB/T 17710).
func DecimalCheckDigit(digits string) (byte, error) {
	if digits == "" {
		return 0, &Error{Standard: gb17710, Err: ErrLength, Want: "1 or more", Got: "0"}
	}
	p := 10
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return 0, wrongCharacter(gb17710, digits, i)
		}
		if p = (p + int(digits[i]-'0')) % 10; p == 0 {
			p = 10
		}
		p = p * 2 % 11
	}
	return byte('0' + (11-p)%10), nil
}
