package sut

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Usage counts the resources that a server and its children use.
type Usage struct {
	Processes   int
	Descriptors int
	Memory      int64 // bytes that are resident
}

// Usage returns what the processes of the server's group use at the moment. It
// reports false where the system does not tell, which only Linux does.
func (p *Process) Usage() (Usage, bool) {
	var u Usage
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil || len(stats) == 0 {
		return u, false
	}
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // the process has ended
		}
		// proc_pid_stat(5): "pid (name) state ppid pgrp …", and the resident pages
		// as field 24. The name may contain parentheses.
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		if len(fields) < 22 || fields[2] != strconv.Itoa(p.cmd.Process.Pid) {
			continue
		}
		pages, _ := strconv.ParseInt(fields[21], 10, 64)
		open, _ := os.ReadDir(filepath.Join(filepath.Dir(path), "fd"))
		u.Processes++
		u.Descriptors += len(open)
		u.Memory += pages * int64(os.Getpagesize())
	}
	return u, u.Processes > 0
}
