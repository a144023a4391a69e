package world

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"assay/suite/internal/confine"
)

// attempts holds what a hostile target tries, by name.
var attempts = map[string]func(args []string) error{
	"open": func(args []string) error {
		file, err := os.OpenFile(args[0], os.O_WRONLY, 0)
		if err == nil {
			file.Close()
		}
		return err
	},
	"create": func(args []string) error { return os.WriteFile(args[0], []byte("x"), 0o600) },
	"remove": func(args []string) error { return os.Remove(args[0]) },
	"rename": func(args []string) error { return os.Rename(args[0], args[1]) },
	"read": func(args []string) error {
		text, err := os.ReadFile(args[0])
		if err == nil && len(text) == 0 {
			return errors.New("it is empty")
		}
		return err
	},
	"list": func(args []string) error {
		_, err := os.ReadDir(args[0])
		return err
	},
	// A hidden directory holds nothing but what the run needs.
	"list but for": func(args []string) error {
		entries, err := os.ReadDir(args[0])
		entries = slices.DeleteFunc(entries, func(e os.DirEntry) bool {
			path := filepath.Join(args[0], e.Name())
			return confine.Within(path, args[1:])
		})
		if err == nil && len(entries) == 0 {
			return errors.New("it holds nothing else")
		}
		return err
	},
	"device": func(args []string) error {
		return unix.Mknod(args[0], unix.S_IFBLK|0o600, int(unix.Mkdev(7, 0)))
	},
	"connect": func(args []string) error {
		conn, err := net.DialTimeout(args[0], args[1], time.Second)
		if err == nil {
			conn.Close()
		}
		return err
	},
	"signal": func(args []string) error { return syscall.Kill(number(args[0]), syscall.SIGCONT) },
	"trace":  func(args []string) error { return unix.PtraceAttach(number(args[0])) },
	"memory": func(args []string) error {
		var there byte
		local := []unix.Iovec{{Base: &there, Len: 1}}
		remote := []unix.RemoteIovec{{Base: uintptr(unsafe.Pointer(&there)), Len: 1}}
		_, err := unix.ProcessVMReadv(number(args[0]), local, remote, 0)
		return err
	},
	"enter": func(args []string) error {
		fd, err := unix.Open(args[0], unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return err
		}
		return unix.Setns(fd, 0)
	},
	"read key": func(args []string) error {
		_, err := unix.KeyctlBuffer(unix.KEYCTL_READ, number(args[0]), make([]byte, 100), 0)
		return err
	},
	"find key": func(args []string) error {
		_, err := unix.KeyctlSearch(unix.KEY_SPEC_SESSION_KEYRING, "user", args[0], 0)
		return err
	},
	"mount":   func(args []string) error { return unix.Mount("hostile", args[0], "tmpfs", 0, "") },
	"unmount": func(args []string) error { return unix.Unmount(args[0], unix.MNT_DETACH) },
	"make writable": func(args []string) error {
		return unix.Mount("", args[0], "", unix.MS_REMOUNT|unix.MS_BIND, "")
	},
	// What root of its own namespaces may do there, in one system call.
	"mount as root of its own": func(args []string) error {
		return inNamespaces(unix.SYS_MOUNT, text("hostile"), text(args[0]), text("tmpfs"), 0, 0)
	},
	"unmount as root of its own": func(args []string) error {
		return inNamespaces(unix.SYS_UMOUNT2, text(args[0]), unix.MNT_DETACH, 0, 0, 0)
	},
	"make writable as root of its own": func(args []string) error {
		return inNamespaces(
			unix.SYS_MOUNT, text(""), text(args[0]), text(""), unix.MS_REMOUNT|unix.MS_BIND, 0)
	},
	"become as root of its own": func(args []string) error {
		return inNamespaces(unix.SYS_SETUID, uintptr(number(args[0])), 0, 0, 0, 0)
	},
	"change the root": func(args []string) error { return unix.Chroot(args[0]) },
	"become":          func(args []string) error { return syscall.Setuid(number(args[0])) },
	"join a group": func(args []string) error {
		return syscall.Setgroups([]int{number(args[0])})
	},
	"give away":        func(args []string) error { return os.Chown(args[0], number(args[1]), -1) },
	"name the machine": func([]string) error { return unix.Sethostname([]byte("hostile")) },
	"set the clock":    setClock,
	"hear every packet": func([]string) error {
		return closing(unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0))
	},
	"send raw packets": func([]string) error {
		return closing(unix.Socket(unix.AF_INET, unix.SOCK_RAW, 1))
	},
	"open by handle": openByHandle,
	"load a module":  func([]string) error { return unix.InitModule([]byte{0}, "") },
	"clear the kernel's log": func([]string) error {
		_, err := unix.Klogctl(unix.SYSLOG_ACTION_CONSOLE_OFF, nil)
		return err
	},
	"leave its network": func([]string) error { return unix.Unshare(unix.CLONE_NEWNET) },
	"run before others": func([]string) error { return unix.Setpriority(unix.PRIO_PROCESS, 0, -20) },
	"listen": func(args []string) error {
		listener, err := net.Listen("tcp", args[0])
		if err == nil {
			listener.Close()
		}
		return err
	},
}

