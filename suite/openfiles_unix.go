//go:build unix

package suite

import "syscall"

// openFilesLimit is how many files a process of the run may have open. The Go
// runtime has raised the soft limit to the hard one already.
func openFilesLimit() (limit uint64, known bool) {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return 0, false
	}
	return uint64(l.Cur), true
}
