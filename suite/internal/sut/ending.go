package sut

import (
	"fmt"
	"os"
	"syscall"
	"time"
)

// Ending is how a server ended.
type Ending struct {
	// Code is its exit code; -1 if a signal ended it.
	Code int
	// Signal is the signal that ended it, or 0.
	Signal syscall.Signal
	// At is when it ended, since it was started.
	At time.Duration

	// EndedEarly says that it had ended before it was asked to.
	EndedEarly bool
	// Killed says that it did not end in time when it was asked to, and was
	// killed.
	Killed bool
	// Took is how long it took to end from being asked.
	Took time.Duration
}

func endingOf(state *os.ProcessState) Ending {
	if state == nil {
		return Ending{Code: -1}
	}
	e := Ending{Code: state.ExitCode()}
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		e.Signal = status.Signal()
	}
	return e
}

// String says it in words: "exited with code 1 after 12ms".
func (e Ending) String() string {
	how := fmt.Sprintf("exited with code %d", e.Code)
	if e.Signal != 0 {
		how = fmt.Sprintf("was ended by signal %d (%v)", int(e.Signal), e.Signal)
	}
	switch {
	case e.Killed:
		return fmt.Sprintf("did not end within %v of being asked and was killed", e.Took.Round(time.Millisecond))
	case e.EndedEarly:
		return how + " before it was asked to"
	case e.Took > 0:
		return fmt.Sprintf("%s %v after being asked", how, e.Took.Round(time.Millisecond))
	}
	return fmt.Sprintf("%s after %v", how, e.At.Round(time.Millisecond))
}
