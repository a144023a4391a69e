package world

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Tests that need a world run themselves again inside of one: inWorld starts a run
// if there is none, and TestMain joins the run if there is one.

// envRole selects the role in which the test binary runs.
const envRole = "ASSAY_TEST_ROLE"

// hangAlone is the first argument of a process that has no environment and waits to be
// killed.
const hangAlone = "hang-alone"

// hopAlone is the first argument of a process that starts itself again and ends.
const hopAlone = "hop-alone"

// roles holds the roles of the test binary by name.
var roles = map[string]func(args []string) int{}

var theRun *Run

func TestMain(m *testing.M) {
	// With the race detector, every process would sleep a second at its end.
	os.Setenv("GORACE", strings.TrimSpace(os.Getenv("GORACE")+" atexit_sleep_ms=0"))
	if len(os.Args) > 1 && os.Args[1] == hangAlone {
		select {}
	}
	if len(os.Args) > 1 && os.Args[1] == hopAlone {
		os.Exit(hop(os.Args[2:]))
	}
	if role := roles[os.Getenv(envRole)]; role != nil {
		os.Exit(role(os.Args[1:]))
	}
	run, err := Join()
	if err != nil && !errors.Is(err, ErrNoRun) {
		os.Stderr.WriteString(err.Error() + "\n")
		os.Exit(2)
	}
	theRun = run
	flag.Parse()
	os.Exit(m.Run())
}

// inWorld runs f inside a run of the given kind. The code before inWorld in a test
// runs twice: outside and inside.
func inWorld(t *testing.T, kind Kind, f func(*testing.T, *Run)) {
	t.Helper()
	if theRun != nil {
		f(t, theRun)
		return
	}
	if kind == Namespace {
		if err := Available(); err != nil {
			t.Skip(err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	defer cancel()
	var out bytes.Buffer
	pattern := "^" + strings.ReplaceAll(regexp.QuoteMeta(t.Name()), "/", "$/^") + "$"
	outer := Outer{
		Kind:   kind,
		Args:   []string{"-test.run=" + pattern, "-test.v", "-test.timeout=60s"},
		Stdout: &out, Stderr: &out,
	}
	exit, err := outer.Run(ctx)
	if err != nil || exit != 0 {
		t.Fatalf("inside: exit %d, error %v\n%s", exit, err, out.String())
	}
	if strings.Contains(out.String(), "--- SKIP") {
		t.Skip(out.String())
	}
	if !strings.Contains(out.String(), "--- PASS") {
		t.Fatalf("inside: no test ran\n%s", out.String())
	}
	if testing.Verbose() {
		t.Log(out.String())
	}
}

// eachWorld runs f in a new world of each kind.
func eachWorld(t *testing.T, f func(*testing.T, World)) {
	t.Helper()
	for _, kind := range []Kind{Namespace, Loopback} {
		t.Run(string(kind), func(t *testing.T) {
			inWorld(t, kind, func(t *testing.T, r *Run) { f(t, open(t, r, 1)) })
		})
	}
}

func open(t testing.TB, r *Run, serial int) World {
	t.Helper()
	w, err := r.Open(0, serial)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// eventually polls until the condition holds. The kernel has no event for the end
// of a process that is not a child.
func eventually(t *testing.T, want string, look func() (ok bool, got string)) {
	t.Helper()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.Now().Add(30 * time.Second)
	for {
		ok, got := look()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not within 30s: %s: %s", want, got)
		}
		<-ticker.C
	}
}
