package world

import (
	"errors"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"sync"
	"syscall"

	"assay/suite/internal/confine"
)

// targets starts targets in one world and keeps their process groups.
type targets struct {
	mark    string // value of envMark for the world's processes
	starter *starter
	bounded bool    // the number of their processes is bounded
	own     *groups // of this world
	all     *groups // of all worlds of this process, to kill them when it ends
}

// start starts cmd on the starter's thread, and then calls held there if it is not nil.
func (t *targets) start(cmd *exec.Cmd, held func() error) error {
	env := cmd.Env
	if env == nil {
		env = os.Environ()
	}
	cmd.Env = append(withoutStage(env), envMark+"="+t.mark)
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	// The leader of a new session leads a process group too. It can never join one of
	// this process's session, by which its descendants are known.
	cmd.SysProcAttr.Setsid, cmd.SysProcAttr.Setpgid = true, false
	confine.DieWithParent(cmd.SysProcAttr)
	return t.starter.do(func() error {
		if err := t.begin(cmd, held != nil); err != nil || held == nil {
			return err
		}
		return held()
	})
}

// begin starts cmd and adds its group. traced says that something else waits for whatever
// cmd starts.
func (t *targets) begin(cmd *exec.Cmd, traced bool) error {
	t.all.starting.RLock()
	defer t.all.starting.RUnlock()
	if err := cmd.Start(); err != nil {
		return err
	}
	t.own.add(cmd.Process.Pid)
	t.all.add(cmd.Process.Pid)
	if traced {
		t.own.traced++
		t.all.traced++
	}
	if !t.bounded {
		return nil
	}
	return boundTarget(cmd.Process.Pid)
}

// others reports whether this process has processes in other worlds.
func (t *targets) others() bool {
	return slices.ContainsFunc(t.all.list(), func(id int) bool { return !t.own.has(id) })
}

// forget drops the world's groups from those of the process. It is called when
// their processes have ended.
func (t *targets) forget() {
	t.all.starting.Lock()
	defer t.all.starting.Unlock()
	t.all.remove(t.own.ids)
	t.all.traced -= t.own.traced
	t.own.traced = 0
}

// starter starts processes from one thread, which is confined as they are to be. The
// kernel kills a target when the thread that started it ends (prctl(2),
// PR_SET_PDEATHSIG), so targets end with this process even after SIGKILL.
type starter struct {
	prepare func() error // called once, on the thread
	once    sync.Once
	err     error // of prepare
	jobs    chan func()
	closed  chan struct{}
}

func newStarter(prepare func() error) *starter {
	return &starter{prepare: prepare, jobs: make(chan func()), closed: make(chan struct{})}
}

// close ends the thread. It is called when the processes that it started have ended.
func (s *starter) close() {
	s.once.Do(func() {}) // a thread that was never made is not made any more
	close(s.closed)
}

// errClosed is the error of a start in a world that is closed.
var errClosed = errors.New("world: start a target: the world is closed")

// do runs f on the starter's thread.
func (s *starter) do(f func() error) error {
	s.once.Do(func() {
		prepared := make(chan struct{})
		go func() {
			runtime.LockOSThread() // never unlocked: the thread ends with this goroutine
			s.err = s.prepare()
			close(prepared)
			for {
				select {
				case job := <-s.jobs:
					job()
				case <-s.closed:
					return
				}
			}
		}()
		<-prepared
	})
	if s.err != nil {
		return s.err
	}
	done := make(chan error)
	select {
	case s.jobs <- func() { done <- f() }:
		return <-done
	case <-s.closed:
		return errClosed
	}
}

// groups is a set of process groups.
type groups struct {
	// starting is held for reading while a process is started and not in a group yet.
	// With it held for writing, traced may be changed.
	starting sync.RWMutex
	traced   int // processes for whose descendants something else waits

	mu  sync.Mutex
	ids map[int]struct{}
}

func newGroups() *groups { return &groups{ids: map[int]struct{}{}} }

func (g *groups) add(id int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ids[id] = struct{}{}
}

func (g *groups) remove(ids map[int]struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for id := range ids {
		delete(g.ids, id)
	}
}

// kill sends SIGKILL to every process of every group.
func (g *groups) kill() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for id := range g.ids {
		syscall.Kill(-id, syscall.SIGKILL)
	}
}

func (g *groups) has(id int) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, ok := g.ids[id]
	return ok
}

func (g *groups) list() []int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Collect(maps.Keys(g.ids))
}
