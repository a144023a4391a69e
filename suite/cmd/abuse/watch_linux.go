package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"assay/suite/internal/processes"
)

// lookInterval is the time between two looks at the processes.
const lookInterval = 40 * time.Millisecond

// A memory says what a run took at most, in bytes.
type memory struct {
	total  int64 // of Assay's processes and of the file systems, at one time
	own    int64 // of Assay's processes
	disks  int64 // of the file systems
	target int64 // of the server and of what it started
}

// A watcher looks at the memory of runs while they go on.
type watcher struct {
	mu   sync.Mutex
	runs map[int]*watched // by the ID of the process that supervises the run
}

type watched struct {
	assay string          // the executable
	own   map[string]bool // whether a process was Assay's at the last look, by its ID and beginning
	peak  memory
}

// watch begins to look, until stop is called.
func watch() (w *watcher, stop func()) {
	w = &watcher{runs: map[int]*watched{}}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(lookInterval)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				w.look()
			}
		}
	}()
	return w, func() { close(done); <-ended }
}

// begin adds a run.
func (w *watcher) begin(pid int, assay string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.runs[pid] = &watched{assay: assay, own: map[string]bool{}}
}

// end drops a run and returns what it took.
func (w *watcher) end(pid int) memory {
	w.mu.Lock()
	defer w.mu.Unlock()
	peak := w.runs[pid].peak
	delete(w.runs, pid)
	return peak
}

// look looks at all runs once.
func (w *watcher) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.runs) == 0 {
		return
	}
	all, err := processes.Table()
	if err != nil {
		return // the next look may succeed
	}
	for pid, run := range w.runs {
		below := processes.Below(pid, all)
		run.look(slices.DeleteFunc(slices.Clone(all), func(p processes.Process) bool {
			return !below[p.PID]
		}))
	}
}

// look looks at the processes of a run.
func (r *watched) look(those []processes.Process) {
	var now memory
	spaces := map[string]bool{} // of mounts, that were looked at
	own := map[string]bool{}
	for _, p := range those {
		bytes := memoryOf(p.PID)
		if !r.isOwn(p, own) {
			now.target += bytes
			continue
		}
		now.own += bytes
		space, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/mnt", p.PID))
		if err == nil && !spaces[space] {
			spaces[space] = true
			now.disks += disksOf(p.PID)
		}
	}
	r.own = own
	now.total = now.own + now.disks
	r.peak.total = max(r.peak.total, now.total)
	r.peak.own = max(r.peak.own, now.own)
	r.peak.disks = max(r.peak.disks, now.disks)
	r.peak.target = max(r.peak.target, now.target)
}

// isOwn reports whether a process executes Assay, and did so at the last look: a process
// that has begun executes what its parent executes, and shares its memory, for a moment.
func (r *watched) isOwn(p processes.Process, now map[string]bool) bool {
	executable, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", p.PID))
	key := fmt.Sprint(p.PID, " ", p.Began)
	now[key] = err == nil && executable == r.assay
	return now[key] && r.own[key]
}

// disksOf returns the space that is used on the file systems in memory that a run has
// mounted where the process sees them.
func disksOf(pid int) (bytes int64) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/mountinfo", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		// Fields before and after the hyphen are described in proc(5).
		before, after, _ := strings.Cut(line, " - tmpfs ")
		fields := strings.Fields(before)
		if !strings.HasPrefix(after, "assay") || len(fields) < 5 {
			continue
		}
		var used unix.Statfs_t
		if unix.Statfs(fmt.Sprintf("/proc/%d/root%s", pid, fields[4]), &used) == nil {
			bytes += int64(used.Blocks-used.Bfree) * used.Bsize
		}
	}
	return bytes
}

// ownMounts returns the mounts of this process.
func ownMounts() (map[string]bool, error) {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	mounts := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		mounts[line] = true
	}
	return mounts, nil
}
