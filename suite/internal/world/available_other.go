//go:build !linux

package world

import (
	"errors"
	"runtime"
)

var errNoLinux = &Unavailable{Step: "look for network namespaces", Err: errors.New("not on " + runtime.GOOS)}

// Available returns an *Unavailable: network namespaces are Linux's.
func Available() error { return errNoLinux }
