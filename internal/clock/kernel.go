package clock

import (
	"context"
	"fmt"
	"time"
)

// state is what the kernel keeps of its clock (adjtimex(2)), as the time service last told it.
type state struct {
	synchronised bool          // not STA_UNSYNC and not TIME_ERROR
	maxError     time.Duration // upper bound of the error; grows by 500 µs a second while no service corrects the clock
	estimated    time.Duration // the service's own estimate
}

type kernel struct {
	maxError time.Duration
	read     func() (state, error)
}

// Kernel asks the kernel's clock discipline, which chronyd, ntpd and systemd-timesyncd all keep (adjtimex(2)): the clock is in
// sync when the kernel says so and its maximum error is not above maxError.
func Kernel(maxError time.Duration) Sync { return kernel{maxError: maxError, read: readKernel} }

// InSync reads the state anew at every call: about a microsecond.
func (k kernel) InSync(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("reading the state of the clock: %w", err)
	}
	s, err := k.read()
	if err != nil {
		return fmt.Errorf("reading the state of the clock: %w", err)
	}
	if !s.synchronised {
		return fmt.Errorf("%w: the kernel says that no time service keeps it (adjtimex STA_UNSYNC); start chronyd or another and wait for its first correction", ErrUnsynchronised)
	}
	if s.maxError > k.maxError {
		return fmt.Errorf("%w: its error may be %v (estimated %v), %v is allowed", ErrUnsynchronised, s.maxError, s.estimated, k.maxError)
	}
	return nil
}
