//go:build amd64 || arm64

package clock

import (
	"encoding/binary"
	"time"

	"golang.org/x/sys/unix"
)

// length is a wait for a length of time in which moves of the clock have found a
// thread.
type length struct {
	number int
	moved  time.Duration // since the wait began
}

// A lengthCall is a system call that waits for a length of time, and that the kernel
// continues after an interruption without the program's knowledge.
type lengthCall struct {
	// length returns how long the call waits; false if it waits for something else.
	length func(tid int, r *registers) (time.Duration, bool)
	// result is returned by the call when the time is over.
	result int64
	// rest is the argument in which the kernel has left the rest of the time; 0 if
	// there is none, since no call has it in its first argument.
	rest int
	unit time.Duration // of the second half of the rest
}

// lengthCalls are the calls of which a move of the clock shortens the wait.
var lengthCalls = map[int]lengthCall{
	unix.SYS_NANOSLEEP: {length: timespecIn(0)},
	unix.SYS_CLOCK_NANOSLEEP: {length: func(tid int, r *registers) (time.Duration, bool) {
		if r.argument(1)&timerAbsolute != 0 {
			return 0, false
		}
		return timespecIn(2)(tid, r)
	}},
	unix.SYS_FUTEX: {
		length: func(tid int, r *registers) (time.Duration, bool) {
			if r.argument(1)&futexOperation != futexWait {
				return 0, false
			}
			return timespecIn(3)(tid, r)
		},
		result: -int64(unix.ETIMEDOUT),
	},
	sysPoll: {length: func(_ int, r *registers) (time.Duration, bool) {
		milliseconds := int32(r.argument(2))
		return time.Duration(milliseconds) * time.Millisecond, milliseconds > 0
	}},
	unix.SYS_PPOLL:    {rest: 2, unit: time.Nanosecond},
	unix.SYS_PSELECT6: {rest: 4, unit: time.Nanosecond},
	sysSelect:         {rest: 4, unit: time.Microsecond},
}

// timespecIn returns a function that reads the time to which an argument points.
func timespecIn(argument int) func(tid int, r *registers) (time.Duration, bool) {
	return func(tid int, r *registers) (time.Duration, bool) {
		if r.argument(argument) == 0 {
			return 0, false
		}
		seconds, nanoseconds, err := peekTime(tid, r.argument(argument))
		if err != nil || seconds > int64(maxLength/time.Second) {
			return 0, false
		}
		return time.Duration(seconds)*time.Second + time.Duration(nanoseconds), true
	}
}

// maxLength is the longest wait that moves shorten.
const maxLength = 200 * 365 * 24 * time.Hour

// peekTime reads a struct timespec or timeval.
func peekTime(tid int, at uint64) (seconds, fraction int64, err error) {
	var b [16]byte
	err = peek(tid, at, b[:])
	return int64(nativeWord(b[:])), int64(nativeWord(b[8:])), err
}

func pokeTime(tid int, at uint64, seconds, fraction int64) error {
	b := binary.NativeEndian.AppendUint64(nil, uint64(seconds))
	return poke(tid, at, binary.NativeEndian.AppendUint64(b, uint64(fraction)))
}

func nativeWord(b []byte) uint64 { return binary.NativeEndian.Uint64(b) }

// shorten lets the last move count for the wait in which it has found a thread. The
// kernel knows nothing of the move and would go on to wait. Waits are measured by the
// monotonic clock.
func (t *tracer) shorten(k *task) error {
	moved := time.Duration(t.moved[monotonic]) * time.Second
	r, err := readRegisters(k.tid)
	if err != nil || moved == 0 {
		return err
	}
	number, ok := r.interrupted(k.tid)
	if !ok {
		k.length = length{}
		return nil
	}
	if number != unix.SYS_RESTART_SYSCALL {
		k.length = length{number: number}
	}
	k.length.moved += moved
	call, known := lengthCalls[k.length.number]
	switch {
	case !known || k.length.number < 0:
		return nil
	case call.rest != 0 && number == unix.SYS_RESTART_SYSCALL:
		// The kernel resumes no such call in this way, so it is another one, which was
		// interrupted by a signal at first. Its arguments are not those of that call.
		k.length = length{}
		return nil
	case call.rest != 0:
		return shortenRest(k.tid, r.argument(call.rest), moved, call.unit)
	}
	if all, ok := call.length(k.tid, r); !ok || k.length.moved < all {
		return nil
	}
	k.length = length{}
	t.note(func(s *Seen) { s.Ended++ })
	return r.finish(k.tid, call.result)
}

// shortenRest shortens the rest of a wait that the kernel has left in memory.
func shortenRest(tid int, at uint64, moved, unit time.Duration) error {
	if at == 0 {
		return nil
	}
	seconds, fraction, err := peekTime(tid, at)
	if err != nil || seconds > int64(maxLength/time.Second) {
		return err
	}
	rest := max(0, time.Duration(seconds)*time.Second+time.Duration(fraction)*unit-moved)
	return pokeTime(tid, at, int64(rest/time.Second), int64(rest%time.Second/unit))
}
