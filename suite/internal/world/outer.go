package world

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// Outer describes a run from outside: what to start in which world.
type Outer struct {
	// Kind is the world wanted. Auto, or none, takes what Available allows.
	Kind Kind
	// Reason says why Kind is Loopback, for the report. Auto fills it in.
	Reason string
	// Needs are paths that must stay visible inside: the target's executable,
	// the target file's directory and the like. The working directory and
	// the executable are added.
	Needs []string
	// Writable are existing directories that stay writable inside: the
	// report's, say. All else is read-only in the namespace world.
	Writable []string
	// Args are the inner process's arguments, without the program's name.
	Args []string
	// Env is its environment; nil means this process's.
	Env []string
	// Stdout and Stderr are its outputs, as in exec.Cmd.
	Stdout, Stderr io.Writer
	// Relay is an optional address of the outside ("127.0.0.1:40000") that
	// the inner process reaches under the same address.
	Relay string
	// Signals end the run in an orderly way; see the function of this name.
	// Without them Run catches its own.
	Signals <-chan os.Signal
}

const (
	// ExitInterrupted is the exit code of a run that a signal or a context
	// ended.
	ExitInterrupted = 130

	// grace is how long an interrupted run may take to end by itself.
	grace = 10 * time.Second
	// repetition is the time between two signals to a process that may have
	// missed the first.
	repetition = time.Second
	// outputDelay is how long to wait for output of processes that outlived
	// the inner one.
	outputDelay = 500 * time.Millisecond
)

// Run starts this executable again inside the world and waits for it. It
// forwards SIGINT, SIGTERM and SIGHUP, and stops the run when ctx ends; the
// exit code is then ExitInterrupted. Whatever happens, nothing is left when it
// returns. The error says why the run could not be started, or what killed it.
func (o Outer) Run(ctx context.Context) (exit int, err error) {
	p, err := o.plan()
	if err != nil {
		return 2, err
	}
	if p.Kind == Loopback {
		p.Scratch, err = os.MkdirTemp("", "assay-")
		if err != nil {
			return 2, fmt.Errorf("world: make the run's directory: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(p.Scratch)) }()
	}
	if !p.PIDs {
		// A PID namespace ends with its first process; here we must see to it.
		defer func() { err = errors.Join(err, endMarked(p.Mark)) }()
	}
	cmd, closeOurs, err := o.command(p)
	if err != nil {
		return 2, err
	}
	defer closeOurs()

	signals := o.Signals
	if signals == nil {
		own, stop := Signals()
		defer stop()
		signals = own
	}
	ended, err := startTied(cmd)
	if err != nil {
		return 2, fmt.Errorf("world: start the inner process: %w", err)
	}
	interrupted := attend(ctx, cmd.Process.Pid, signals, ended)
	if interrupted {
		return ExitInterrupted, nil
	}
	status, _ := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		return 128 + int(status.Signal()), fmt.Errorf("world: the inner process was ended by a signal: %v", status.Signal())
	}
	return cmd.ProcessState.ExitCode(), nil
}

// plan settles the kind of world and all that the inner process must know.
func (o Outer) plan() (plan, error) {
	p := plan{Kind: o.Kind, Reason: o.Reason, Mark: rand.Text(), Relay: o.Relay}
	for _, dir := range o.Writable {
		full, err := filepath.Abs(dir)
		if err != nil {
			return p, fmt.Errorf("world: writable directory %s: %w", dir, err)
		}
		if info, err := os.Stat(full); err != nil || !info.IsDir() {
			return p, fmt.Errorf("world: writable directory %s: expected an existing directory", full)
		}
		p.Writable = append(p.Writable, full)
	}
	switch p.Kind {
	case Auto, "":
		p.Kind = Namespace
		if err := Available(); err != nil {
			p.Kind, p.Reason = Loopback, err.Error()
		}
	case Namespace, Loopback:
	default:
		return p, fmt.Errorf("world: unknown kind %q: expected auto, namespace or loopback", p.Kind)
	}
	if p.Kind == Loopback {
		return p, nil
	}
	return p, prepareNamespace(&p, append(p.Writable, o.Needs...))
}

// command is the inner process, and what to close when it has ended.
func (o Outer) command(p plan) (*exec.Cmd, func(), error) {
	executable, err := os.Executable()
	if err != nil {
		return nil, nil, fmt.Errorf("world: find this executable: %w", err)
	}
	stage, err := p.environ(stageInner)
	if err != nil {
		return nil, nil, err
	}
	env := o.Env
	if env == nil {
		env = os.Environ()
	}
	// The inner process holds the reading end, and sees it end with us.
	lifeline, ours, err := os.Pipe()
	if err != nil {
		return nil, nil, fmt.Errorf("world: make the lifeline: %w", err)
	}
	cmd := exec.Command(executable, o.Args...)
	cmd.Env = append(withoutStage(env), stage...)
	cmd.Stdout, cmd.Stderr = o.Stdout, o.Stderr
	cmd.ExtraFiles = []*os.File{lifeline}
	cmd.SysProcAttr = innerAttr(p)
	cmd.WaitDelay = outputDelay
	closeAll := func() { lifeline.Close(); ours.Close() }
	if p.relays() {
		theirs, closeRelay, err := relayOut(p.Relay)
		if err != nil {
			closeAll()
			return nil, nil, err
		}
		cmd.ExtraFiles = append(cmd.ExtraFiles, theirs)
		closePipe := closeAll
		closeAll = func() { closePipe(); closeRelay() }
	}
	return cmd, closeAll, nil
}

// startTied starts cmd from a thread that lives as long as cmd does: the
// kernel ends cmd with the thread that started it (prctl(2), PR_SET_PDEATHSIG).
func startTied(cmd *exec.Cmd) (ended <-chan struct{}, err error) {
	started := make(chan error)
	done := make(chan struct{})
	go func() {
		runtime.LockOSThread() // for good: the thread ends with this goroutine
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		cmd.Wait() // how it ended is in cmd.ProcessState
		close(done)
	}()
	return done, <-started
}

// Signals catches the signals that end a run, from now on until stop is
// called: none must be lost while a run's processes start.
func Signals() (caught <-chan os.Signal, stop func()) {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	return signals, func() { signal.Stop(signals) }
}

// attend waits for the inner process and forwards what is to end it. It
// returns whether something was. A process that has just begun is deaf, if it is
// the first of its PID namespace (pid_namespaces(7)): it is told again.
func attend(ctx context.Context, pid int, signals <-chan os.Signal, ended <-chan struct{}) (interrupted bool) {
	cancelled := ctx.Done()
	var last syscall.Signal
	var again, patience <-chan time.Time
	send := func(s syscall.Signal) {
		interrupted, last = true, s
		// The inner process and its workers share a process group.
		syscall.Kill(-pid, s)
		if patience == nil {
			again, patience = time.Tick(repetition), time.After(grace)
		}
	}
	for {
		select {
		case <-ended:
			return interrupted
		case s := <-signals:
			send(s.(syscall.Signal))
		case <-cancelled:
			cancelled = nil
			send(syscall.SIGTERM)
		case <-again:
			syscall.Kill(pid, last) // it tells its workers
		case <-patience:
			syscall.Kill(-pid, syscall.SIGKILL)
		}
	}
}
