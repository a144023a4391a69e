package world

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// process is a line of the process table.
type process struct {
	pid, parent, group int
}

// processes lists the processes that live: a dead one that waits for its
// parent to notice is not among them.
func processes() ([]process, error) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil, fmt.Errorf("world: list processes: %w", err)
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, fmt.Errorf("world: list processes: %w", err)
	}
	var all []process
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		text, err := os.ReadFile("/proc/" + name + "/stat")
		if err != nil {
			continue // gone meanwhile
		}
		// proc_pid_stat(5): "pid (name) state ppid pgrp …"; the name may hold
		// anything, parentheses too.
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		if len(fields) < 3 || fields[0] == "Z" || fields[0] == "X" {
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

// end kills every process for which is holds, until there is none.
func end(is func(process, []process) bool) error {
	deadline := time.Now().Add(endDelay)
	// The kernel tells nobody but the parent of a process's end: look again.
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for {
		all, err := processes()
		if err != nil {
			return err
		}
		var left []int
		for _, p := range all {
			if p.pid != os.Getpid() && is(p, all) {
				left = append(left, p.pid)
				syscall.Kill(p.pid, syscall.SIGKILL)
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
// this one.
func endBelow(mark string) error {
	return end(func(p process, all []process) bool {
		return isMarked(p.pid, mark) || descends(os.Getpid(), all)[p.pid]
	})
}

// adoptOrphans makes processes whose parents die children of this one, so
// that endBelow finds them.
func adoptOrphans() error {
	return os.NewSyscallError("prctl", unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
}
