//go:build linux

package clock

import (
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"
)

// registers are those of a thread in a ptrace stop.
type registers struct{ unix.PtraceRegsArm64 }

// The register sets of ptrace(2), PTRACE_GETREGSET.
const (
	setGeneral    = 1     // NT_PRSTATUS
	setSystemCall = 0x404 // NT_ARM_SYSTEM_CALL
)

func readRegisters(tid int) (*registers, error) {
	r := &registers{}
	return r, unix.PtraceGetRegSetArm64(tid, setGeneral, &r.PtraceRegsArm64)
}

func (r *registers) write(tid int) error {
	return unix.PtraceSetRegSetArm64(tid, setGeneral, &r.PtraceRegsArm64)
}

// number returns the number of the system call in which the thread is.
func (r *registers) number() int { return int(int32(r.Regs[8])) }

// argument returns an argument of the system call in which the thread is.
func (r *registers) argument(i int) uint64 { return r.Regs[i] }

// stack returns the address of the top of the stack.
func (r *registers) stack() uint64 { return r.Sp }

// result returns what the system call has returned, at its end.
func (r *registers) result() int64 { return int64(r.Regs[0]) }

// setResult replaces what the system call returns.
func (r *registers) setResult(result int64) { r.Regs[0] = uint64(result) }

// setCall makes the thread do a system call next, by the instruction at an address.
func (r *registers) setCall(at uint64, number int, arguments [3]uint64) {
	r.Pc, r.Regs[8] = at, uint64(number)
	copy(r.Regs[:3], arguments[:])
}

// skip makes the kernel leave out the system call that the thread has begun, and
// return a result instead.
func (r *registers) skip(tid int, result int64) error {
	r.setResult(result)
	if err := r.write(tid); err != nil {
		return err
	}
	none := int32(-1)
	vector := unix.Iovec{Base: (*byte)(unsafe.Pointer(&none))}
	vector.SetLen(4)
	return request(unix.PTRACE_SETREGSET, tid, setSystemCall, uintptr(unsafe.Pointer(&vector)))
}

// supervisorCall is the instruction "svc 0".
const supervisorCall = 0xd4000001

// interrupted reports whether the thread has stopped in a system call that the kernel
// will repeat or resume, and which it is: numberRestart if it is one that was resumed
// before. The kernel has set the thread back to the instruction that makes the call.
// A thread that is about to make its first call looks the same.
func (r *registers) interrupted(tid int) (number int, ok bool) {
	var code [4]byte
	if peek(tid, r.Pc, code[:]) != nil {
		return 0, false
	}
	return r.number(), binary.LittleEndian.Uint32(code[:]) == supervisorCall
}

// finish ends the system call in which the thread has stopped.
func (r *registers) finish(tid int, result int64) error {
	r.Pc += 4
	r.setResult(result)
	return r.write(tid)
}
