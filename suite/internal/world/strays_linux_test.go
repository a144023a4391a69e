package world

import (
	"crypto/rand"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"assay/suite/internal/limits"
	"assay/suite/internal/processes"
)

func init() {
	roles["hop"] = func(args []string) int {
		for range 3 {
			hop(args)
		}
		fmt.Println("listening")
		select {}
	}
	// bound prints how many processes its user may have.
	roles["bound"] = func([]string) int {
		var most unix.Rlimit
		err := unix.Getrlimit(unix.RLIMIT_NPROC, &most)
		return printResult(fmt.Append(nil, max(most.Cur, most.Max)), err)
	}
}

// TestProcessesThatHop has a target leave processes that start another one and end, again
// and again. While they do so, they must not fill the process table, and none may be left
// when the world is closed.
func TestProcessesThatHop(t *testing.T) {
	for _, kind := range []Kind{Namespace, Loopback} {
		t.Run(string(kind), func(t *testing.T) {
			inWorld(t, kind, func(t *testing.T, r *Run) {
				w, err := r.Open(0, 1)
				if err != nil {
					t.Fatal(err)
				}
				const hops = 5000 // more than there is time for
				mark := rand.Text()
				listening(t, w, "hop", strconv.Itoa(hops), mark)
				seen := map[int]bool{}
				eventually(t, "processes have begun and ended", func() (bool, string) {
					for _, pid := range findArgument(t, mark) {
						seen[pid] = true
					}
					return len(seen) > 30, fmt.Sprint(len(seen))
				})
				all, err := processes.Table()
				if err != nil {
					t.Fatal(err)
				}
				zombies := 0
				for _, p := range all {
					if p.Ended() && p.Parent == os.Getpid() {
						zombies++
					}
				}
				if zombies > 15 {
					t.Errorf("found %d processes that have ended and that nobody has waited for", zombies)
				}
				if err := w.Close(); err != nil {
					t.Error(err)
				}
				if left := findArgument(t, mark); len(left) > 0 {
					t.Errorf("the processes %v are left", left)
				}
			})
		})
	}
}

// TestProcessesAreBounded asks a target how many processes there may be.
func TestProcessesAreBounded(t *testing.T) {
	inWorld(t, Namespace, func(t *testing.T, r *Run) {
		text := strings.TrimSpace(try(t, open(t, r, 1), "bound"))
		most, err := strconv.Atoi(text)
		if err != nil || most > limits.Processes {
			t.Errorf("found %q, expected at most %d", text, limits.Processes)
		}
	})
}
