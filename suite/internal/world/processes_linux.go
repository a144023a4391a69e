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

// endDelay bounds the wait for killed processes to be gone.
const endDelay = 5 * time.Second

// process is a line of the process table.
type process struct {
	pid, parent, group int
}

// pids lists the process table.
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

// processes lists the processes that live. A dead one that waits for its
// parent to notice is not among them; one whose first thread is dead is.
func processes() ([]process, error) {
	listed, err := pids()
	if err != nil {
		return nil, err
	}
	var all []process
	for _, pid := range listed {
		text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if err != nil {
			continue // gone meanwhile
		}
		// proc_pid_stat(5): "pid (name) state ppid pgrp …", and the number of
		// threads as field 20. The name may hold anything, parentheses too.
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

// descends says which of all are children of pid, theirs, and so on.
func descends(pid int, all []process) map[int]bool {
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

// isMarked says whether a process was started with the given mark: a run's
// own, or a world's within it.
func isMarked(pid int, mark string) bool {
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

// end kills every process but this one for which is holds, until there is
// none. Those of also it does not kill, but it waits for them: a process that
// is about to end gives up its memory, by which we know it, before its sockets.
func end(is func(process, []process) bool, also ...int) error {
	deadline := time.Now().Add(endDelay)
	// The kernel tells nobody but the parent of a process's end: look again.
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
			if is(p, all) {
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
			return fmt.Errorf("world: processes %v: not gone %v after SIGKILL", left, endDelay)
		}
		<-ticker.C
	}
}

// endMarked kills every process with the given mark but this one.
func endMarked(mark string) error {
	return end(func(p process, _ []process) bool { return isMarked(p.pid, mark) })
}

// endBelow kills every process with the given mark and every descendant of
// this one, and calls clean. It first stops them all, so that nobody writes to
// what is cleaned up, and kills the workers last, which are in this process's
// own group: somebody here waits for those, and might end this process before
// all is done.
func endBelow(mark string, clean func()) error {
	below := func(p process, all []process) bool {
		return isMarked(p.pid, mark) || descends(os.Getpid(), all)[p.pid]
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
	err = end(func(p process, all []process) bool { return p.group != workers && below(p, all) })
	return errors.Join(err, end(below))
}

// adoptOrphans makes processes whose parents die children of this one, so
// that endBelow finds them.
func adoptOrphans() error {
	return os.NewSyscallError("prctl", unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
}

// endTargets kills what was started in a world, wherever it moved to.
func endTargets(t *targets) error {
	return end(func(p process, _ []process) bool {
		return t.own.has(p.group) || isMarked(p.pid, t.mark)
	}, t.own.list()...)
}
