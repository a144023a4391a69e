//go:build !linux

package world

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"syscall"
)

func innerAttr(plan) *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func prepareNamespace(*plan, []string) error { return errNoLinux }

func settle(*plan) error { return errNoLinux }

func relayOut(string) (*os.File, func(), error) { return nil, nil, errNoLinux }

func relayIn(string) error { return errNoLinux }

// relays is false: without network namespaces every process reaches the
// relay's address by itself.
func (plan) relays() bool { return false }

var errNoLinux = &Unavailable{Step: "look for network namespaces", Err: errors.New("not on " + runtime.GOOS)}

// Available returns an *Unavailable: network namespaces are Linux's.
func Available() error { return errNoLinux }

// SmallDisk is for Linux alone.
func SmallDisk(World, string, int) (remove func() error, err error) {
	return nil, fmt.Errorf("world: a small disk: %w", ErrUnsupported)
}

// Without a process table to search, the workers' own care for their targets
// has to do.

func endMarked(string) error { return nil }

func endBelow(_ string, clean func()) error {
	clean()
	return nil
}

func adoptOrphans() error { return nil }

// dieWithRunner does nothing: only Linux ends a process with its parent.
func dieWithRunner(*syscall.SysProcAttr) {}

// dropCapabilities does nothing: capabilities are Linux's.
func dropCapabilities() error { return nil }

// endTargets has nothing to add to the end of their process groups.
func endTargets(*targets) error { return nil }

func listeners() ([]netip.AddrPort, error) {
	return nil, fmt.Errorf("world: the socket table: %w", ErrUnsupported)
}

func newOpener(r *Run) (opener, error) { return newLoopbackOpener(r), nil }
