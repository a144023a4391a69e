//go:build linux

package clock

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// The names of the vDSO's functions, see vdso(7). The one for clock_gettime is also
// the place of the instruction with which a system call can be made.
const nameClockGettime = "__vdso_clock_gettime"

// callAt is where the function that replaces clock_gettime has its system call.
const callAt = 11

const (
	// audit is the name of the architecture in seccomp(2).
	audit = unix.AUDIT_ARCH_X86_64
	// sysTime, sysPoll and sysSelect are the numbers of time(2), poll(2) and
	// select(2). Below 0: the architecture has no such call.
	sysTime   = unix.SYS_TIME
	sysPoll   = unix.SYS_POLL
	sysSelect = unix.SYS_SELECT
)

// functions take the place of the vDSO's, by its names. Each asks the kernel, with
// the mark in the sixth argument, and adds an offset from the table. They follow the
// C calling convention and change scratch registers alone.
var functions = map[string]function{
	// int clock_gettime(clockid_t id, struct timespec *at)
	nameClockGettime: {operand: 27, code: []byte{
		0xb8, unix.SYS_CLOCK_GETTIME, 0, 0, 0, //       mov eax, SYS_clock_gettime
		0x41, 0xb9, mark0, mark1, mark2, mark3, //      mov r9d, mark
		0x0f, 0x05, //                                  syscall
		0x85, 0xc0, //                                  test eax, eax
		0x75, 21, //                                    jne end
		0x83, 0xff, clocks - 1, //                      cmp edi, clocks-1
		0x77, 16, //                                    ja end
		0x89, 0xf9, //                                  mov ecx, edi
		0x48, 0x8d, 0x15, 0, 0, 0, 0, //                lea rdx, [table]
		0x48, 0x8b, 0x0c, 0xca, //                      mov rcx, [rdx+rcx*8]
		0x48, 0x01, 0x0e, //                            add [rsi], rcx
		0xc3, //                                        end: ret
	}},
	// int gettimeofday(struct timeval *at, struct timezone *zone)
	"__vdso_gettimeofday": {operand: 25, code: []byte{
		0xb8, unix.SYS_GETTIMEOFDAY, 0, 0, 0, //        mov eax, SYS_gettimeofday
		0x41, 0xb9, mark0, mark1, mark2, mark3, //      mov r9d, mark
		0x0f, 0x05, //                                  syscall
		0x85, 0xc0, //                                  test eax, eax
		0x75, 15, //                                    jne end
		0x48, 0x85, 0xff, //                            test rdi, rdi
		0x74, 10, //                                    je end
		0x48, 0x8b, 0x0d, 0, 0, 0, 0, //                mov rcx, [table]
		0x48, 0x01, 0x0f, //                            add [rdi], rcx
		0xc3, //                                        end: ret
	}},
	// time_t time(time_t *at)
	"__vdso_time": {operand: 21, code: []byte{
		0x49, 0x89, 0xf8, //                            mov r8, rdi
		0x31, 0xff, //                                  xor edi, edi
		0xb8, unix.SYS_TIME, 0, 0, 0, //                mov eax, SYS_time
		0x41, 0xb9, mark0, mark1, mark2, mark3, //      mov r9d, mark
		0x0f, 0x05, //                                  syscall
		0x48, 0x03, 0x05, 0, 0, 0, 0, //                add rax, [table]
		0x4d, 0x85, 0xc0, //                            test r8, r8
		0x74, 3, //                                     je end
		0x49, 0x89, 0x00, //                            mov [r8], rax
		0xc3, //                                        end: ret
	}},
}

// setOperand writes the distance to the table into a function's code.
func (f function) setOperand(code []byte, table int) {
	next := f.operand + 4 // distances count from the next instruction
	binary.LittleEndian.PutUint32(code[f.operand:], uint32(table-next))
}

// jump returns the instruction that goes on at a distance from itself.
func jump(distance int64) []byte {
	code := []byte{0xe9, 0, 0, 0, 0} // jmp
	binary.LittleEndian.PutUint32(code[1:], uint32(distance-int64(len(code))))
	return code
}
