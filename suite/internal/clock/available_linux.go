//go:build amd64 || arm64

package clock

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Available returns nil if this process can move the clocks of programs, otherwise an
// *Unavailable that says why not. It finds out by moving the clock of a child, once
// per process.
func Available() error { return available() }

var available = sync.OnceValue(func() error {
	if _, err := theLayout(); err != nil {
		return &Unavailable{Step: "read the vDSO", Err: err}
	}
	if err := tryChild(); err != nil {
		return &Unavailable{Step: "trace a child process", Meaning: meaningOf(err), Err: err}
	}
	return nil
})

// envProbe makes this executable the child of [Available].
const envProbe = "ASSAY_CLOCK_PROBE"

// probeLimit bounds how long the child may take.
const probeLimit = 30 * time.Second

// The child tells the time, and again when it gets a line.
func init() {
	if os.Getenv(envProbe) == "" {
		return
	}
	fmt.Println(time.Now().Unix())
	bufio.NewReader(os.Stdin).ReadString('\n')
	fmt.Println(time.Now().Unix())
	os.Exit(0)
}

// tryChild starts a child with a clock, moves the clock twice, and compares what the
// child says.
func tryChild() error {
	executable, err := os.Executable()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), probeLimit)
	defer cancel()
	c := New()
	if err := c.Advance(ctx, time.Hour); err != nil {
		return err
	}
	cmd := exec.Command(executable)
	cmd.Env = append(os.Environ(), envProbe+"=1")
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	target, err := c.Start(cmd, nil)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { cmd.Process.Kill() })()
	defer target.Wait()
	defer cmd.Process.Kill()
	answers := bufio.NewReader(out)
	if err := expectTime(answers, c); err != nil {
		return err
	}
	if err := c.Advance(ctx, 24*time.Hour); err != nil {
		return err
	}
	if _, err := io.WriteString(in, "\n"); err != nil {
		return err
	}
	return expectTime(answers, c)
}

// expectTime reads a time that the child tells, which is to be the clock's.
func expectTime(answers *bufio.Reader, c *Clock) error {
	line, err := answers.ReadString('\n')
	if err != nil {
		return fmt.Errorf("read the child's time: %w", err)
	}
	var seconds int64
	if _, err := fmt.Sscan(line, &seconds); err != nil {
		return fmt.Errorf("the child said %q, expected the time: %w", strings.TrimSpace(line), err)
	}
	if off := c.Now().Sub(time.Unix(seconds, 0)); off < -time.Minute || off > time.Minute {
		return fmt.Errorf("the child's clock did not move: it is %s behind", off.Round(time.Second))
	}
	return nil
}

// meaningOf says what the kernel's refusal means for the user.
func meaningOf(err error) string {
	switch {
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		if scope, err := os.ReadFile("/proc/sys/kernel/yama/ptrace_scope"); err == nil {
			if scope := strings.TrimSpace(string(scope)); scope > "1" {
				return "the sysctl kernel.yama.ptrace_scope is " + scope +
					", which forbids to trace child processes"
			}
		}
		return "a security policy, such as a container's seccomp profile, forbids ptrace or seccomp"
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOSYS):
		return "the kernel lacks a system call, such as seccomp"
	}
	return ""
}
