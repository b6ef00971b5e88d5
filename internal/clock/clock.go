// Package clock says whether the machine's clock may be believed: a timestamp is worth what the clock behind it is.
package clock

import (
	"context"
	"errors"
)

var (
	// ErrUnsynchronised means that the clock is not kept by a time service, or is further off than allowed.
	ErrUnsynchronised = errors.New("clock: the clock is not synchronised")
	// ErrUnknown means that this operating system does not say whether its clock is synchronised.
	ErrUnknown = errors.New("clock: the state of the clock cannot be read here")
)

// Sync says whether the clock is in sync with a time source.
type Sync interface {
	// InSync is nil when the clock may be believed. Otherwise ErrUnsynchronised or ErrUnknown, with the state that was read.
	InSync(ctx context.Context) error
}

type unchecked struct{}

// InSync is always nil.
func (unchecked) InSync(context.Context) error { return nil }

// Unchecked believes every clock: for demonstrations and tests only.
func Unchecked() Sync { return unchecked{} }
