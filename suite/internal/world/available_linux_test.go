package world

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func init() {
	// available prints whether namespaces are available.
	roles["available"] = func([]string) int {
		fmt.Print(Available(), Left())
		return 0
	}
}

// TestAvailableSaysWhyNot checks that Available says what forbids namespaces.
func TestAvailableSaysWhyNot(t *testing.T) {
	t.Parallel()
	if err := Available(); err != nil {
		t.Skip("namespaces are not available:", err)
	}
	tests := []struct {
		name   string
		script string // runs as root of a user and mount namespace
		want   []string
	}{
		{"as it is", `exec "$@"`, []string{"<nil>", "cannot give a target an ID of its own"}},
		{
			"no user namespaces",
			`echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"`,
			[]string{"clone", "no space left", "max_user_namespaces"},
		},
		{
			"no network namespaces",
			`echo 0 >/proc/sys/user/max_net_namespaces && exec "$@"`,
			[]string{"clone", "no space left", "net"},
		},
		{
			"one network namespace",
			`echo 1 >/proc/sys/user/max_net_namespaces && exec "$@"`,
			[]string{"make a network namespace", "no space left"},
		},
		{"masked /proc", `mount --bind /dev/null /proc/version && exec "$@"`, []string{"<nil>"}},
		{
			"read-only /proc/sys",
			`mount --bind /proc/sys /proc/sys && mount -o remount,ro,bind /proc/sys && exec "$@"`,
			[]string{"ip_unprivileged_port_start", "read-only file system", "/proc/sys is read-only"},
		},
		{
			"chroot",
			`mount --rbind / "$TMPDIR" && exec chroot "$TMPDIR" "$@"`,
			[]string{"clone", "not permitted", "chroot"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			self := role("available")
			args := append([]string{"-Urm", "--", "sh", "-c", test.script, "sh"}, self.Args...)
			cmd := exec.Command("unshare", args...)
			cmd.Env = append(self.Env, "TMPDIR="+t.TempDir())
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if err != nil {
				t.Skipf("the script does not work on this machine: %v: %s", err, stderr.String())
			}
			for _, want := range test.want {
				if !strings.Contains(string(out), want) {
					t.Errorf("reason is %q, expected %q in it", out, want)
				}
			}
		})
	}
}

// TestRootWithoutCapabilities looks for namespaces as root who may not become another
// user, as in some containers. The run has root's ID then, and says so.
func TestRootWithoutCapabilities(t *testing.T) {
	t.Parallel()
	if err := Available(); err != nil || os.Geteuid() != 0 || theRun != nil {
		t.Skip("only root has capabilities to lose:", err)
	}
	self := role("available")
	var said []byte
	ended := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread has lost a capability
		err := unix.Prctl(unix.PR_CAPBSET_DROP, unix.CAP_SETUID, 0, 0, 0)
		if err == nil {
			said, err = self.CombinedOutput()
		}
		ended <- err
	}()
	err := <-ended
	for _, want := range []string{"<nil>", "cannot give a target an ID of its own"} {
		if err != nil || !strings.Contains(string(said), want) {
			t.Errorf("found %q (%v), expected %q in it", said, err, want)
		}
	}
}

// TestPoorMachines starts runs on machines that lack what a run needs. The error says it
// in words.
func TestPoorMachines(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		script string // runs as root of user, mount and network namespaces
		want   []string
	}{
		{
			"lo is down", `exec "$@"`,
			[]string{"network is unreachable", "the loopback interface may be down"},
		},
		{"no /proc", `mount -t tmpfs none /proc && exec "$@"`, []string{"/proc is not mounted"}},
		{"no TMPDIR", `TMPDIR=/no/such exec "$@"`, []string{"which TMPDIR says is in /no/such"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			self := role("outer", string(Loopback))
			args := append([]string{"-Urmn", "--", "sh", "-c", tt.script, "sh"}, self.Args...)
			if out, err := exec.Command("unshare", "-Urmn", "true").CombinedOutput(); err != nil {
				t.Skipf("namespaces cannot be made here: %v %s", err, out)
			}
			cmd := exec.Command("unshare", args...)
			cmd.Env = append(self.Env, "TMPDIR="+t.TempDir())
			out, err := cmd.CombinedOutput()
			if err == nil {
				t.Errorf("the run went well, expected an error:\n%s", out)
			}
			for _, want := range tt.want {
				if !strings.Contains(string(out), want) {
					t.Errorf("expected %q in:\n%s", want, out)
				}
			}
		})
	}
}

