package sut

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"assay/suite/internal/limits"
)

const (
	// killTime bounds the wait for a process after SIGKILL.
	killTime = 5 * time.Second
	// stopTime bounds [Process.Stop] for a context without a deadline.
	stopTime = 10 * time.Second
)

// Process is a target that was started. It leads a process group of its own. The
// group is killed when the process ends, or, for a target that forks, when all
// its descendants have ended, so that nothing remains of it. Its methods can be
// called at any time, by any goroutine.
type Process struct {
	launch  *Launch
	cmd     *exec.Cmd
	log     *Log
	sources [2]*logPipe // of the log
	start   func(*exec.Cmd) error
	await   func() Ending // waits for the end of the command
	started time.Time
	// descendants reaches its end when the server and all processes that it
	// started have ended. It is used only for a target that forks.
	descendants *os.File

	commandExited chan struct{} // the command itself; only its child is left, if anything
	exited        chan struct{}
	ending        Ending // complete when exited is closed

	asked atomic.Bool // it was sent a signal that ends servers
}

// Start starts a launch. start, if not nil, starts the command in another world;
// it may add to the command, but must leave it a process group of its own. If
// the command cannot be executed, the error is that of start. It is an
// *[Inexpressible] if the test's certificate and key cannot be put into one file,
// as the target wants them.
func Start(l *Launch, start func(*exec.Cmd) error) (*Process, error) {
	return StartTimed(l, start, nil)
}

// StartTimed starts a launch as [Start] does, by another function if timed is not nil:
// timed starts the command such that this package must not wait for it, and returns
// what does. start then starts the target's further commands alone.
func StartTimed(
	l *Launch,
	start func(*exec.Cmd) error,
	timed func(*exec.Cmd) (wait func() syscall.WaitStatus, err error),
) (*Process, error) {
	if start == nil {
		start = (*exec.Cmd).Start
	}
	if err := errors.Join(l.emptyStartDir(), l.combine()); err != nil {
		return nil, err
	}
	var ours, theirs []*os.File
	closeAll := func(files []*os.File) {
		for _, f := range files {
			f.Close()
		}
	}
	pipes := 2
	if l.target.Forks {
		pipes = 3
	}
	for range pipes {
		r, w, err := os.Pipe()
		if err != nil {
			closeAll(append(ours, theirs...))
			return nil, err
		}
		ours, theirs = append(ours, r), append(theirs, w)
	}
	p := &Process{
		launch: l, cmd: l.Command(),
		commandExited: make(chan struct{}), exited: make(chan struct{}), start: start,
	}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.cmd.Stdout, p.cmd.Stderr = theirs[0], theirs[1]
	if l.target.Forks {
		p.descendants, p.cmd.ExtraFiles = ours[2], theirs[2:]
	}
	p.started = time.Now()
	p.log = newLog(p.started)
	var file *follower
	if l.LogFile != "" {
		file = follow(l.Input.Files, l.LogFile, p.log)
		p.log.refresh = file.catchUp
	}
	err := p.startCommand(timed)
	closeAll(theirs)
	if err != nil {
		closeAll(ours)
		return nil, err
	}
	var readers sync.WaitGroup
	for i, stream := range []Stream{Stdout, Stderr} {
		p.sources[i] = &logPipe{pipe: ours[i]}
		readers.Go(func() { p.log.read(stream, newPace(p.sources[i])) })
	}
	if file != nil {
		go file.run(p.exited)
	}
	go func() {
		p.wait()
		p.readRest(&readers)
		closeAll(ours)
		if file != nil {
			file.close()
		}
		p.log.end()
		close(p.exited)
	}()
	return p, nil
}

// readRest waits until the log holds everything that the process wrote before its end. Another
// process may still hold the streams, so it gives up when there is nothing to read for a
// while, or when that takes too long.
func (p *Process) readRest(readers *sync.WaitGroup) {
	read := make(chan struct{})
	go func() {
		readers.Wait()
		close(read)
	}()
	for began := time.Now(); ; {
		select {
		case <-read:
			return
		case <-time.After(limits.Drain):
		}
		if p.drained() || time.Since(began) > limits.DrainAtMost {
			for _, s := range p.sources {
				s.pipe.SetReadDeadline(time.Now())
			}
			<-read
			return
		}
	}
}

