//go:build amd64 || arm64

package clock

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// Offsets in struct seccomp_data, see seccomp(2).
const (
	dataNumber    = 0
	dataArch      = 4
	dataArguments = 16
)

// The answers of a filter, see seccomp(2).
const (
	actionAllow = unix.SECCOMP_RET_ALLOW
	actionTrace = unix.SECCOMP_RET_TRACE
)

// low loads the lower half of an argument. Both architectures are little-endian.
func low(argument int) bpf.Instruction {
	return bpf.LoadAbsolute{Off: uint32(dataArguments + 8*argument), Size: 4}
}

// high loads the upper half of an argument.
func high(argument int) bpf.Instruction {
	return bpf.LoadAbsolute{Off: uint32(dataArguments + 8*argument + 4), Size: 4}
}

func allow() bpf.Instruction { return bpf.RetConstant{Val: actionAllow} }
func trace() bpf.Instruction { return bpf.RetConstant{Val: actionTrace} }

// unlessMarked lets a call pass that an injected function makes.
func unlessMarked(then ...bpf.Instruction) []bpf.Instruction {
	return append([]bpf.Instruction{
		low(5), bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: mark, SkipTrue: 1}, allow(),
	}, then...)
}

// ifFlag traces a call with one of these bits in an argument.
func ifFlag(argument int, bits uint32) []bpf.Instruction {
	return []bpf.Instruction{
		low(argument), bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: bits, SkipTrue: 1}, allow(), trace(),
	}
}

// ifPointer traces a call with an argument other than NULL.
func ifPointer(argument int) []bpf.Instruction {
	return []bpf.Instruction{
		low(argument), bpf.JumpIf{Cond: bpf.JumpNotEqual, SkipTrue: 2},
		high(argument), bpf.JumpIf{Cond: bpf.JumpEqual, SkipTrue: 1}, trace(), allow(),
	}
}

// Operations of futex(2), and the flags beside them.
const (
	futexWait          = 0
	futexLockPI        = 6
	futexWaitBitset    = 9
	futexWaitRequeuePI = 11
	futexLockPI2       = 13
	futexOperation     = 0x7f  // masks the operation
	futexRealtime      = 0x100 // the moment is one of the wall clock
)

// untilMoment lists the operations that wait until a moment.
var untilMoment = []uint32{futexLockPI, futexWaitBitset, futexWaitRequeuePI, futexLockPI2}

// ifFutexUntil traces a futex call that waits until a moment.
func ifFutexUntil() []bpf.Instruction {
	code := []bpf.Instruction{
		low(1), bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: futexOperation},
	}
	for i, operation := range untilMoment {
		code = append(code, bpf.JumpIf{
			Cond: bpf.JumpEqual, Val: operation, SkipTrue: uint8(len(untilMoment) - i),
		})
	}
	return append(append(code, allow()), ifPointer(3)...)
}

// rules says for which calls a thread stops, by their numbers.
func rules(count bool) map[int][]bpf.Instruction {
	readings := unlessMarked
	if count {
		readings = func(then ...bpf.Instruction) []bpf.Instruction { return then }
	}
	all := map[int][]bpf.Instruction{
		unix.SYS_CLOCK_GETTIME: readings(low(0),
			bpf.JumpIf{Cond: bpf.JumpLessThan, Val: clocks, SkipTrue: 1}, allow(),
			bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: processCPU, SkipTrue: 1}, allow(),
			bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: threadCPU, SkipTrue: 1}, allow(),
			trace()),
		unix.SYS_GETTIMEOFDAY:    readings(trace()),
		unix.SYS_CLOCK_NANOSLEEP: ifFlag(1, timerAbsolute),
		unix.SYS_TIMERFD_SETTIME: ifFlag(1, timerAbsolute),
		unix.SYS_TIMER_SETTIME:   ifFlag(1, timerAbsolute),
		unix.SYS_FUTEX:           ifFutexUntil(),
		unix.SYS_FUTEX_WAITV:     ifPointer(3),
		unix.SYS_FUTEX_WAIT:      ifPointer(4),
	}
	if sysTime >= 0 {
		all[sysTime] = readings(trace())
	}
	return all
}

// timerAbsolute is TIMER_ABSTIME and TFD_TIMER_ABSTIME.
const timerAbsolute = 1

// filter returns the program of the seccomp filter.
func filter(count bool) ([]bpf.RawInstruction, error) {
	code := []bpf.Instruction{
		bpf.LoadAbsolute{Off: dataArch, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: audit, SkipTrue: 1},
		allow(),
		bpf.LoadAbsolute{Off: dataNumber, Size: 4},
	}
	for number, body := range rules(count) {
		code = append(code, bpf.JumpIf{
			Cond: bpf.JumpNotEqual, Val: uint32(number), SkipTrue: uint8(len(body)),
		})
		code = append(code, body...)
	}
	return bpf.Assemble(append(code, allow()))
}

// installFilter makes a thread in a ptrace stop install the filter, by system calls
// that it makes at the address call. Below the top of its stack is memory that it
// does not use yet.
func installFilter(tid int, call uint64, count bool) error {
	program, err := filter(count)
	if err != nil {
		return fmt.Errorf("assemble the filter: %w", err)
	}
	saved, err := readRegisters(tid)
	if err != nil {
		return fmt.Errorf("read registers: %w", err)
	}
	// struct sock_fprog, and the instructions after it.
	at := (saved.stack() - 4096) &^ 15
	var memory []byte
	memory = binary.NativeEndian.AppendUint64(memory, uint64(len(program)))
	memory = binary.NativeEndian.AppendUint64(memory, at+16)
	for _, i := range program {
		memory = binary.NativeEndian.AppendUint16(memory, i.Op)
		memory = append(memory, i.Jt, i.Jf)
		memory = binary.NativeEndian.AppendUint32(memory, i.K)
	}
	if err := poke(tid, at, memory); err != nil {
		return fmt.Errorf("write the filter: %w", err)
	}
	install := func() error {
		return inject(tid, *saved, call, unix.SYS_SECCOMP,
			[3]uint64{unix.SECCOMP_SET_MODE_FILTER, 0, at})
	}
	if err = install(); err != nil {
		// Without privileges, a filter may be installed only by a program that cannot
		// gain any.
		err = inject(tid, *saved, call, unix.SYS_PRCTL, [3]uint64{unix.PR_SET_NO_NEW_PRIVS, 1, 0})
		if err == nil {
			err = install()
		}
	}
	if err != nil {
		return fmt.Errorf("install a seccomp filter: %w", err)
	}
	return saved.write(tid)
}

// inject makes a stopped thread do a system call and waits for its end.
func inject(tid int, r registers, at uint64, number int, arguments [3]uint64) error {
	r.setCall(at, number, arguments)
	if err := r.write(tid); err != nil {
		return err
	}
	if err := unix.PtraceSingleStep(tid); err != nil {
		return err
	}
	_, status, err := wait4(tid, 0)
	if err != nil {
		return err
	}
	if !status.Stopped() || status.StopSignal() != unix.SIGTRAP {
		return fmt.Errorf("the thread did not stop after a system call (%#x)", status)
	}
	after, err := readRegisters(tid)
	if err != nil {
		return err
	}
	if result := after.result(); result < 0 {
		return unix.Errno(-result)
	}
	return nil
}
