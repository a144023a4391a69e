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

// watchOuter ends the run when the outer process is gone. In a PID namespace
// the kernel does so; elsewhere this process is the last that can clean up.
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
	// Where our output goes may end with the outer process; that must not end
	// us before we have cleaned up. (To ignore the signal would be inherited.)
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	go func() {
		io.Copy(io.Discard, lifeline)
		endBelow(r.plan.Mark, func() {
			if r.plan.Kind == Loopback {
				os.RemoveAll(r.plan.Scratch)
			}
		})
		os.Exit(ExitInterrupted)
	}()
	return nil
}

// holdWorkers makes the workers' lifeline: a named pipe of which this process
// has the only writing end, until its own end. (The path of a socket could be
// too long.)
func (r *Run) holdWorkers() error {
	r.plan.Lifeline = filepath.Join(r.plan.Scratch, "lifeline")
	if err := syscall.Mkfifo(r.plan.Lifeline, 0o600); err != nil {
		return fmt.Errorf("world: make the workers' lifeline: %w", err)
	}
	// To open a pipe for writing alone would wait for a reader.
	lifeline, err := os.OpenFile(r.plan.Lifeline, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("world: make the workers' lifeline: %w", err)
	}
	r.lifeline = lifeline
	return nil
}

// join ties this worker's life to the inner process's.
func (r *Run) join() error {
	// Should the writer be gone already, reading ends at once.
	lifeline, err := os.OpenFile(r.plan.Lifeline, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return fmt.Errorf("world: take hold of the inner process: %w", err)
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