func init() {
	roles["attempts-outer"] = func(args []string) int {
		os.Setenv(envRole, "")
		var out outside
		json.Unmarshal([]byte(os.Getenv(envOutside)), &out)
		outer := Outer{
			Kind:     Kind(args[0]),
			Args:     []string{"-test.run=^TestAttemptsAreDenied$/^" + args[0] + "$", "-test.v"},
			Writable: []string{out.Report},
			Stdout:   os.Stdout, Stderr: os.Stderr,
		}
		exit, err := outer.Run(context.Background())
		if err != nil {
			fmt.Println(err)
		}
		return exit
	}
	roles["hang-outside"] = func([]string) int { select {} }
	// attempt tries something and says whether it worked.
	roles["attempt"] = func(args []string) int {
		return printResult([]byte("reached"), attempts[args[0]](args[1:]))
	}
	roles["descriptors"] = func([]string) int {
		entries, err := os.ReadDir("/proc/self/fd")
		var all []string
		for _, e := range entries {
			to, err := os.Readlink("/proc/self/fd/" + e.Name())
			// Those of the Go runtime and of the directory are not inherited.
			own := strings.HasPrefix(to, "anon_inode:[event") || strings.HasPrefix(to, "/sys/fs/cgroup/") ||
				strings.HasSuffix(to, "/fd")
			if err == nil && !own {
				all = append(all, e.Name()+" "+to)
			}
		}
		return printResult([]byte(strings.Join(all, "\n")), err)
	}
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		panic(err) // the test itself is wrong
	}
	return n
}

// text returns the address of a text for a system call.
func text(s string) uintptr {
	p, err := unix.BytePtrFromString(s)
	if err != nil {
		panic(err) // the test itself is wrong
	}
	kept = append(kept, p)
	return uintptr(unsafe.Pointer(p))
}

var kept []*byte // texts that system calls still need

// inNamespaces makes a system call in a child that is alone in new user and mount
// namespaces, and so has all capabilities there. The child does nothing else.
//
//go:norace
func inNamespaces(call, a, b, c, d, e uintptr) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const flags = unix.CLONE_NEWUSER | unix.CLONE_NEWNS | uintptr(unix.SIGCHLD)
	child, _, errno := unix.RawSyscall6(unix.SYS_CLONE, flags, 0, 0, 0, 0, 0)
	if errno != 0 {
		return fmt.Errorf("make namespaces: %w", errno)
	}
	if child == 0 {
		_, _, errno := unix.RawSyscall6(call, a, b, c, d, e, 0)
		unix.RawSyscall(unix.SYS_EXIT_GROUP, uintptr(errno), 0, 0)
	}
	var status unix.WaitStatus
	if _, err := unix.Wait4(int(child), &status, 0, nil); err != nil {
		return err
	}
	if status.ExitStatus() != 0 {
		return syscall.Errno(status.ExitStatus())
	}
	return nil
}

