//go:build linux && (amd64 || arm64)

package clock

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// expectMoved moves the clock and expects a target in the role tell to notice.
func expectMoved(t *testing.T, c *Clock, r *running) {
	t.Helper()
	already := c.Moved()
	advance(t, c, day)
	wall, _ := r.tell()
	near(t, "wall clock", time.Until(wall), already+day)
}

func TestProgramsThatExecuteOthers(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	shell := func(script string) *exec.Cmd {
		cmd := exec.Command("/bin/sh", "-c", script)
		cmd.Env = append(os.Environ(), envRole+"=tell", "SELF="+self)
		return cmd
	}
	for name, cmd := range map[string]*exec.Cmd{
		"shell-exec":   shell(`exec "$SELF"`),
		"shell-child":  shell(`"$SELF"; exit $?`),
		"again":        role("again", "tell"),
		"again-twice":  role("again", "again", "tell"),
		"child":        role("child", "tell"),
		"grandchild":   role("child", "child", "tell"),
		"child-again":  role("child", "again", "tell"),
		"shell-behind": shell(`exec 3<&0; "$SELF" <&3 & wait $!`),
	} {
		t.Run(name, func(t *testing.T) {
			c := New()
			advance(t, c, time.Hour)
			r := run(t, c, cmd)
			wall, _ := r.tell()
			near(t, "wall clock at first", time.Until(wall), time.Hour)
			expectMoved(t, c, r)
			expectMoved(t, c, r)
			r.in.Close()
			if status := r.Wait(); status.ExitStatus() != 7 {
				t.Errorf("exit status %d, expected 7", status.ExitStatus())
			}
			if seen := r.Seen(); len(seen.Unmoved) > 0 {
				t.Errorf("got %+v, expected that every clock moves", seen)
			}
		})
	}
}

func TestPython(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("needs Python: ", err)
	}
	c := New()
	r := run(t, c, exec.Command(python, "-u", "-c", `
import sys, threading, time
began = time.monotonic()
print("ready")
for line in sys.stdin:
    time.sleep(0.01)                   # which waits until a moment
    threading.Event().wait(0.01)       # as does this
    print(int(time.time()), int(time.monotonic() - began))
    if line.strip() == "wait":
        threading.Timer(3600, lambda: print("fired")).start()
        time.sleep(3600)
        print("slept")
sys.exit(7)`))
	expectMoved(t, c, r)
	fmt.Fprintln(r.in, "wait")
	r.line()
	awaitSleep(t, c)
	advance(t, c, 30*time.Minute)
	awaitSleep(t, c)
	r.silent()
	advance(t, c, 31*time.Minute)
	if got := r.line() + r.line(); got != "firedslept" && got != "sleptfired" {
		t.Errorf("the target says %q, expected that both waits are over", got)
	}
	r.in.Close()
	if status := r.Wait(); status.ExitStatus() != 7 {
		t.Errorf("exit status %d, expected 7", status.ExitStatus())
	}
}

func TestTwoClocks(t *testing.T) {
	first, second := New(), New()
	one, two := run(t, first, role("tell")), run(t, second, role("tell"))
	advance(t, first, 10*day)
	advance(t, second, 700*day)
	wallOne, _ := one.tell()
	wallTwo, _ := two.tell()
	near(t, "first clock", time.Until(wallOne), 10*day)
	near(t, "second clock", time.Until(wallTwo), 700*day)
	near(t, "first clock in the runner", time.Until(first.Now()), 10*day)
}

// The clocks of this process and of the machine stay as they are.
func TestOwnClock(t *testing.T) {
	c := New()
	run(t, c, role("tell"))
	other := exec.Command("/proc/self/exe")
	other.Env = append(os.Environ(), envRole+"=tell")
	before := time.Now()
	advance(t, c, 1000*day)
	after := time.Now()
	near(t, "wall clock", after.Round(0).Sub(before.Round(0)), 0)
	near(t, "monotonic clock", after.Sub(before), 0)
	info, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	stat, err := info.Stat()
	if err != nil {
		t.Fatal(err)
	}
	near(t, "time of a file", stat.ModTime().Sub(before), 0)
	out, err := other.Output()
	if err != nil && !strings.HasPrefix(string(out), "ready") {
		t.Errorf("a child without a clock: %v, output %q", err, out)
	}
}

func TestSleepLeavesTimersAlone(t *testing.T) {
	c := New()
	r := run(t, c, role("tell"))
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := c.Sleep(ctx, 100*day); err != nil {
		t.Fatal(err)
	}
	wall, since := r.tell()
	near(t, "wall clock", time.Until(wall), 100*day)
	near(t, "monotonic clock", since, 0)
}

func TestWrongMoves(t *testing.T) {
	for _, d := range []time.Duration{0, -time.Second, 1500 * time.Millisecond} {
		if err := New().Advance(context.Background(), d); err == nil {
			t.Errorf("move by %s: got no error", d)
		}
	}
}

