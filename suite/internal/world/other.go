//go:build !linux

package world

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"assay/suite/internal/confine"
)

func innerAttr(plan) *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

func prepareNamespace(*plan) error { return errNoLinux }

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

// Left says in words that nothing confines targets.
func Left() []string { return []string{confine.WithoutLandlock()} }

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

func adopt() (end func(), err error) { return func() {}, nil }

func startKnown(cmd *exec.Cmd) error { return cmd.Start() }

func killOrphans(string) error { return nil }

func killDescendants(_ string, clean func()) error {
	clean()
	return nil
}

func adoptOrphans() error { return nil }

// endTargets does nothing: the targets' process groups have been killed already.
func endTargets(*targets, func(int) bool) error { return nil }

func killBelow(bool) error { return nil }

func (*Run) reapStrays() {}

func boundProcesses() error { return nil }

func boundTarget(int) error { return nil }

func (*Run) tend([]int) (stopped, killed []int, err error) { return nil, nil, nil }

func listeners() ([]netip.AddrPort, error) {
	return nil, fmt.Errorf("world: read the socket table: %w", ErrUnsupported)
}

func newOpener(r *Run) (opener, error) { return newLoopbackOpener(r), nil }
