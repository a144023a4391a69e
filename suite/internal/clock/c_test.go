//go:build linux && (amd64 || arm64)

package clock

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// compiled returns the target in C, or skips the test if there is no compiler.
func compiled(t *testing.T, flags ...string) string {
	t.Helper()
	compiler, err := exec.LookPath("cc")
	if err != nil {
		t.Skip("needs a C compiler: ", err)
	}
	file := filepath.Join(t.TempDir(), "target")
	args := append([]string{"-O1", "-pthread", "-o", file, "testdata/target.c"}, flags...)
	if out, err := exec.Command(compiler, args...).CombinedOutput(); err != nil {
		if len(flags) > 0 {
			t.Skipf("%s %s: %v\n%s", compiler, strings.Join(args, " "), err, out)
		}
		t.Fatalf("%s %s: %v\n%s", compiler, strings.Join(args, " "), err, out)
	}
	return file
}

// times holds what a target in C says of its clocks.
type times struct {
	wall, monotonic []int64
	rest            string
}

func tellC(r *running) (all times) {
	r.t.Helper()
	fmt.Fprintln(r.in)
	line := r.line()
	parts := strings.Split(line, ";")
	if len(parts) != 3 {
		r.t.Fatalf("the target says %q, expected three parts", line)
	}
	numbers := func(text string) (found []int64) {
		for _, word := range strings.Fields(text) {
			var n int64
			if _, err := fmt.Sscan(word, &n); err == nil {
				found = append(found, n)
			}
		}
		return found
	}
	return times{numbers(parts[0]), numbers(parts[1]), strings.TrimSpace(parts[2])}
}

func TestC(t *testing.T) {
	for name, flags := range map[string][]string{"shared": nil, "static": {"-static"}} {
		t.Run(name, func(t *testing.T) {
			c := New()
			r := run(t, c, exec.Command(compiled(t, flags...), "tell"))
			before := tellC(r)
			advance(t, c, 100*day)
			after := tellC(r)
			for i := range before.wall {
				near(t, fmt.Sprintf("reading %d of the wall clock", i),
					time.Duration(after.wall[i]-before.wall[i])*time.Second, 100*day)
				near(t, fmt.Sprintf("reading %d of the wall clock at first", i),
					time.Until(time.Unix(before.wall[i], 0)), 0)
			}
			for i := range before.monotonic {
				near(t, fmt.Sprintf("reading %d of a monotonic clock", i),
					time.Duration(after.monotonic[i]-before.monotonic[i])*time.Second, 100*day)
			}
			if want := "cpu 0 thread 0 raw 0 null -1 0"; after.rest != want {
				t.Errorf("CPU clocks and wrong arguments: got %q, expected %q", after.rest, want)
			}
			if seen := r.Seen(); seen.Calls == 0 {
				t.Errorf("got %+v, expected calls without the vDSO", seen)
			}
		})
	}
}

// waits are ways in which a program in C waits, and what they return when the time
// is over.
var waits = map[string]syscall.Errno{
	"nanosleep": 0, "sleep": 0, "poll": 0, "ppoll": 0, "select": 0, "pselect": 0, "epoll": 0,
	"futex": syscall.ETIMEDOUT, "nanosleep-until": 0, "nanosleep-until-wall": 0,
	"cond": syscall.ETIMEDOUT, "cond-monotonic": syscall.ETIMEDOUT,
	"mutex": syscall.ETIMEDOUT, "sem": syscall.ETIMEDOUT,
}

// A wait that begins before the clock moves ends when it has moved far enough.
func TestWaitsEndWithTheClock(t *testing.T) {
	file := compiled(t)
	c := New()
	advance(t, c, day)
	targets := map[string]*running{}
	for how := range waits {
		targets[how] = run(t, c, exec.Command(file, how, "3600"))
	}
	for range 4 {
		awaitSleep(t, c)
		for how, r := range targets {
			if line := r.said(); line != "" {
				t.Errorf("%s: the target says %q before the time is over", how, line)
			}
		}
		advance(t, c, 19*time.Minute)
	}
	for how, r := range targets {
		if got, want := r.line(), fmt.Sprintf("over %d", int(waits[how])); got != want {
			t.Errorf("%s: the target says %q, expected %q", how, got, want)
		}
	}
}

// A wait that begins after the clock has moved takes as long as it says.
func TestWaitsAfterAMove(t *testing.T) {
	file := compiled(t)
	c := New()
	targets := map[string]*running{
		"timerfd": run(t, c, exec.Command(file, "timerfd", "0", "later")),
	}
	for how := range waits {
		targets[how] = run(t, c, exec.Command(file, how, "1", "later"))
	}
	advance(t, c, 100*day)
	began := time.Now()
	for _, r := range targets {
		fmt.Fprintln(r.in)
	}
	awaitSleep(t, c)
	early := map[string]string{}
	for how, r := range targets {
		early[how] = r.said()
	}
	slept := time.Since(began)
	for how, r := range targets {
		line := early[how]
		if line != "" && how != "timerfd" && slept < 900*time.Millisecond {
			t.Errorf("%s: the target says %q after %s, expected it to wait for a second",
				how, line, slept)
		}
		if line == "" {
			line = r.line()
		}
		if want := fmt.Sprintf("over %d", int(waits[how])); line != want {
			t.Errorf("%s: the target says %q, expected %q", how, line, want)
		}
	}
}

func TestForkedChild(t *testing.T) {
	c := New()
	r := run(t, c, exec.Command(compiled(t), "fork"))
	before := tellC(r)
	advance(t, c, day)
	after := tellC(r)
	for i := range before.wall {
		near(t, fmt.Sprintf("reading %d of the wall clock", i),
			time.Duration(after.wall[i]-before.wall[i])*time.Second, day)
	}
	r.in.Close()
	if status := r.Wait(); status.ExitStatus() != 5 {
		t.Errorf("exit status %d, expected the child's, 5", status.ExitStatus())
	}
	if seen := r.Seen(); seen.Processes != 2 || seen.Programs != 1 {
		t.Errorf("got %+v, expected two processes of one program", seen)
	}
}
