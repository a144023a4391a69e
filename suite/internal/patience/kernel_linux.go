package patience

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// readCounters reads what Linux counts: the pressure of the whole machine, and
// the run time, run delay and state of each thread of this process and of the
// targets' processes.
func readCounters(targets []int) Counters {
	c := Counters{Own: map[int]Thread{}, Targets: map[int]Thread{}}
	text, err := os.ReadFile("/proc/pressure/cpu")
	c.Pressure = parsePressure(text, err)
	c.Runnable = Runnable()
	threads("/proc/self", c.Own)
	for _, pid := range targets {
		tree(pid, c.Targets)
	}
	return c
}

// Runnable returns how many threads of the whole machine want to run now, the
// caller's included; 0 if the kernel does not tell.
func Runnable() int {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0
	}
	return parseRunnable(text)
}

// Busy reports whether a thread of a process, or of a descendant, runs now or wants to.
func Busy(pid int) bool {
	all := map[int]Thread{}
	tree(pid, all)
	for _, thread := range all {
		if thread.Ready {
			return true
		}
	}
	return false
}

// parsePressure reads the total of the line "some" (kernel documentation,
// accounting/psi): "some avg10=0.00 avg60=0.00 avg300=0.00 total=712", in
// microseconds.
func parsePressure(text []byte, err error) time.Duration {
	if err != nil {
		return -1
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	_, total, found := strings.Cut(string(line), "total=")
	n, err := strconv.ParseInt(strings.TrimSpace(total), 10, 64)
	if !found || err != nil || !bytes.HasPrefix(line, []byte("some ")) {
		return -1
	}
	return time.Duration(n) * time.Microsecond
}

// parseRunnable reads the fourth field of /proc/loadavg (proc_loadavg(5)): the
// threads that are runnable, of all that there are: "3/214".
func parseRunnable(text []byte) int {
	fields := strings.Fields(string(text))
	if len(fields) < 4 {
		return 0
	}
	runnable, _, _ := strings.Cut(fields[3], "/")
	n, _ := strconv.Atoi(runnable)
	return n
}

// tree adds the threads of a process and of all its descendants.
func tree(pid int, into map[int]Thread) {
	for _, id := range threads(filepath.Join("/proc", strconv.Itoa(pid)), into) {
		children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, id))
		if err != nil {
			continue // it has ended, or the kernel does not tell
		}
		for _, child := range strings.Fields(string(children)) {
			if n, err := strconv.Atoi(child); err == nil {
				tree(n, into)
			}
		}
	}
}

// threads adds the threads of a process and returns their numbers. A process
// that has ended has none.
func threads(process string, into map[int]Thread) (ids []int) {
	entries, err := os.ReadDir(filepath.Join(process, "task"))
	if err != nil {
		return nil
	}
	for _, entry := range entries {
		id, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		text, err := os.ReadFile(filepath.Join(process, "task", entry.Name(), "schedstat"))
		if err != nil {
			continue
		}
		if usage, ok := parseSchedstat(text); ok {
			state, err := os.ReadFile(filepath.Join(process, "task", entry.Name(), "stat"))
			into[id] = Thread{Usage: usage, Ready: err == nil && parseReady(state)}
		}
		ids = append(ids, id)
	}
	return ids
}

// parseReady reads the third field of a thread's stat (proc_pid_stat(5)), which follows
// its name in brackets: R is for a thread that runs or wants to run.
func parseReady(text []byte) bool {
	end := bytes.LastIndex(text, []byte(") "))
	return end >= 0 && bytes.HasPrefix(text[end+2:], []byte("R "))
}

// parseSchedstat reads a thread's run time and run delay, in nanoseconds
// (kernel documentation, scheduler/sched-stats).
func parseSchedstat(text []byte) (u Usage, ok bool) {
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return u, false
	}
	ran, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil {
		return u, false
	}
	waited, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return u, false
	}
	return Usage{CPU: time.Duration(ran), Delay: time.Duration(waited)}, true
}
