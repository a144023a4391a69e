package processes

import (
	"time"

	"golang.org/x/sys/unix"
)

// threadsLeave is how long the last threads of a process need to leave after its end. No
// event tells that they have.
const threadsLeave = 2 * time.Millisecond

// AwaitEnd waits until a child has ended and its threads have left. The caller still has to
// wait for it.
//
// Each thread that ends takes what /proc has cached of it away, and so does whoever waits for
// the process. If both do so at once, the second spins in the kernel until the first has run
// (shrink_dcache_parent). Where the threads' counters are read, see package patience, that
// took a third of the processor time of a run on two processors.
func AwaitEnd(pid int) {
	for unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
	time.Sleep(threadsLeave)
}
