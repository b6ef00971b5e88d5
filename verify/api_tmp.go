//go:build !wip

package verify

import (
	"crypto"
	"errors"
	"time"

	"yinzheng/internal/gm"
)

var errSoon = errors.New("verify: being built")

type Trust struct {
	Version      int       `json:"version"`
	Region       string    `json:"region"` // GB/T 2260 code
	Name         string    `json:"name"`
	Sequence     int64     `json:"sequence"` // grows with every file of the region
	Issued       time.Time `json:"issued"`   // UTC, whole seconds, as all times here
	Expires      time.Time `json:"expires"`
	Roots        [][]byte  `json:"roots"`        // self-signed CA certificates, DER
	Authorities  [][]byte  `json:"authorities"`  // CA certificates between roots and leaves
	SealMakers   [][]byte  `json:"seal_makers"`  // certificates that may sign seals (制章者)
	Timestampers [][]byte  `json:"timestampers"` // certificates of timestamp authorities
	LedgerKeys   [][]byte  `json:"ledger_keys"`  // SM2 SubjectPublicKeyInfo of batch roots and promises
	LogKeys      []string  `json:"log_keys"`     // C2SP note verifier keys of the log
	CRLs         [][]byte  `json:"crls"`
	StatusAsOf   time.Time `json:"status_as_of"` // when Statuses was complete
	Statuses     []Status  `json:"statuses"`     // every licence not in force, by ascending identifier digest
}

type Status struct {
	Identifier gm.Digest `json:"identifier"` // SM3 of the 电子证照标识
	Status     string    `json:"status"`     // 02 暂扣, 03 撤销, 04 注销, 05 失效, 07 吊销
	At         time.Time `json:"at"`
}

type Check struct {
	Code, Clause string
	Endings      []Ending
}
type Ending struct {
	Outcome Outcome
	Why     string
}
type Evidence struct{}

func EncodeTrust(t Trust, signerCert []byte, key crypto.Signer) ([]byte, error) { return nil, errSoon }
func ParseTrust(b []byte) (*Trust, error)                                       { return nil, errSoon }
func Checks() []Check                                                           { return nil }
func Read(in Input) Evidence                                                    { return Evidence{} }
func (p Policy) Judge(e Evidence, t *Trust, at time.Time) Report                { return Report{At: at} }
func Judge(in Input, trust []byte, at time.Time) Report                         { return Report{At: at} }
