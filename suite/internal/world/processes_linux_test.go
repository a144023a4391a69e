package world

import (
	"fmt"
	"os"
	"runtime"
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
				if err := w.Close(); err != nil {
					t.Fatal(err)
				}
				all, err := processes()
				if err != nil {
					t.Fatal(err)
				}
				for _, p := range all {
					if p.pid != os.Getpid() && hasMark(p.pid, r.plan.Mark) {
						name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.pid))
						t.Errorf("process %d is left: %q", p.pid, name)
					}
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
