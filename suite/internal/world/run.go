package world

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
)

var (
	// ErrNoRun is returned by Join in a process that no run started.
	ErrNoRun = errors.New("world: this process is not part of a run")
	// ErrUnsupported is returned by methods that this kind of world lacks.
	ErrUnsupported = errors.New("not supported in this kind of world")
)

// Run represents the run that this process is part of.
type Run struct {
	plan    plan
	targets *groups // of all worlds of this process
	opener  opener

	// The inner process keeps these open until it ends.
	lifeline *os.File     // writing end of the workers' lifeline
	block    net.Listener // reserves the block of loopback addresses
}

// opener opens worlds of one kind.
type opener interface {
	open(worker, serial int) (World, error)
}

// Join makes this process part of the run that started it. In the inner process
// it sets up namespaces and the temporary directory. In a worker, which is any
// process that the inner process starts with its own environment, it makes sure
// that the worker ends with the inner process. Call it at the beginning of main,
// before any file is opened for writing. Further calls return the same Run. If
// no run started this process, the error is ErrNoRun.
func Join() (*Run, error) { return join() }

var join = sync.OnceValues(func() (*Run, error) {
	stage := os.Getenv(envStage)
	if stage == "" {
		return nil, ErrNoRun
	}
	p, err := planFromEnv()
	if err != nil {
		return nil, err
	}
	r := &Run{plan: p, targets: newGroups()}
	switch stage {
	case stageInner:
		err = r.setUpInner()
	case stageWorker:
		err = r.joinAsWorker()
	default:
		err = fmt.Errorf("world: %s is %q: expected %s or %s", envStage, stage, stageInner, stageWorker)
	}
	if err != nil {
		return nil, err
	}
	r.opener, err = newOpener(r)
	return r, err
})

// setUpInner makes this process the inner process of the run.
func (r *Run) setUpInner() error {
	if err := r.watchOuter(); err != nil {
		return err
	}
	if r.plan.Kind == Namespace {
		if err := setUpNamespaces(&r.plan); err != nil {
			return err
		}
	} else if err := r.claimBlock(); err != nil {
		return err
	}
	if r.plan.relays() {
		if err := relayIn(r.plan.Relay); err != nil {
			return err
		}
	}
	if err := r.makeWorkersLifeline(); err != nil {
		return err
	}
	// Processes that inherit this environment are workers.
	stage, err := r.plan.environ(stageWorker)
	if err != nil {
		return err
	}
	return setenv(append(stage, "TMPDIR="+r.plan.Scratch)...)
}

// Kind returns Namespace or Loopback.
func (r *Run) Kind() Kind { return r.plan.Kind }

// Reason says why the run uses the loopback world. It is empty in the namespace
// world.
func (r *Run) Reason() string { return r.plan.Reason }

// Scratch returns the absolute path of the run's temporary directory, which is
// removed when the run ends.
func (r *Run) Scratch() string { return r.plan.Scratch }

// Bounds of the numbers of worlds within a run.
const (
	// MaxWorker is the highest number that a worker can have.
	MaxWorker        = 127
	namespaceSerials = 1 << 16
	loopbackSerials  = 1 << 8
)

// Open opens a new world for one spec. Its addresses in the home network are
// derived from worker (0 to MaxWorker) and serial. Two worlds that are open at
// the same time must differ in worker or in serial, where serial counts modulo
// 65536 in the namespace world and modulo 256 on loopback.
func (r *Run) Open(worker, serial int) (World, error) {
	if worker < 0 || worker > MaxWorker || serial < 0 {
		return nil, fmt.Errorf("world: worker %d, serial %d: expected a worker from 0 to %d "+
			"and a serial of 0 or more", worker, serial, MaxWorker)
	}
	return r.opener.open(worker, serial)
}

// mark returns the value of envMark for processes of one world.
func (r *Run) mark(worker, serial int) string {
	return fmt.Sprintf("%s/%d/%d", r.plan.Mark, worker, serial)
}
