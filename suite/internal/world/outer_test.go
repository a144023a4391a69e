package world

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func init() {
	// exit ends with a code.
	roles["exit"] = func([]string) int {
		run, err := Join()
		if err != nil {
			return printResult(nil, err)
		}
		fmt.Print(run.Kind())
		if run.Reason() != "" {
			fmt.Print(" because ", run.Reason())
		}
		return 42
	}
	// reach connects to an address in the home network and echoes what it gets.
	roles["reach"] = func(args []string) int {
		if _, err := Join(); err != nil {
			return printResult(nil, err)
		}
		conn, err := net.Dial("tcp", args[0])
		if err != nil {
			return printResult(nil, err)
		}
		defer conn.Close()
		buffer := make([]byte, 100)
		n, err := conn.Read(buffer)
		conn.Write(buffer[:n])
		return printResult(buffer[:n], err)
	}
	// hang prints that it waits, and waits for a signal.
	roles["hang"] = func([]string) int {
		if _, err := Join(); err != nil {
			return printResult(nil, err)
		}
		fmt.Println("ready")
		select {}
	}
}

// outer returns a run of another role in the given world.
func outer(kind Kind, name string, args ...string) (Outer, *strings.Builder) {
	var out strings.Builder
	return Outer{
		Kind:   kind,
		Args:   args,
		Env:    append(os.Environ(), envRole+"="+name),
		Stdout: &out,
		Stderr: &out,
	}, &out
}

func TestExitCodeAndReason(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		kind   Kind
		reason string
		want   string
	}{
		{"namespace", Namespace, "", "namespace"},
		{"loopback", Loopback, "", "loopback"},
		{"loopback with a reason", Loopback, "of this", "loopback because of this"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if err := Available(); test.kind == Namespace && err != nil {
				t.Skip(err)
			}
			o, out := outer(test.kind, "exit")
			o.Reason = test.reason
			exit, err := o.Run(t.Context())
			if exit != 42 || err != nil || out.String() != test.want {
				t.Errorf("exit %d, error %v, output %q: expected exit 42, output %q", exit, err, out, test.want)
			}
		})
	}
}

func TestOuterRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		outer Outer
		want  string
	}{
		{"unknown kind", Outer{Kind: "moon"}, `unknown kind "moon"`},
		{
			"missing directory",
			Outer{Kind: Loopback, Writable: []string{"/does/not/exist"}},
			"expected an existing directory",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			exit, err := test.outer.Run(t.Context())
			if err == nil || !strings.Contains(err.Error(), test.want) || exit == 0 {
				t.Errorf("exit %d, error %v: expected %q", exit, err, test.want)
			}
		})
	}
}

// inEachKind runs a test in both kinds of world, or says why only one is available.
func inEachKind(t *testing.T, test func(t *testing.T, kind Kind)) {
	for _, kind := range []Kind{Namespace, Loopback} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			if err := Available(); kind == Namespace && err != nil {
				t.Skip(err)
			}
			test(t, kind)
		})
	}
}

func TestContextEndsTheRun(t *testing.T) {
	t.Parallel()
	inEachKind(t, func(t *testing.T, kind Kind) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		o, _ := outer(kind, "hang")
		o.Stdout = onWrite(cancel)
		if exit, err := o.Run(ctx); exit != ExitInterrupted || err != nil {
			t.Errorf("exit %d, error %v: expected %d", exit, err, ExitInterrupted)
		}
	})
}

// A signal that comes before the inner process can catch any is not lost.
func TestEarlySignal(t *testing.T) {
	t.Parallel()
	inEachKind(t, func(t *testing.T, kind Kind) {
		signals := make(chan os.Signal, 1)
		signals <- syscall.SIGINT
		o, _ := outer(kind, "hang")
		o.Signals = signals
		begin := time.Now()
		exit, err := o.Run(t.Context())
		if took := time.Since(begin); exit != ExitInterrupted || err != nil || took >= gracePeriod {
			t.Errorf(
				"exit %d after %s, error %v: expected %d before the run is killed, after %s",
				exit,
				took,
				err,
				ExitInterrupted,
				gracePeriod,
			)
		}
	})
}

// onWrite is called when something is written.
type onWrite func()

func (f onWrite) Write(text []byte) (int, error) {
	f()
	return len(text), nil
}

func TestRelay(t *testing.T) {
	t.Parallel()
	inEachKind(t, func(t *testing.T, kind Kind) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		echo := make(chan string, 1)
		go func() {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(5 * time.Second))
			conn.Write([]byte("from outside"))
			buffer := make([]byte, 100)
			n, _ := conn.Read(buffer)
			echo <- string(buffer[:n])
		}()
		o, out := outer(kind, "reach", listener.Addr().String())
		o.Relay = listener.Addr().String()
		if exit, err := o.Run(t.Context()); exit != 0 || err != nil {
			t.Fatalf("exit %d, error %v: %s", exit, err, out)
		}
		if got := <-echo; got != "from outside" || out.String() != "from outside\n" {
			t.Errorf("inside got %q, outside %q", out, got)
		}
	})
}

// Two runs at the same time on one machine do not disturb each other, even if their
// worlds have the same numbers.
func TestRunsAtOnce(t *testing.T) {
	t.Parallel()
	if theRun == nil {
		var both sync.WaitGroup
		defer both.Wait()
		dir := t.TempDir()
		for i := range 2 {
			both.Go(func() {
				o := Outer{
					Kind: Loopback,
					Args: []string{"-test.run=^TestRunsAtOnce$", "-test.v"},
					Env:  append(os.Environ(), fmt.Sprintf("ASSAY_TEST_RENDEZVOUS=%s/%d", dir, i)),
				}
				var out strings.Builder
				o.Stdout, o.Stderr = &out, &out
				if exit, err := o.Run(context.Background()); exit != 0 || err != nil {
					t.Errorf("exit %d, error %v\n%s", exit, err, out.String())
				}
			})
		}
		return
	}
	w := open(t, theRun, 1)
	for _, port := range []int{80, 443} {
		answer(t, w, hosts(w, port)[0], "here")
	}
	// Each run keeps its ports open until the other one has opened its own.
	mine := os.Getenv("ASSAY_TEST_RENDEZVOUS")
	if err := os.WriteFile(mine, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the other run has its ports", func() (bool, string) {
		there, err := filepath.Glob(filepath.Join(filepath.Dir(mine), "*"))
		return len(there) == 2, fmt.Sprint(there, err)
	})
}

func TestOutside(t *testing.T) {
	t.Parallel()
	if theRun != nil {
		t.Skip("inside")
	}
	if _, err := Join(); !errors.Is(err, ErrNoRun) {
		t.Errorf("error %v, expected %v", err, ErrNoRun)
	}
}
