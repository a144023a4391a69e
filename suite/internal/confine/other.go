//go:build !linux

package confine

import (
	"runtime"
	"syscall"
)

// IDs say which IDs the user and the group of a run have outside of it.
type IDs struct{ Own bool }

// Readable holds what targets may read of the file tree: all of it.
type Readable struct{}

// AllBut returns all of the file tree: nothing can be closed.
func AllBut(_, _ []string) Readable { return Readable{} }

// ChooseIDs returns the user's own: only Linux has user namespaces.
func ChooseIDs(int) IDs { return IDs{} }

// Return does nothing: what a run leaves belongs to the user.
func (IDs) Return(string) error { return nil }

// Thread does nothing: this system confines no threads.
func Thread(string, Readable, bool) error { return nil }

// Machine returns nothing: nothing can be closed.
func Machine() (closed, needed []string) { return nil, nil }

// WithoutLandlock says in words that nothing confines a target.
func WithoutLandlock() string { return "nothing confines a target on " + runtime.GOOS }

// DieWithParent does nothing: only Linux can kill a process with its parent.
func DieWithParent(*syscall.SysProcAttr) {}

// NewKeyring does nothing: only Linux has keyrings.
func NewKeyring() {}

// CloseDescriptors makes no child of this process inherit a descriptor that this
// process has inherited itself.
func CloseDescriptors() error {
	for fd := 3; fd < 1024; fd++ {
		syscall.CloseOnExec(fd)
	}
	return nil
}
