package world

import (
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// The main thread keeps out of every world, so that /proc/self, which is the
// main thread's view, always shows home.
func init() { runtime.LockOSThread() }

// netns is a descriptor of a network namespace.
type netns struct{ fd int }

// currentNetns returns the network namespace of the calling thread.
func currentNetns() (netns, error) {
	fd, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return netns{-1}, fmt.Errorf("open network namespace: %w", err)
	}
	return netns{fd}, nil
}

func (n netns) enter() error {
	if err := unix.Setns(n.fd, unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter network namespace: %w", err)
	}
	return nil
}

// inode tells one network namespace from another.
func (n netns) inode() (uint64, error) {
	var st unix.Stat_t
	if err := unix.Fstat(n.fd, &st); err != nil {
		return 0, os.NewSyscallError("fstat", err)
	}
	return st.Ino, nil
}

// onThread runs f in a goroutine with a thread of its own. It ends as f does:
// with its error, its panic or its runtime.Goexit. A thread of which f says
// that it is spoilt ends with the goroutine.
func onThread(f func() (spoilt bool, err error)) error {
	var (
		err      error
		returned bool
		panicked any
		done     = make(chan struct{})
	)
	go func() {
		defer close(done)
		runtime.LockOSThread()
		defer func() {
			if !returned {
				panicked = recover()
			}
		}()
		var spoilt bool
		spoilt, err = f()
		if !spoilt {
			runtime.UnlockOSThread()
		}
		returned = true
	}()
	<-done
	switch {
	case panicked != nil:
		panic(panicked)
	case !returned:
		runtime.Goexit()
	}
	return err
}
