package world

import (
	"bytes"
	"errors"
	"fmt"
	"os"
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
	pid, parent, group int
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
		if state == "X" || state == "Z" && threads <= "1" {
			continue
		}
		parent, _ := strconv.Atoi(fields[1])
		group, _ := strconv.Atoi(fields[2])
		all = append(all, process{pid, parent, group})
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

// hasMark says whether a process was started with the given mark, or with the
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

// killAll kills every process for which selects returns true, except this one,
// until there is none. It also waits until the processes of also have ended: a
// process that is ending releases its memory, and with it its mark, before its
// sockets.
func killAll(selects func(process, []process) bool, also ...int) error {
	deadline := time.Now().Add(killTimeout)
	// The kernel reports the end of a process to its parent only, so this polls.
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	awaited := map[int]bool{}
	for _, pid := range also {
		awaited[pid] = true
	}
	for {
		all, err := processes()
		if err != nil {
			return err
		}
		var left []int
		for _, p := range all {
			if p.pid == os.Getpid() {
				continue
			}
			if selects(p, all) {
				syscall.Kill(p.pid, syscall.SIGKILL)
				awaited[p.pid] = true
			}
			if awaited[p.pid] {
				left = append(left, p.pid)
			}
		}
		if len(left) == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("world: processes %v still run %v after SIGKILL", left, killTimeout)
		}
		<-ticker.C
	}
}

// killMarked kills every process with the given mark, except this one.
func killMarked(mark string) error {
	return killAll(func(p process, _ []process) bool { return hasMark(p.pid, mark) })
}

// killDescendants kills every process with the given mark and every descendant of
// this process, and calls clean. It stops all of them first, so that none writes
// to what clean removes. It kills the processes of this process's own group last.
// These are the workers: another goroutine waits for them and may end this process
// when they have ended.
func killDescendants(mark string, clean func()) error {
	below := func(p process, all []process) bool {
		return hasMark(p.pid, mark) || descendantsOf(os.Getpid(), all)[p.pid]
	}
	all, err := processes()
	if err != nil {
		return err
	}
	for _, p := range all {
		if p.pid != os.Getpid() && below(p, all) {
			syscall.Kill(p.pid, syscall.SIGSTOP)
		}
	}
	clean()
	workers := syscall.Getpgrp()
	err = killAll(func(p process, all []process) bool { return p.group != workers && below(p, all) })
	return errors.Join(err, killAll(below))
}

// adoptOrphans makes this process the parent of descendants whose parents die, so
// that killDescendants finds them.
func adoptOrphans() error {
	return os.NewSyscallError("prctl", unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
}

// endTargets kills all processes of a world, even those that have left their
// process group.
func endTargets(t *targets) error {
	return killAll(func(p process, _ []process) bool {
		return t.own.has(p.group) || hasMark(p.pid, t.mark)
	}, t.own.list()...)
}
