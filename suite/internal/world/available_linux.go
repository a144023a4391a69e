package world

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"assay/suite/internal/confine"
)

// Steps of setting up a namespace for which addMeaning knows what the kernel's
// refusal means.
const (
	stepClone  = "clone"
	stepProc   = "mount /proc"
	stepSysctl = "write net.ipv4.ip_unprivileged_port_start"
	stepNft    = "set a firewall rule"
)

// Available returns nil if this user can use the namespace world on this
// machine, otherwise an *Unavailable that says why not. It finds out by setting
// up a world in a child process, once per process.
func Available() error { return namespaces().err }

// Left says in words what this machine does not allow of the confinement of targets, in
// the kind of world that Auto selects. It returns nothing if all of it holds.
func Left() []string { return namespaces().left }

// trial says what came of setting up a world in a child process.
type trial struct {
	err  error    // why it could not be set up
	pids bool     // whether it has a PID namespace
	left []string // what this machine does not allow of a target's confinement
}

// namespaces tries to set up a world, once per process.
var namespaces = sync.OnceValue(func() trial {
	left, err := tryInChild(true)
	var u *Unavailable
	if errors.As(err, &u) && u.Step == stepProc {
		// In a container that masks parts of /proc, the kernel forbids to mount
		// a new /proc. The world works without a PID namespace too.
		left, second := tryInChild(false)
		if second == nil {
			return trial{left: left}
		}
		if errors.As(second, &u) && u.Step == stepSysctl {
			err = second
		}
	}
	if err != nil {
		return trial{err: err, left: said(confine.WithoutLandlock())}
	}
	return trial{pids: true, left: left}
})

// setupTimeout bounds the wait for the child process that tries to set up a world.
const setupTimeout = 30 * time.Second

// said returns the texts that are not empty.
func said(texts ...string) []string {
	return slices.DeleteFunc(texts, func(text string) bool { return text == "" })
}

// tryInChild sets up a world and starts a process in it, in a child process. It returns
// what this machine does not allow of a target's confinement.
func tryInChild(pids bool) (left []string, err error) {
	place, err := findTmpfsDir(nil)
	if err != nil {
		return nil, stepError("find a directory for the private tmpfs", err)
	}
	ids := confine.ChooseIDs(runUID)
	p := plan{
		Kind: Namespace, PIDs: pids, Tmpfs: place, OwnID: ids.Own,
		Left: said(ids.Left(), confine.WithoutLandlock()),
	}
	env, err := p.environ(stageProbe)
	if err != nil {
		return nil, err
	}
	executable, err := ownExecutable()
	if err != nil {
		return nil, stepError("find this executable", err)
	}
	var answer bytes.Buffer
	ctx, cancel := context.WithTimeout(context.Background(), setupTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, executable)
	cmd.Env = append(withoutStage(os.Environ()), env...)
	cmd.Stdout = &answer
	cmd.SysProcAttr = innerAttr(p)
	if err := cmd.Start(); err != nil {
		return nil, addMeaning(&Unavailable{Step: stepClone, Err: errnoOf(err)})
	}
	err = cmd.Wait()
	if ctx.Err() != nil {
		return nil, stepError("set up namespaces in a child process",
			fmt.Errorf("the child did not end within %s", setupTimeout))
	}
	text := strings.TrimSpace(answer.String())
	if err == nil {
		return said(strings.Split(text, "\n")...), nil
	}
	if step, number, ok := strings.Cut(text, "\t"); ok {
		n, convErr := strconv.Atoi(number)
		if convErr != nil || n == 0 {
			return nil, stepError(step, errors.New(number))
		}
		return nil, addMeaning(&Unavailable{Step: step, Err: syscall.Errno(n)})
	}
	return nil, stepError("set up namespaces in a child process", err)
}

// This runs in the child process of tryInChild, which never gets to main.
func init() {
	if os.Getenv(envStage) != stageProbe {
		return
	}
	takeID()
	p, err := planFromEnv()
	if err == nil {
		err = trySetup(&p)
	}
	if err == nil {
		fmt.Println(strings.Join(p.Left, "\n"))
		os.Exit(0)
	}
	tellParent(err)
	os.Exit(1)
}