func TestEndings(t *testing.T) {
	t.Run("signal", func(t *testing.T) {
		r := run(t, New(), role("tell"))
		syscall.Kill(r.cmd.Process.Pid, syscall.SIGTERM)
		if status := r.Wait(); !status.Signaled() || status.Signal() != syscall.SIGTERM {
			t.Errorf("status %#x, expected an end by SIGTERM", status)
		}
		if err := r.cmd.Process.Kill(); !errors.Is(err, os.ErrProcessDone) {
			t.Errorf("signal after the end: got %v, expected %v", err, os.ErrProcessDone)
		}
	})
	t.Run("move after the end", func(t *testing.T) {
		c := New()
		r := run(t, c, role("tell"))
		r.in.Close()
		r.Wait()
		advance(t, c, day)
	})
	t.Run("output", func(t *testing.T) {
		var out strings.Builder
		cmd := exec.Command("/bin/echo", "hello")
		cmd.Stdout = &out
		target, err := New().Start(cmd, nil)
		if err != nil {
			t.Fatal(err)
		}
		if status := target.Wait(); status.ExitStatus() != 0 || out.String() != "hello\n" {
			t.Errorf("status %#x, output %q, expected 0 and hello", status, out.String())
		}
	})
}

func TestSignals(t *testing.T) {
	c := New()
	r := run(t, c, role("echo"))
	pid := r.cmd.Process.Pid
	awaitSleep(t, c)
	syscall.Kill(pid, syscall.SIGUSR1)
	r.expect("caught")

	syscall.Kill(pid, syscall.SIGSTOP)
	awaitState(t, pid, "tT")
	advance(t, c, day)
	awaitSleep(t, c) // a stopped thread does not run
	fmt.Fprintln(r.in, "hello")
	if state := stateOf(pid); !strings.Contains("tT", state) {
		t.Errorf("state %q after the clock has moved, expected a stopped process", state)
	}
	r.silent()
	syscall.Kill(pid, syscall.SIGCONT)
	said := map[string]bool{r.line(): true, r.line(): true}
	if !said["hello"] || !said["continued"] {
		t.Errorf("the target says %v after SIGCONT, expected hello and continued", said)
	}
	fmt.Fprintln(r.in, "again")
	r.expect("again")
}

// awaitState waits until a thread is in one of these states. It looks again and again, because
// the kernel announces no change of them.
func awaitState(t *testing.T, tid int, states string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		state := stateOf(tid)
		if strings.Contains(states, state) { // "", which is in every text: it has ended
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("waited 20 s for thread %d to be in one of the states %q: it is in %q",
				tid, states, state)
		}
	}
}

func TestStartErrors(t *testing.T) {
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]error{
		"/nonexistent": os.ErrNotExist, plain: os.ErrPermission,
	} {
		if _, err := New().Start(exec.Command(file), nil); !errors.Is(err, want) {
			t.Errorf("%s: got %v, expected %v", file, err, want)
		}
	}
}

func TestPrograms32(t *testing.T) {
	goCommand, err := exec.LookPath("go")
	arch := map[string]string{"amd64": "386"}[runtime.GOARCH]
	if err != nil || arch == "" {
		t.Skip("needs the go command and an architecture with a 32-bit sibling")
	}
	dir := t.TempDir()
	source := filepath.Join(dir, "main.go")
	text := "package main\n\nimport \"os\"\n\n" +
		"func main() { println(\"ready\"); os.Stdin.Read(make([]byte, 1)) }\n"
	if err := os.WriteFile(source, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "main")
	build := exec.Command(goCommand, "build", "-o", file, source)
	build.Env = append(os.Environ(), "GOARCH="+arch, "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := exec.Command(file).Run(); err != nil {
		t.Skip("this machine runs no 32-bit programs: ", err)
	}
	if _, err := New().Start(exec.Command(file), nil); !errors.Is(err, errNoVDSO) {
		t.Errorf("got %v, expected %v", err, errNoVDSO)
	}
	c := New()
	r := run(t, c, exec.Command("/bin/sh", "-c", "exec "+file))
	advance(t, c, day)
	if seen := r.Seen(); len(seen.Unmoved) != 1 || !strings.Contains(seen.Unmoved[0], file) {
		t.Errorf("got %+v, expected that the clock of %s does not move", seen, file)
	}
}

// The kernel kills a target whose tracer has ended.
func TestTracerKilled(t *testing.T) {
	cmd := role("trace")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Fscanln(out, &pid); err != nil {
		t.Fatal(err)
	}
	cmd.Process.Kill()
	cmd.Wait()
	awaitState(t, pid, "ZX")
}

// Programs with many threads and children, at work while the clock moves.
func TestBusyTarget(t *testing.T) {
	c := New()
	r := run(t, c, role("busy"))
	for range 200 {
		advance(t, c, time.Hour)
	}
	wall, _ := r.tell()
	near(t, "wall clock", time.Until(wall), 200*time.Hour)
	r.in.Close()
	if status := r.Wait(); status.ExitStatus() != 0 {
		t.Errorf("exit status %d, expected 0", status.ExitStatus())
	}
}

func TestCountReadings(t *testing.T) {
	c := New()
	c.CountReadings()
	r := run(t, c, role("tell"))
	before := r.Seen().Readings
	r.tell()
	if after := r.Seen().Readings; after <= before {
		t.Errorf("got %d readings, then %d, expected more", before, after)
	}
}
