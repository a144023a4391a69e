//go:build amd64 || arm64

package clock

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// read answers a system call that asks for the time, in the kernel's place. A call
// that an injected function makes only counts: the function adds the offset itself.
func (t *tracer) read(k *task, r *registers) error {
	if r.argument(5) == mark {
		t.note(func(s *Seen) { s.Readings++ })
		return nil
	}
	t.note(func(s *Seen) { s.Calls++ })
	switch r.number() {
	case unix.SYS_CLOCK_GETTIME:
		id := int(int32(r.argument(0)))
		var now unix.Timespec
		if err := unix.ClockGettime(int32(id), &now); err != nil {
			return nil // the kernel says so to the program
		}
		return t.answer(k, r, r.argument(1), now.Sec+t.now.of(id), now.Nsec, 0)
	case unix.SYS_GETTIMEOFDAY:
		var now unix.Timeval
		if err := unix.Gettimeofday(&now); err != nil {
			return nil
		}
		if zone := r.argument(1); zone != 0 {
			_ = poke(k.tid, zone, make([]byte, 8)) // struct timezone: UTC
		}
		return t.answer(k, r, r.argument(0), now.Sec+t.now.of(realtime), now.Usec, 0)
	case sysTime:
		var now unix.Timespec
		if err := unix.ClockGettime(unix.CLOCK_REALTIME_COARSE, &now); err != nil {
			return nil
		}
		seconds := now.Sec + t.now.of(realtime)
		if at := r.argument(0); at != 0 {
			_ = poke(k.tid, at, binary.NativeEndian.AppendUint64(nil, uint64(seconds)))
		}
		return r.skip(k.tid, seconds)
	}
	return nil
}

// answer writes a time to memory and makes the system call return a result.
func (t *tracer) answer(
	k *task, r *registers, at uint64, seconds, fraction, result int64,
) error {
	if at != 0 && pokeTime(k.tid, at, seconds, fraction) != nil {
		result = -int64(unix.EFAULT)
	}
	return r.skip(k.tid, result)
}
