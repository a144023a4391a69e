package confine

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/landlock-lsm/go-landlock/landlock"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
)

// Readable holds what targets may read of the file tree, where the kernel has Landlock.
type Readable struct{ dirs, files []string }

// AllBut returns all of the file tree but for what is closed. What is needed can be read
// although it lies in something closed. What is closed within something that is needed
// stays so.
func AllBut(closed, needed []string) Readable {
	closed = withReal(closed)
	var r Readable
	r.add("/", closed)
	for _, path := range withReal(needed) {
		r.add(path, slices.DeleteFunc(slices.Clone(closed),
			func(c string) bool { return Within(c, []string{path}) }))
	}
	return r
}

// add adds the largest parts of the file tree below a path in which nothing is closed. A
// rule of Landlock holds for all that is below a directory.
func (r *Readable) add(path string, closed []string) {
	if slices.Contains(closed, path) {
		return
	}
	info, err := os.Lstat(path)
	switch {
	case err != nil, info.Mode()&os.ModeSymlink != 0: // where a link leads has its own rule
	case !info.IsDir():
		r.files = append(r.files, path)
	case !Within(path, closed):
		r.dirs = append(r.dirs, path)
	default:
		entries, _ := os.ReadDir(path) // what cannot be listed stays closed
		for _, e := range entries {
			r.add(filepath.Join(path, e.Name()), closed)
		}
	}
}

const (
	readFile landlock.AccessFSSet = ll.AccessFSReadFile
	readDir                       = readFile | ll.AccessFSReadDir

	writeFile landlock.AccessFSSet = ll.AccessFSWriteFile | ll.AccessFSTruncate
	writeDir                       = writeFile | ll.AccessFSRemoveDir | ll.AccessFSRemoveFile |
		ll.AccessFSMakeChar | ll.AccessFSMakeDir | ll.AccessFSMakeReg | ll.AccessFSMakeSock |
		ll.AccessFSMakeFifo | ll.AccessFSMakeBlock | ll.AccessFSMakeSym | ll.AccessFSRefer
)

// signalsErratum is the bit of the erratum without which a Go program could not send
// signals to its own threads (landlock(7), Landlock errata).
const signalsErratum = 1 << 1

// landlockConfig returns what a target is denied unless a rule allows it. A target may
// also send signals to its own processes alone, trace them alone, and connect to their
// abstract sockets alone.
func landlockConfig() landlock.Config {
	scopes := landlock.ScopedSet(ll.ScopeAbstractUnixSocket)
	if errata, err := ll.LandlockGetErrata(); err == nil && errata&signalsErratum != 0 {
		scopes |= ll.ScopeSignal
	}
	return landlock.Config{HandledAccessFS: readDir | writeDir, Scoped: scopes}.BestEffort()
}

// WithoutLandlock says in words what a target can reach because this kernel's Landlock
// is too old or missing, or this container forbids it. It returns "" if Landlock holds.
func WithoutLandlock() string {
	abi, err := ll.LandlockGetABIVersion()
	errata, _ := ll.LandlockGetErrata()
	switch {
	case err != nil || abi < 2:
		return "no Landlock (Linux 5.19): a target reaches the directories of other specs and of the " +
			"report, and the processes of the run"
	case abi < 6 || errata&signalsErratum == 0:
		return "no signal scopes in Landlock (Linux 6.15): a target can send signals to the processes " +
			"of the run"
	}
	return ""
}

// restrict lets the processes that the calling thread starts read what r holds, and
// write to their own directory alone. It holds for the thread as long as it lives. A
// kernel without Landlock restricts nothing.
func restrict(own string, r Readable) error {
	rules := []landlock.Rule{
		landlock.PathAccess(readDir, r.dirs...).IgnoreIfMissing(),
		landlock.PathAccess(readFile, r.files...).IgnoreIfMissing(),
		landlock.PathAccess(readDir|writeDir, own),
	}
	for _, name := range devices {
		rules = append(rules,
			landlock.PathAccess(readFile|writeFile, "/dev/"+name).IgnoreIfMissing())
	}
	fd, flags, err := landlockConfig().NewRulesetFD(rules...)
	if err != nil {
		return fmt.Errorf("make a ruleset of Landlock: %w", err)
	}
	if fd < 0 {
		return nil
	}
	defer unix.Close(fd)
	return os.NewSyscallError("landlock_restrict_self", ll.LandlockRestrictSelf(fd, flags))
}

// Machine returns what a target must not read of a machine whose mounts cannot be
// changed, and what it needs nevertheless.
func Machine() (closed, needed []string) {
	closed = slices.Concat(secretFiles, secretDirs, []string{"/dev"})
	// The system's resolver and others read files in /run.
	closed = slices.DeleteFunc(closed, func(path string) bool { return path == "/run" })
	for _, name := range []string{"shm", "pts"} {
		needed = append(needed, "/dev/"+name)
	}
	return closed, needed
}
