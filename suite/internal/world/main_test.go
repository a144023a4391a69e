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

// Tests that need a world start themselves again inside of one: TestMain
// joins the run, if there is one, and inWorld starts the run, if there is none.

// envRole makes the test binary act as some other program.
const envRole = "ASSAY_TEST_ROLE"

// roles are the other programs, by name.
var roles = map[string]func(args []string) int{}

var theRun *Run

func TestMain(m *testing.M) {
	// With the race detector, every process would sleep a second at its end.
	os.Setenv("GORACE", strings.TrimSpace(os.Getenv("GORACE")+" atexit_sleep_ms=0"))
	if role := roles[os.Getenv(envRole)]; role != nil {
		os.Exit(role(os.Args[1:]))
	}
	run, err := Inside()
	if err != nil && !errors.Is(err, ErrOutside) {
		os.Stderr.WriteString(err.Error() + "\n")
		os.Exit(2)
	}
	theRun = run
	flag.Parse()
	os.Exit(m.Run())
}

// inWorld runs f inside a run of the given kind. Only the code in f is there:
// what comes before inWorld in a test happens outside and inside.
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
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var out bytes.Buffer
	pattern := "^" + strings.ReplaceAll(regexp.QuoteMeta(t.Name()), "/", "$/^") + "$"
	outer := Outer{
		Kind:   kind,
		Args:   []string{"-test.run=" + pattern, "-test.v", "-test.timeout=15s"},
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

// eachWorld runs f in both kinds of world, each with a fresh spec's world.
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

// eventually looks until what is wanted holds. The kernel has no event for the
// end of somebody else's process, or of a file.
func eventually(t *testing.T, want string, look func() (ok bool, got string)) {
	t.Helper()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.Now().Add(5 * time.Second)
	for {
		ok, got := look()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not within 5s: %s: %s", want, got)
		}
		<-ticker.C
	}
}
