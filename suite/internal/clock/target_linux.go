//go:build amd64 || arm64

package clock

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"slices"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// A Target is a program that was started with a clock, and what that program has
// started. One thread of this process traces all of it. If the thread ends, the
// kernel kills what it traces.
type Target struct {
	cmd    *exec.Cmd
	tracer *tracer
	// finish waits for the copies of the program's output.
	finish func() error
}

// Start starts a command with the clock's time. start starts it, in whatever way the
// caller needs, and then calls held on the same thread; it leaves cmd.SysProcAttr.Ptrace
// as it is. If start is nil, the command is started as it stands.
//
// The caller waits by [Target.Wait] and not by cmd.Wait, because whoever waits for a
// traced child sees its stops. The error is that of start, or says which step failed.
func (c *Clock) Start(
	cmd *exec.Cmd, start func(cmd *exec.Cmd, held func() error) error,
) (*Target, error) {
	l, err := theLayout()
	if err != nil {
		return nil, err
	}
	if start == nil {
		start = startPlain
	}
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Ptrace = true
	// A move that comes between preparing the program and tracing it would be missed.
	c.moving.Lock()
	defer c.moving.Unlock()
	c.mu.Lock()
	now, count := c.offsets, c.count
	c.mu.Unlock()
	var problem error
	err = start(cmd, func() error {
		problem = prepare(cmd.Process.Pid, l, now, count)
		return problem
	})
	if problem != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return nil, fmt.Errorf("clock: prepare %s: %w", cmd.Path, problem)
	}
	if err != nil {
		return nil, err
	}
	t := &Target{cmd: cmd, finish: sync.OnceValue(cmd.Wait)}
	t.tracer = newTracer(cmd.Process.Pid, l, now)
	if err := t.tracer.start(func() { c.forget(t) }); err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return nil, fmt.Errorf("clock: trace %s: %w", cmd.Path, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.targets[t] = struct{}{}
	return t, nil
}

func (c *Clock) forget(t *Target) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.targets, t)
	c.past = c.past.plus(t.Seen())
}

// startPlain starts a command on one thread.
func startPlain(cmd *exec.Cmd, held func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		return err
	}
	return held()
}

// prepare changes a program that has just been executed under PTRACE_TRACEME, on the
// thread that started it, and leaves it stopped and untraced.
func prepare(pid int, l *layout, now offsets, count bool) error {
	_, status, err := wait4(pid, 0)
	if err != nil {
		return fmt.Errorf("wait for it to be executed: %w", err)
	}
	if !status.Stopped() {
		return fmt.Errorf("it ended before it was executed (status %#x)", status)
	}
	at, ok := vdsoOf(pid, l)
	if !ok {
		return errNoVDSO
	}
	if err := l.apply(pid, at, now); err != nil {
		return err
	}
	if err := installFilter(pid, at+l.call, count); err != nil {
		return err
	}
	return request(unix.PTRACE_DETACH, pid, 0, uintptr(unix.SIGSTOP))
}

var errNoVDSO = errors.New("it has no vDSO of this machine's architecture; " +
	"clocks of 32-bit programs cannot be moved")

// apply changes the vDSO of a stopped process.
func (l *layout) apply(tid int, vdso uint64, now offsets) error {
	for _, p := range l.patches {
		if err := poke(tid, vdso+p.at, p.code); err != nil {
			return fmt.Errorf("write to the vDSO: %w", err)
		}
	}
	return l.set(tid, vdso, now)
}

// set writes the table of offsets of a stopped process.
func (l *layout) set(tid int, vdso uint64, now offsets) error {
	if err := poke(tid, vdso+l.table, now.encode()); err != nil {
		return fmt.Errorf("write the offsets: %w", err)
	}
	return nil
}

// Wait waits until the target itself has ended and returns how. What it has started
// may still run.
func (t *Target) Wait() syscall.WaitStatus {
	<-t.tracer.exited
	_ = t.finish() // the tracer has taken the status, so there is always an error
	return t.tracer.status
}

// Seen returns what the clock has met so far.
func (t *Target) Seen() Seen {
	t.tracer.mu.Lock()
	defer t.tracer.mu.Unlock()
	seen := t.tracer.seen
	seen.Unmoved = slices.Clone(seen.Unmoved)
	return seen
}

// follow brings the clock's offsets to all processes of the target.
func (t *Target) follow(ctx context.Context, now offsets) error {
	return t.tracer.follow(ctx, now)
}

// threads returns the threads that can run.
func (t *Target) threads() (tids []int) {
	t.tracer.mu.Lock()
	defer t.tracer.mu.Unlock()
	for tid, k := range t.tracer.tasks {
		if !k.stopped {
			tids = append(tids, tid)
		}
	}
	return tids
}
