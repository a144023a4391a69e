package world

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
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
func Available() error {
	_, err := namespaces()
	return err
}

// namespaces is [Available] and also says whether a PID namespace is available.
var namespaces = sync.OnceValues(func() (pids bool, err error) {
	err = tryInChild(true)
	var u *Unavailable
	if errors.As(err, &u) && u.Step == stepProc {
		// In a container that masks parts of /proc, the kernel forbids to mount
		// a new /proc. The world works without a PID namespace too.
		if second := tryInChild(false); second == nil {
			return false, nil
		} else if errors.As(second, &u) && u.Step == stepSysctl {
			return false, second
		}
	}
	return err == nil, err
})

// setupTimeout bounds the wait for the child process that tries to set up a world.
const setupTimeout = 30 * time.Second

// tryInChild sets up a world and starts a process in it, in a child process.
func tryInChild(pids bool) error {
	place, err := findTmpfsDir(nil)
	if err != nil {
		return stepError("find a directory for the private tmpfs", err)
	}
	p := plan{Kind: Namespace, PIDs: pids, Tmpfs: place}
	env, err := p.environ(stageProbe)
	if err != nil {
		return err
	}
	executable, err := os.Executable()
	if err != nil {
		return stepError("find this executable", err)
	}
	var answer bytes.Buffer
	ctx, cancel := context.WithTimeout(context.Background(), setupTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, executable)
	cmd.Env = append(withoutStage(os.Environ()), env...)
	cmd.Stdout = &answer
	cmd.SysProcAttr = innerAttr(p)
	if err := cmd.Start(); err != nil {
		return addMeaning(&Unavailable{Step: stepClone, Err: errnoOf(err)})
	}
	err = cmd.Wait()
	if ctx.Err() != nil {
		return stepError("set up namespaces in a child process",
			fmt.Errorf("the child did not end within %s", setupTimeout))
	}
	if step, number, ok := strings.Cut(strings.TrimSpace(answer.String()), "\t"); ok {
		n, convErr := strconv.Atoi(number)
		if convErr != nil || n == 0 {
			return stepError(step, errors.New(number))
		}
		return addMeaning(&Unavailable{Step: step, Err: syscall.Errno(n)})
	}
	if err != nil {
		return stepError("set up namespaces in a child process", err)
	}
	return nil
}

// This runs in the child process of tryInChild, which never gets to main.
func init() {
	if os.Getenv(envStage) != stageProbe {
		return
	}
	p, err := planFromEnv()
	if err == nil {
		err = trySetup(p)
	}
	if err == nil {
		os.Exit(0)
	}
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
	os.Exit(1)
}

// trySetup does everything that a run and a spec do until a target runs.
func trySetup(p plan) error {
	if err := setUpNamespaces(&p); err != nil {
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
	w.targets = targets{starter: newStarter(withholdCapabilities), own: newGroups(), all: newGroups()}
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
