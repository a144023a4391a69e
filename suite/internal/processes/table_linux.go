// Package processes reads the process table and limits what other processes may have open.
package processes

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// A Process is an entry of the process table (proc_pid_stat(5)).
type Process struct {
	PID, Parent, Group, Session int

	Name  string // of the main thread; it may hold anything
	State string // R, S, D, T, t, Z and others
	Began string // when it began; tells it from one that had its number before

	threads int
}

// Ended reports whether the process has ended and nobody has waited for it. A process of
// which only the first thread has ended goes on.
func (p Process) Ended() bool { return p.State == "Z" && p.threads <= 1 }

// Stopped reports whether a signal has stopped the process.
func (p Process) Stopped() bool { return p.State == "T" }

// String returns the number, the name and the state.
func (p Process) String() string { return fmt.Sprintf("%d (%s) %s", p.PID, p.Name, p.State) }

// Table returns all processes, also those that have ended and for which nobody has waited.
func Table() ([]Process, error) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var all []Process
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		text, err := os.ReadFile("/proc/" + name + "/stat")
		if err != nil {
			continue // the process has ended meanwhile
		}
		if p, ok := parse(pid, text); ok && p.State != "X" {
			all = append(all, p)
		}
	}
	return all, nil
}

// parse reads "pid (name) state ppid pgrp session …". The name may hold parentheses. The
// number of threads is field 20, the time of the start field 22.
func parse(pid int, text []byte) (Process, bool) {
	begin, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if begin < 0 || end < begin {
		return Process{}, false
	}
	fields := strings.Fields(string(text[end+1:]))
	if len(fields) < 20 {
		return Process{}, false
	}
	number := func(field int) int {
		n, _ := strconv.Atoi(fields[field-3])
		return n
	}
	return Process{
		PID: pid, Name: string(text[begin+1 : end]), State: fields[0],
		Parent: number(4), Group: number(5), Session: number(6),
		threads: number(20), Began: fields[22-3],
	}, true
}

// Below says which of all processes are children of pid, theirs, and so on.
func Below(pid int, all []Process) map[int]bool {
	children := map[int][]int{}
	for _, p := range all {
		children[p.Parent] = append(children[p.Parent], p.PID)
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

// Children returns the children of this process (proc_pid_task_tid_children(5)). Some
// kernels do not tell them.
func Children() (pids []int, err error) {
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
