//go:build amd64 || arm64

package clock

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// tracer traces one target from a thread of its own. Unless said otherwise, its
// methods run on that thread.
type tracer struct {
	root   int // the target's process
	layout *layout
	jobs   chan func() // to be run by the thread
	ended  chan struct{}
	exited chan struct{} // closed when the target itself has ended
	status syscall.WaitStatus

	mu    sync.Mutex // guards seen; is held to change tasks
	seen  Seen
	tasks map[int]*task // by thread

	processes map[int]*process
	now       offsets // that processes are to have
	moved     offsets // what the last move has added
	moves     int     // how often the clock has moved
	waiting   map[int]struct{}
	followed  chan struct{} // closed when no thread is waited for; nil if none is
	moments   map[moment]*translation

	handedOver bool // the target has left the stop in which it was handed over
	ownCont    bool // the tracer has sent SIGCONT, which the target is not to see
}

// process holds what threads of one process share.
type process struct {
	vdso  uint64 // 0 if its clock does not move
	moves int    // how often the clock had moved when its table was written
}

// task is a thread that is traced.
type task struct {
	tid     int
	process *process // nil before its first stop
	pid     int
	atExit  func(*registers) // to be called when the system call ends
	vforked bool             // waits for a child that uses its memory
	length  length           // the wait in which moves have found it
	stopped bool             // by a signal such as SIGSTOP; guarded by tracer.mu
}

func newTracer(root int, l *layout, now offsets) *tracer {
	return &tracer{
		root: root, layout: l, now: now,
		jobs: make(chan func()), ended: make(chan struct{}), exited: make(chan struct{}),
		seen:  Seen{Programs: 1, Processes: 1},
		tasks: map[int]*task{root: {tid: root}}, processes: map[int]*process{},
		waiting: map[int]struct{}{}, moments: map[moment]*translation{},
	}
}

// options make the kernel trace what the target starts too, and kill it with the
// tracing thread.
const options = unix.PTRACE_O_EXITKILL | unix.PTRACE_O_TRACESYSGOOD |
	unix.PTRACE_O_TRACEFORK | unix.PTRACE_O_TRACEVFORK | unix.PTRACE_O_TRACEVFORKDONE |
	unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_TRACEEXEC | unix.PTRACE_O_TRACESECCOMP

// start begins to trace the target, which prepare has left stopped, and lets it run.
// It is called once, from any thread. When nothing is left to trace, it calls end.
func (t *tracer) start(end func()) error {
	seized := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked
		changes := make(chan os.Signal, 1)
		signal.Notify(changes, unix.SIGCHLD)
		defer signal.Stop(changes)
		err := request(unix.PTRACE_SEIZE, t.root, 0, options)
		seized <- err
		if err == nil {
			t.run(changes)
			end()
		}
		close(t.ended)
	}()
	return <-seized
}

// run handles stops until nothing is left to trace. The kernel sends SIGCHLD for every
// stop.
func (t *tracer) run(changes <-chan os.Signal) {
	for {
		for t.look() {
		}
		adopted, later := t.adopt()
		if adopted {
			continue
		}
		if len(t.tasks) == 0 {
			t.closeExited() // if another process has taken the status, it is not known
			return
		}
		select {
		case <-changes:
		case <-later:
		case job := <-t.jobs:
			job()
		}
	}
}

// look handles the threads that have stopped or ended, and reports whether there were
// any. It asks for each thread by its ID: whoever asks for all gets the children too
// that other parts of this process have started from the same thread.
func (t *tracer) look() (found bool) {
	for tid := range t.tasks {
		which, status, err := wait4(tid, unix.WNOHANG)
		switch {
		case err != nil: // ECHILD: a program was executed, and the thread is gone
			t.forget(tid)
			found = true
		case which == tid:
			t.handle(tid, status)
			found = true
		}
	}
	return found
}

