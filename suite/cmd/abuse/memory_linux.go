package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

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
