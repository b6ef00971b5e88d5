// Package auth says who is asking and what they may do.
package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"yinzheng/internal/gm"
)

// ErrDenied means that the caller may not do what was asked. Its text never says whether the object exists.
var ErrDenied = errors.New("auth: denied")

// Action is one thing a caller may be allowed to do.
type Action string

// The actions.
const (
	IssueLicence  Action = "licence.issue"
	ReadLicence   Action = "licence.read"
	ChangeLicence Action = "licence.change" // suspend, resume, revoke
	PresentOwn    Action = "licence.present"
	HandleCase    Action = "case.handle"
	Archive       Action = "archive.deposit"
	ReadArchive   Action = "archive.read"
	Verify        Action = "verify"
	Operate       Action = "operate"
	OperateCA     Action = "ca.operate"  // issue and revoke end entities' certificates, propose what needs two people
	ApproveCA     Action = "ca.approve"  // approve or reject what another proposed
	ApplySeal     Action = "seal.apply"  // apply for seals of its own office, suspend them, report their loss
	DecideSeal    Action = "seal.decide" // 制发部门: approve, activate, suspend, cancel, authorise uses
	MakeSeal      Action = "seal.make"   // 制作管理单位: make and record what another approved
	UseSeal       Action = "seal.use"    // have documents sealed, within an authorisation
)

// Caller is who is asking. The zero Caller may do nothing.
type Caller struct {
	ID      string   // stable name of the calling system or person, for the audit log
	Office  string   // 统一社会信用代码 of the office it acts for; "" for none
	Actions []Action // what it may do
	Kinds   []string // kind codes it may issue; empty for every kind of its office
}

// May reports nil if the caller may do a, else ErrDenied.
func (c Caller) May(a Action) error {
	if c.ID == "" || !slices.Contains(c.Actions, a) {
		return ErrDenied
	}
	return nil
}

// ErrNoCaller means that a credential belongs to nobody.
var ErrNoCaller = errors.New("auth: unknown credential")

// Credentials finds callers by the SM3 of their API key; the key itself is never stored.
type Credentials interface {
	// PutCaller stores or replaces the caller that a key belongs to; it is durable on return.
	PutCaller(ctx context.Context, key gm.Digest, c Caller) error
	// CallerOf returns the caller of a key, or ErrNoCaller.
	CallerOf(ctx context.Context, key gm.Digest) (Caller, error)
}

// Actions returns every action there is.
func Actions() []Action {
	return []Action{IssueLicence, ReadLicence, ChangeLicence, PresentOwn, HandleCase, Archive, ReadArchive, Verify, Operate,
		OperateCA, ApproveCA, ApplySeal, DecideSeal, MakeSeal, UseSeal}
}

// Check refuses a caller without a name or with an action that does not exist.
func (c Caller) Check() error {
	if c.ID == "" {
		return errors.New("auth: a caller has no name")
	}
	for _, a := range c.Actions {
		if !slices.Contains(Actions(), a) {
			return fmt.Errorf("auth: there is no action %q; there are %v", a, Actions())
		}
	}
	return nil
}
