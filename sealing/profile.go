package sealing

import (
	"errors"
	"fmt"
)

// Profile is how a document is signed.
type Profile string

// The profiles. The zero value is ProfileSeal.
const (
	// ProfileSeal is an SES_Signature of GB/T 38540-2020, version 4, in a PDF: the seal itself is in the signature.
	ProfileSeal Profile = "seal"
	// ProfileSM2 is a CMS signature of GB/T 35275 with SM2; the seal's picture is shown, the seal is not in the signature.
	ProfileSM2 Profile = "sm2"
	// ProfilePAdES is an ECDSA signature for readers who know no SM2 (ETSI EN 319 142-1), at a Level.
	ProfilePAdES Profile = "pades"
	// ProfileDual is a seal and, behind it, an invisible PAdES signature of the same office.
	ProfileDual Profile = "dual"
)

// Level is how long a signature can be judged without asking anybody (ETSI EN 319 142-1, 6).
type Level string

// The levels. The zero value is LevelT.
const (
	LevelB   Level = "B-B"   // the signature alone: its time is the signer's word
	LevelT   Level = "B-T"   // with a timestamp
	LevelLT  Level = "B-LT"  // and, in a revision of its own, the certificates and lists to judge it
	LevelLTA Level = "B-LTA" // and a timestamp over the whole document
)

// ErrProfile means that a document was to be signed in a way that there is not, or for which this service has no means.
var ErrProfile = errors.New("sealing: no such profile or level")

func (p Profile) orDefault() Profile {
	if p == "" {
		return ProfileSeal
	}
	return p
}

// check refuses what is no profile.
func (p Profile) check() error {
	switch p {
	case ProfileSeal, ProfileSM2, ProfilePAdES, ProfileDual:
		return nil
	}
	return fmt.Errorf("%w: %.20q", ErrProfile, string(p))
}

// foreign reports whether the profile has an ECDSA signature.
func (p Profile) foreign() bool { return p == ProfilePAdES || p == ProfileDual }

func (l Level) orDefault() Level {
	if l == "" {
		return LevelT
	}
	return l
}

func (l Level) check() error {
	switch l {
	case LevelB, LevelT, LevelLT, LevelLTA:
		return nil
	}
	return fmt.Errorf("%w: %.20q", ErrProfile, string(l))
}

func (l Level) stamped() bool  { return l != LevelB }
func (l Level) evidence() bool { return l == LevelLT || l == LevelLTA }
func (l Level) archived() bool { return l == LevelLTA }
