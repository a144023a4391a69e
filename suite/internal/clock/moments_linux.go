//go:build amd64 || arm64

package clock

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// moment is a place in memory where a call finds until when it waits.
type moment struct {
	pid int
	at  uint64
}

// translation is a moment that was replaced by one of the kernel's own clock for the
// time of the calls that use it.
type translation struct {
	seconds, fraction int64 // as the program wrote them
	users             int
}

// A momentCall is a system call that waits until a moment.
type momentCall struct {
	argument int // that points to the moment
	after    uint64
	clock    func(pid int, r *registers) (id int, ok bool)
}

// momentCalls are the calls that the filter stops because they wait until a moment.
var momentCalls = map[int]momentCall{
	unix.SYS_CLOCK_NANOSLEEP: {argument: 2, clock: clockIn(0)},
	unix.SYS_FUTEX: {argument: 3, clock: func(_ int, r *registers) (int, bool) {
		operation := r.argument(1)
		if operation&futexOperation == futexLockPI || operation&futexRealtime != 0 {
			return realtime, true
		}
		return monotonic, true
	}},
	unix.SYS_FUTEX_WAITV: {argument: 3, clock: clockIn(4)},
	unix.SYS_FUTEX_WAIT:  {argument: 4, clock: clockIn(5)},
	// struct itimerspec has the moment after the interval.
	unix.SYS_TIMERFD_SETTIME: {argument: 2, after: 16, clock: clockOfDescriptor},
	unix.SYS_TIMER_SETTIME:   {argument: 2, after: 16, clock: clockOfTimer},
}

// clockIn returns the clock whose ID is in an argument.
func clockIn(argument int) func(int, *registers) (int, bool) {
	return func(_ int, r *registers) (int, bool) { return int(int32(r.argument(argument))), true }
}

// clockOfDescriptor returns the clock of a timer with a descriptor, see
// proc_pid_fdinfo(5).
func clockOfDescriptor(pid int, r *registers) (int, bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/fdinfo/%d", pid, int32(r.argument(0))))
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "clockid:"); ok {
			id, err := strconv.Atoi(strings.TrimSpace(value))
			return id, err == nil
		}
	}
	return 0, false
}

// clockOfTimer returns the clock of a POSIX timer, see proc_pid_timers(5).
func clockOfTimer(pid int, r *registers) (int, bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/timers", pid))
	if err != nil {
		return 0, false
	}
	found := false
	for line := range strings.Lines(string(text)) {
		if id, ok := strings.CutPrefix(line, "ID:"); ok {
			found = strings.TrimSpace(id) == strconv.Itoa(int(int32(r.argument(0))))
		}
		if id, ok := strings.CutPrefix(line, "ClockID:"); ok && found {
			n, err := strconv.Atoi(strings.TrimSpace(id))
			return n, err == nil
		}
	}
	return 0, false
}

// resumeCall handles a system call that the filter has stopped before the kernel does
// it.
func (t *tracer) resumeCall(k *task) error {
	r, err := readRegisters(k.tid)
	if err != nil {
		return err
	}
	number := r.number()
	call, waits := momentCalls[number]
	if !waits {
		if err := t.read(k, r); err != nil {
			return err
		}
		return request(unix.PTRACE_CONT, k.tid, 0, 0)
	}
	place := moment{k.pid, r.argument(call.argument)}
	if place.at == 0 {
		return request(unix.PTRACE_CONT, k.tid, 0, 0)
	}
	place.at += call.after
	id, ok := call.clock(k.pid, r)
	if !ok || t.now.of(id) == 0 {
		return request(unix.PTRACE_CONT, k.tid, 0, 0)
	}
	if err := t.translate(k.tid, place, t.now.of(id)); err != nil {
		return err
	}
	k.atExit = func(r *registers) { t.restore(k.tid, place, r) }
	return request(unix.PTRACE_SYSCALL, k.tid, 0, 0)
}

// translate replaces a moment by one of the kernel's clock. A moment that another
// thread has had translated stays as it is.
func (t *tracer) translate(tid int, place moment, offset int64) error {
	if m := t.moments[place]; m != nil {
		m.users++
		return nil
	}
	seconds, fraction, err := peekTime(tid, place.at)
	if err != nil {
		return nil // the kernel refuses the address too
	}
	if seconds == 0 && fraction == 0 {
		return nil // which disarms a timer
	}
	t.note(func(s *Seen) { s.Moments++ })
	t.moments[place] = &translation{seconds, fraction, 1}
	return pokeTime(tid, place.at, max(0, seconds-offset), fraction)
}

// restore writes the program's own moment back. A wait that was interrupted begins
// again with it, so that it is translated by the offset of that time.
func (t *tracer) restore(tid int, place moment, r *registers) {
	if r.result() == -errRestartBlock {
		r.setResult(-errRestartNoHandler)
		_ = r.write(tid)
	}
	m := t.moments[place]
	if m == nil {
		return
	}
	if m.users--; m.users == 0 {
		delete(t.moments, place)
		_ = pokeTime(tid, place.at, m.seconds, m.fraction)
	}
}