func closing(fd int, err error) error {
	if err == nil {
		unix.Close(fd)
	}
	return err
}

func setClock([]string) error {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_REALTIME, &now); err != nil {
		return err
	}
	return unix.ClockSettime(unix.CLOCK_REALTIME, &now)
}

// openByHandle opens the root of the file tree by its handle, as programs have left
// containers. The number of the root's inode is 2 on most file systems.
func openByHandle(args []string) error {
	handle, _, err := unix.NameToHandleAt(unix.AT_FDCWD, args[0], 0)
	if err != nil {
		return err
	}
	dir, err := unix.Open(args[0], unix.O_RDONLY, 0)
	if err != nil {
		return err
	}
	return closing(unix.OpenByHandleAt(dir, handle, unix.O_RDONLY))
}

// outside describes what the test of attempts has made outside of the run.
type outside struct {
	Private  string // a file that its owner alone may read
	Shared   string // a file that its owner's group may read too
	Report   string // a directory that the run may write to
	Listener string // the address of a listener
	Abstract string // the name of an abstract socket
	Socket   string // a socket's path; empty for an ordinary user
	Key      int    // a key in the session's keyring
	Root     bool   // root runs the test
}

const envOutside = "ASSAY_TEST_OUTSIDE"

// TestAttemptsAreDenied tries what a hostile target would try. In a run of root's the
// target must not have root's rights outside of the run. Controls show that what
// programs need still works. README names what is denied.
func TestAttemptsAreDenied(t *testing.T) {
	for _, kind := range []Kind{Namespace, Loopback} {
		t.Run(string(kind), func(t *testing.T) {
			if theRun == nil {
				runAttempts(t, kind, makeOutside(t))
				return
			}
			var out outside
			if err := json.Unmarshal([]byte(os.Getenv(envOutside)), &out); err != nil {
				t.Fatal(err)
			}
			tryAll(t, theRun, out)
		})
	}
}

func tryAll(t *testing.T, r *Run, out outside) {
	w := open(t, r, 1)
	denied, allowed := attemptsIn(t, r, w, out)
	for _, args := range denied {
		got := strings.TrimSpace(try(t, w, "attempt", args...))
		t.Logf("%s: %s", strings.Join(args, " "), got)
		if got == "reached" || got == "" {
			t.Errorf("%s: %q, expected that it is denied", strings.Join(args, " "), got)
		}
	}
	for _, args := range allowed {
		if got := strings.TrimSpace(try(t, w, "attempt", args...)); got != "reached" {
			t.Errorf("%s: %q, expected that it works", strings.Join(args, " "), got)
		}
	}
	for line := range strings.Lines(try(t, w, "descriptors")) {
		if fd, to, _ := strings.Cut(line, " "); len(fd) != 1 || fd > "2" {
			t.Errorf("the target has the descriptor %s, %s", fd, to)
		}
	}
}

// makeOutside makes what the target must not reach.
func makeOutside(t *testing.T) outside {
	dir := t.TempDir()
	out := outside{
		Private: filepath.Join(dir, "private"), Shared: filepath.Join(dir, "shared"),
		Report: filepath.Join(dir, "report"), Abstract: "assay-test-" + rand.Text(),
		Root: os.Geteuid() == 0,
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.WriteFile(out.Private, []byte("secret"), 0o600))
	must(os.WriteFile(out.Shared, []byte("secret"), 0o640))
	must(os.Mkdir(out.Report, 0o755))
	must(os.WriteFile(filepath.Join(out.Report, "report.json"), []byte("{}"), 0o644))
	for d := dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		must(os.Chmod(d, 0o755))
	}
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	abstract, err := net.Listen("unix", "@"+out.Abstract)
	must(err)
	t.Cleanup(func() { tcp.Close(); abstract.Close() })
	out.Listener = tcp.Addr().String()
	if out.Root {
		out.Socket = "/run/" + out.Abstract
		socket, err := net.Listen("unix", out.Socket)
		must(err)
		must(os.Chmod(out.Socket, 0o777))
		t.Cleanup(func() { socket.Close() })
	}
	return out
}

