package clock

import (
	"time"

	"golang.org/x/sys/unix"
)

func readKernel() (state, error) {
	var t unix.Timex // Modes 0: nothing is changed, so no privilege is needed
	condition, err := unix.Adjtimex(&t)
	if err != nil {
		return state{}, err
	}
	return state{
		synchronised: condition != unix.TIME_ERROR && t.Status&unix.STA_UNSYNC == 0,
		maxError:     time.Duration(t.Maxerror) * time.Microsecond,
		estimated:    time.Duration(t.Esterror) * time.Microsecond,
	}, nil
}
