package pdf

import (
	_ "embed" // the font below
	"sync"
)

//go:embed fontdata/NotoSerifSC-Regular.ttf
var serifTTF []byte

// Serif returns Noto Serif SC Regular, the face's font, with 30,928 characters. It is parsed when first used, once.
func Serif() (*Font, error) { return parseSerif() }

var parseSerif = sync.OnceValues(func() (*Font, error) { return ParseFont(serifTTF) })