// drained reports whether the log holds everything that the process has written.
func (p *Process) drained() bool { return p.sources[0].drained() && p.sources[1].drained() }

// startCommand starts the command, and sets what waits for its end.
func (p *Process) startCommand(
	timed func(*exec.Cmd) (wait func() syscall.WaitStatus, err error),
) error {
	if timed != nil {
		wait, err := timed(p.cmd)
		p.await = func() Ending { return endingOf(wait()) }
		return err
	}
	p.await = func() Ending {
		p.cmd.Wait() // the process state says all that its error could
		return endingOf(waitStatus(p.cmd.ProcessState))
	}
	return p.start(p.cmd)
}

// wait waits until the server has ended, and kills what remains of its process
// group.
func (p *Process) wait() {
	p.ending = p.await()
	close(p.commandExited)
	if p.descendants != nil && p.ending.Code == 0 {
		p.descendants.Read(make([]byte, 1)) // ends with the last of them, or with Kill
	}
	p.ending.At = time.Since(p.started)
	p.signalGroup(syscall.SIGKILL)
}

// Log returns what the server wrote.
func (p *Process) Log() *Log { return p.log }

// Pid returns the number of the process that was started, in the suite's own PID
// namespace.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Started returns when the process was started.
func (p *Process) Started() time.Time { return p.started }

// Exited returns a channel that is closed when the server has ended, its process
// group is killed and its log is complete.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// hasExited reports whether the channel of Exited is closed.
func (p *Process) hasExited() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// ExitCode returns the server's exit code; -1 if the server still runs or was
// ended by a signal.
func (p *Process) ExitCode() int {
	if !p.hasExited() {
		return -1
	}
	return p.ending.Code
}

// Ending describes how the server ended. It returns the zero Ending while the
// server runs.
func (p *Process) Ending() Ending {
	if !p.hasExited() {
		return Ending{}
	}
	return p.ending
}

// EndedByItself returns how the server ended, and whether it has ended without a signal
// that asked it to. A signal that tells it to reload is none.
func (p *Process) EndedByItself() (Ending, bool) {
	if !p.hasExited() || p.asked.Load() {
		return Ending{}, false
	}
	return p.ending, true
}

// Signal sends a signal to the server: to the process itself, or to its group if
// the target forks. The error is [os.ErrProcessDone] if the server has ended.
func (p *Process) Signal(sig os.Signal) error {
	if p.hasExited() {
		return os.ErrProcessDone
	}
	number, ok := sig.(syscall.Signal)
	switch number {
	case syscall.SIGTERM, syscall.SIGINT, syscall.SIGKILL, p.launch.target.StopSignal.Signal:
		p.asked.Store(true)
	}
	if !p.launch.target.Forks || !ok {
		return p.cmd.Process.Signal(sig)
	}
	return p.signalGroup(number)
}

func (p *Process) signalGroup(sig syscall.Signal) error {
	err := syscall.Kill(-p.cmd.Process.Pid, sig)
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}

// Stop sends the target's stop signal and waits until the server has ended. If
// the server does not end before the context's deadline (10 s if there is none),
// Stop kills its process group, and the Ending says so.
func (p *Process) Stop(ctx context.Context) Ending {
	if p.hasExited() {
		e := p.ending
		e.EndedEarly = true
		return e
	}
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, stopTime)
		defer cancel()
	}
	asked := time.Now()
	forced := true
	err := p.Signal(p.launch.target.StopSignal.Signal)
	if err == nil || errors.Is(err, os.ErrProcessDone) {
		select {
		case <-p.exited:
			forced = false
		case <-ctx.Done():
		}
	}
	p.Kill()
	e := p.Ending()
	e.Took, e.Killed = time.Since(asked), forced
	return e
}

// Kill kills the server's process group and waits at most 5 s for its end.
// Further calls do nothing.
func (p *Process) Kill() {
	if p.hasExited() {
		return
	}
	p.asked.Store(true)
	p.signalGroup(syscall.SIGKILL)
	if p.descendants != nil {
		// A child that left the group cannot be killed here; the world ends it.
		p.descendants.SetReadDeadline(time.Now().Add(limits.Drain))
	}
	deadline := time.NewTimer(killTime)
	defer deadline.Stop()
	select {
	case <-p.exited:
	case <-deadline.C:
	}
}
