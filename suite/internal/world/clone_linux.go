package world

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"assay/suite/internal/confine"
)

// runCapabilities are the capabilities that the run needs to open worlds and to
// record their packets. They are ambient (capabilities(7)), so workers inherit them
// although their user is not root. Targets do not inherit them, see
// withholdCapabilities.
var runCapabilities = []uintptr{
	unix.CAP_DAC_OVERRIDE, unix.CAP_KILL, unix.CAP_NET_ADMIN, unix.CAP_NET_BIND_SERVICE,
	unix.CAP_NET_RAW, unix.CAP_SETPCAP, unix.CAP_SYS_ADMIN, unix.CAP_SYS_PTRACE,
}

// innerAttr returns the attributes with which the inner process is cloned. It leads a
// session of its own, which has no terminal: no target can write to the user's by
// /dev/tty.
func innerAttr(p plan) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setsid: true}
	if p.Kind != Namespace {
		return attr
	}
	attr.Cloneflags = syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET | syscall.CLONE_NEWNS
	confine.ChooseIDs(runUID).Apply(attr)
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
func prepareNamespace(p *plan) (err error) {
	tried := namespaces()
	if tried.err != nil {
		return tried.err
	}
	p.PIDs, p.OwnID, p.Left = tried.pids, confine.ChooseIDs(runUID).Own, tried.left
	if p.Tmpfs, err = findTmpfsDir(p.Needs); err != nil {
		return stepError("find a directory for the private tmpfs", err)
	}
	return nil
}

func init() { takeID() }

// takeID gives a process that was cloned as root its own ID, before it does anything
// else. The program begins again then.
func takeID() {
	stage := os.Getenv(envStage)
	if stage != stageInner && stage != stageProbe || os.Getuid() != 0 {
		return
	}
	p, err := planFromEnv()
	if err != nil || !p.OwnID {
		return // Join says what is wrong with the plan
	}
	err = confine.Become(runUID, runCapabilities, p.PIDs)
	tellParent(stepError("take the ID of the run", err))
	os.Exit(2)
}
