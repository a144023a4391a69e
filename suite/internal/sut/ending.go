package sut

import (
	"fmt"
	"os"
	"syscall"
	"time"
)

// Ending describes how a server ended.
type Ending struct {
	// Code is the exit code; -1 if a signal ended the server.
	Code int
	// Signal is the signal that ended the server, or 0.
	Signal syscall.Signal
	// At is the time from the server's start to its end.
	At time.Duration

	// EndedEarly says that the server had ended before it was asked to stop.
	EndedEarly bool
	// Killed says that the server did not end in time after it was asked to
	// stop, and was killed.
	Killed bool
	// Took is the time from the request to stop to the server's end.
	Took time.Duration
}

// waitStatus returns how a process ended; unknownEnd without a state.
func waitStatus(state *os.ProcessState) syscall.WaitStatus {
	if state == nil {
		return unknownEnd
	}
	status, _ := state.Sys().(syscall.WaitStatus)
	return status
}

// unknownEnd has no exit code and no signal, as the status of a process that goes on.
const unknownEnd syscall.WaitStatus = 0xffff

func endingOf(status syscall.WaitStatus) Ending {
	e := Ending{Code: status.ExitStatus()}
	if status.Signaled() {
		e.Signal = status.Signal()
	}
	return e
}

// How describes the ending without its time, as in "exited with code 1".
func (e Ending) How() string {
	if e.Signal != 0 {
		return fmt.Sprintf("was ended by signal %d (%v)", int(e.Signal), e.Signal)
	}
	return fmt.Sprintf("exited with code %d", e.Code)
}

// String describes the ending in words, as in "exited with code 1 after 12ms".
func (e Ending) String() string {
	how := e.How()
	switch {
	case e.Killed:
		return fmt.Sprintf("did not end within %v of being asked and was killed",
			e.Took.Round(time.Millisecond))
	case e.EndedEarly:
		return how + " before it was asked to"
	case e.Took > 0:
		return fmt.Sprintf("%s %v after being asked", how, e.Took.Round(time.Millisecond))
	}
	return fmt.Sprintf("%s after %v", how, e.At.Round(time.Millisecond))
}
