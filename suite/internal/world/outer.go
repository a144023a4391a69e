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
	"slices"
	"syscall"
	"time"

	"assay/suite/internal/careful"
	"assay/suite/internal/confine"
	"assay/suite/internal/limits"
)

// Outer describes how the outer process starts a run.
type Outer struct {
	// Kind is the kind of world. Auto, which "" means too, selects Namespace if
	// Available returns nil.
	Kind Kind
	// Reason says why Kind is Loopback, for the report. Run sets it for Auto.
	Reason string
	// Needs lists paths that must stay visible inside the run, such as the
	// target's executable and the directory of the target file. The working
	// directory and this executable are always visible.
	Needs []string
	// Writable lists existing directories that stay writable inside the run,
	// such as the report's. In the namespace world all others are read-only.
	Writable []string
	// Args are the arguments of the inner process, without the program's name.
	Args []string
	// Env is the environment of the inner process; nil means this process's.
	Env []string
	// Stdout and Stderr receive the output of the inner process, as in
	// exec.Cmd.
	Stdout, Stderr io.Writer
	// Relay is an optional address outside of the run ("127.0.0.1:40000"). The
	// inner process reaches it by the same address.
	Relay string
	// Messages reads what the inner process writes to Run.Messages. It has to read
	// until the end of the stream. The function Run returns after it.
	Messages func(io.Reader)
	// Interrupted is called when a signal or the context ends the run, and once
	// more if another signal ends it at once.
	Interrupted func()
	// Signals delivers the signals that end the run, see the function Signals.
	// If it is nil, Run catches them itself.
	Signals <-chan os.Signal
}

const (
	// ExitInterrupted is the exit code of a run that a signal or a context
	// ended.
	ExitInterrupted = 130

	// gracePeriod is how long an interrupted run may take to end by itself.
	gracePeriod = 10 * time.Second
	// resendInterval is the time between two signals to a process that may
	// have missed the first one.
	resendInterval = time.Second
	// oneSignal is how long after a signal further ones are the same: timeout(1)
	// sends a signal to the process and to its group.
	oneSignal = 250 * time.Millisecond
	// outputDelay is how long to wait for the end of the inner process's
	// output when other processes hold it open.
	outputDelay = 500 * time.Millisecond
)

// Run starts this executable again as the inner process and waits for it. It
// forwards SIGINT, SIGTERM and SIGHUP, and ends the run when ctx ends; the exit
// code is ExitInterrupted then. A second signal kills the run. When Run returns, all
// processes and temporary files of the run are gone. The error says why the run could
// not be started, or which signal killed it.
func (o Outer) Run(ctx context.Context) (exit int, runErr error) {
	p, err := o.plan()
	if err != nil {
		return 2, err
	}
	if p.OwnID {
		defer func() { runErr = errors.Join(runErr, returnAll(p.Writable)) }()
	}
	if p.Kind == Loopback {
		// The inner process makes it, and removes it if this process is killed.
		p.Scratch = filepath.Join(os.TempDir(), "assay-"+rand.Text()[:10])
		defer func() { runErr = errors.Join(runErr, removeAll(p.Scratch)) }()
	}
	if !p.PIDs {
		// The kernel kills the processes of a PID namespace with its first one.
		// Without a PID namespace this process has to do so.
		end, err := adopt()
		if err != nil {
			return 2, fmt.Errorf("world: adopt orphans: %w", err)
		}
		defer end()
		defer func() { runErr = errors.Join(runErr, killOrphans(p.Mark)) }()
	}
	messages, err := o.openMessages(&p)
	if err != nil {
		return 2, err
	}
	defer messages.end()
	cmd, closeOurs, err := o.command(p)
	if err != nil {
		return 2, err
	}
	defer closeOurs()
	messages.attach(cmd)

	signals := o.Signals
	if signals == nil {
		own, stop := Signals()
		defer stop()
		signals = own
	}
	ended, err := startOnOwnThread(cmd)
	if err != nil {
		return 2, fmt.Errorf("world: start the inner process: %w", err)
	}
	messages.read(o.Messages)
	interrupted := o.waitForEnd(ctx, cmd.Process.Pid, signals, ended)
	if interrupted {
		return ExitInterrupted, nil
	}
	status, _ := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		return 128 + int(status.Signal()),
			fmt.Errorf("world: the inner process was ended by a signal: %v", status.Signal())
	}
	return cmd.ProcessState.ExitCode(), nil
}

