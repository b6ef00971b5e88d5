package sealing

import (
	"context"
	"time"

	"yinzheng/internal/gm"
)

// Record is one seal in the register.
type Record struct {
	ID     string    // esID: 6-digit region and 8-digit serial
	Office string    // USCC of its owner
	Owner  string    // name of the owner, 颁发机构
	Name   string    // 印章名称
	Data   []byte    // SESeal, DER
	Signer []byte    // the owner's signing certificate, DER
	State  SealState //
	Made   time.Time
}

// SealState is where a seal is in its life (国办发〔2025〕33号); only an active seal seals.
type SealState string

// The states this service uses so far.
const (
	SealActive    SealState = "active"
	SealSuspended SealState = "suspended"
	SealCancelled SealState = "cancelled"
)

// Use is one line of the use log (用印日志): written before the sealed document leaves.
type Use struct {
	Seal, By, Matter, Case string
	Content                gm.Digest // dataHash
	Document               gm.Digest // SM3 of the sealed document
	Certificate            string    // serial number of the signing certificate, hex
	At                     time.Time
}

// Book keeps seals and their uses. Every method is durable on return.
type Book interface {
	PutSeal(ctx context.Context, r Record) error
	Seal(ctx context.Context, id string) (Record, error)       // ErrNoSeal
	SealOf(ctx context.Context, office string) (Record, error) // the active seal of an office; ErrNoSeal
	PutUse(ctx context.Context, u Use) error
}
