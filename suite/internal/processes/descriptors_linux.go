package processes

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// LimitDescriptors gives all processes of a group the same limit on descriptors
// (RLIMIT_NOFILE, prlimit(2)), as ulimit does: the one that has most open can open this many
// more. The limit that a process may raise it to stays. Processes that have ended meanwhile
// are left out. The error says why no process got the limit.
func LimitDescriptors(group, free int) error {
	all, err := Table()
	if err != nil {
		return err
	}
	var pids []int
	var most uint64
	failed := []error{fmt.Errorf("limit descriptors: no process of group %d got the limit", group)}
	for _, p := range all {
		if p.Group != group || p.Ended() {
			continue
		}
		open, err := descriptors(p.PID)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		pids = append(pids, p.PID)
		most = max(most, lowest(open, free))
	}
	limited := false
	for _, pid := range pids {
		if err := limitDescriptors(pid, most); err != nil {
			failed = append(failed, err)
			continue
		}
		limited = true
	}
	if !limited {
		return errors.Join(failed...)
	}
	return nil
}

// descriptors returns the numbers of the descriptors that a process has open.
func descriptors(pid int) (numbers []string, err error) {
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		return nil, fmt.Errorf("list the descriptors of process %d: %w", pid, err)
	}
	for _, entry := range open {
		numbers = append(numbers, entry.Name())
	}
	return numbers, nil
}

func limitDescriptors(pid int, most uint64) error {
	var limit unix.Rlimit
	err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &limit)
	if err == nil {
		limit.Cur = min(limit.Cur, most)
		err = unix.Prlimit(pid, unix.RLIMIT_NOFILE, &limit, nil)
	}
	if err != nil {
		return fmt.Errorf("limit the descriptors of process %d: %w", pid, err)
	}
	return nil
}

// lowest returns the limit on numbers of descriptors below which this many are not open.
func lowest(open []string, free int) uint64 {
	taken := map[int]bool{}
	for _, name := range open {
		if n, err := strconv.Atoi(name); err == nil {
			taken[n] = true
		}
	}
	n := 0
	for ; free > 0; n++ {
		if !taken[n] {
			free--
		}
	}
	return uint64(n)
}
