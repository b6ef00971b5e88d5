package signature

// maxBERDepth bounds the nesting of a BER value; a CMS with its certificates has some 20 levels.
const maxBERDepth = 64

// length returns how long the SEQUENCE at the start of b is, 0 when there is none, and whether its length or one inside it
// is indefinite, which DER does not allow (X.690, 10.1).
func length(b []byte) (n int, ber bool) {
	if len(b) < 2 || b[0] != 0x30 {
		return 0, false
	}
	if b[1] != 0x80 {
		head, n, ok := definite(b)
		if !ok {
			return 0, false
		}
		return head + n, false
	}
	n, ok := element(b, 0)
	if !ok {
		return 0, false
	}
	return n, true
}

// definite reads a length of the shortest form and wants that many bytes to be there.
func definite(b []byte) (head, n int, ok bool) {
	n, head = int(b[1]), 2
	if n < 0x80 {
		return head, n, n <= len(b)-head
	}
	digits := n & 0x7F
	if digits < 1 || digits > 4 || len(b) < head+digits || b[head] == 0 {
		return 0, 0, false
	}
	n = 0
	for _, c := range b[head : head+digits] {
		n = n<<8 | int(c)
	}
	head += digits
	return head, n, n >= 0x80 && n <= len(b)-head
}

// element is the length of any BER element at the start of b, its tag of one byte.
func element(b []byte, depth int) (int, bool) {
	if len(b) < 2 || depth > maxBERDepth || b[0]&0x1F == 0x1F {
		return 0, false
	}
	if b[1] != 0x80 {
		head, n, ok := definite(b)
		return head + n, ok
	}
	if b[0]&0x20 == 0 { // only what is constructed has an end of its own
		return 0, false
	}
	for at := 2; ; {
		if len(b)-at >= 2 && b[at] == 0 && b[at+1] == 0 {
			return at + 2, true
		}
		n, ok := element(b[at:], depth+1)
		if !ok {
			return 0, false
		}
		at += n
	}
}
