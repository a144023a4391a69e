package world

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// envTest marks all processes of one test.
const envTest = "ASSAY_TEST_MARK"

// scattered is the number of processes that a hostile target leaves.
const scattered = 5

// A whole run has an outer process, an inner process, a worker and two targets. One
// of the targets has left its parent, session and process group.
func init() {
	roles["outer"] = func(args []string) int {
		os.Setenv(envRole, "inner")
		outer := Outer{Kind: Kind(args[0]), Stdout: os.Stdout, Stderr: os.Stderr}
		exit, err := outer.Run(context.Background())
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		return exit
	}
	roles["inner"] = func([]string) int {
		run, err := Join()
		if err != nil {
			return printResult(nil, err)
		}
		worker := role("worker")
		worker.Stdout, worker.Stderr = os.Stdout, os.Stderr
		return printResult(nil, errors.Join(worker.Run(), run.End()))
	}
	// scatter leaves processes without parent, environment, session and group in common,
	// which only their last argument tells from others. Then it ends.
	roles["scatter"] = func(args []string) int {
		for range scattered {
			cmd := role("", hangAlone, args[0])
			cmd.Env, cmd.SysProcAttr = []string{}, &syscall.SysProcAttr{Setsid: true}
			if err := cmd.Start(); err != nil {
				return printResult(nil, err)
			}
		}
		fmt.Println("listening")
		return 0
	}
	roles["worker"] = func([]string) int {
		run, err := Join()
		if err != nil {
			return printResult(nil, err)
		}
		w, err := run.Open(1, 1)
		if err != nil {
			return printResult(nil, err)
		}
		one, two := hosts(w, 8080)[0].String(), hosts(w, 8081)[0].String()
		scatter := role("scatter", os.Getenv(envTest))
		for _, cmd := range []*exec.Cmd{role("listen", one), role("leave", two), scatter} {
			out, _ := cmd.StdoutPipe()
			if err := w.Start(cmd); err != nil {
				return printResult(nil, err)
			}
			out.Read(make([]byte, 1))
		}
		fmt.Println("ready", one, two, run.plan.PIDs, run.Scratch())
		os.Stdin.Read(make([]byte, 1))
		select {}
	}
}

func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	worlds := []struct {
		name    string
		kind    Kind
		pids    bool
		wrapper []string
	}{
		{"namespace", Namespace, true, nil},
		{"without a PID namespace", Namespace, false, maskProc()},
		{"loopback", Loopback, false, nil},
	}
	ends := []struct {
		victim string
		signal syscall.Signal
	}{
		{"outer", syscall.SIGKILL},
		{"outer", syscall.SIGINT},
		{"outer", syscall.SIGTERM},
		{"inner", syscall.SIGKILL},
		{"worker", syscall.SIGKILL},
	}
	for _, world := range worlds {
		for _, end := range ends {
			t.Run(fmt.Sprintf("%s/%v of %s", world.name, end.signal, end.victim), func(t *testing.T) {
				t.Parallel()
				if world.kind == Namespace {
					if err := Available(); err != nil {
						t.Skip(err)
					}
					if !world.pids {
						needsCover(t, world.wrapper)
					}
				}
				mark := rand.Text()
				temp := t.TempDir()
				ready := startWhole(t, mark, temp, world.kind, world.wrapper)
				if got := ready[2]; got != strconv.FormatBool(world.pids) {
					t.Fatalf("in a PID namespace: %s, expected %v", got, world.pids)
				}
				eventually(t, "a target has left its processes", func() (bool, string) {
					there := findArgument(t, mark)
					return len(there) == scattered, fmt.Sprint(there)
				})
				victim := findRole(t, mark, end.victim)
				if err := syscall.Kill(victim, end.signal); err != nil {
					t.Fatal(err)
				}
				eventually(t, "no process is left", func() (bool, string) {
					left, scattered := findMarked(t, mark), findArgument(t, mark)
					return len(left)+len(scattered) == 0, fmt.Sprint(left, scattered)
				})
				eventually(t, "no temporary file is left", func() (bool, string) {
					left, err := filepath.Glob(filepath.Join(temp, "*"))
					return len(left) == 0 && err == nil, fmt.Sprint(left)
				})
				for _, address := range ready[:2] {
					if conn, err := net.DialTimeout("tcp", address, time.Second); err == nil {
						conn.Close()
						t.Errorf("port %s is still open", address)
					}
				}
			})
		}
	}
}

// maskProc returns a command that runs another where no fresh /proc can be had, as
// in a container.
func maskProc() []string {
	unshare := []string{"unshare", "-m"}
	if os.Geteuid() != 0 {
		unshare = []string{"unshare", "-Urm"}
	}
	return append(unshare, "--", "sh", "-c", `mount --bind /dev/null /proc/version && exec "$0" "$@"`)
}

func needsCover(t *testing.T, wrapper []string) {
	t.Helper()
	args := append(wrapper[1:len(wrapper):len(wrapper)], "true")
	out, err := exec.Command(wrapper[0], args...).CombinedOutput()
	if err != nil {
		t.Skipf("cannot cover a part of /proc here: %v %s", err, out)
	}
}

// startWhole starts a whole run and returns the line that the worker prints.
func startWhole(t *testing.T, mark, temp string, kind Kind, wrapper []string) []string {
	t.Helper()
	cmd := role("outer", string(kind))
	if wrapper != nil {
		args := append(append([]string{}, wrapper...), cmd.Args...)
		env := cmd.Env
		cmd = exec.Command(args[0], args[1:]...)
		cmd.Env = env
	}
	cmd.Env = append(cmd.Env, envTest+"="+mark, "TMPDIR="+temp)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	out.(*os.File).SetReadDeadline(time.Now().Add(10 * time.Second))
	line, err := bufio.NewReader(out).ReadString('\n')
	rest, ok := strings.CutPrefix(line, "ready ")
	if !ok {
		t.Fatalf("the run prints %q, error %v", line, err)
	}
	return strings.Fields(rest)
}

// findMarked returns the running processes of a test, as "pid role".
func findMarked(t *testing.T, mark string) map[int]string {
	t.Helper()
	all, err := running()
	if err != nil {
		t.Fatal(err)
	}
	found := map[int]string{}
	for _, p := range all {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", p.PID))
		environment := map[string]string{}
		for entry := range strings.SplitSeq(string(text), "\x00") {
			name, value, _ := strings.Cut(entry, "=")
			environment[name] = value
		}
		if environment[envTest] == mark {
			found[p.PID] = environment[envRole]
		}
	}
	return found
}

// findArgument returns the running processes whose last argument is this one.
func findArgument(t *testing.T, last string) (pids []int) {
	t.Helper()
	all, err := running()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.PID))
		if strings.HasSuffix(string(text), "\x00"+last+"\x00") {
			pids = append(pids, p.PID)
		}
	}
	return pids
}

func findRole(t *testing.T, mark, name string) int {
	t.Helper()
	for pid, role := range findMarked(t, mark) {
		if role == name {
			return pid
		}
	}
	t.Fatalf("no process is the %s of this test", name)
	return 0
}
