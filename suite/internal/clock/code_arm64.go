//go:build linux

package clock

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// The names of the vDSO's functions, see vdso(7). The one for clock_gettime is also
// the place of the instruction with which a system call can be made.
const nameClockGettime = "__kernel_clock_gettime"

// callAt is where the function that replaces clock_gettime has its system call.
const callAt = 16

const (
	// audit is the name of the architecture in seccomp(2).
	audit = unix.AUDIT_ARCH_AARCH64
	// sysTime, sysPoll and sysSelect are the numbers of time(2), poll(2) and
	// select(2). Below 0: the architecture has no such call.
	sysTime   = -1
	sysPoll   = -2
	sysSelect = -3
)

// functions take the place of the vDSO's, by its names. Each asks the kernel, with
// the mark in the sixth argument, and adds an offset from the table. They follow the
// C calling convention and change scratch registers alone.
var functions = map[string]function{
	// int clock_gettime(clockid_t id, struct timespec *at)
	nameClockGettime: {operand: 32, code: words(
		0x2a0003ea,                      // mov w10, w0
		0xd2800e28,                      // mov x8, SYS_clock_gettime
		0xd2800005|(mark&0xffff)<<5,     // mov x5, mark, lower half
		0xf2a00005|(mark>>16&0xffff)<<5, // movk x5, mark, upper half
		0xd4000001,                      // svc 0
		0x35000100,                      // cbnz w0, end
		0x7100015f|(clocks-1)<<10,       // cmp w10, clocks-1
		0x540000c8,                      // b.hi end
		0x1000000c,                      // adr x12, table
		0xf86a598c,                      // ldr x12, [x12, w10, uxtw #3]
		0xf940002d,                      // ldr x13, [x1]
		0x8b0c01ad,                      // add x13, x13, x12
		0xf900002d,                      // str x13, [x1]
		0xd65f03c0,                      // end: ret
	)},
	// int gettimeofday(struct timeval *at, struct timezone *zone)
	"__kernel_gettimeofday": {operand: 28, code: words(
		0xaa0003ea,                      // mov x10, x0
		0xd2801528,                      // mov x8, SYS_gettimeofday
		0xd2800005|(mark&0xffff)<<5,     // mov x5, mark, lower half
		0xf2a00005|(mark>>16&0xffff)<<5, // movk x5, mark, upper half
		0xd4000001,                      // svc 0
		0x350000e0,                      // cbnz w0, end
		0xb40000ca,                      // cbz x10, end
		0x1000000c,                      // adr x12, table
		0xf940018c,                      // ldr x12, [x12]
		0xf940014d,                      // ldr x13, [x10]
		0x8b0c01ad,                      // add x13, x13, x12
		0xf900014d,                      // str x13, [x10]
		0xd65f03c0,                      // end: ret
	)},
}

// words returns instructions as the bytes that a processor reads.
func words(instructions ...uint32) []byte {
	var code []byte
	for _, i := range instructions {
		code = binary.LittleEndian.AppendUint32(code, i)
	}
	return code
}

// setOperand writes the distance to the table into a function's code.
func (f function) setOperand(code []byte, table int) {
	distance := uint32(table - f.operand)
	adr := binary.LittleEndian.Uint32(code[f.operand:])
	adr |= distance&3<<29 | distance>>2&(1<<19-1)<<5
	binary.LittleEndian.PutUint32(code[f.operand:], adr)
}

// jump returns the instructions that go on at a distance from the first of them. The
// first lets a processor with branch target identification come here.
func jump(distance int64) []byte {
	return words(
		0xd503245f, // bti c
		0x14000000|uint32((distance-4)>>2)&(1<<26-1), // b
	)
}
