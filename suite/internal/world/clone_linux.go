package world

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// ordinary is the ID of the run's one user, and of its group, in the namespace
// world: targets shall not take themselves for root.
const ordinary = 1000

// powers are the capabilities over its namespaces, and over its user's files,
// with which a run makes its worlds. They are ambient (capabilities(7)): the
// workers, programs of an ordinary user too, inherit them. Targets do not
// (withholdCapabilities).
var powers = []uintptr{
	unix.CAP_DAC_OVERRIDE, unix.CAP_KILL, unix.CAP_NET_ADMIN, unix.CAP_NET_BIND_SERVICE,
	unix.CAP_SETPCAP, unix.CAP_SYS_ADMIN, unix.CAP_SYS_PTRACE,
}

// innerAttr is how the inner process is cloned. Its own user becomes an
// ordinary one in its user namespace; supplementary groups are given up
// (user_namespaces(7): an ordinary user may map its group only with setgroups
// denied).
func innerAttr(p plan) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if p.Kind != Namespace {
		return attr
	}
	attr.Cloneflags = syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET | syscall.CLONE_NEWNS
	attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: ordinary, HostID: os.Geteuid(), Size: 1}}
	attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: ordinary, HostID: os.Getegid(), Size: 1}}
	attr.GidMappingsEnableSetgroups = false
	attr.AmbientCaps = powers
	if p.PIDs {
		// Everything in a PID namespace dies with its first process. Without
		// one, the inner process has to live long enough to clean up.
		attr.Cloneflags |= syscall.CLONE_NEWPID
		attr.Pdeathsig = syscall.SIGKILL
	}
	return attr
}

func prepareNamespace(p *plan, needs []string) (err error) {
	if p.PIDs, err = namespaces(); err != nil {
		return err
	}
	if p.Tmpfs, err = hidingPlace(needs); err != nil {
		return failed("find room for temporary files", err)
	}
	return nil
}
