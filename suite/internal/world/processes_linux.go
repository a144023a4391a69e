package world

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"assay/suite/internal/processes"
)

// killTimeout bounds the wait for killed processes to end.
const killTimeout = 5 * time.Second

// running returns all processes that have not ended.
func running() ([]processes.Process, error) {
	all, err := processes.Table()
	return slices.DeleteFunc(all, processes.Process.Ended), err
}

// hasMark reports whether a process was started with the given mark, or with the
// mark of a world of that run.
func hasMark(pid int, mark string) bool {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
	if err != nil {
		return false
	}
	for entry := range strings.SplitSeq(string(text), "\x00") {
		if value, ok := strings.CutPrefix(entry, envMark+"="); ok {
			return value == mark || strings.HasPrefix(value, mark+"/")
		}
	}
	return false
}

// A choice says which of all processes are to be killed. Those that have ended are among
// them, because others may be below them.
type choice func(all []processes.Process) func(processes.Process) bool

// killAll kills every process that is chosen, except this one, until there is none. It
// also waits until the processes of also have ended: a process that is ending releases
// its memory, and with it its mark, before its sockets.
func killAll(choose choice, also ...int) error {
	deadline := time.Now().Add(killTimeout)
	// The kernel reports the end of a process to its parent only, so this polls.
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	awaited := map[int]bool{}
	for _, pid := range also {
		awaited[pid] = true
	}
	for clean := 0; ; {
		all, err := processes.Table()
		if err != nil {
			return err
		}
		chosen := choose(all)
		var left []int
		for _, p := range all {
			if p.PID == os.Getpid() || p.Ended() {
				continue
			}
			if chosen(p) {
				syscall.Kill(p.PID, syscall.SIGKILL)
				awaited[p.PID] = true
			}
			if awaited[p.PID] {
				left = append(left, p.PID)
			}
		}
		// If a parent ended while the table was read, its children were not seen below
		// this process, and are now.
		if clean++; len(left) == 0 && clean == 2 {
			return nil
		}
		if len(left) == 0 {
			continue
		}
		clean = 0
		if time.Now().After(deadline) {
			return fmt.Errorf("world: processes %v still run %v after SIGKILL", left, killTimeout)
		}
		<-ticker.C
	}
}

// marked chooses the processes with a mark.
func marked(mark string) choice {
	return func([]processes.Process) func(processes.Process) bool {
		return func(p processes.Process) bool { return hasMark(p.PID, mark) }
	}
}

// below chooses every descendant of this process.
func below(all []processes.Process) func(processes.Process) bool {
	descendants := processes.Below(os.Getpid(), all)
	return func(p processes.Process) bool { return descendants[p.PID] }
}

// elsewhere chooses the children of this process that are in another session, and what is
// below them: a target, and whatever it has started. It has a session of its own and cannot
// return to this one. What is below a worker is the worker's.
func elsewhere(all []processes.Process) func(processes.Process) bool {
	chosen := map[int]bool{}
	own, err := unix.Getsid(0)
	for _, p := range all {
		if err == nil && p.Parent == os.Getpid() && p.Session != own {
			chosen[p.PID] = true
			maps.Copy(chosen, processes.Below(p.PID, all))
		}
	}
	return func(p processes.Process) bool { return chosen[p.PID] }
}

