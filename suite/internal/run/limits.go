//go:build unix

package run

import (
	"syscall"
	"time"
)

// cpuTime returns the CPU time of this process and of all its descendants that
// have ended and been waited for.
func cpuTime() (total time.Duration) {
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var usage syscall.Rusage
		if syscall.Getrusage(who, &usage) == nil {
			total += time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
		}
	}
	return total
}

// openFilesLimit returns how many files a process of the run may open. The Go
// runtime has raised the soft limit to the hard one already.
func openFilesLimit() (limit uint64, known bool) {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return 0, false
	}
	return uint64(l.Cur), true
}
