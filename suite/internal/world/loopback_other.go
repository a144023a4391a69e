//go:build !linux

package world

import (
	"fmt"
	"net/netip"
	"syscall"
)

// dieWithRunner does nothing: only Linux ends a process with its parent.
func dieWithRunner(*syscall.SysProcAttr) {}

// dropCapabilities does nothing: capabilities are Linux's.
func dropCapabilities() error { return nil }

// endTargets has nothing to add to the end of their process groups.
func endTargets(*targets) error { return nil }

func listeners() ([]netip.AddrPort, error) {
	return nil, fmt.Errorf("world: the socket table: %w", ErrUnsupported)
}
