// Package receipt is the proof, checkable with no network, of how far a digest has come on its way into the ledger.
package receipt

import (
	"time"

	"yinzheng/internal/gm"
)

// State says how far an entry has come. A receipt never claims more than it proves.
type State string

// The states, weakest first.
const (
	Accepted State = "accepted" // durable at the region, promised by its signature
	Logged   State = "logged"   // under a signed batch root that a signed log checkpoint includes
	OnChain  State = "on-chain" // committed by the consortium (Fabric)
)

// Entry is what is anchored: a digest with a kind and a salt, never personal data.
type Entry struct {
	Kind   string    `json:"kind"`   // what the digest is of: "licence", "outcome", "package", "trust"
	Digest gm.Digest `json:"digest"` // SM3 of the thing
	Salt   gm.Digest `json:"salt"`   // 32 random bytes, so that a leaf says nothing about a guessable digest
}

// Root is the record of one batch that a driver stores; its bytes (see Bytes) are what is signed and what is logged.
type Root struct {
	Region   string    `json:"region"`   // GB/T 2260 code
	Sequence int64     `json:"sequence"` // 0, 1, 2, … in a region, without a gap
	Count    int64     `json:"count"`    // leaves of the batch tree
	Time     time.Time `json:"time"`     // UTC, whole seconds
	Previous gm.Digest `json:"previous"` // SM3 of the previous root's bytes; zero for sequence 0
	Hash     gm.Digest `json:"hash"`     // SM3 Merkle root of the batch
}

// Promise is the region's signed word that an entry is durable and will be logged.
type Promise struct {
	Region    string    `json:"region"`
	Time      time.Time `json:"time"`
	Signature []byte    `json:"signature"` // SM2 over PromiseBytes
}

// LogProof is the embedded log's proof of one root record.
type LogProof struct {
	Origin     string   `json:"origin"`     // C2SP checkpoint origin line
	Index      int64    `json:"index"`      // leaf index in the log
	Checkpoint string   `json:"checkpoint"` // signed note, exactly as published
	Path       [][]byte `json:"path"`       // RFC 6962 inclusion path (SHA-256)
}

// Receipt proves an Entry. Fields that its state does not need are absent.
type Receipt struct {
	Version   int         `json:"version"` // 1
	State     State       `json:"state"`
	Entry     Entry       `json:"entry"`
	Promise   *Promise    `json:"promise,omitempty"`
	Index     int64       `json:"index"`          // leaf index in the batch tree
	Path      []gm.Digest `json:"path,omitempty"` // SM3 inclusion path
	Root      *Root       `json:"root,omitempty"`
	Signature []byte      `json:"signature,omitempty"` // SM2 over Root.Bytes
	Proof     *LogProof   `json:"proof,omitempty"`
}