// returnAll gives what the run has left in these directories to this process's user.
func returnAll(dirs []string) (err error) {
	for _, dir := range dirs {
		err = errors.Join(err, confine.ChooseIDs(runUID).Return(dir))
	}
	return err
}

// removeAll removes a directory of the run, in which targets may have made anything,
// within the time that a cleanup may take.
func removeAll(dir string) error {
	ctx, cancel := careful.Deadline(limits.Cleanup)
	defer cancel()
	return careful.RemoveAll(ctx, dir)
}

// plan chooses the kind of world and returns what the inner process must know.
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
	p.Needs = append(slices.Clone(p.Writable), o.Needs...)
	if p.Kind == Loopback {
		return p, nil
	}
	err := prepareNamespace(&p)
	return p, err
}

// command returns the command of the inner process, and a function that closes
// what belongs to it, to be called when the process has ended.
func (o Outer) command(p plan) (*exec.Cmd, func(), error) {
	executable, err := ownExecutable()
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
	lifeline, ours, err := os.Pipe() // the inner process gets the reading end
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

// startOnOwnThread starts cmd from a thread that lives as long as cmd does,
// because the kernel kills cmd when the thread that started it ends (prctl(2),
// PR_SET_PDEATHSIG).
func startOnOwnThread(cmd *exec.Cmd) (ended <-chan struct{}, err error) {
	started := make(chan error)
	done := make(chan struct{})
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with this goroutine
		confine.NewKeyring()
		err := startKnown(cmd)
		started <- err
		if err != nil {
			return
		}
		cmd.Wait() // cmd.ProcessState says how it ended
		close(done)
	}()
	return done, <-started
}

// Signals catches the signals that end a run until stop is called. Call it early,
// so that no signal is lost while the processes of a run start.
func Signals() (caught <-chan os.Signal, stop func()) {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	return signals, func() { signal.Stop(signals) }
}

// waitForEnd waits for the end of the inner process. It forwards signals to the
// process, sends SIGTERM when ctx ends, and SIGKILL gracePeriod later or at another
// signal. It returns whether it sent a signal. It repeats the signal, because the
// first process of a PID namespace ignores signals until it has installed handlers
// (pid_namespaces(7)).
func (o Outer) waitForEnd(
	ctx context.Context,
	pid int,
	signals <-chan os.Signal,
	ended <-chan struct{},
) (interrupted bool) {
	cancelled := ctx.Done()
	var last syscall.Signal
	var first time.Time // when the first signal came
	killed := false
	report := func() {
		if o.Interrupted != nil {
			o.Interrupted()
		}
	}
	var resend, kill <-chan time.Time
	send := func(s syscall.Signal) {
		// The inner process and its workers share a process group.
		syscall.Kill(-pid, s)
		if !interrupted {
			first = time.Now()
			report()
		}
		interrupted, last = true, s
		if kill == nil {
			resend, kill = time.Tick(resendInterval), time.After(gracePeriod)
		}
	}
	for {
		select {
		case <-ended:
			return interrupted
		case s := <-signals:
			if !interrupted || time.Since(first) < oneSignal {
				send(s.(syscall.Signal))
			} else if !killed {
				killed = true
				// The workers end with the inner process, and end their targets.
				syscall.Kill(pid, syscall.SIGKILL)
				report()
			}
		case <-cancelled:
			cancelled = nil
			send(syscall.SIGTERM)
		case <-resend:
			syscall.Kill(pid, last) // the inner process forwards it to its workers
		case <-kill:
			syscall.Kill(-pid, syscall.SIGKILL)
		}
	}
}
