package world

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
)

var (
	// ErrOutside is returned by Inside in a process that no run started.
	ErrOutside = errors.New("world: this process is outside of any run")
	// ErrUnsupported is returned for what this kind of world cannot do.
	ErrUnsupported = errors.New("not supported in this kind of world")
)

// Run is the run that this process is part of.
type Run struct {
	plan    plan
	targets *groups // of all worlds of this process
	opener  opener

	// What the inner process holds open until it ends.
	lifeline *os.File     // writing end of the workers'
	block    net.Listener // keeps the block of loopback addresses
}

// opener makes the worlds of one kind.
type opener interface {
	open(worker, serial int) (World, error)
}

// Inside joins the run: in the inner process it sets the surroundings up, in
// the workers, which are whatever the inner process starts with its own
// environment, it ties their life to the inner process's. Call it first thing
// in main, before any file is opened for writing. Further calls return the
// same Run. Outside of a run the error is ErrOutside.
func Inside() (*Run, error) { return inside() }

var inside = sync.OnceValues(func() (*Run, error) {
	stage := os.Getenv(envStage)
	if stage == "" {
		return nil, ErrOutside
	}
	p, err := planFromEnv()
	if err != nil {
		return nil, err
	}
	r := &Run{plan: p, targets: newGroups()}
	switch stage {
	case stageInner:
		err = r.coordinate()
	case stageWorker:
		err = r.join()
	default:
		err = fmt.Errorf("world: %s is %q: expected %s or %s", envStage, stage, stageInner, stageWorker)
	}
	if err != nil {
		return nil, err
	}
	r.opener, err = newOpener(r)
	return r, err
})

// coordinate makes this process the run's inner one.
func (r *Run) coordinate() error {
	if err := r.watchOuter(); err != nil {
		return err
	}
	if r.plan.Kind == Namespace {
		if err := settle(&r.plan); err != nil {
			return err
		}
	} else if err := r.claim(); err != nil {
		return err
	}
	if r.plan.relays() {
		if err := relayIn(r.plan.Relay); err != nil {
			return err
		}
	}
	if err := r.holdWorkers(); err != nil {
		return err
	}
	// What this process starts with its own environment is a worker.
	stage, err := r.plan.environ(stageWorker)
	if err != nil {
		return err
	}
	return setenv(append(stage, "TMPDIR="+r.plan.Scratch)...)
}

// Kind is Namespace or Loopback.
func (r *Run) Kind() Kind { return r.plan.Kind }

// Reason says why the run is not in the namespace world; empty if it is.
func (r *Run) Reason() string { return r.plan.Reason }

// Scratch is the run's temporary directory, an absolute path. Everything
// temporary lives in it; it goes with the run.
func (r *Run) Scratch() string { return r.plan.Scratch }

// Bounds of a world's numbers within a run.
const (
	// MaxWorker is the highest number of a worker.
	MaxWorker        = 127
	namespaceSerials = 1 << 16
	loopbackSerials  = 1 << 8
)

// Open makes a fresh world for one spec. worker (from 0 to MaxWorker) and serial
// number it within the run: its addresses at home are derived from them. Two
// worlds open at once must differ in one of them, serial taken modulo 65536 in
// a namespace and modulo 256 on loopback.
func (r *Run) Open(worker, serial int) (World, error) {
	if worker < 0 || worker > MaxWorker || serial < 0 {
		return nil, fmt.Errorf("world: worker %d, serial %d: expected a worker from 0 to %d and a serial from 0", worker, serial, MaxWorker)
	}
	return r.opener.open(worker, serial)
}

// mark is what tells a world's processes from those of others.
func (r *Run) mark(worker, serial int) string {
	return fmt.Sprintf("%s/%d/%d", r.plan.Mark, worker, serial)
}
