package world

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// Steps on the way into a namespace that have a meaning of their own when
// refused.
const (
	stepClone  = "clone"
	stepProc   = "mount /proc"
	stepSysctl = "write net.ipv4.ip_unprivileged_port_start"
	stepNft    = "set a firewall rule"
)

// Available returns nil if the namespace world can be had on this machine, by
// this user; else an *Unavailable that says why not. It tries: a child goes
// all the way that a spec would. The answer is found once per process.
func Available() error {
	_, err := namespaces()
	return err
}

// namespaces tries, and says whether a PID namespace can be had as well.
var namespaces = sync.OnceValues(func() (pids bool, err error) {
	err = rehearse(true)
	var u *Unavailable
	if errors.As(err, &u) && u.Step == stepProc {
		// A container that covers parts of /proc allows no fresh one. The
		// world works without a PID namespace too.
		if second := rehearse(false); second == nil {
			return false, nil
		} else if errors.As(second, &u) && u.Step == stepSysctl {
			return false, second
		}
	}
	return err == nil, err
})

// rehearse lets a child of its own go all the way that a spec would.
func rehearse(pids bool) error {
	place, err := hidingPlace(nil)
	if err != nil {
		return failed("find room for temporary files", err)
	}
	p := plan{Kind: Namespace, PIDs: pids, Tmpfs: place}
	env, err := p.environ(stageProbe)
	if err != nil {
		return err
	}
	executable, err := os.Executable()
	if err != nil {
		return failed("find this executable", err)
	}
	var answer bytes.Buffer
	cmd := exec.Command(executable)
	cmd.Env = append(withoutStage(os.Environ()), env...)
	cmd.Stdout = &answer
	cmd.SysProcAttr = innerAttr(p)
	if err := cmd.Start(); err != nil {
		return explain(&Unavailable{Step: stepClone, Err: cause(err)})
	}
	err = cmd.Wait()
	if step, number, ok := strings.Cut(strings.TrimSpace(answer.String()), "\t"); ok {
		n, convErr := strconv.Atoi(number)
		if convErr != nil || n == 0 {
			return failed(step, errors.New(number))
		}
		return explain(&Unavailable{Step: step, Err: syscall.Errno(n)})
	}
	if err != nil {
		return failed("try it in a child", err)
	}
	return nil
}

// The child of a rehearsal never gets as far as main.
func init() {
	if os.Getenv(envStage) != stageProbe {
		return
	}
	p, err := planFromEnv()
	if err == nil {
		err = tryAll(p)
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

func tryAll(p plan) error {
	if err := settle(&p); err != nil {
		return err
	}
	home, err := currentNetns()
	if err != nil {
		return failed("open the network namespace", err)
	}
	w, err := openNamespace(home, 0, 0)
	if err != nil {
		return err
	}
	w.targets = targets{starter: newStarter(withholdCapabilities), own: newGroups(), all: newGroups()}
	defer w.Close()
	// Everything is done to start a target before its program is looked for.
	err = w.Start(&exec.Cmd{Path: filepath.Join(p.Scratch, "none")})
	if !errors.Is(err, os.ErrNotExist) {
		return failed("clone a target", cause(err))
	}
	return nil
}

// explain gives the kernel's answer its meaning.
func explain(u *Unavailable) *Unavailable {
	switch {
	case os.Geteuid() != 0 && appArmorRestricts() && (errors.Is(u.Err, unix.EACCES) || errors.Is(u.Err, unix.EPERM)):
		u.Meaning = "AppArmor keeps unprivileged user namespaces powerless here: sysctl kernel.apparmor_restrict_unprivileged_userns is 1"
	case errors.Is(u.Err, unix.ENOSPC):
		u.Meaning = "a limit below /proc/sys/user is reached: max_user_namespaces, or that of mnt, net or pid, is 0 or used up"
	case u.Step == stepClone && (errors.Is(u.Err, unix.EPERM) || errors.Is(u.Err, unix.EACCES)):
		u.Meaning = "user namespaces are forbidden to this process: a chroot, a container's seccomp profile, or a security policy"
	case errors.Is(u.Err, unix.EINVAL) && u.Step == stepClone, errors.Is(u.Err, unix.ENOSYS):
		u.Meaning = "this kernel lacks it"
	case u.Step == stepProc && errors.Is(u.Err, unix.EPERM):
		u.Meaning = "parts of /proc are covered, as in a container, so the kernel allows no fresh one"
	case u.Step == stepSysctl && errors.Is(u.Err, unix.EROFS):
		u.Meaning = "/proc/sys is read-only, as in a container, so no port below 1024 can be opened to the target"
	case u.Step == stepNft && errors.Is(u.Err, unix.EOPNOTSUPP):
		u.Meaning = "this kernel lacks nftables, or its NAT"
	case u.Step == stepNft && errors.Is(u.Err, unix.EPERM):
		u.Meaning = "no permission over the network namespace's firewall"
	}
	return u
}

func appArmorRestricts() bool {
	text, err := os.ReadFile("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
	return err == nil && strings.TrimSpace(string(text)) == "1"
}

// cause is the errno in err, if there is one: "fork/exec /path:" says nothing
// to the user.
func cause(err error) error {
	var n syscall.Errno
	if errors.As(err, &n) {
		return n
	}
	return err
}

// failed is an Unavailable without a meaning yet, or nil.
func failed(step string, err error) error {
	if err == nil {
		return nil
	}
	var u *Unavailable
	if errors.As(err, &u) {
		return err
	}
	return &Unavailable{Step: step, Err: err}
}
