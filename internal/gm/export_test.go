package gm

// The tests seal and open with few iterations.
var (
	SealKeyTest = sealKey
	OpenKeyTest = openKey
)
