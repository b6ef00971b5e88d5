package archive

import (
	"strings"
	"unicode/utf8"
)

// The folders of a package (GB/T 42727-2023, chapter 7: materials, process, results; and the proofs of ours).
const (
	FolderMaterials = "申请材料"
	FolderProcess   = "办理过程"
	FolderResults   = "办理结果"
	FolderProofs    = "验证与存证"
)

// Limits of names. 200 bytes leave room for the base directory and data/ under the 255 bytes of common file systems.
const (
	maxNameBytes = 200
	maxIDBytes   = 64
)

// forbidden are the characters that some file system, or the manifest format (RFC 8493, 2.1.3: "%"), does not carry.
const forbidden = `/\<>:"|?*%`

// checkName judges one path segment: what passes can be unpacked on any common system under exactly this name.
func checkName(s string) bool {
	if s == "" || len(s) > maxNameBytes || !utf8.ValidString(s) || s == "." || s == ".." {
		return false
	}
	if strings.ContainsAny(s, forbidden) || strings.HasSuffix(s, ".") || strings.TrimSpace(s) != s {
		return false
	}
	for _, r := range s {
		if r < 0x20 || r >= 0x7f && r < 0xa0 || r == utf8.RuneError || isInvisible(r) {
			return false
		}
	}
	return true
}

// isInvisible reports characters that make one name look like another: zero width, direction marks, line separators, BOM.
func isInvisible(r rune) bool {
	return r >= 0x200b && r <= 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2060 && r <= 0x206f || r == 0xfeff
}

// checkID judges a package ID, which is also the name of the base directory: 1 to 64 of 0-9, A-Z, a-z, "-".
func checkID(s string) bool {
	if s == "" || len(s) > maxIDBytes {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && (c != '-' || i == 0) {
			return false
		}
	}
	return true
}

// checkText judges a value that is written into metadata and bag-info.txt: one line, no control characters.
func checkText(s string) bool {
	if len(s) > maxTextBytes || !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if r < 0x20 || r == 0x7f || r == utf8.RuneError || r == 0xfffe || r == 0xffff {
			return false
		}
	}
	return true
}

// maxTextBytes bounds one metadata value; 证照名称, the longest in the practice, has 512 characters.
const maxTextBytes = 2048
