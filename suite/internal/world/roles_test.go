package world

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Programs that the tests start as targets.
func init() {
	// listen listens on each address, says so, and waits for its end.
	roles["listen"] = func(addresses []string) int {
		for _, address := range addresses {
			if _, err := net.Listen("tcp", address); err != nil {
				fmt.Println(err)
				return 1
			}
		}
		fmt.Println("listening")
		select {}
	}
	// read and write try a file.
	roles["read"] = func(args []string) int { return printResult(os.ReadFile(args[0])) }
	roles["write"] = func(args []string) int {
		return printResult(nil, os.WriteFile(args[0], []byte("x"), 0o600))
	}
	// lookup asks the system's resolver, as any program would.
	roles["lookup"] = func(args []string) int {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		found, err := net.DefaultResolver.LookupHost(ctx, args[0])
		return printResult([]byte(strings.Join(found, " ")), err)
	}
	// leave starts a grandchild in another session and another process group.
	roles["leave"] = func(addresses []string) int {
		cmd := role("listen", addresses...)
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		out, _ := cmd.StdoutPipe()
		if err := cmd.Start(); err != nil {
			return printResult(nil, err)
		}
		out.Read(make([]byte, 1))
		fmt.Println("listening")
		return 0
	}
	// polite prints a line at SIGTERM and then ends.
	roles["polite"] = func([]string) int {
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, syscall.SIGTERM)
		fmt.Println("listening")
		<-signals
		fmt.Println("bye")
		return 7
	}
}

func printResult(text []byte, err error) int {
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println(string(text))
	return 0
}

// role returns a command that runs this binary in another role.
func role(name string, args ...string) *exec.Cmd {
	executable, err := os.Executable()
	if err != nil {
		panic(err) // no test can go on
	}
	cmd := exec.Command(executable, args...)
	cmd.Env = append(os.Environ(), envRole+"="+name)
	return cmd
}

// try runs a target until it ends and returns its output.
func try(t *testing.T, w World, name string, args ...string) string {
	t.Helper()
	return output(t, w, role(name, args...))
}

// output runs a target until it ends and returns its output.
func output(t *testing.T, w World, cmd *exec.Cmd) string {
	t.Helper()
	var out bytes.Buffer
	cmd.Stdout = &out
	cmd.Stderr = &out
	if err := w.Start(cmd); err != nil {
		t.Fatal(err)
	}
	kill := time.AfterFunc(5*time.Second, func() { cmd.Process.Kill() })
	defer kill.Stop()
	cmd.Wait()
	return out.String()
}

// listening starts a target that listens, and waits until it listens.
func listening(t testing.TB, w World, name string, addresses ...string) *exec.Cmd {
	t.Helper()
	cmd := role(name, addresses...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Start(cmd); err != nil {
		t.Fatal(err)
	}
	out.(*os.File).SetReadDeadline(time.Now().Add(5 * time.Second))
	line := make([]byte, 200)
	n, err := out.Read(line)
	if got := string(line[:n]); got != "listening\n" {
		t.Fatalf("the target prints %q, error %v: expected that it listens", got, err)
	}
	return cmd
}

// hop starts itself again, in a session of its own and without an environment, and ends. It
// does so a number of times.
func hop(args []string) int {
	left, err := strconv.Atoi(args[0])
	if err != nil || left == 0 {
		return 0
	}
	executable, err := os.Executable()
	if err != nil {
		return 1
	}
	cmd := exec.Command(executable, hopAlone, strconv.Itoa(left-1), args[1])
	cmd.Env, cmd.SysProcAttr = []string{}, &syscall.SysProcAttr{Setsid: true}
	if cmd.Start() != nil {
		return 1
	}
	return 0
}
