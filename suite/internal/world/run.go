package world

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"assay/suite/internal/confine"
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
	messages *os.File     // to the outer process; nil without a pipe
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
	if err := adoptOrphans(); err != nil {
		return nil, fmt.Errorf("world: adopt orphans: %w", err)
	}
	go r.reapStrays()
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
	// The user's shell may have left descriptors open.
	if err := confine.CloseDescriptors(); err != nil {
		return fmt.Errorf("world: %w", err)
	}
	r.joinMessages()
	if r.plan.Kind == Loopback {
		if err := os.Mkdir(r.plan.Scratch, 0o700); err != nil {
			return fmt.Errorf("world: make the run's directory for temporary files, which TMPDIR "+
				"says is in %s: %w", filepath.Dir(r.plan.Scratch), err)
		}
	}
	if err := r.watchOuter(); err != nil {
		return err
	}
	if r.plan.Kind == Namespace {
		if err := setUpNamespaces(&r.plan); err != nil {
			return err
		}
		if err := boundProcesses(); err != nil {
			return fmt.Errorf("world: bound the number of processes: %w", err)
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

// tendInterval is the time between two looks at the workers. One that is stopped for so
// long does not go on by itself.
const tendInterval = 2 * time.Second

// Tend looks after the workers that the inner process has started, until ctx ends. It
// kills workers that something has stopped, such as a target where nothing keeps it from
// that, because their specs would never end. It also kills what workers that are gone
// have left. It returns the process IDs of the workers that it has killed.
func (r *Run) Tend(ctx context.Context) (killed []int) {
	tick := time.NewTicker(tendInterval)
	defer tick.Stop()
	var stopped []int
	for {
		select {
		case <-ctx.Done():
			return killed
		case <-tick.C:
			now, ended, err := r.tend(stopped)
			if err == nil { // or else the next look may succeed
				stopped, killed = now, append(killed, ended...)
			}
		}
	}
}

// End kills what this process has left when it has done its part of the run. The inner
// process removes the run's temporary files too: the outer process may be killed before
// it does so.
func (r *Run) End() error {
	if r.plan.PIDs {
		return nil // the kernel does
	}
	err := killBelow(true)
	if inner := r.lifeline != nil; inner && r.plan.Kind == Loopback {
		err = errors.Join(err, removeAll(r.plan.Scratch))
	}
	return err
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

// dir returns the directory of a world.
func (r *Run) dir(worker, serial int) string {
	return filepath.Join(r.plan.Scratch, fmt.Sprintf("%d-%d", worker, serial))
}

// makeDir makes the directory of a world. It never makes that of the run: the run is over
// when that is gone.
func (r *Run) makeDir(worker, serial int) (string, error) {
	dir := r.dir(worker, serial)
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("world: make the directory of a world: %w", err)
	}
	return dir, nil
}

// mark returns the value of envMark for processes of one world.
func (r *Run) mark(worker, serial int) string {
	return fmt.Sprintf("%s/%d/%d", r.plan.Mark, worker, serial)
}
