package world

import (
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"sync"
	"syscall"
)

// targets starts targets in one world and keeps their process groups.
type targets struct {
	mark    string // value of envMark for the world's processes
	starter *starter
	own     *groups // of this world
	all     *groups // of all worlds of this process, to kill them when it ends
}

// start starts cmd on the starter's thread, between calls of enter and leave.
// adjust changes the attributes that the caller set.
func (t *targets) start(
	cmd *exec.Cmd,
	adjust func(*syscall.SysProcAttr),
	enter, leave func() error,
) error {
	env := cmd.Env
	if env == nil {
		env = os.Environ()
	}
	cmd.Env = append(withoutStage(env), envMark+"="+t.mark)
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	// The leader of a new session leads a process group already.
	cmd.SysProcAttr.Setpgid = !cmd.SysProcAttr.Setsid
	adjust(cmd.SysProcAttr)
	return t.starter.do(func() error {
		if err := enter(); err != nil {
			return err
		}
		err := cmd.Start()
		if err == nil {
			t.own.add(cmd.Process.Pid)
			t.all.add(cmd.Process.Pid)
		}
		if home := leave(); home != nil {
			return home
		}
		return err
	})
}

// forget drops the world's groups from those of the process. It is called when
// their processes have ended.
func (t *targets) forget() { t.all.remove(t.own.ids) }

// starter starts processes from one thread that lives as long as this process.
// The kernel kills a target when the thread that started it ends (prctl(2),
// PR_SET_PDEATHSIG), so targets end with this process even after SIGKILL.
type starter struct {
	prepare func() error // called once, on the thread
	once    sync.Once
	err     error // of prepare
	jobs    chan func()
}

func newStarter(prepare func() error) *starter {
	return &starter{prepare: prepare, jobs: make(chan func())}
}

// do runs f on the starter's thread.
func (s *starter) do(f func() error) error {
	s.once.Do(func() {
		prepared := make(chan struct{})
		go func() {
			runtime.LockOSThread() // never unlocked
			if s.prepare != nil {
				s.err = s.prepare()
			}
			close(prepared)
			for job := range s.jobs {
				job()
			}
		}()
		<-prepared
	})
	if s.err != nil {
		return s.err
	}
	done := make(chan error)
	s.jobs <- func() { done <- f() }
	return <-done
}

// groups is a set of process groups.
type groups struct {
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
