package world

import (
	"errors"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// here returns the network namespace of the calling thread.
func here(t *testing.T) uint64 {
	t.Helper()
	n, err := currentNetns()
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(n.fd)
	inode, err := n.inode()
	if err != nil {
		t.Fatal(err)
	}
	return inode
}

func TestDo(t *testing.T) {
	t.Parallel()
	inWorld(t, Namespace, func(t *testing.T, r *Run) {
		one, two := open(t, r, 1), open(t, r, 2)
		home := here(t)
		var inOne, inTwo, inOneAgain uint64
		err := one.Do(func() error {
			inOne = here(t)
			err := two.Do(func() error { inTwo = here(t); return nil })
			inOneAgain = here(t)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if inOne == home || inOne == inTwo || inTwo == home || inOneAgain != inOne || here(t) != home {
			t.Errorf(
				"home %d, one %d, two within one %d, one again %d, home again %d",
				home,
				inOne,
				inTwo,
				inOneAgain,
				here(t),
			)
		}
		wrong := errors.New("wrong")
		if err := one.Do(func() error { return wrong }); !errors.Is(err, wrong) {
			t.Errorf("error %v, expected %v", err, wrong)
		}
	})
}

func TestDoEndsAsItsFunction(t *testing.T) {
	t.Parallel()
	inWorld(t, Namespace, func(t *testing.T, r *Run) {
		w := open(t, r, 1)
		func() {
			defer func() {
				if got := recover(); got != "broken" {
					t.Errorf("panic %v, expected it to be the caller's", got)
				}
			}()
			w.Do(func() error { panic("broken") })
		}()
		ended := make(chan bool)
		go func() {
			defer close(ended)
			w.Do(func() error { runtime.Goexit(); return nil })
			ended <- true
		}()
		if <-ended {
			t.Error("the caller goes on after runtime.Goexit")
		}
		if home := here(t); home == 0 {
			t.Error("no home any more")
		}
	})
}
