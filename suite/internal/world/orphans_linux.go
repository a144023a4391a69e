package world

import (
	"errors"
	"os"
	"os/exec"
	"slices"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"

	"assay/suite/internal/processes"
)

// adoption makes this process the parent of orphans while it has runs whose processes no
// PID namespace holds together. If the inner process and a worker are killed at once,
// nobody else finds what their targets have left.
var adoption struct {
	mu     sync.Mutex
	runs   int
	before int32 // whether the kernel did so before the first run
	known  []int // children of this process that are no orphans of a run
}

// adopt begins the adoption for a run. The function that it returns ends it.
func adopt() (end func(), err error) {
	a := &adoption
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.runs == 0 {
		_, _, errno := unix.RawSyscall(unix.SYS_PRCTL, unix.PR_GET_CHILD_SUBREAPER,
			uintptr(unsafe.Pointer(&a.before)), 0)
		if errno != 0 {
			return nil, os.NewSyscallError("prctl", errno)
		}
		all, err := processes.Table()
		if err != nil {
			return nil, err
		}
		a.known = nil
		for _, p := range all {
			if p.Parent == os.Getpid() {
				a.known = append(a.known, p.PID)
			}
		}
		if err := adoptOrphans(); err != nil {
			return nil, err
		}
	}
	a.runs++
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.runs--; a.runs == 0 && a.before == 0 {
			unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
		}
	}, nil
}

// startKnown starts the inner process of a run, which other runs leave alone.
func startKnown(cmd *exec.Cmd) error {
	a := &adoption
	a.mu.Lock()
	defer a.mu.Unlock()
	err := cmd.Start()
	if err == nil {
		a.known = append(a.known, cmd.Process.Pid)
	}
	return err
}

// orphan reports whether a child of this process is an orphan of a run: it is in another
// session, as no child is that a program starts without asking for it.
func orphan(p processes.Process) bool {
	a := &adoption
	a.mu.Lock()
	defer a.mu.Unlock()
	own, err := unix.Getsid(0)
	return err == nil && a.runs > 0 && p.Parent == os.Getpid() && p.Session != own &&
		!slices.Contains(a.known, p.PID)
}

// killOrphans kills the processes with the mark of a run, and the orphans that this
// process has adopted, with all that is below them.
func killOrphans(mark string) error {
	err := chaseOrphans()
	if err != nil {
		return err
	}
	err = killAll(func(all []processes.Process) func(processes.Process) bool {
		chosen, marked := map[int]bool{}, marked(mark)(all)
		for _, p := range all {
			if orphan(p) {
				chosen[p.PID] = true
				for pid := range processes.Below(p.PID, all) {
					chosen[pid] = true
				}
			}
		}
		return func(p processes.Process) bool { return chosen[p.PID] || marked(p) }
	})
	all, listing := processes.Table()
	for _, p := range all {
		if p.Ended() && orphan(p) {
			unix.Wait4(p.PID, nil, unix.WNOHANG, nil)
		}
	}
	return errors.Join(err, listing)
}

// chaseOrphans kills the orphans that this process has adopted, and what they start while
// it does so.
func chaseOrphans() error {
	a := &adoption
	return killStraysBut(func(pid int) bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		return a.runs == 0 || slices.Contains(a.known, pid)
	})
}
