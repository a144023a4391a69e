//go:build !linux || (!amd64 && !arm64)

package clock

import (
	"context"
	"errors"
	"os/exec"
	"runtime"
	"syscall"
)

var errUnsupported = &Unavailable{
	Step: "look for the vDSO",
	Err: errors.New("clocks are moved on Linux on amd64 or arm64 only, this is " +
		runtime.GOOS + " on " + runtime.GOARCH),
}

// Available returns an *Unavailable, because this system is not supported.
func Available() error { return errUnsupported }

// A Target cannot be started on this system.
type Target struct{}

// Start returns an *Unavailable.
func (*Clock) Start(*exec.Cmd, func(*exec.Cmd, func() error) error) (*Target, error) {
	return nil, errUnsupported
}

// AwaitIdle returns nil, because no target runs.
func (*Clock) AwaitIdle(context.Context, func() string) error { return nil }

// Wait returns 0. There is no target.
func (*Target) Wait() syscall.WaitStatus { return 0 }

// Seen returns nothing. There is no target.
func (*Target) Seen() Seen { return Seen{} }

func (*Target) follow(context.Context, offsets) error { return nil }
