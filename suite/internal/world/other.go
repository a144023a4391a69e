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

func setUpNamespaces(*plan) error { return errNoLinux }

func relayOut(string) (*os.File, func(), error) { return nil, nil, errNoLinux }

func relayIn(string) error { return errNoLinux }

// relays returns false: without network namespaces every process reaches the
// relay's address itself.
func (plan) relays() bool { return false }

var errNoLinux = &Unavailable{
	Step: "look for network namespaces",
	Err:  errors.New("they exist on Linux only, this is " + runtime.GOOS),
}

// Available returns an *Unavailable, because only Linux has network namespaces.
func Available() error { return errNoLinux }

// A Disk needs a mount namespace of Linux.
type Disk struct{}

// NewDisk returns ErrUnsupported.
func NewDisk(World, string) (*Disk, error) {
	return nil, fmt.Errorf("world: a disk: %w", ErrUnsupported)
}

// Limit returns ErrUnsupported.
func (*Disk) Limit(int64, int64) error {
	return fmt.Errorf("world: limit a disk: %w", ErrUnsupported)
}

// Remove does nothing.
func (*Disk) Remove() error { return nil }

// SwitchableMount returns ErrUnsupported, because it needs a mount namespace of
// Linux.
func SwitchableMount(World, string) (
	setReadOnly func(bool) error, remove func() error, err error,
) {
	return nil, nil, fmt.Errorf("world: a read-only mount: %w", ErrUnsupported)
}

// Without /proc, processes are not searched for. Workers kill their targets
// themselves.

func killMarked(string) error { return nil }

func killDescendants(_ string, clean func()) error {
	clean()
	return nil
}

func adoptOrphans() error { return nil }

// dieWithRunner does nothing: only Linux can kill a process with its parent.
func dieWithRunner(*syscall.SysProcAttr) {}

// dropCapabilities does nothing: only Linux has capabilities.
func dropCapabilities() error { return nil }

// endTargets does nothing: the targets' process groups have been killed already.
func endTargets(*targets) error { return nil }

func listeners() ([]netip.AddrPort, error) {
	return nil, fmt.Errorf("world: read the socket table: %w", ErrUnsupported)
}

func newOpener(r *Run) (opener, error) { return newLoopbackOpener(r), nil }
