package codes

import (
	"fmt"
	"strconv"
	"strings"
)

const (
	gb36904 = "GB/T 36904"

	// LicenceRoot begins every 电子证照标识 (GB/T 36904-2018).
	LicenceRoot = "1.2.156.3005.2"
	// TypeCodeLen is the length of a 证照类型代码: the USCC of the defining authority and three characters.
	TypeCodeLen = USCCLen + 3
	// MaxSerialLen bounds the 流水号.
	MaxSerialLen = 32
	// MaxVersion is the highest 版本号: three digits.
	MaxVersion = 999
	// MaxLicenceIDLen bounds a whole identifier: root, four parts, check character and five dots.
	MaxLicenceIDLen = len(LicenceRoot) + TypeCodeLen + USCCLen + MaxSerialLen + 3 + 1 + 5
)

// LicenceID is a 电子证照标识 without its check character.
type LicenceID struct {
	Type    string // 证照类型代码, 21 characters
	Issuer  string // 颁发机构代码, a USCC
	Serial  string // 流水号, 1 to 32 of 0-9 A-Z
	Version int    // 版本号, 1 to 999
}

// Check says what is wrong with the parts. Both authorities must have a right GB 32100 check character.
func (id LicenceID) Check() error {
	if err := CheckTypeCode(id.Type); err != nil {
		return err
	}
	if err := CheckUSCC(id.Issuer); err != nil {
		return fmt.Errorf("%s: reading the issuer: %w", gb36904, err)
	}
	if len(id.Serial) == 0 || len(id.Serial) > MaxSerialLen {
		return &Error{Standard: gb36904, Err: ErrLength, Want: "1-32", Got: strconv.Itoa(len(id.Serial))}
	}
	if i := not36(id.Serial); i >= 0 {
		return wrongCharacter(gb36904, id.Serial, i)
	}
	if id.Version < 1 || id.Version > MaxVersion {
		return &Error{Standard: gb36904, Err: ErrForm, Want: "001-999", Got: strconv.Itoa(id.Version)}
	}
	return nil
}

// String returns the identifier with its check character, or "" when Check refuses the parts.
func (id LicenceID) String() string {
	if id.Check() != nil {
		return ""
	}
	version := fmt.Sprintf("%03d", id.Version)
	check, err := LicenceCheckChar(id.Type + id.Issuer + id.Serial + version)
	if err != nil {
		return ""
	}
	return strings.Join([]string{LicenceRoot, id.Type, id.Issuer, id.Serial, version, string(rune(check))}, ".")
}

// CheckTypeCode says whether s is a 证照类型代码: a USCC and three characters of 0-9 A-Z.
func CheckTypeCode(s string) error {
	if len(s) != TypeCodeLen {
		return wrongLength(gb36904, len(s), TypeCodeLen)
	}
	if err := CheckUSCC(s[:USCCLen]); err != nil {
		return fmt.Errorf("%s: reading the type's authority: %w", gb36904, err)
	}
	if i := not36(s[USCCLen:]); i >= 0 {
		return wrongCharacter(gb36904, s, USCCLen+i)
	}
	return nil
}

// LicenceCheckChar returns the check character of a licence identifier by ISO/IEC 7064 MOD 37,36 (GB/T 17710) over the
// four parts written one after the other, without root and dots.
func LicenceCheckChar(concat string) (byte, error) {
	if concat == "" {
		return 0, &Error{Standard: gb36904, Err: ErrLength, Want: "1 or more", Got: "0"}
	}
	p := 36
	for i := range len(concat) {
		v := value36(concat[i])
		if v < 0 {
			return 0, wrongCharacter(gb36904, concat, i)
		}
		if p = (p + v) % 36; p == 0 {
			p = 36
		}
		p = p * 2 % 37
	}
	return digits36[(37-p)%36], nil
}

// ParseLicenceID reads an identifier. It accepts exactly what String writes: the same text comes back.
func ParseLicenceID(s string) (LicenceID, error) {
	if len(s) > MaxLicenceIDLen {
		return LicenceID{}, &Error{Standard: gb36904, Err: ErrLength, Want: "at most " + strconv.Itoa(MaxLicenceIDLen), Got: strconv.Itoa(len(s))}
	}
	rest, ok := strings.CutPrefix(s, LicenceRoot+".")
	if !ok {
		return LicenceID{}, &Error{Standard: gb36904, Err: ErrForm, Position: 1, Want: LicenceRoot + "."}
	}
	parts := strings.Split(rest, ".")
	if len(parts) != 5 {
		return LicenceID{}, &Error{Standard: gb36904, Err: ErrForm, Want: "5 parts after the root", Got: strconv.Itoa(len(parts))}
	}
	version, check := parts[3], parts[4]
	if len(version) != 3 || strings.Trim(version, "0123456789") != "" {
		return LicenceID{}, &Error{Standard: gb36904, Err: ErrForm, Want: "a version of 3 digits"}
	}
	if len(check) != 1 || value36(check[0]) < 0 {
		return LicenceID{}, &Error{Standard: gb36904, Err: ErrForm, Position: len(s), Want: "one check character"}
	}
	number, err := strconv.Atoi(version)
	if err != nil {
		return LicenceID{}, &Error{Standard: gb36904, Err: ErrForm, Want: "a version of 3 digits"}
	}
	id := LicenceID{Type: parts[0], Issuer: parts[1], Serial: parts[2], Version: number}
	if err := id.Check(); err != nil {
		return LicenceID{}, err
	}
	want, err := LicenceCheckChar(id.Type + id.Issuer + id.Serial + version)
	if err != nil {
		return LicenceID{}, err
	}
	if check[0] != want {
		return LicenceID{}, wrongCheck(gb36904, len(s), check[0], want)
	}
	return id, nil
}

// not36 returns the index of the first byte that is not 0-9 A-Z, or -1.
func not36(s string) int {
	for i := range len(s) {
		if value36(s[i]) < 0 {
			return i
		}
	}
	return -1
}
