package explore

import (
	"slices"
	"strings"
	"testing"
	"time"

	"assay/fixtures/mutants/mutantstest"
	"assay/suite/internal/clock"
	"assay/suite/report"
)

const root = "../../.."

func TestMain(m *testing.M) { mutantstest.Main(m) }

// build builds the reference server, or a known-bad one, once.
func build(t *testing.T, name string, flags ...string) string {
	t.Helper()
	if err := clock.Available(); err != nil {
		t.Skip(err)
	}
	return mutantstest.Build(t, root, name, flags...)
}

// explored leads a server through walks.
func explored(t *testing.T, name string, o Options) *Result {
	t.Helper()
	var flags []string
	if o.Covdata != "" {
		flags = append(flags, "-cover")
	}
	o.Target, o.Bin = "reference", build(t, name, flags...)
	if o.For == 0 {
		o.For = time.Hour
	}
	if o.Workers == 0 {
		o.Workers = 2
	}
	result, err := Run(t.Context(), o, func(Event) {})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// story returns what a test shows of a result.
func (r *Result) story() string {
	lines := r.Summary()
	for _, f := range r.Finds {
		lines = append(lines, f.Lines()...)
	}
	return strings.Join(lines, "\n")
}

func TestReference(t *testing.T) {
	t.Parallel()
	r := explored(t, "", Options{Walks: 20, Seed: 1})
	if r.Exit != report.ExitOK || len(r.Finds) > 0 || r.Walks != 20 {
		t.Errorf("expected 20 walks that find nothing:\n%s", r.story())
	}
	if r.Steps < 20*5 || r.Passed < 100 {
		t.Errorf("%d steps, %.0f days, expected more of each", r.Steps, r.Passed)
	}
}

// TestLoopback takes some walks in the loopback world.
func TestLoopback(t *testing.T) {
	t.Parallel()
	r := explored(t, "", Options{Walks: 6, Seed: 2, World: "loopback"})
	if r.Exit != report.ExitOK || r.World != "loopback" {
		t.Errorf("expected walks that find nothing:\n%s", r.story())
	}
}

// TestPlay takes walks that are known to find something in known-bad servers, and nothing in
// the reference server.
func TestPlay(t *testing.T) {
	for _, c := range []struct{ server, invariant, walk string }{
		{"reload-error-is-fatal", "alive",
			"mode: own\nsteps: [{do: start}, {do: damage, how: mismatched}]\n"},
		{"bad-pair-means-http", "no-plain-text",
			"mode: own\nsteps: [{do: damage, how: key-empty}, {do: start}]\n"},
		{"pair-read-once", "takes-up", "mode: own\nsteps: [{do: start}, {do: replace, how: new-key}]\n"},
		{"renew-not-served", "good-chain",
			"mode: tls-alpn-01\nsteps: [{do: start}, {do: pass, for: 31d}, {do: pass, for: 65d}]\n"},
		{"cache-cleared-at-start", "keeps-its-certificate",
			"mode: tls-alpn-01\nsteps: [{do: start}, {do: handshake, how: go}]\n"},
		{"challenge-path-serves-cache", "no-secret",
			"mode: http-01\nsteps: [{do: start}, {do: handshake, how: go}, {do: challenge, how: entry}]\n"},
	} {
		t.Run(c.server, func(t *testing.T) {
			t.Parallel()
			walk, err := Read("walk.yaml", []byte(c.walk))
			if err != nil {
				t.Fatal(err)
			}
			bad := explored(t, c.server, Options{Play: &walk})
			if len(bad.Finds) != 1 || bad.Finds[0].Invariant != c.invariant ||
				bad.Exit != report.ExitFailed {
				t.Errorf("expected that %s is broken:\n%s", c.invariant, bad.story())
			}
			good := explored(t, "", Options{Play: &walk})
			if good.Exit != report.ExitOK || len(good.Unjudged) > 0 {
				t.Errorf("expected that the reference server breaks nothing:\n%s", good.story())
			}
		})
	}
}

// TestShortened finds what a known-bad server does in random walks, and looks at the walk.
func TestShortened(t *testing.T) {
	t.Parallel()
	r := explored(t, "reload-error-is-fatal", Options{Walks: 25, Seed: 1})
	i := slices.IndexFunc(r.Finds, func(f Find) bool { return f.Invariant == "alive" })
	if i < 0 {
		t.Fatalf("expected that %s is broken:\n%s", "alive", r.story())
	}
	f := r.Finds[i]
	if len(f.Walk.Steps) > 3 || len(f.Walk.Steps) >= f.Steps {
		t.Errorf("%d steps are left of %d, expected 2 or 3:\n%s", len(f.Walk.Steps), f.Steps, r.story())
	}
	if len(f.Story) != len(f.Walk.Steps) && len(f.Story) != len(f.Walk.Steps)+1 {
		t.Errorf("the story has %d parts for %d steps", len(f.Story), len(f.Walk.Steps))
	}
	back, err := Read("walk.yaml", []byte(f.YAML))
	if err != nil || len(back.Steps) != len(f.Walk.Steps) {
		t.Errorf("the walk cannot be read again: %v\n%s", err, f.YAML)
	}
}
