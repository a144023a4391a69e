package world

import (
	"bytes"
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
)

// killTimeout bounds the wait for killed processes to end.
const killTimeout = 5 * time.Second

// process is an entry of the process table.
type process struct {
	pid, parent, group, session int
	ended                       bool // a zombie
	stopped                     bool // by a signal
}

// pids returns the numbers of all processes.
func pids() ([]int, error) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil, fmt.Errorf("world: list processes: %w", err)
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, fmt.Errorf("world: list processes: %w", err)
	}
	var all []int
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			all = append(all, pid)
		}
	}
	return all, nil
}

// processes returns all processes that have not ended. It leaves out zombies, but
// not processes of which only the first thread has ended.
func processes() ([]process, error) {
	all, err := processTable()
	return slices.DeleteFunc(all, func(p process) bool { return p.ended }), err
}

// processTable returns all processes, also those that have ended and for which nobody
// has waited.
func processTable() ([]process, error) {
	listed, err := pids()
	if err != nil {
		return nil, err
	}
	var all []process
	for _, pid := range listed {
		text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if err != nil {
			continue // the process has ended meanwhile
		}
		// proc_pid_stat(5): "pid (name) state ppid pgrp …", and the number of
		// threads as field 20. The name may contain parentheses.
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		if len(fields) < 18 {
			continue
		}
		state, threads := fields[0], fields[17]
		if state == "X" {
			continue
		}
		p := process{pid: pid, ended: state == "Z" && threads <= "1", stopped: state == "T"}
		p.parent, _ = strconv.Atoi(fields[1])
		p.group, _ = strconv.Atoi(fields[2])
		p.session, _ = strconv.Atoi(fields[3])
		all = append(all, p)
	}
	return all, nil
}

// descendantsOf says which of all are children of pid, theirs, and so on.
func descendantsOf(pid int, all []process) map[int]bool {
	children := map[int][]int{}
	for _, p := range all {
		children[p.parent] = append(children[p.parent], p.pid)
	}
	found := map[int]bool{}
	for queue := children[pid]; len(queue) > 0; queue = queue[1:] {
		if !found[queue[0]] {
			found[queue[0]] = true
			queue = append(queue, children[queue[0]]...)
		}
	}
	return found
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
type choice func(all []process) func(process) bool

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
		all, err := processTable()
		if err != nil {
			return err
		}
		chosen := choose(all)
		var left []int
		for _, p := range all {
			if p.pid == os.Getpid() || p.ended {
				continue
			}
			if chosen(p) {
				syscall.Kill(p.pid, syscall.SIGKILL)
				awaited[p.pid] = true
			}
			if awaited[p.pid] {
				left = append(left, p.pid)
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
	return func([]process) func(process) bool {
		return func(p process) bool { return hasMark(p.pid, mark) }
	}
}

// below chooses every descendant of this process.
func below(all []process) func(process) bool {
	descendants := descendantsOf(os.Getpid(), all)
	return func(p process) bool { return descendants[p.pid] }
}

// elsewhere chooses the children of this process that are in another session, and what is
// below them: a target, and whatever it has started. It has a session of its own and cannot
// return to this one. What is below a worker is the worker's.
func elsewhere(all []process) func(process) bool {
	chosen := map[int]bool{}
	own, err := unix.Getsid(0)
	for _, p := range all {
		if err == nil && p.parent == os.Getpid() && p.session != own {
			chosen[p.pid] = true
			maps.Copy(chosen, descendantsOf(p.pid, all))
		}
	}
	return func(p process) bool { return chosen[p.pid] }
}

// killDescendants kills every process with the given mark and every descendant of
// this process, and calls clean. It stops all of them first, so that none writes
// to what clean removes. It kills the processes of this process's own group last.
// These are the workers: another goroutine waits for them and may end this process
// when they have ended.
func killDescendants(mark string, clean func()) error {
	ours := func(all []process) func(process) bool {
		marked, below := marked(mark)(all), below(all)
		return func(p process) bool { return below(p) || marked(p) }
	}
	all, err := processes()
	if err != nil {
		return err
	}
	chosen := ours(all)
	for _, p := range all {
		if p.pid != os.Getpid() && chosen(p) {
			syscall.Kill(p.pid, syscall.SIGSTOP)
		}
	}
	clean()
	workers := syscall.Getpgrp()
	err = killAll(func(all []process) func(process) bool {
		chosen := ours(all)
		return func(p process) bool { return p.group != workers && chosen(p) }
	})
	if err != nil { // what goes on below a worker is a child of this process without it
		killAll(func([]process) func(process) bool {
			return func(p process) bool { return p.group == workers }
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
	if pids, err := children(); err == nil && len(pids) == 0 {
		return nil // as usual, and faster than a look at all processes
	}
	others := t.others()
	if !others {
		if err := killStrays(t.all.has); err != nil {
			return err
		}
	}
	err := killAll(func(all []process) func(process) bool {
		elsewhere := elsewhere(all)
		return func(p process) bool {
			return t.own.has(p.group) || within != nil && within(p.pid) ||
				elsewhere(p) && (!others || hasMark(p.pid, t.mark))
		}
	}, t.own.list()...)
	if t.own.traced == 0 {
		t.all.reap()
	}
	return err
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
	all, err := processes()
	if err != nil {
		return nil, nil, err
	}
	for _, p := range all {
		switch {
		case p.parent != os.Getpid():
		case p.session != own: // workers lead no session, and targets are below them
		case p.stopped && slices.Contains(before, p.pid):
			syscall.Kill(p.pid, syscall.SIGKILL)
			killed = append(killed, p.pid)
		case p.stopped:
			stopped = append(stopped, p.pid)
		}
	}
	return stopped, killed, nil
}

// children returns the children of this process (proc_pid_task_tid_children(5)). Some
// kernels do not tell them.
func children() (pids []int, err error) {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return nil, err
	}
	for _, thread := range threads {
		text, err := os.ReadFile("/proc/self/task/" + thread.Name() + "/children")
		if errors.Is(err, unix.ESRCH) {
			continue // the thread has ended
		}
		if err != nil {
			return nil, err
		}
		for word := range strings.FieldsSeq(string(text)) {
			if pid, err := strconv.Atoi(word); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids, nil
}
