package confine

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// Thread confines the processes that the calling thread starts: they may write to their
// own directory, which has to exist, and read what r holds. The thread must be locked to
// its goroutine for as long as it lives, because nothing of this can be taken back. It
// keeps its own capabilities if it needs them to start processes.
func Thread(own string, r Readable, keepCapabilities bool) error {
	capabilities := dropCapabilities
	if keepCapabilities {
		capabilities = withholdCapabilities
	}
	if err := capabilities(); err != nil {
		return err
	}
	if err := noNewPrivileges(); err != nil {
		return err
	}
	return restrict(own, r)
}

// DieWithParent makes the kernel kill a process when the thread that started it ends.
func DieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }

// NewKeyring gives the processes that the calling thread starts a session keyring of
// their own, so that they do not have the keys of the user's session. Where keyrings
// are forbidden or missing, there are no such keys either.
func NewKeyring() { unix.KeyctlJoinSessionKeyring("") }

// CloseDescriptors makes no child of this process inherit a descriptor that this
// process has inherited itself.
func CloseDescriptors() error {
	const last = ^uint(0)
	err := unix.CloseRange(3, last, unix.CLOSE_RANGE_CLOEXEC)
	if !errors.Is(err, unix.ENOSYS) && !errors.Is(err, unix.EINVAL) {
		return os.NewSyscallError("close_range", err)
	}
	all, err := filepath.Glob("/proc/self/fd/*") // before Linux 5.11
	for _, path := range all {
		if fd, err := strconv.Atoi(filepath.Base(path)); err == nil && fd >= 3 {
			syscall.CloseOnExec(fd)
		}
	}
	return err
}