// runAttempts starts a run whose session has a key, and whose outer process has
// inherited descriptors.
func runAttempts(t *testing.T, kind Kind, out outside) {
	t.Helper()
	if err := Available(); kind == Namespace && err != nil {
		t.Skip(err)
	}
	leaked, err := os.Open(out.Private)
	if err != nil {
		t.Fatal(err)
	}
	defer leaked.Close()
	cmd := role("attempts-outer", string(kind))
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.ExtraFiles = []*os.File{leaked, leaked, leaked, leaked, leaked, leaked}
	ended := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread has a keyring of its own
		if _, err := unix.KeyctlJoinSessionKeyring(""); err == nil {
			out.Key, _ = unix.AddKey("user", "assay-test", []byte("x"), unix.KEY_SPEC_SESSION_KEYRING)
		}
		text, err := json.Marshal(out)
		if err == nil {
			cmd.Env = append(cmd.Env, envOutside+"="+string(text))
			err = cmd.Run()
		}
		ended <- err
	}()
	if err := <-ended; err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	if !strings.Contains(said.String(), "--- PASS") {
		t.Fatalf("inside: no test ran\n%s", said.String())
	}
	t.Log(said.String())
}

// attemptsIn returns what a target tries: what has to be denied, and what programs need.
func attemptsIn(t *testing.T, r *Run, w World, out outside) (denied, allowed [][]string) {
	t.Helper()
	own, other := w.Dir(), open(t, r, 2)
	for _, dir := range []string{own, other.Dir()} {
		for _, name := range []string{"file", "second"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte("secret"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	outcomes := filepath.Join(r.Scratch(), "outcomes.jsonl")
	if err := os.WriteFile(outcomes, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	victim := listening(t, other, "listen").Process.Pid
	worker := role("hang-outside")
	if err := worker.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { worker.Process.Kill(); worker.Wait() })
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	try := func(args ...string) { denied = append(denied, args) }
	need := func(args ...string) { allowed = append(allowed, args) }
	// Both worlds have walls of Landlock. Mounts and a network of its own are walls of
	// one of them.
	namespace := r.Kind() == Namespace
	landlock := confine.WithoutLandlock()
	if landlock != "" {
		t.Log("these walls are missing: " + landlock)
	}

	for _, path := range []string{
		"/proc/sys/kernel/core_pattern", "/proc/sys/vm/swappiness", "/proc/sys/kernel/modprobe",
		"/proc/sysrq-trigger", "/proc/irq/default_smp_affinity", "/proc/sys/net/ipv4/ip_forward",
		"/sys/power/state", "/sys/kernel/uevent_helper", "/etc/passwd", "/dev/kmsg", "/dev/mem",
		"/dev/fuse", "/dev/loop0", "/dev/loop-control", "/dev/net/tun", executable,
	} {
		if namespace || landlock == "" {
			try("open", path)
		}
	}
	for _, dir := range []string{
		"/", "/etc", "/usr/bin", "/run", "/dev", "/var/tmp", filepath.Dir(executable), "/sys/fs/cgroup",
	} {
		if namespace || landlock == "" {
			try("create", filepath.Join(dir, "assay-test"))
		}
	}
	for _, path := range []string{
		"/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-", "/etc/sudoers",
	} {
		if namespace || landlock == "" {
			try("read", path)
		}
	}
	needed := neededPaths(r.plan)
	if real, err := filepath.EvalSymlinks("/etc/resolv.conf"); err == nil {
		needed = append(needed, real) // it may lie in /run
	}
	for _, dir := range []string{
		"/run", "/root", "/etc/ssh", "/etc/ssl/private", "/etc/sudoers.d", "/var/spool/cron",
	} {
		if namespace || landlock == "" && dir != "/run" {
			try(append([]string{"list but for", dir}, needed...)...)
		}
	}
	if landlock == "" {
		for _, dir := range []string{"/dev/shm", "/tmp", out.Report, other.Dir(), r.Scratch()} {
			try("create", filepath.Join(dir, "assay-test"))
		}
		for _, path := range []string{
			outcomes, filepath.Join(out.Report, "report.json"), filepath.Join(other.Dir(), "file"),
		} {
			try("open", path)
		}
		if namespace {
			try("read", filepath.Join(other.Dir(), "file"))
			try("read", outcomes)
			try("list", other.Dir())
		}
		try("read", fmt.Sprintf("/proc/%d/root%s/file", victim, other.Dir()))
		try("read", fmt.Sprintf("/proc/%d/environ", victim))
		try("remove", filepath.Join(other.Dir(), "second"))
		try("rename", filepath.Join(other.Dir(), "file"), filepath.Join(own, "stolen"))
		try("rename", filepath.Join(own, "second"), filepath.Join(other.Dir(), "planted"))
		try("connect", "unix", "@"+out.Abstract)
	}
	if out.Root && namespace {
		try("read", out.Private)
		try("read", out.Shared)
		try("connect", "unix", out.Socket)
	}
	if namespace {
		try("connect", "unix", "@"+out.Abstract)
		try("connect", "tcp", out.Listener)
		try("connect", "tcp", "192.0.2.1:443")
		try("connect", "unix", "/run/docker.sock")
		try("connect", "unix", "/run/dbus/system_bus_socket")
		try("connect", "unix", "/run/systemd/private")
	}
	if out.Key != 0 {
		try("read key", strconv.Itoa(out.Key))
		try("find key", "assay-test")
	}
	for _, pid := range []int{os.Getpid(), worker.Process.Pid, victim} {
		if landlock == "" {
			try("signal", strconv.Itoa(pid))
		}
		if landlock == "" || namespace && pid != victim {
			try("trace", strconv.Itoa(pid))
			try("memory", strconv.Itoa(pid))
			try("read", fmt.Sprintf("/proc/%d/environ", pid))
			try("enter", fmt.Sprintf("/proc/%d/ns/net", pid))
			try("enter", fmt.Sprintf("/proc/%d/ns/mnt", pid))
		}
	}
	for _, as := range []string{"", " as root of its own"} {
		if as == "" || landlock == "" {
			try("mount"+as, own)
		}
		if namespace || landlock == "" {
			try("make writable"+as, "/")
		}
		try("unmount"+as, "/dev")
		try("unmount"+as, r.Scratch())
		if namespace || !out.Root || as != "" {
			try("become"+as, "0")
		}
	}
	try("device", filepath.Join(own, "device"))
	try("open by handle", own)
	try("name the machine")
	try("set the clock")
	try("load a module")
	try("clear the kernel's log")
	try("change the root", own)
	try("join a group", "0")
	try("give away", filepath.Join(own, "file"), "1")
	try("hear every packet")
	try("send raw packets")
	try("leave its network")
	try("run before others")

	need("open", "/dev/null")
	need("open", "/dev/full")
	need("open", "/dev/stdout")
	need("read", "/etc/passwd")
	need("read", "/proc/self/status")
	need("list", "/dev/fd")
	need("list", "/usr")
	need("read", filepath.Join(own, "file"))
	need("open", filepath.Join(own, "file"))
	need("create", filepath.Join(own, "new"))
	need("rename", filepath.Join(own, "new"), filepath.Join(own, "newer"))
	need("remove", filepath.Join(own, "newer"))
	need("signal", "0")
	host, _ := w.Host()
	need("listen", netip.AddrPortFrom(host, uint16(w.Port(443))).String())
	return denied, allowed
}
