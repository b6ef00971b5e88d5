package cos

// Default limits. A licence has some 40 objects and 100 KB; a case file of scans has thousands of pages and gigabytes.
const (
	MaxFileBytes = 4 << 30
	MaxObjects   = 400_000   // entries of cross-references in all revisions: each takes 48 bytes in memory
	MaxRevisions = 256       // a document signed by an office a week for years
	MaxDepth     = 64        // arrays and dictionaries in one another
	MaxElements  = 1_000_000 // values in one object: /Kids and /W of large files
	MaxDecoded   = 256 << 20 // bytes of one stream after decoding

	maxName       = 4096
	maxString     = 64 << 20  // a signature of 4 MB is 8 MB of digits
	maxNumber     = 8_388_607 // of an object (ISO 32000-1, annex C)
	maxGeneration = 65_535    // ISO 32000-1, 7.3.10
	maxDigits     = 40        // of a number
	maxKeyword    = 48        // bytes of a word: a number with its sign and point
	fewKeys       = 24        // of a dictionary that is looked through key by key
	maxLengths    = 2         // streams on the way to a /Length: that of an object stream in which it stands
	maxHops       = 16        // references to references
	maxPages      = 200_000   // of one file
	maxPageDepth  = 64        // levels of the page tree
	maxCache      = 2048      // objects kept after they were read
	maxCacheBytes = 4 << 20   // in the file, of all that is kept: some ten times as much in memory
	maxCached     = 64 << 10  // bytes of an object that is kept
	maxContainers = 8         // object streams kept decoded
	maxContainer  = 16 << 20  // bytes of an object stream after decoding
	maxOddities   = 1000      // listed; more are of no use to anybody
	tailBytes     = 2048      // at the end of a file, where startxref stands
)

// Limits bounds what is read; a zero field means the default above.
type Limits struct {
	FileBytes int64
	Objects   int
	Revisions int
	Depth     int
	Elements  int
	Decoded   int64
}

func (l Limits) orDefault() Limits {
	if l.FileBytes == 0 {
		l.FileBytes = MaxFileBytes
	}
	for _, f := range []struct {
		field *int
		value int
	}{{&l.Objects, MaxObjects}, {&l.Revisions, MaxRevisions}, {&l.Depth, MaxDepth}, {&l.Elements, MaxElements}} {
		if *f.field == 0 {
			*f.field = f.value
		}
	}
	if l.Decoded == 0 {
		l.Decoded = MaxDecoded
	}
	return l
}
