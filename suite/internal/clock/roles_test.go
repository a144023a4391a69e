//go:build linux && (amd64 || arm64)

package clock

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// envRole makes the test binary play a target.
const envRole = "CLOCK_TEST_ROLE"

var roles = map[string]func(args []string) int{}

func TestMain(m *testing.M) {
	if role := os.Getenv(envRole); role != "" {
		os.Exit(roles[role](os.Args[1:]))
	}
	os.Exit(m.Run())
}

func init() {
	began := time.Now()
	// tell answers each line with the wall clock and the time since the start, both in
	// seconds.
	roles["tell"] = func([]string) int {
		fmt.Println("ready")
		lines := bufio.NewScanner(os.Stdin)
		for lines.Scan() {
			fmt.Println(time.Now().Unix(), int64(time.Since(began).Seconds()))
		}
		return 7
	}
	// wait waits in ways that Go has, and says what is over.
	roles["wait"] = func(args []string) int {
		d, _ := time.ParseDuration(args[0])
		time.AfterFunc(d, func() { fmt.Println("fired") })
		tick := time.NewTicker(d)
		fmt.Println("ready")
		<-tick.C
		fmt.Println("ticked")
		select {}
	}
	// echo repeats each line, and says when it catches a signal.
	roles["echo"] = func([]string) int {
		signals := make(chan os.Signal, 10)
		signal.Notify(signals, syscall.SIGUSR1, syscall.SIGCONT)
		go func() {
			for s := range signals {
				fmt.Println(map[os.Signal]string{
					syscall.SIGUSR1: "caught", syscall.SIGCONT: "continued",
				}[s])
			}
		}()
		fmt.Println("ready")
		lines := bufio.NewScanner(os.Stdin)
		for lines.Scan() {
			fmt.Println(lines.Text())
		}
		return 0
	}
	// trace starts a target with a clock, and prints its process ID.
	roles["trace"] = func([]string) int {
		cmd := role("wait", "1h")
		if _, err := New().Start(cmd, nil); err != nil {
			fmt.Println(err)
			return 1
		}
		fmt.Println(cmd.Process.Pid)
		select {}
	}
	// busy runs threads and children, each of which looks at the clock, until the
	// standard input ends. It returns 1 if time ever went backwards, or a child did not
	// have the parent's time.
	roles["busy"] = func([]string) int {
		var wrong atomic.Bool
		var last atomic.Int64
		look := func() int64 {
			seen := last.Load()
			at := time.Now().Unix()
			if at < seen {
				fmt.Println("backwards:", at, "after", seen)
				wrong.Store(true)
			}
			last.Store(at)
			return at
		}
		for range 4 {
			go func() {
				for {
					look()
					runtime.Gosched()
				}
			}()
		}
		for range 2 {
			go func() {
				for {
					before := look()
					out, err := exec.Command("date", "+%s").Output()
					at, _ := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
					if err != nil || at < before {
						fmt.Println("a child says", at, err, "after", before)
						wrong.Store(true)
					}
				}
			}()
		}
		roles["tell"](nil)
		if wrong.Load() {
			return 1
		}
		return 0
	}
	// again executes this binary again, in another role.
	roles["again"] = func(args []string) int {
		os.Setenv(envRole, args[0])
		args[0] = "again"
		fmt.Println(syscall.Exec("/proc/self/exe", args, os.Environ()))
		return 1
	}
	// child starts this binary as a child, which gets the standard streams.
	roles["child"] = func(args []string) int {
		cmd := exec.Command("/proc/self/exe", args[1:]...)
		cmd.Env = append(os.Environ(), envRole+"="+args[0])
		cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
		if err := cmd.Run(); err != nil {
			fmt.Println(err)
		}
		return cmd.ProcessState.ExitCode()
	}
}

// role returns a command that plays a target.
func role(name string, args ...string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Env = append(os.Environ(), envRole+"="+name)
	return cmd
}

// running is a target with its standard streams.
type running struct {
	*Target
	t     *testing.T
	in    *os.File
	lines chan string
}

// run starts a command with the clock and waits for its first line, "ready".
func run(t *testing.T, c *Clock, cmd *exec.Cmd) *running {
	t.Helper()
	theirIn, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, theirOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = theirIn, theirOut, theirOut
	target, err := c.Start(cmd, nil)
	theirIn.Close()
	theirOut.Close()
	if err != nil {
		t.Fatal(err)
	}
	r := &running{Target: target, t: t, in: in, lines: make(chan string, 100)}
	t.Cleanup(func() {
		cmd.Process.Kill()
		in.Close()
		r.Wait()
		out.Close()
		for _, problem := range r.Seen().Unmoved {
			if !strings.Contains(problem, errNoVDSO.Error()) {
				t.Errorf("a clock that does not move: %s", problem)
			}
		}
	})
	go func() {
		defer close(r.lines)
		scanner := bufio.NewScanner(out)
		for scanner.Scan() {
			r.lines <- scanner.Text()
		}
	}()
	r.expect("ready")
	return r
}

// line returns the target's next line.
func (r *running) line() string {
	r.t.Helper()
	select {
	case line, ok := <-r.lines:
		if !ok {
			r.t.Fatal("the target has ended, expected another line")
		}
		return line
	case <-time.After(20 * time.Second):
		r.t.Fatal("waited 20 s for a line of the target")
	}
	return ""
}

func (r *running) expect(want string) {
	r.t.Helper()
	if got := r.line(); strings.TrimSpace(got) != want {
		r.t.Fatalf("the target says %q, expected %q", got, want)
	}
}

// said returns the line that the target has said by now, or "".
func (r *running) said() string {
	select {
	case line := <-r.lines:
		return line
	default:
		return ""
	}
}

// silent fails the test if the target has said something.
func (r *running) silent() {
	r.t.Helper()
	if line := r.said(); line != "" {
		r.t.Fatalf("the target says %q, expected nothing yet", line)
	}
}

// tell asks a target in the role tell.
func (r *running) tell() (wall time.Time, since time.Duration) {
	r.t.Helper()
	fmt.Fprintln(r.in)
	var unix, seconds int64
	line := r.line()
	if _, err := fmt.Sscan(line, &unix, &seconds); err != nil {
		r.t.Fatalf("the target says %q, expected two numbers: %v", line, err)
	}
	return time.Unix(unix, 0), time.Duration(seconds) * time.Second
}
