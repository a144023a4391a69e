package sut

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func awaitExit(t *testing.T, p *Process) {
	t.Helper()
	select {
	case <-p.Exited():
	case <-time.After(10 * time.Second):
		t.Fatal("the process has not exited")
	}
}

func TestAServerThatExitsShowsItsCodeAndItsLog(t *testing.T) {
	t.Parallel()
	p := start(t, fake(t, "exit", nil), nil)
	if got := p.ExitCode(); got != -1 && !p.hasExited() {
		t.Errorf("exit code before the end: %d, want -1", got)
	}
	awaitExit(t, p)
	if p.ExitCode() != 3 {
		t.Errorf("exit code %d, want 3", p.ExitCode())
	}
	lines := p.Log().Lines()
	if len(lines) != 1 || lines[0].Stream != Stderr ||
		lines[0].Text != "cannot read the configuration" || lines[0].T <= 0 {
		t.Errorf("log %+v, want one line on stderr", lines)
	}
	if got := p.Stop(t.Context()); !got.EndedEarly ||
		!strings.HasSuffix(got.String(), "before it was asked to") {
		t.Errorf("ending %+v %q, want before it was asked", got, got)
	}
	if err := p.Signal(syscall.SIGHUP); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("signal to an exited process: %v, want %v", err, os.ErrProcessDone)
	}
}

func TestStopAsksAndWaits(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	p := start(t, fake(t, "serve", nil), map[string]any{"listen_addr": address})
	if err := p.Ready(within(t, 10*time.Second), Readiness{Listeners: table(address)}); err != nil {
		t.Fatal(err)
	}
	e := p.Stop(within(t, 10*time.Second))
	if e.Code != 0 || e.Killed || e.EndedEarly || e.Took <= 0 {
		t.Errorf("ending %+v, want exit code 0 of its own", e)
	}
	if got, want := p.Log().Text(), "serving on "+address+"\nstopping\n"; got != want {
		t.Errorf("log %q, want %q", got, want)
	}
}

func TestStopKillsWhatDoesNotStop(t *testing.T) {
	t.Parallel()
	p := start(t, fake(t, "stubborn", nil), nil)
	ready := func(l Line) bool { return l.Text == "ready" }
	if _, err := p.Log().Wait(within(t, 10*time.Second), "ready", ready); err != nil {
		t.Fatal(err)
	}
	e := p.Stop(within(t, 50*time.Millisecond))
	if !e.Killed || e.Signal != syscall.SIGKILL || e.Code != -1 {
		t.Errorf("ending %+v, want killed", e)
	}
	if !strings.Contains(e.String(), "did not end within") {
		t.Errorf("ending %q", e)
	}
}

func TestAGrandchildThatHoldsThePipesDoesNotHoldTheRun(t *testing.T) {
	t.Parallel()
	for behaviour, code := range map[string]int{"leave": 4, "leave-in-group": 5} {
		t.Run(behaviour, func(t *testing.T) {
			t.Parallel()
			p := start(t, fake(t, behaviour, nil), nil)
			awaitExit(t, p)
			if p.ExitCode() != code {
				t.Errorf("exit code %d, want %d", p.ExitCode(), code)
			}
			pid, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(p.Log().Text(), "left ")))
			if err != nil {
				t.Fatalf("log %q, want the grandchild's process ID", p.Log().Text())
			}
			if behaviour == "leave" {
				syscall.Kill(pid, syscall.SIGKILL) // out of the group's reach: the world's to end
			} else {
				awaitDeath(t, pid)
			}
		})
	}
}

// awaitDeath waits for a process that was killed: the kernel closes its pipes a
// moment before it is gone, and only its parent has an event for that.
func awaitDeath(t *testing.T, pid int) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.After(5 * time.Second)
	for alive(pid) {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("process %d of the process group still runs", pid)
		}
	}
}

// alive reports whether a process runs, and is not merely not yet waited for.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

func TestAForkingTargetLivesAsLongAsItsChild(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	p := start(t, fake(t, "fork", func(tt *Target) { tt.Forks = true }),
		map[string]any{"listen_addr": address})
	if err := p.Ready(within(t, 10*time.Second), Readiness{Listeners: table(address)}); err != nil {
		t.Fatal(err)
	}
	if p.hasExited() {
		t.Error("counts as exited while its child serves")
	}
	e := p.Stop(within(t, 10*time.Second))
	if e.Killed || e.Code != 0 {
		t.Errorf("ending %+v, want the child stopped when asked", e)
	}
	if got := p.Log().Text(); !strings.Contains(got, "stopping") {
		t.Errorf("log %q, want the child's last line", got)
	}
}

func TestAForkingTargetCanBeKilled(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	p := start(t, fake(t, "fork", func(tt *Target) { tt.Forks = true }),
		map[string]any{"listen_addr": address})
	if err := p.Ready(within(t, 10*time.Second), Readiness{Listeners: table(address)}); err != nil {
		t.Fatal(err)
	}
	p.Kill()
	if found, _ := table(address)(); len(found) > 0 || !p.hasExited() {
		t.Error("the child outlives Kill")
	}
}

func TestACommandThatCannotBeExecuted(t *testing.T) {
	t.Parallel()
	tt := fake(t, "exit", func(tt *Target) { tt.Command[0] = "/nowhere/server" })
	l, err := tt.Prepare(Input{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Start(l, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want %v", err, fs.ErrNotExist)
	}
}

// TestNothingIsLeft counts what this process holds, so it does not run in
// parallel with other tests.
func TestNothingIsLeft(t *testing.T) {
	descriptors := func() int {
		entries, err := os.ReadDir("/dev/fd")
		if err != nil {
			t.Skip("this system does not list descriptors: ", err)
		}
		return len(entries)
	}
	round := func() {
		for _, behaviour := range []string{"exit", "silent", "leave-in-group", "fork"} {
			tt := fake(t, behaviour, func(tt *Target) { tt.Forks = behaviour == "fork" })
			p := start(t, tt, map[string]any{"listen_addr": "127.0.0.1:0"})
			p.Kill()
			p.launch.Input.Files.Close() // a spec closes its directory
		}
		tt := fake(t, "exit", func(tt *Target) { tt.Command[0] = "/nowhere/server"; tt.Forks = true })
		l, err := tt.Prepare(Input{Dir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		Start(l, nil)
		l.Input.Files.Close()
	}
	round() // what is opened once and for all
	files, goroutines := descriptors(), runtime.NumGoroutine()
	for range 3 {
		round()
	}
	if now := descriptors(); now > files {
		t.Errorf("%d descriptors, before %d", now, files)
	}
	deadline := time.Now().Add(5 * time.Second)
	for runtime.NumGoroutine() > goroutines && time.Now().Before(deadline) {
		runtime.Gosched() // a goroutine that is about to end has no event
	}
	if now := runtime.NumGoroutine(); now > goroutines {
		t.Errorf("%d goroutines, before %d", now, goroutines)
	}
}