// killDescendants kills every process with the given mark and every descendant of
// this process, and calls clean. It stops all of them first, so that none writes
// to what clean removes. It kills the processes of this process's own group last.
// These are the workers: another goroutine waits for them and may end this process
// when they have ended.
func killDescendants(mark string, clean func()) error {
	ours := func(all []processes.Process) func(processes.Process) bool {
		marked, below := marked(mark)(all), below(all)
		return func(p processes.Process) bool { return below(p) || marked(p) }
	}
	all, err := running()
	if err != nil {
		return err
	}
	chosen := ours(all)
	for _, p := range all {
		if p.PID != os.Getpid() && chosen(p) {
			syscall.Kill(p.PID, syscall.SIGSTOP)
		}
	}
	clean()
	workers := syscall.Getpgrp()
	err = killAll(func(all []processes.Process) func(processes.Process) bool {
		chosen := ours(all)
		return func(p processes.Process) bool { return p.Group != workers && chosen(p) }
	})
	if err != nil { // what goes on below a worker is a child of this process without it
		killAll(func([]processes.Process) func(processes.Process) bool {
			return func(p processes.Process) bool { return p.Group == workers }
		})
		err = killStrays(func(int) bool { return false })
	}
	clean() // one that was just starting may have made something since
	return errors.Join(err, killAll(ours))
}

// killBelow kills every descendant of this process, or those in other sessions alone.
func killBelow(all bool) error {
	err := killStrays(func(int) bool { return false })
	if all {
		return errors.Join(err, killAll(below))
	}
	return errors.Join(err, killAll(elsewhere))
}

// adoptOrphans makes this process the parent of descendants whose parents die, so
// that they stay below it whatever they do to their environment, session and group.
func adoptOrphans() error {
	return os.NewSyscallError("prctl", unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
}

// endTargets kills all processes of a world: those in its process groups, those that
// within chooses, if it is not nil, and whatever a target has left elsewhere. If this
// process has other worlds, the mark says whose that is, and what has none ends with
// the last world.
func endTargets(t *targets, within func(pid int) bool) error {
	if pids, err := processes.Children(); err == nil && len(pids) == 0 {
		return nil // as usual, and faster than a look at all processes
	}
	others := t.others()
	if !others {
		if err := killStrays(t.all.has); err != nil {
			return err
		}
	}
	err := killAll(func(all []processes.Process) func(processes.Process) bool {
		elsewhere := elsewhere(all)
		return func(p processes.Process) bool {
			return t.own.has(p.Group) || within != nil && within(p.PID) ||
				elsewhere(p) && (!others || hasMark(p.PID, t.mark))
		}
	}, t.own.list()...)
	if t.own.traced == 0 {
		t.all.reap()
		return err
	}
	return errors.Join(err, awaitCollected(t.own.list()))
}

// awaitCollected waits until a clock has taken the exit status of each process. What is
// left of them would be taken as a stray, and the clock would never learn how they ended.
func awaitCollected(pids []int) error {
	deadline := time.Now().Add(killTimeout)
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for {
		left := slices.DeleteFunc(slices.Clone(pids), func(pid int) bool {
			return errors.Is(syscall.Kill(pid, 0), unix.ESRCH) // a zombie takes signals
		})
		if len(left) == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("world: nobody has waited for processes %v for %v, expected a clock to do so",
				left, killTimeout)
		}
		<-ticker.C
	}
}

// tend kills what workers that are gone have left below this process, and workers that
// are stopped although before, which it returned, says that they were so a while ago. It
// returns the workers that are stopped now, and those that it has killed. Orphans may be
// those of this process's own targets, if it has any.
func (r *Run) tend(before []int) (stopped, killed []int, err error) {
	if len(r.targets.list()) == 0 {
		if err := killStrays(r.targets.has); err != nil {
			return nil, nil, err
		}
	}
	own, err := unix.Getsid(0)
	if err != nil {
		return nil, nil, os.NewSyscallError("getsid", err)
	}
	all, err := running()
	if err != nil {
		return nil, nil, err
	}
	for _, p := range all {
		switch {
		case p.Parent != os.Getpid():
		case p.Session != own: // workers lead no session, and targets are below them
		case p.Stopped() && slices.Contains(before, p.PID):
			syscall.Kill(p.PID, syscall.SIGKILL)
			killed = append(killed, p.PID)
		case p.Stopped():
			stopped = append(stopped, p.PID)
		}
	}
	return stopped, killed, nil
}
