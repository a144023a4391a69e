//go:build linux && (amd64 || arm64)

package clock

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

func init() {
	// forbidden asks whether clocks can be moved in a process that may not make a
	// system call.
	roles["forbidden"] = func(args []string) int {
		number := map[string]uint32{"ptrace": unix.SYS_PTRACE, "seccomp": unix.SYS_SECCOMP}[args[0]]
		if err := forbid(number); err != nil {
			fmt.Println("forbid:", err)
			return 1
		}
		fmt.Println(Available())
		return 0
	}
}

// forbid makes a system call fail with EPERM, for all threads of this process.
func forbid(number uint32) error {
	program, err := bpf.Assemble([]bpf.Instruction{
		bpf.LoadAbsolute{Off: dataNumber, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: number, SkipFalse: 1},
		bpf.RetConstant{Val: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)},
		bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW},
	})
	if err != nil {
		return err
	}
	runtime.LockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	code := make([]unix.SockFilter, len(program))
	for i, p := range program {
		code[i] = unix.SockFilter{Code: p.Op, Jt: p.Jt, Jf: p.Jf, K: p.K}
	}
	filter := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER,
		unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&filter)))
	if errno != 0 {
		return errno
	}
	return nil
}

func TestAvailable(t *testing.T) {
	if err := Available(); err != nil {
		t.Fatal(err)
	}
	for _, call := range []string{"ptrace", "seccomp"} {
		out, err := role("forbidden", call).CombinedOutput()
		text := strings.TrimSpace(string(out))
		ok := strings.HasPrefix(text, "no clock can be moved: trace a child process: ") &&
			strings.Contains(text, syscall.EPERM.Error()) && strings.Contains(text, "seccomp")
		if err != nil || !ok {
			t.Errorf("%s is forbidden: got %q, %v, expected the kernel's reason", call, text, err)
		}
	}
}

func TestMeanings(t *testing.T) {
	for err, want := range map[error]string{
		unix.EPERM: "forbid", unix.EACCES: "forbid", unix.ENOSYS: "lacks", os.ErrNotExist: "",
	} {
		got := meaningOf(fmt.Errorf("wrapped: %w", err))
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%v: got %q, expected %q in it", err, got, want)
		}
	}
	problem := &Unavailable{Step: "do this", Err: unix.EPERM}
	want := "no clock can be moved: do this: operation not permitted"
	if got := problem.Error(); !errors.Is(problem, unix.EPERM) || got != want {
		t.Errorf("got %q, expected %q", got, want)
	}
}
