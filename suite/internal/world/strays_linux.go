package world

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"assay/suite/internal/limits"
	"assay/suite/internal/processes"
)

// A stray is a child of this process in another session: a target, or what a target has
// left, since this process adopts orphans.

// strays returns the strays, whether they have ended or not. It is fast, because a target
// can leave processes that start another one and end, again and again.
func strays() ([]int, error) {
	own, err := unix.Getsid(0)
	if err != nil {
		return nil, os.NewSyscallError("getsid", err)
	}
	pids, err := processes.Children()
	if err != nil { // this kernel does not tell them
		all, err := processes.Table()
		if err != nil {
			return nil, err
		}
		for _, p := range all {
			if p.Parent == os.Getpid() {
				pids = append(pids, p.PID)
			}
		}
	}
	return slices.DeleteFunc(pids, func(pid int) bool {
		session, err := unix.Getsid(pid)
		return err != nil || session == own
	}), nil
}

// killStrays kills the strays and what they have started, until there are none. Whatever
// is below a stray becomes one when the stray ends. Strays that others wait for are left
// as zombies.
func killStrays(others func(pid int) bool) error {
	return chase(func(pid int) bool { return hasEnded(pid) && others(pid) }, others)
}

// killStraysBut kills the strays and what they have started, but leaves those that belong
// to no run.
func killStraysBut(foreign func(pid int) bool) error { return chase(foreign, foreign) }

// quickPasses is the number of looks for strays without a pause.
const quickPasses = 20

// chase kills strays, again and again, until there are only those that leave chooses. It
// waits for the end of each, except of those for which something else waits, as others says.
func chase(leave, others func(pid int) bool) error {
	deadline := time.Now().Add(killTimeout)
	for pass, clean := 0, 0; clean < 2; pass, clean = pass+1, clean+1 {
		if pass > quickPasses { // what has been killed needs the processor too
			time.Sleep(100 * time.Microsecond)
		}
		pids, err := strays()
		if err != nil {
			return err
		}
		for _, pid := range pids {
			if leave(pid) {
				continue
			}
			syscall.Kill(pid, syscall.SIGKILL)
			if !others(pid) {
				unix.Wait4(pid, nil, unix.WNOHANG, nil)
			}
			clean = -1
		}
		if clean < 0 && time.Now().After(deadline) {
			return fmt.Errorf("world: processes %v still run %v after SIGKILL", pids, killTimeout)
		}
	}
	return nil
}

// hasEnded reports whether a child has ended, and leaves it to those who wait for it.
func hasEnded(pid int) bool {
	var info unix.Siginfo
	const how = unix.WEXITED | unix.WNOHANG | unix.WNOWAIT
	err := unix.Waitid(unix.P_PID, pid, &info, how, nil)
	return errors.Is(err, unix.ECHILD) || err == nil && info.Signo != 0
}

// reapInterval is the shortest time between two looks for strays that have ended.
const reapInterval = 5 * time.Millisecond

// reapStrays waits for strays that have ended, for as long as this process lives: nobody
// else does, and a target that leaves one after the other would fill the process table
// of the machine.
func (r *Run) reapStrays() {
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGCHLD)
	for range ended {
		r.targets.reap()
		time.Sleep(reapInterval)
	}
}

// reap waits for strays that have ended and are not in g.
func (g *groups) reap() {
	g.starting.Lock()
	defer g.starting.Unlock()
	if g.traced > 0 { // a clock waits for all that its target starts
		return
	}
	pids, err := strays()
	if err != nil {
		return // the next look may succeed
	}
	for _, pid := range pids {
		if !g.has(pid) {
			unix.Wait4(pid, nil, unix.WNOHANG, nil)
		}
	}
}

// boundProcesses bounds how many processes and threads the user of this process may have
// in its user namespace, for this process and those that it starts.
func boundProcesses() error {
	return os.NewSyscallError("setrlimit", lowerProcesses(0, 2*limits.Processes))
}

// lowerProcesses lowers that bound for a process, 0 for this one.
func lowerProcesses(pid int, most uint64) error {
	var now unix.Rlimit
	if err := unix.Prlimit(pid, unix.RLIMIT_NPROC, nil, &now); err != nil {
		return err
	}
	lower := unix.Rlimit{Cur: min(now.Cur, most), Max: min(now.Max, most)}
	return unix.Prlimit(pid, unix.RLIMIT_NPROC, &lower, nil)
}

// boundTarget bounds that for a target. One that starts processes before this is done is
// bounded as this process is.
func boundTarget(pid int) error {
	err := lowerProcesses(pid, limits.Processes)
	if errors.Is(err, unix.ESRCH) {
		return nil // it has ended
	}
	return os.NewSyscallError("prlimit", err)
}
