package world

import (
	"fmt"
	"os"
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
				cmd.Wait()
				leaver.Wait()
				all, err := processes()
				if err != nil {
					t.Fatal(err)
				}
				for _, p := range all {
					if p.pid != os.Getpid() && isMarked(p.pid, r.plan.Mark) {
						name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.pid))
						t.Errorf("process %d is left: %q", p.pid, name)
					}
				}
			})
		})
	}
}
