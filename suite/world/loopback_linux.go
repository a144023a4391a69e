package world

import (
	"maps"
	"os"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

func dieWithRunner(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }

// dropCapabilities takes all capabilities from the calling thread, and from
// what it starts any way to gain some: with no_new_privs neither root's user
// ID nor a file's capabilities give any at execve (prctl(2),
// PR_SET_NO_NEW_PRIVS).
func dropCapabilities() error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return os.NewSyscallError("prctl", err)
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	return os.NewSyscallError("capset", unix.Capset(&header, &none[0]))
}

// endTargets kills what was started in a world, wherever it moved to.
func endTargets(t *targets) error {
	return end(func(p process, _ []process) bool {
		return t.own.has(p.group) || isMarked(p.pid, t.mark)
	}, t.own.list()...)
}

func (g *groups) has(id int) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, ok := g.ids[id]
	return ok
}

func (g *groups) list() []int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Collect(maps.Keys(g.ids))
}
