package world

import (
	"os"
	"syscall"
)

// innerAttr is how the inner process is cloned. Its own user becomes root in
// its user namespace; supplementary groups are given up (user_namespaces(7):
// an ordinary user may map its group only with setgroups denied).
func innerAttr(p plan) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if p.Kind != Namespace {
		return attr
	}
	attr.Cloneflags = syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET | syscall.CLONE_NEWNS
	attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
	attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	attr.GidMappingsEnableSetgroups = false
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
