package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// A process holds what /proc says of one.
type process struct {
	pid, parent int
	state       string // as in proc(5): Z for one that has ended
	name        string
	began       string // when it began; tells it from one that had its number before
}

func (p process) String() string { return fmt.Sprintf("%d (%s) %s", p.pid, p.name, p.state) }

// processTable returns all processes by their IDs.
func processTable() (map[int]process, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	all := map[int]process{}
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		text, err := os.ReadFile(filepath.Join("/proc", entry.Name(), "stat"))
		if err != nil {
			continue // it has ended meanwhile
		}
		begin, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
		fields := strings.Fields(string(text[end+1:])) // a name may hold anything
		if begin < 0 || end < begin || len(fields) < 20 {
			continue
		}
		parent, _ := strconv.Atoi(fields[1])
		all[pid] = process{pid, parent, fields[0], string(text[begin+1 : end]), fields[19]}
	}
	return all, nil
}

// below returns the processes below one.
func below(all map[int]process, top int) (found []process) {
	known := map[int]bool{top: true} // whether a process is below it
	var is func(pid int) bool
	is = func(pid int) bool {
		if answer, ok := known[pid]; ok {
			return answer
		}
		known[pid] = false // against a circle, if the table changed meanwhile
		p, ok := all[pid]
		known[pid] = ok && is(p.parent)
		return known[pid]
	}
	for pid, p := range all {
		if pid != top && is(pid) {
			found = append(found, p)
		}
	}
	return found
}

// memoryOf returns the memory of a process that belongs to it alone, or is shared but is
// no file's: RssAnon and RssShmem of proc(5).
func memoryOf(pid int) (bytes int64) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		name, rest, _ := strings.Cut(line, ":")
		if name != "RssAnon" && name != "RssShmem" {
			continue
		}
		fields := strings.Fields(rest)
		if len(fields) > 0 {
			kilobytes, _ := strconv.ParseInt(fields[0], 10, 64)
			bytes += kilobytes << 10
		}
	}
	return bytes
}
