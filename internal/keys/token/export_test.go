package token

// FileAgain parses a sealed file and writes it again.
func FileAgain(b []byte) ([]byte, error) {
	f, err := parseFile(b)
	if err != nil {
		return nil, err
	}
	return f.encode(), nil
}

// FileOf writes a file with the given content.
func FileOf(iv, ciphertext []byte) []byte { return file{iv, ciphertext}.encode() }

// MaxFile bounds a file.
const MaxFile = maxFile
