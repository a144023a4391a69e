package confine

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// IDs say which IDs the user and the group of a run have outside of its user
// namespace.
type IDs struct {
	// Own says that the ID owns nothing outside of the run. Only root can use such
	// an ID. The run of an ordinary user has the user's own.
	Own           bool
	User, Group   int // outside of the run
	Users, Groups []syscall.SysProcIDMap
}

// ownIDs are IDs that no user, service or container of a machine should have. The
// first is in a range that systemd leaves unused (UIDS-GIDS.md). A container has
// such a high ID only if it has all, so the others are the last ones before nobody.
var ownIDs = []int{0x70000000 + 1000, 65533, 65532}

// ChooseIDs chooses the IDs of a run whose processes have the ID inside. Root gets
// an ID of its own, if this user namespace has one and root may use it: the file modes
// of the machine then hold for the target as for a stranger. All other IDs keep their
// numbers in the run, so that its own processes can use their capabilities on files of
// everybody.
func ChooseIDs(inside int) IDs {
	user, group := os.Geteuid(), os.Getegid()
	ids := IDs{
		User: user, Group: group,
		Users:  []syscall.SysProcIDMap{{ContainerID: inside, HostID: user, Size: 1}},
		Groups: []syscall.SysProcIDMap{{ContainerID: inside, HostID: group, Size: 1}},
	}
	if user != 0 || !hasCapabilities(unix.CAP_SETUID, unix.CAP_SETGID, unix.CAP_CHOWN) {
		return ids
	}
	users, groups := readIDMap("/proc/self/uid_map"), readIDMap("/proc/self/gid_map")
	for _, own := range ownIDs {
		if !hasID(users, inside) || !hasID(users, own) || !hasID(groups, inside) || !hasID(groups, own) {
			continue
		}
		return IDs{
			Own: true, User: own, Group: own,
			Users: swap(users, inside, own), Groups: swap(groups, inside, own),
		}
	}
	return ids
}

// idRange is a range of IDs that exist in a user namespace.
type idRange struct{ first, size int }

// readIDMap returns the IDs that exist in this process's user namespace
// (user_namespaces(7)).
func readIDMap(path string) (ranges []idRange) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(text)) {
		var r idRange
		var outside int
		if _, err := fmt.Sscan(line, &r.first, &outside, &r.size); err == nil {
			ranges = append(ranges, r)
		}
	}
	return ranges
}

func hasID(ranges []idRange, id int) bool {
	for _, r := range ranges {
		if id >= r.first && id-r.first < r.size {
			return true
		}
	}
	return false
}

// swap maps all IDs to themselves, but for two that change places.
func swap(ranges []idRange, a, b int) (maps []syscall.SysProcIDMap) {
	add := func(inside, outside, size int) {
		if size > 0 {
			maps = append(maps,
				syscall.SysProcIDMap{ContainerID: inside, HostID: outside, Size: size})
		}
	}
	for _, r := range ranges {
		next, end := r.first, r.first+r.size
		for _, id := range []int{min(a, b), max(a, b)} {
			if id < next || id >= end {
				continue
			}
			add(next, next, id-next)
			add(id, a+b-id, 1)
			next = id + 1
		}
		add(next, next, end-next)
	}
	return maps
}

// Apply gives a process that is to be cloned into a new user namespace its IDs. A
// process that is to have an ID of its own is still root there, because it has to
// execute its program, and then has to call [Become].
func (ids IDs) Apply(attr *syscall.SysProcAttr) {
	attr.UidMappings, attr.GidMappings = ids.Users, ids.Groups
	// An unprivileged user may map its group only if setgroups is denied
	// (user_namespaces(7)). Its groups stay its own.
	attr.GidMappingsEnableSetgroups = ids.Own
}

// Become executes this program again as the user and the group with the ID inside, in
// no other group, and with these capabilities. Whoever started this process gets its
// output and its end as before. It does not return unless that fails.
func Become(inside int, capabilities []uintptr, killedWithParent bool) error {
	executable, err := os.Executable()
	if err != nil {
		return err
	}
	// Other threads stay as they are. The kernel ends them.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_KEEPCAPS, 1, 0, 0, 0); err != nil {
		return os.NewSyscallError("prctl", err)
	}
	id := uintptr(inside)
	for _, call := range []struct {
		name          string
		number        uintptr
		id1, id2, id3 uintptr
	}{
		{"setgroups", unix.SYS_SETGROUPS, 0, 0, 0},
		{"setresgid", unix.SYS_SETRESGID, id, id, id},
		{"setresuid", unix.SYS_SETRESUID, id, id, id},
	} {
		// Not by package syscall, which would change all threads.
		_, _, errno := unix.RawSyscall(call.number, call.id1, call.id2, call.id3)
		if errno != 0 {
			return os.NewSyscallError(call.name, errno)
		}
	}
	if err := keep(capabilities); err != nil {
		return err
	}
	if killedWithParent { // which the kernel has forgotten with the old ID (prctl(2))
		if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
			return os.NewSyscallError("prctl", err)
		}
	}
	return os.NewSyscallError("execve", unix.Exec(executable, os.Args, os.Environ()))
}

// keep gives the calling thread these capabilities, also when it executes a program.
func keep(capabilities []uintptr) error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData
	for _, c := range capabilities {
		set, bit := &sets[c/32], uint32(1)<<(c%32)
		set.Permitted, set.Effective, set.Inheritable =
			set.Permitted|bit, set.Effective|bit, set.Inheritable|bit
	}
	if err := unix.Capset(&header, &sets[0]); err != nil {
		return os.NewSyscallError("capset", err)
	}
	for _, c := range capabilities {
		err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_RAISE, c, 0, 0)
		if err != nil {
			return os.NewSyscallError("prctl", err)
		}
	}
	return nil
}

// Return gives what a run has left in a directory to the user of this process. In the
// run of an ordinary user it is the user's already.
func (ids IDs) Return(dir string) error {
	if !ids.Own {
		return nil
	}
	return giveBack(dir, ids.User)
}

// Left says in words what this machine does not allow of an ID of a run's own. It
// returns "" if a run of root's has one.
func (ids IDs) Left() string {
	if ids.Own || ids.User != 0 {
		return ""
	}
	return "cannot give a target an ID of its own, because this container has too few or forbids " +
		"it: a target reads what only root may read"
}
