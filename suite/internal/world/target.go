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

// targets are what was started in one world.
type targets struct {
	mark    string
	starter *starter
	own     *groups
	all     *groups // of this process, for its sudden end
}

// start starts cmd on the starter's thread, where enter has been called, as
// attr and what the caller set say.
func (t *targets) start(cmd *exec.Cmd, adjust func(*syscall.SysProcAttr), enter, leave func() error) error {
	env := cmd.Env
	if env == nil {
		env = os.Environ()
	}
	cmd.Env = append(withoutStage(env), envMark+"="+t.mark)
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	// The leader of a new session already leads a process group.
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

// forget is called when they are known to be gone.
func (t *targets) forget() { t.all.remove(t.own.ids) }

// starter starts processes from one thread that lives as long as this process:
// targets are killed with the thread that started them (prctl(2),
// PR_SET_PDEATHSIG), so that they die with the runner, SIGKILL included.
type starter struct {
	prepare func() error // once, on the thread
	once    sync.Once
	err     error // of prepare
	jobs    chan func()
}

func newStarter(prepare func() error) *starter {
	return &starter{prepare: prepare, jobs: make(chan func())}
}

// do runs f on the thread.
func (s *starter) do(f func() error) error {
	s.once.Do(func() {
		prepared := make(chan struct{})
		go func() {
			runtime.LockOSThread() // for good
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

// groups are the process groups of targets.
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

// kill kills every process of every group.
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
