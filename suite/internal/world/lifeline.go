package world

import (
	"fmt"
	"io"
	"os"
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
		return lifeline.Close()
	}
	if err := adoptOrphans(); err != nil {
		return fmt.Errorf("world: adopt orphans: %w", err)
	}
	// Whoever reads our output may end with the outer process. SIGPIPE must not
	// end this process before it has cleaned up. It is caught instead of
	// ignored, because children would inherit that it is ignored.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	go func() {
		io.Copy(io.Discard, lifeline)
		killDescendants(r.plan.Mark, func() {
			if r.plan.Kind == Loopback {
				os.RemoveAll(r.plan.Scratch)
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
