package world

import (
	"bufio"
	"crypto/rand"
	"fmt"
	"os"
	"runtime"
	"slices"
	"testing"
)

func TestCloseLeavesNoProcess(t *testing.T) {
	t.Parallel()
	for _, kind := range []Kind{Namespace, Loopback} {
		t.Run(string(kind), func(t *testing.T) {
			inWorld(t, kind, func(t *testing.T, r *Run) {
				w, err := r.Open(0, 1)
				if err != nil {
					t.Fatal(err)
				}
				cmd := listening(t, w, "listen")
				leaver := listening(t, w, "leave", hosts(w, 8080)[0].String())
				mark := rand.Text()
				try(t, w, "scatter", mark)
				if got := findArgument(t, mark); len(got) != scattered {
					t.Fatalf("a target has left %v, expected %d processes", got, scattered)
				}
				if err := w.Close(); err != nil {
					t.Fatal(err)
				}
				all, err := running()
				if err != nil {
					t.Fatal(err)
				}
				for _, p := range all {
					if p.PID != os.Getpid() && hasMark(p.PID, r.plan.Mark) {
						name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.PID))
						t.Errorf("process %d is left: %q", p.PID, name)
					}
				}
				if left := findArgument(t, mark); len(left) > 0 {
					t.Errorf("processes %v are left", left)
				}
				cmd.Wait()
				leaver.Wait()
			})
		})
	}
}

func TestManyWorlds(t *testing.T) {
	t.Parallel()
	for _, kind := range []Kind{Namespace, Loopback} {
		t.Run(string(kind), func(t *testing.T) {
			inWorld(t, kind, func(t *testing.T, r *Run) {
				use := func(serial int) {
					w, err := r.Open(0, serial)
					if err != nil {
						t.Fatal(err)
					}
					if err := w.Forward(443, 8443); err != nil {
						t.Fatal(err)
					}
					if serial%10 == 0 {
						cmd := role("polite")
						if err := w.Start(cmd); err != nil {
							t.Fatal(err)
						}
						defer cmd.Wait()
					}
					if err := w.Close(); err != nil {
						t.Fatal(err)
					}
				}
				use(0) // creates what the process keeps
				goroutines, fds, threads := census(t)
				for serial := range 200 {
					use(serial)
				}
				eventually(
					t,
					"goroutines, descriptors and threads are as few as before",
					func() (bool, string) {
						g, f, th := census(t)
						return g <= goroutines && f <= fds && th <= threads+8,
							fmt.Sprintf("%d, %d, %d: before %d, %d, %d", g, f, th, goroutines, fds, threads)
					},
				)
			})
		})
	}
}

func census(t *testing.T) (goroutines, fds, threads int) {
	t.Helper()
	count := func(dir string) int {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	return runtime.NumGoroutine(), count("/proc/self/fd"), count("/proc/self/task")
}

// TestCloseLeavesWorkersAlone closes a world of the inner process, which has a world now
// and then, while a worker has one.
func TestCloseLeavesWorkersAlone(t *testing.T) {
	t.Parallel()
	for _, kind := range []Kind{Namespace, Loopback} {
		t.Run(string(kind), func(t *testing.T) {
			inWorld(t, kind, func(t *testing.T, r *Run) {
				worker := role("worker")
				out, err := worker.StdoutPipe()
				if err != nil {
					t.Fatal(err)
				}
				if err := worker.Start(); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { worker.Process.Kill(); worker.Wait() })
				if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
					t.Fatalf("the worker says %q: %v", line, err)
				}
				before := childrenOf(t, worker.Process.Pid)
				w, err := r.Open(0, 1)
				if err != nil {
					t.Fatal(err)
				}
				cmd := listening(t, w, "listen")
				if err := w.Close(); err != nil {
					t.Fatal(err)
				}
				cmd.Wait()
				// The first one is a server. Another one ends by itself and leaves orphans.
				after := childrenOf(t, worker.Process.Pid)
				if len(before) == 0 || !slices.Contains(after, before[0]) {
					t.Errorf("the worker has the processes %v, expected %v as before", after, before)
				}
			})
		})
	}
}

// childrenOf returns the processes that a process has started and that run.
func childrenOf(t *testing.T, pid int) (children []int) {
	t.Helper()
	all, err := running()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		if p.Parent == pid {
			children = append(children, p.PID)
		}
	}
	slices.Sort(children)
	return children
}
