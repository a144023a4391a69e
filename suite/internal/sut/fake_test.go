package sut

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestMain lets the test binary play servers: "target.test fake BEHAVIOUR".
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "fake" {
		os.Exit(fakes[os.Args[2]](os.Args[3:]))
	}
	os.Exit(m.Run())
}

// fakes are servers, by behaviour. They return their exit code.
var fakes = map[string]func(args []string) int{
	// says what it is told and serves until it is asked to stop
	"serve": func(args []string) int {
		stopped := stopSignals()
		listener := mustListen(args[0])
		fmt.Println("serving on", listener.Addr())
		go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/health" {
				http.NotFound(w, r)
			}
		}))
		<-stopped
		fmt.Fprintln(os.Stderr, "stopping")
		return 0
	},
	"exit": func([]string) int {
		fmt.Fprintln(os.Stderr, "cannot read the configuration")
		return 3
	},
	"silent": func([]string) int {
		<-stopSignals()
		return 0
	},
	"stubborn": func([]string) int {
		signal.Ignore(syscall.SIGTERM)
		fmt.Println("ready")
		select {}
	},
	// a parent that exits 0 when its child listens
	"fork": func(args []string) int {
		child := again("serve", args...)
		child.Stdout, child.Stderr = os.Stdout, os.Stderr
		if err := child.Start(); err != nil {
			return 1
		}
		return 0
	},
	// leaves a grandchild that holds the pipes, outside the process group
	"leave": func([]string) int {
		child := again("linger")
		child.Stdout, child.Stderr = os.Stdout, os.Stderr
		child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := child.Start(); err != nil {
			return 1
		}
		fmt.Println("left", child.Process.Pid)
		return 4
	},
	// the same within the process group
	"leave-in-group": func([]string) int {
		child := again("linger")
		child.Stdout, child.Stderr = os.Stdout, os.Stderr
		if err := child.Start(); err != nil {
			return 1
		}
		fmt.Println("left", child.Process.Pid)
		return 5
	},
	"linger": func([]string) int {
		<-time.After(time.Minute)
		return 0
	},
	"flood": func([]string) int {
		line := strings.Repeat("x", 999) + "\n"
		for range 3000 {
			os.Stdout.WriteString(line)
		}
		fmt.Println(strings.Repeat("y", 200<<10))
		fmt.Print("the end")
		return 0
	},
	// writes its words into a file, rotates the file, and waits
	"log-to-file": func(args []string) int {
		stopped := stopSignals()
		write := func(flag int, text string) {
			file, err := os.OpenFile(args[0], os.O_WRONLY|os.O_CREATE|flag, 0o600)
			if err != nil {
				fmt.Println(err)
			}
			file.WriteString(text)
			file.Close()
		}
		await := func(name string) {
			for {
				if _, err := os.Stat(args[0] + name); err == nil {
					return
				}
				<-time.After(time.Millisecond)
			}
		}
		write(os.O_APPEND, "one\ntwo, in")
		write(os.O_APPEND, " two parts\r\n")
		await(".rotate")
		os.Rename(args[0], args[0]+".1")
		write(os.O_APPEND, "in a new file\n")
		await(".empty")
		write(os.O_TRUNC, "emptied, and longer than before\n")
		<-stopped
		write(os.O_APPEND, "no end")
		return 0
	},
	// says what signals come, and serves the directory's content
	"hup": func(_ []string) int {
		stopped, hup := stopSignals(), make(chan os.Signal, 10)
		signal.Notify(hup, syscall.SIGHUP)
		fmt.Println("ready")
		for {
			select {
			case <-hup:
				fmt.Println("reloading")
			case <-stopped:
				return 0
			}
		}
	},
	// the reload command: says its words and sends SIGHUP to the first
	"tell": func(args []string) int {
		fmt.Println("telling", os.Getenv("SSL_CERT_DIR") != "", args[1:])
		pid, _ := strconv.Atoi(args[0])
		if err := syscall.Kill(pid, syscall.SIGHUP); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		return len(args) - 1
	},
	// leaves a file in the directory and lists what was there
	"leave-file": func(args []string) int {
		entries, err := os.ReadDir(args[1])
		fmt.Println(len(entries), err)
		os.WriteFile(args[1]+"/pid", nil, 0o600)
		return 0
	},
	"version": func([]string) int {
		fmt.Println()
		fmt.Println("  fake version v1.2.3 (test)  ")
		fmt.Println("more")
		return 0
	},
}

func again(behaviour string, args ...string) *exec.Cmd {
	return exec.Command(os.Args[0], append([]string{"fake", behaviour}, args...)...)
}

func stopSignals() <-chan os.Signal {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGTERM)
	return c
}

func mustListen(address string) net.Listener {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return listener
}

// fake returns a target that plays a behaviour; change may alter it.
func fake(t *testing.T, behaviour string, change func(*Target)) *Target {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	tt := newTarget()
	tt.Name = "fake"
	tt.Command = []string{self, "fake", behaviour, "{{.Keys.listen_addr}}"}
	tt.Ready.TCP = "listen_addr"
	// A race-enabled fake would exit a second late.
	tt.Env = map[string]string{"GORACE": "atexit_sleep_ms=0"}
	tt.Config.Template = "listen {{.Keys.listen_addr}}\n"
	if change != nil {
		change(tt)
	}
	return tt
}

// start starts a fake, which is killed when the test ends.
func start(t *testing.T, tt *Target, keys map[string]any) *Process {
	t.Helper()
	l, err := tt.Prepare(Input{Dir: t.TempDir(), Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	p, err := Start(l, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p
}

// freeAddress returns a loopback address and port that nothing listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// table returns a socket table of these addresses alone, found by connecting:
// the tests' stand-in for the kernel's.
func table(addresses ...string) func() ([]netip.AddrPort, error) {
	return func() (found []netip.AddrPort, err error) {
		for _, a := range addresses {
			conn, err := net.DialTimeout("tcp", a, time.Second)
			if err == nil {
				conn.Close()
				found = append(found, netip.MustParseAddrPort(a))
			}
		}
		return found, nil
	}
}

// scripted returns a socket table that shows each state in turn, then the last.
func scripted(states ...[]string) func() ([]netip.AddrPort, error) {
	var mu sync.Mutex
	return func() (found []netip.AddrPort, err error) {
		mu.Lock()
		defer mu.Unlock()
		for _, a := range states[0] {
			found = append(found, netip.MustParseAddrPort(a))
		}
		if len(states) > 1 {
			states = slices.Delete(states, 0, 1)
		}
		return found, nil
	}
}
