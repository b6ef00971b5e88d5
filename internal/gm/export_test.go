package gm

// The tests seal and open with few iterations, and bend points.
var (
	SealKeyTest    = sealKey
	OpenKeyTest    = openKey
	SealSecretTest = sealSecret
	OpenSecretTest = openSecret
	Coordinates    = coordinates
)