// adopt finds a thread that was made by one that was killed before it could be handled.
// It reports whether it found one. If a child that is not traced is in the way, it
// returns when to try again.
func (t *tracer) adopt() (found bool, later <-chan time.Time) {
	tid := ready()
	if tid == 0 {
		return false, nil
	}
	if t.tasks[tid] != nil {
		return true, nil // it has stopped since
	}
	tracer, err := statusOf(tid, "TracerPid")
	if err != nil || tracer != unix.Gettid() {
		return false, time.After(adoptPause)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tasks[tid] = &task{tid: tid}
	return true, nil
}

// adoptPause is the time after which a child of another part of this process should no
// longer be in the way.
const adoptPause = 20 * time.Millisecond

// handle lets a thread go on that has stopped, and notes one that has ended.
func (t *tracer) handle(tid int, status unix.WaitStatus) {
	if !status.Stopped() {
		t.forget(tid)
		if tid == t.root {
			t.status = syscall.WaitStatus(status)
			t.closeExited()
		}
		return
	}
	k, err := t.task(tid)
	if err == nil {
		t.setStopped(k, false)
		if int(status)>>16 == unix.PTRACE_EVENT_EXEC {
			err = t.executed(k)
		} else {
			err = t.update(k)
		}
	}
	if err == nil {
		err = t.resume(k, status)
	}
	if err != nil && !gone(err) {
		// A thread that cannot be handled would stay stopped for ever.
		problem := fmt.Sprintf("thread %d: %v", tid, err)
		t.note(func(s *Seen) { s.Unmoved = append(s.Unmoved, problem) })
		_ = request(unix.PTRACE_CONT, tid, 0, 0)
	}
}

// The event of PTRACE_O_TRACESYSGOOD in the signal of a stop.
const systemCall = 0x80

// resume handles one stop and lets the thread go on. Any stop takes the place of one
// that was asked for and has not happened yet.
func (t *tracer) resume(k *task, status unix.WaitStatus) error {
	stop, event := status.StopSignal(), int(status)>>16
	if signalled := event == 0 && stop != unix.SIGTRAP|systemCall; signalled {
		return t.resumeSignalled(k, stop)
	}
	_, asked := t.waiting[k.tid]
	t.arrived(k.tid)
	switch event {
	case unix.PTRACE_EVENT_STOP:
		return t.resumeStopped(k, stop, asked)
	case unix.PTRACE_EVENT_SECCOMP:
		return t.resumeCall(k)
	case unix.PTRACE_EVENT_VFORK, unix.PTRACE_EVENT_FORK, unix.PTRACE_EVENT_CLONE:
		k.vforked = event == unix.PTRACE_EVENT_VFORK
		if err := t.expect(k.tid); err != nil {
			return err
		}
	case unix.PTRACE_EVENT_VFORK_DONE:
		k.vforked = false
	case unix.PTRACE_EVENT_EXEC:
		// The clock of the new program is right already.
	default:
		return t.resumeExit(k)
	}
	return request(unix.PTRACE_CONT, k.tid, 0, 0)
}

// resumeSignalled delivers a signal. The thread may have stopped in a wait that a move
// is to shorten, so a stop that was asked for is asked for again.
func (t *tracer) resumeSignalled(k *task, stop syscall.Signal) error {
	if stop == unix.SIGCONT && k.tid == t.root && t.ownCont {
		t.ownCont, stop = false, 0
	}
	if _, asked := t.waiting[k.tid]; asked {
		if err := request(unix.PTRACE_INTERRUPT, k.tid, 0, 0); err != nil {
			return err
		}
	}
	return request(unix.PTRACE_CONT, k.tid, 0, uintptr(stop))
}

// resumeStopped handles the first stop of a thread, a stop that the tracer asked for,
// and a stop of the whole process by a signal such as SIGSTOP.
func (t *tracer) resumeStopped(k *task, stop syscall.Signal, asked bool) error {
	if asked {
		if err := t.shorten(k); err != nil {
			return err
		}
	}
	switch {
	case stop == unix.SIGTRAP:
		return request(unix.PTRACE_CONT, k.tid, 0, 0)
	case k.tid == t.root && !t.handedOver:
		t.handedOver, t.ownCont = true, true
		if err := unix.Kill(k.pid, unix.SIGCONT); err != nil {
			return err
		}
		return request(unix.PTRACE_CONT, k.tid, 0, 0)
	}
	t.setStopped(k, true)
	return request(unix.PTRACE_LISTEN, k.tid, 0, 0)
}

func (t *tracer) setStopped(k *task, stopped bool) {
	if k.stopped != stopped {
		t.mu.Lock()
		defer t.mu.Unlock()
		k.stopped = stopped
	}
}

// resumeExit handles the end of a system call.
func (t *tracer) resumeExit(k *task) error {
	if k.atExit != nil {
		r, err := readRegisters(k.tid)
		if err != nil {
			return err
		}
		k.atExit(r)
		k.atExit = nil
	}
	return request(unix.PTRACE_CONT, k.tid, 0, 0)
}

// executed prepares a process that has executed a file. Its other threads have ended.
func (t *tracer) executed(k *task) error {
	for tid, other := range t.tasks {
		if other.pid == k.pid && tid != k.tid {
			t.forget(tid)
		}
	}
	k.atExit, k.vforked, k.length = nil, false, length{}
	at, ok := vdsoOf(k.pid, t.layout)
	if !ok {
		name, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", k.pid))
		t.note(func(s *Seen) {
			s.Programs++
			s.Unmoved = append(s.Unmoved, fmt.Sprintf("%s: %v", name, errNoVDSO))
		})
		at = 0
	} else if err := t.layout.apply(k.tid, at, t.now); err != nil {
		return err
	}
	k.process = &process{vdso: at, moves: t.moves}
	t.processes[k.pid] = k.process
	if ok {
		t.note(func(s *Seen) { s.Programs++ })
	}
	return nil
}

// update writes the offsets to a stopped thread's process if they have changed.
func (t *tracer) update(k *task) error {
	if k.process.vdso == 0 || k.process.moves == t.moves {
		return nil
	}
	k.process.moves = t.moves
	return t.layout.set(k.tid, k.process.vdso, t.now)
}

// expect notes the thread that a stopped thread has made. It will stop by itself, but
// from now on it counts as one that may run.
func (t *tracer) expect(tid int) error {
	made, err := unix.PtraceGetEventMsg(tid)
	if err != nil || t.tasks[int(made)] != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tasks[int(made)] = &task{tid: int(made)}
	return nil
}

// task returns what is known of a stopped thread. A new one may belong to a new
// process, whose memory is a copy of its parent's.
func (t *tracer) task(tid int) (*task, error) {
	if k := t.tasks[tid]; k != nil && k.process != nil {
		return k, nil
	}
	pid, err := statusOf(tid, "Tgid")
	if err != nil {
		return nil, err
	}
	p := t.processes[pid]
	if p == nil {
		p = &process{moves: -1}
		if at, ok := vdsoOf(tid, t.layout); ok && t.layout.applied(tid, at) {
			p.vdso = at
		}
		t.processes[pid] = p
		if pid != t.root {
			t.note(func(s *Seen) { s.Processes++ })
		}
	}
	k := &task{tid: tid, pid: pid, process: p}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tasks[tid] = k
	return k, nil
}

// applied reports whether the vDSO of a stopped process was changed.
func (l *layout) applied(tid int, vdso uint64) bool {
	first := l.patches[0]
	found := make([]byte, 16)
	return peek(tid, vdso+first.at, found) == nil && bytes.Equal(found, first.code[:len(found)])
}

func (t *tracer) forget(tid int) {
	k := t.tasks[tid]
	if k == nil {
		return
	}
	t.mu.Lock()
	delete(t.tasks, tid)
	t.mu.Unlock()
	last := true
	for _, other := range t.tasks {
		last = last && other.pid != k.pid
	}
	if last {
		delete(t.processes, k.pid)
	}
	t.arrived(tid)
}

func (t *tracer) closeExited() {
	select {
	case <-t.exited:
	default:
		close(t.exited)
	}
}

// note changes the counts.
func (t *tracer) note(change func(*Seen)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change(&t.seen)
}

// follow brings new offsets to all processes. It returns when every thread has
// stopped once since. It is called from any thread.
func (t *tracer) follow(ctx context.Context, now offsets) error {
	followed := make(chan struct{})
	select {
	case t.jobs <- func() { t.move(now, followed) }:
	case <-t.ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("clock: move: %w", context.Cause(ctx))
	}
	select {
	case <-followed:
	case <-t.ended:
	case <-ctx.Done():
		late := make(chan string, 1)
		select {
		case t.jobs <- func() { late <- t.describeWaiting() }:
			return fmt.Errorf("clock: waited for every thread to stop: %w: %s",
				context.Cause(ctx), <-late)
		case <-t.ended:
		}
	}
	return nil
}

// move begins to bring new offsets to all processes, by interrupting every thread.
func (t *tracer) move(now offsets, followed chan struct{}) {
	for id := range now {
		t.moved[id] = now[id] - t.now[id]
	}
	t.now = now
	t.moves++
	clear(t.waiting)
	t.followed = followed
	for tid, k := range t.tasks {
		// A thread that has called vfork does not stop before its child has executed a
		// file or ended. It gets the offsets then, and a new thread at its first stop.
		if !k.vforked && k.process != nil && request(unix.PTRACE_INTERRUPT, tid, 0, 0) == nil {
			t.waiting[tid] = struct{}{}
		}
	}
	t.arrived(0)
}

// arrived notes that a thread has stopped since the last move, or ended.
func (t *tracer) arrived(tid int) {
	delete(t.waiting, tid)
	if len(t.waiting) == 0 && t.followed != nil {
		close(t.followed)
		t.followed = nil
	}
}

// describeWaiting says what the threads do that have not stopped since the last move.
func (t *tracer) describeWaiting() string {
	var all []string
	for tid := range t.waiting {
		where, _ := os.ReadFile(fmt.Sprintf("/proc/%d/wchan", tid))
		all = append(all, fmt.Sprintf("thread %d is in state %q (%s)", tid, stateOf(tid), where))
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// statusOf returns a number from the status of a thread, see proc_pid_status(5).
func statusOf(tid int, name string) (int, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", tid))
	if err != nil {
		return 0, unix.ESRCH
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strconv.Atoi(strings.TrimSpace(value))
		}
	}
	return 0, fmt.Errorf("/proc/%d/status: found no %s", tid, name)
}
