//go:build amd64 || arm64

package clock

import (
	"errors"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Errors with which a system call ends inside the kernel, where it is to be repeated
// (include/linux/errno.h). They are seen by a tracer alone.
const (
	errRestartNoHandler = 514 // repeat with the same arguments
	errRestartBlock     = 516 // go on by restart_syscall
)

// request makes a request of ptrace(2). It has to come from the thread that traces.
func request(what, tid int, address, data uintptr) error {
	_, _, errno := unix.Syscall6(unix.SYS_PTRACE,
		uintptr(what), uintptr(tid), address, data, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// gone reports whether an error says that a thread has ended, or is no longer
// stopped, because it was killed.
func gone(err error) bool { return errors.Is(err, unix.ESRCH) }

// peek reads memory of a stopped thread.
func peek(tid int, at uint64, into []byte) error {
	_, err := unix.PtracePeekData(tid, uintptr(at), into)
	return err
}

// poke writes memory of a stopped thread, whatever its protection. /proc/PID/mem can
// do the same, but not where proc_mem.force_override forbids it.
func poke(tid int, at uint64, data []byte) error {
	_, err := unix.PtracePokeData(tid, uintptr(at), data)
	return err
}

// wait4 calls wait4(2) for threads that this thread traces, and for its children.
func wait4(tid int, options int) (int, unix.WaitStatus, error) {
	var status unix.WaitStatus
	for {
		found, err := unix.Wait4(tid, &status, options|unix.WALL|unix.WNOTHREAD, nil)
		if !errors.Is(err, unix.EINTR) {
			return found, status, err
		}
	}
}

// ready returns a thread whose status could be taken: a child of this thread, or one
// that it traces. It returns 0 if there is none.
func ready() (tid int) {
	// The beginning of siginfo_t for SIGCHLD, see sigaction(2).
	var info struct {
		_   [4]int32
		pid int32
		_   [27]int32
	}
	const flags = unix.WEXITED | unix.WSTOPPED | unix.WNOHANG | unix.WNOWAIT |
		unix.WALL | unix.WNOTHREAD
	for {
		err := unix.Waitid(unix.P_ALL, 0, (*unix.Siginfo)(unsafe.Pointer(&info)), flags, nil)
		if !errors.Is(err, unix.EINTR) {
			return int(info.pid)
		}
	}
}

// The addresses that the auxiliary vector holds, see getauxval(3).
const auxVDSO = 33 // AT_SYSINFO_EHDR

// vdsoOf returns the address of a process's vDSO. It reports false for a program that
// has none of this architecture's, such as a 32-bit one.
func vdsoOf(pid int, l *layout) (at uint64, ok bool) {
	vector, err := os.ReadFile(fmt.Sprintf("/proc/%d/auxv", pid))
	if err != nil {
		return 0, false
	}
	for ; len(vector) >= 16; vector = vector[16:] {
		if nativeWord(vector) == auxVDSO {
			at = nativeWord(vector[8:])
		}
	}
	var ident [len(l.ident)]byte
	if at == 0 || peek(pid, at, ident[:]) != nil {
		return 0, false
	}
	return at, ident == l.ident
}
