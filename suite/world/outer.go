package world

import (
	"context"
	"errors"
	"io"
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
}

// Run starts this executable again inside the world and waits for it. It
// forwards SIGINT, SIGTERM and SIGHUP, and stops the run when ctx ends; the
// exit code is then ExitInterrupted. Whatever happens, nothing is left when it
// returns. The error says why the run could not be started, or what killed it.
func (o Outer) Run(ctx context.Context) (exit int, err error) {
	return 2, errors.New("world: not yet")
}

// ExitInterrupted is the exit code of a run that a signal or a context ended.
const ExitInterrupted = 130
