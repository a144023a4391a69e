package world

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

// A lifeline is a pipe by which a process learns that another one has ended: the
// kernel closes the writing end with the process that holds it, and the reader
// sees the end of the pipe.

// watchOuter ends the run when the outer process ends. In a PID namespace the
// kernel does this. Elsewhere only this process is left to clean up.
func (r *Run) watchOuter() error {
	syscall.CloseOnExec(fdLifeline)
	lifeline := os.NewFile(fdLifeline, "lifeline")
	if r.plan.relays() {
		syscall.CloseOnExec(fdRelay)
	}
	if r.plan.PIDs {
		// The kernel kills this process with the thread that started it, if that still
		// ran when this process asked for it.
		go func() {
			io.Copy(io.Discard, lifeline)
			os.Exit(ExitInterrupted)
		}()
		return nil
	}
	// Whoever reads our output may end with the outer process. SIGPIPE must not
	// end this process before it has cleaned up. It is caught instead of
	// ignored, because children would inherit that it is ignored.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	go func() {
		io.Copy(io.Discard, lifeline)
		killDescendants(r.plan.Mark, func() {
			if r.plan.Kind == Loopback {
				removeAll(r.plan.Scratch)
			}
		})
		os.Exit(ExitInterrupted)
	}()
	return nil
}

// makeWorkersLifeline makes the lifeline of the workers, a named pipe. (The path
// could be too long for a socket.)
func (r *Run) makeWorkersLifeline() error {
	r.plan.Lifeline = filepath.Join(r.plan.Scratch, "lifeline")
	if err := syscall.Mkfifo(r.plan.Lifeline, 0o600); err != nil {
		return fmt.Errorf("world: make the workers' lifeline: %w", err)
	}
	// Opening a pipe for writing alone would wait for a reader.
	lifeline, err := os.OpenFile(r.plan.Lifeline, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("world: make the workers' lifeline: %w", err)
	}
	r.lifeline = lifeline
	return nil
}

// joinAsWorker ends this worker, and the targets that it started, when the inner
// process ends.
func (r *Run) joinAsWorker() error {
	// If the inner process has ended already, reading ends at once.
	lifeline, err := os.OpenFile(r.plan.Lifeline, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return fmt.Errorf("world: open the lifeline of the inner process: %w", err)
	}
	go func() {
		io.Copy(io.Discard, lifeline)
		r.targets.kill()
		killBelow(false) // what is left of targets; there is nobody to tell of an error
		if r.plan.Kind == Loopback {
			removeAll(r.plan.Scratch) // the outer process may have been killed too
		}
		os.Exit(ExitInterrupted)
	}()
	return nil
}

func setenv(entries ...string) error {
	for _, entry := range entries {
		name, value, _ := strings.Cut(entry, "=")
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("world: set %s: %w", name, err)
		}
	}
	return nil
}

// messages is the outer side of the pipe over which the inner process sends messages.
// The zero value stands for a run without one.
type messages struct {
	ours, theirs *os.File
	done         chan struct{} // closed when the reader has returned
}

// openMessages makes the pipe, if the run has a reader, and enters its descriptor in
// the plan.
func (o Outer) openMessages(p *plan) (*messages, error) {
	m := &messages{}
	if o.Messages == nil {
		return m, nil
	}
	var err error
	if m.ours, m.theirs, err = os.Pipe(); err != nil {
		return nil, fmt.Errorf("world: make the pipe for messages: %w", err)
	}
	p.Messages = fdLifeline + 1
	if p.relays() {
		p.Messages = fdRelay + 1
	}
	return m, nil
}

// attach hands the writing end to the inner process.
func (m *messages) attach(cmd *exec.Cmd) {
	if m.theirs != nil {
		cmd.ExtraFiles = append(cmd.ExtraFiles, m.theirs)
	}
}

// read starts the reader, when the inner process has been started.
func (m *messages) read(reader func(io.Reader)) {
	if m.ours == nil {
		return
	}
	m.theirs.Close() // so that the stream ends with the inner process
	m.done = make(chan struct{})
	go func() {
		defer close(m.done)
		reader(m.ours)
		io.Copy(io.Discard, m.ours)
	}()
}

// end waits for the reader and closes the pipe.
func (m *messages) end() {
	if m.ours == nil {
		return
	}
	m.theirs.Close()
	if m.done != nil {
		<-m.done
	}
	m.ours.Close()
}

// joinMessages takes over the writing end in the inner process. No other process
// inherits it.
func (r *Run) joinMessages() {
	if r.plan.Messages == 0 {
		return
	}
	syscall.CloseOnExec(r.plan.Messages)
	r.messages = os.NewFile(uintptr(r.plan.Messages), "messages")
}

// Messages returns the stream to the outer process's reader. What is written to it is
// lost if there is none, as in a worker.
func (r *Run) Messages() io.Writer {
	if r.messages == nil {
		return io.Discard
	}
	return r.messages
}
