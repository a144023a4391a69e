//go:build linux

package clock

import "golang.org/x/sys/unix"

// registers are those of a thread in a ptrace stop.
type registers struct{ unix.PtraceRegs }

func readRegisters(tid int) (*registers, error) {
	r := &registers{}
	return r, unix.PtraceGetRegs(tid, &r.PtraceRegs)
}

func (r *registers) write(tid int) error { return unix.PtraceSetRegs(tid, &r.PtraceRegs) }

// number returns the number of the system call in which the thread is.
func (r *registers) number() int { return int(int64(r.Orig_rax)) }

// argument returns an argument of the system call in which the thread is.
func (r *registers) argument(i int) uint64 {
	return [...]uint64{r.Rdi, r.Rsi, r.Rdx, r.R10, r.R8, r.R9}[i]
}

// stack returns the address of the top of the stack.
func (r *registers) stack() uint64 { return r.Rsp }

// result returns what the system call has returned, at its end.
func (r *registers) result() int64 { return int64(r.Rax) }

// setResult replaces what the system call returns.
func (r *registers) setResult(result int64) { r.Rax = uint64(result) }

// setCall makes the thread do a system call next, by the instruction at an address.
func (r *registers) setCall(at uint64, number int, arguments [3]uint64) {
	r.Rip, r.Rax, r.Orig_rax = at, uint64(number), ^uint64(0)
	r.Rdi, r.Rsi, r.Rdx = arguments[0], arguments[1], arguments[2]
}

// skip makes the kernel leave out the system call that the thread has begun, and
// return a result instead.
func (r *registers) skip(tid int, result int64) error {
	r.Orig_rax, r.Rax = ^uint64(0), uint64(result)
	return r.write(tid)
}

// interrupted reports whether the thread has stopped in a system call that the kernel
// will repeat or resume, and which it is: numberRestart if it is one that was resumed
// before.
func (r *registers) interrupted(int) (number int, ok bool) {
	switch r.result() {
	case -errRestartBlock, -errRestartNoHandler:
		return r.number(), int64(r.Orig_rax) >= 0
	}
	return 0, false
}

// finish ends the system call in which the thread has stopped.
func (r *registers) finish(tid int, result int64) error {
	r.Orig_rax, r.Rax = ^uint64(0), uint64(result)
	return r.write(tid)
}