// tellParent prints an error for tryInChild.
func tellParent(err error) {
	var u *Unavailable
	var n syscall.Errno
	switch {
	case errors.As(err, &u) && errors.As(err, &n):
		fmt.Printf("%s\t%d\n", u.Step, int(n))
	case u != nil:
		fmt.Printf("%s\t%v\n", u.Step, u.Err)
	default:
		fmt.Printf("%s\t%v\n", "set up", err)
	}
}

// trySetup does everything that a run and a spec do until a target runs.
func trySetup(p *plan) error {
	if err := setUpNamespaces(p); err != nil {
		return err
	}
	home, err := currentNetns()
	if err != nil {
		return stepError("open the network namespace", err)
	}
	w, err := openNamespace(home, 0, 0)
	if err != nil {
		return err
	}
	if w.dir, err = os.MkdirTemp(p.Scratch, "world-"); err != nil {
		return stepError("make the directory of a world", err)
	}
	readable := confine.AllBut([]string{p.Tmpfs}, nil)
	w.targets = targets{
		bounded: true, starter: w.newStarter(readable), own: newGroups(), all: newGroups(),
	}
	defer w.Close()
	// The program is missing on purpose: it is looked up last.
	err = w.Start(&exec.Cmd{Path: filepath.Join(p.Scratch, "none")})
	if !errors.Is(err, os.ErrNotExist) {
		return stepError("clone a target", errnoOf(err))
	}
	return nil
}

// addMeaning sets the meaning of the kernel's answer, where it is known.
func addMeaning(u *Unavailable) *Unavailable {
	switch {
	case os.Geteuid() != 0 && appArmorRestricts() &&
		(errors.Is(u.Err, unix.EACCES) || errors.Is(u.Err, unix.EPERM)):
		u.Meaning = "AppArmor denies capabilities in unprivileged user namespaces: " +
			"sysctl kernel.apparmor_restrict_unprivileged_userns is 1"
	case errors.Is(u.Err, unix.ENOSPC):
		u.Meaning = "a limit in /proc/sys/user is reached: max_user_namespaces, " +
			"max_mnt_namespaces, max_net_namespaces or max_pid_namespaces is 0 or used up"
	case u.Step == stepClone && (errors.Is(u.Err, unix.EPERM) || errors.Is(u.Err, unix.EACCES)):
		u.Meaning = "user namespaces are forbidden to this process, " +
			"by a chroot, a container's seccomp profile or a security policy"
	case errors.Is(u.Err, unix.EINVAL) && u.Step == stepClone, errors.Is(u.Err, unix.ENOSYS):
		u.Meaning = "this kernel does not support it"
	case u.Step == stepProc && errors.Is(u.Err, unix.EPERM):
		u.Meaning = "parts of /proc are masked, as in a container, " +
			"so the kernel forbids to mount a new one"
	case u.Step == stepSysctl && errors.Is(u.Err, unix.EROFS):
		u.Meaning = "/proc/sys is read-only, as in a container, " +
			"so the target cannot be allowed to bind ports below 1024"
	case u.Step == stepNft && errors.Is(u.Err, unix.EOPNOTSUPP):
		u.Meaning = "this kernel has no nftables, or no NAT in nftables"
	case u.Step == stepNft && errors.Is(u.Err, unix.EPERM):
		u.Meaning = "this process may not change the network namespace's firewall"
	}
	return u
}

func appArmorRestricts() bool {
	text, err := os.ReadFile("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
	return err == nil && strings.TrimSpace(string(text)) == "1"
}

// errnoOf returns the errno in err if there is one, otherwise err. The text around
// it, such as "fork/exec /path:", does not help the user.
func errnoOf(err error) error {
	var n syscall.Errno
	if errors.As(err, &n) {
		return n
	}
	return err
}

// stepError returns an *Unavailable without a meaning, or nil if err is nil.
func stepError(step string, err error) error {
	if err == nil {
		return nil
	}
	var u *Unavailable
	if errors.As(err, &u) {
		return err
	}
	return &Unavailable{Step: step, Err: err}
}
