package world

import "errors"

var (
	// ErrOutside is returned by Inside in a process that no run started.
	ErrOutside = errors.New("world: this process is outside of any run")
	// ErrUnsupported is returned for what this kind of world cannot do.
	ErrUnsupported = errors.New("not supported in this world")
)

// Run is the run that this process is part of.
type Run struct {
	plan plan
}

// Inside joins the run: in the inner process it sets the surroundings up, in
// the workers, which are whatever the inner process starts with its own
// environment, it ties their life to the inner process's. Call it first thing
// in main, before any file is opened for writing. Further calls return the
// same Run.
func Inside() (*Run, error) { return nil, ErrOutside }

// Kind is Namespace or Loopback.
func (r *Run) Kind() Kind { return r.plan.Kind }

// Reason says why the run is not in the namespace world; empty if it is.
func (r *Run) Reason() string { return r.plan.Reason }

// Scratch is the run's temporary directory, an absolute path. Everything
// temporary lives in it; it goes with the run.
func (r *Run) Scratch() string { return r.plan.Scratch }

// Open makes a fresh world for one spec. worker (from 0, below 128) and serial
// number it within the run: its addresses at home are derived from them. Two
// worlds open at once must differ in one of them, serial taken modulo 256 on
// loopback and modulo 65536 in a namespace.
func (r *Run) Open(worker, serial int) (World, error) { return nil, ErrUnsupported }
