package lint

// Attribute types of a name: the content of their OBJECT IDENTIFIER (2.5.4.x).
const (
	oidCommonName   = "\x55\x04\x03"
	oidSerialNumber = "\x55\x04\x05"
	oidCountry      = "\x55\x04\x06"
	oidLocality     = "\x55\x04\x07"
	oidProvince     = "\x55\x04\x08"
	oidOrganisation = "\x55\x04\x0a"
	oidUnit         = "\x55\x04\x0b"
)

// kind is one attribute type that our names may have.
type kind struct {
	label string
	most  int // characters: the upper bounds of RFC 5280, A.1
}

// kindOf returns an attribute type; false when our names have none such.
func kindOf(oid string) (kind, bool) {
	switch oid {
	case oidCommonName:
		return kind{"CN", 64}, true // ub-common-name
	case oidSerialNumber:
		return kind{"serialNumber", 64}, true // ub-serial-number
	case oidCountry:
		return kind{"C", 2}, true
	case oidLocality:
		return kind{"L", 128}, true // ub-locality-name
	case oidProvince:
		return kind{"ST", 128}, true // ub-state-name
	case oidOrganisation:
		return kind{"O", 64}, true // ub-organization-name
	case oidUnit:
		return kind{"OU", 64}, true // ub-organizational-unit-name
	}
	return kind{}, false
}
