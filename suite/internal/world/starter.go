package world

import (
	"runtime"
	"sync"
	"syscall"
)

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