// TestAvailableIsFast compares the time that a try takes with the time that a process takes
// which does nothing, because the speed of machines differs.
func TestAvailableIsFast(t *testing.T) {
	if testing.Short() {
		t.Skip("measures time")
	}
	if err := Available(); err != nil {
		t.Skip(err)
	}
	try := func() error {
		_, err := tryInChild(true)
		return err
	}
	nothing := func() error { return exec.Command(os.Args[0], "-test.run=^$").Run() }
	const times = 10
	for began := time.Now(); ; {
		one, tried := timeOf(t, nothing), timeOf(t, try)
		if tried < times*one {
			return
		}
		if time.Since(began) > 30*time.Second {
			t.Fatalf("a try takes %v, and a process that does nothing %v; expected less than %d times that",
				tried, one, times)
		}
	}
}

// timeOf returns how long a function takes, which must succeed.
func timeOf(t *testing.T, f func() error) time.Duration {
	t.Helper()
	start := time.Now()
	if err := f(); err != nil {
		t.Fatal(err)
	}
	return time.Since(start)
}

func TestUnavailableKeepsTheErrno(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		step string
		err  syscall.Errno
		want string
	}{
		{stepClone, unix.ENOSPC, "max_user_namespaces"},
		{stepClone, unix.EPERM, "forbidden"},
		{stepProc, unix.EPERM, "masked"},
		{stepSysctl, unix.EROFS, "read-only"},
		{stepNft, unix.EOPNOTSUPP, "no nftables"},
		{stepNft, unix.EPERM, "firewall"},
		{"make the file tree read-only", unix.ENOSYS, "does not support"},
	} {
		var err error = addMeaning(&Unavailable{Step: test.step, Err: test.err})
		for _, want := range []string{test.step, test.err.Error(), test.want} {
			if appArmorRestricts() && os.Geteuid() != 0 {
				t.Skip("AppArmor's meaning takes precedence here")
			}
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%v: expected %q in it", err, want)
			}
		}
		if !errors.Is(err, test.err) {
			t.Errorf("%v is not %v", err, test.err)
		}
	}
}

// TestOrdinaryUser runs the other tests again as an unprivileged user.
func TestOrdinaryUser(t *testing.T) {
	t.Parallel()
	if theRun != nil || os.Geteuid() != 0 {
		t.Skip("only root can change its user; the other tests run as an unprivileged user already")
	}
	const nobody = 65534
	dir, err := os.MkdirTemp("", "assay-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chown(dir, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(executable)
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "world.test")
	writeProgram(t, binary, text, 0o755)
	cmd := exec.Command(
		binary,
		"-test.v",
		"-test.short",
		"-test.skip=^(TestManyWorlds|TestAvailable.*)$",
	)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir, "TMPDIR="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, os.ErrPermission) {
		t.Skip("an unprivileged user cannot reach the temporary directory:", err)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Log(strings.Join(grep(string(out), "--- SKIP", "no namespaces"), "\n"))
}

// writeProgram writes a program that can be executed at once. A child that is forked
// meanwhile would hold the open file until it executes its own program, and the kernel
// executes no file that is open for writing.
func writeProgram(t *testing.T, path string, text []byte, mode os.FileMode) {
	t.Helper()
	syscall.ForkLock.RLock()
	err := os.WriteFile(path, text, mode)
	syscall.ForkLock.RUnlock()
	if err == nil {
		err = os.Chmod(path, mode)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func grep(text string, words ...string) (found []string) {
	for line := range strings.Lines(text) {
		for _, word := range words {
			if strings.Contains(line, word) {
				found = append(found, strings.TrimSpace(line))
			}
		}
	}
	return found
}
