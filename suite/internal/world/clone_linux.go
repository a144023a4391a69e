package world

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// runUID is the ID of the run's only user, and of its group, in the namespace
// world. It is not 0, so that targets do not behave as they do for root.
const runUID = 1000

// runCapabilities are the capabilities that the run needs to open worlds. They
// are ambient (capabilities(7)), so workers inherit them although their user is
// not root. Targets do not inherit them, see withholdCapabilities.
var runCapabilities = []uintptr{
	unix.CAP_DAC_OVERRIDE, unix.CAP_KILL, unix.CAP_NET_ADMIN, unix.CAP_NET_BIND_SERVICE,
	unix.CAP_SETPCAP, unix.CAP_SYS_ADMIN, unix.CAP_SYS_PTRACE,
}

// innerAttr returns the attributes with which the inner process is cloned. In its
// user namespace it has no supplementary groups: an unprivileged user may map its
// group only if setgroups is denied (user_namespaces(7)).
func innerAttr(p plan) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if p.Kind != Namespace {
		return attr
	}
	attr.Cloneflags = syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET | syscall.CLONE_NEWNS
	attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: runUID, HostID: os.Geteuid(), Size: 1}}
	attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: runUID, HostID: os.Getegid(), Size: 1}}
	attr.GidMappingsEnableSetgroups = false
	attr.AmbientCaps = runCapabilities
	if p.PIDs {
		// The kernel kills everything in a PID namespace with its first
		// process. Without a PID namespace the inner process must outlive the
		// outer one for long enough to clean up.
		attr.Cloneflags |= syscall.CLONE_NEWPID
		attr.Pdeathsig = syscall.SIGKILL
	}
	return attr
}

// prepareNamespace fills in what the plan of a run in the namespace world needs.
// needs lists paths that must stay visible.
func prepareNamespace(p *plan, needs []string) (err error) {
	if p.PIDs, err = namespaces(); err != nil {
		return err
	}
	if p.Tmpfs, err = findTmpfsDir(needs); err != nil {
		return stepError("find a directory for the private tmpfs", err)
	}
	return nil
}
