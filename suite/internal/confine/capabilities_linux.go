package confine

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// dropCapabilities removes all capabilities of the calling thread. Processes that
// the thread starts cannot gain any, see [noNewPrivileges].
func dropCapabilities() error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	return os.NewSyscallError("capset", unix.Capset(&header, &none[0]))
}

// noNewPrivileges makes execve grant nothing to the processes that the calling thread
// starts: no capabilities, neither to root nor from files, and no other user's ID
// (prctl(2), PR_SET_NO_NEW_PRIVS).
func noNewPrivileges() error {
	return os.NewSyscallError("prctl", unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
}

// hasCapabilities reports whether this process can use all of these capabilities.
func hasCapabilities(all ...uint) bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData
	if unix.Capget(&header, &sets[0]) != nil {
		return false
	}
	for _, c := range all {
		if sets[c/32].Effective&(1<<(c%32)) == 0 {
			return false
		}
	}
	return true
}

// withholdCapabilities keeps the capabilities of the calling thread, but processes
// that the thread starts get none. It empties the bounding set, which limits what
// execve grants, and the inheritable set, without which there are no ambient
// capabilities (capabilities(7)).
func withholdCapabilities() error {
	for c := uintptr(0); ; c++ {
		err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0)
		if errors.Is(err, unix.EINVAL) { // c is higher than this kernel's last capability
			break
		}
		if err != nil {
			return os.NewSyscallError("prctl", err)
		}
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData
	if err := unix.Capget(&header, &sets[0]); err != nil {
		return os.NewSyscallError("capget", err)
	}
	sets[0].Inheritable, sets[1].Inheritable = 0, 0
	return os.NewSyscallError("capset", unix.Capset(&header, &sets[0]))
}
