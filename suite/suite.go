package suite

import (
	"bytes"
	"context"
	"flag"
	"io"
	"os"
	"testing"

	"github.com/onsi/ginkgo/v2"

	"assay/suite/internal/run"
	"assay/suite/report"
)

// Options say what is run, against which server, and where the report goes.
// The zero value runs every requirement against the reference server on PATH.
type Options struct {
	Target   string   // target file, or name of a built-in target; default "reference"
	Bin      string   // executable that replaces the target's own
	Only     []string // globs of IDs or "ID/case" to run; empty runs all
	Skip     []string // globs of IDs or "ID/case" to leave out
	Profiles []string // run only these of the profiles that the target claims
	Env      []string // further KEY=VALUE for the target
	Out      string   // directory of the report; default "assay-report"
	World    string   // "auto" (default), "namespace" or "loopback"
	CA       string   // "edge" (default) or "stock": Pebble without the edge
	Procs    int      // worker processes; default eight for each CPU, at most 40
	Keep     bool     // copy the directory of every spec into the report
	Strict   bool     // a SHOULD that failed fails the run
	NoProbe  bool     // judge without first trying whether the target starts

	ProbeOnly bool // try whether the target starts, and judge nothing
}

// Command is the command line that runs the same server in the same
// surroundings. It leaves out what is selected.
func (o Options) Command() string { return run.Options(o).Command() }

// Execute runs the suite and writes a report, which it returns. The exit code
// of the run is the report's Exit. The error says what went wrong before there
// could be a report: an option, the target file or the catalogue is wrong.
// Processes of the run write what they have to say to log.
func Execute(ctx context.Context, o Options, log io.Writer) (*report.Report, error) {
	return run.Execute(ctx, run.Options(o), log)
}

// Run runs the suite from a test. Every requirement is a subtest named after
// its ID: a failed one fails (a SHOULD only if o.Strict), a skipped one is
// skipped with the reason. An interrupted run fails. go test -run
// TestConformance/BYO-03 runs that requirement alone. The processes of the run
// are the test binary, started again; nothing but this package runs in them.
//
// Under the command ginkgo with several processes (ginkgo -p), each of them
// runs its share of the specs, and Ginkgo reports.
func Run(t *testing.T, o Options) {
	t.Helper()
	if config, _ := ginkgo.GinkgoConfiguration(); config.ParallelTotal > 1 {
		os.Exit(run.Share(run.Options(o), config.ParallelHost))
	}
	var err error
	pattern := flag.Lookup("test.run").Value.String()
	if o.Only, err = run.SelectedByGoTest(t.Name(), pattern, o.Only); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	r, err := Execute(context.Background(), o, &log)
	if err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	if why := run.WhyUnfinished(r); why != "" {
		t.Errorf("%s\n%s", why, log.String())
	}
	for _, result := range r.Results {
		replay(t, r, result)
	}
}

// replay shows one result as a subtest.
func replay(t *testing.T, r *report.Report, result report.Result) {
	if result.Status == report.NotClaimed {
		return
	}
	t.Run(result.ID, func(t *testing.T) {
		text := result.Title + "\n" + result.Reason + "\n" + result.Detail
		switch result.Status {
		case report.Failed, report.UnexpectedPassed, report.Error:
			if result.Fails(r.Strict) {
				t.Error(text)
			} else {
				t.Log(text)
			}
		case report.Skipped, report.KnownFailed:
			t.Skip(text)
		}
	})
}

// A Finding is one line of what [Examine] says.
type Finding struct {
	What    string // the subject: "world", "target", …
	Verdict string // "ok", "limited", or "error": a run would end with exit code 2
	Text    string // what was found and, unless it is ok, the consequence
}

// Examine says what this machine and this target allow, and judges nothing:
// the worlds, the tools that specs call, and whether the target starts with a
// plain configuration.
func Examine(ctx context.Context, o Options) []Finding {
	var findings []Finding
	for _, f := range run.Examine(ctx, run.Options(o)) {
		findings = append(findings, Finding(f))
	}
	return findings
}

// Version is the version of the suite, as reports give it.
func Version() string { return run.Version }

// init makes a process that a run started do its part, as the inner process or
// a worker, and exit. It has to happen here: after the specs of this package
// are registered, and before an embedder's package adds specs to Ginkgo's tree.
func init() {
	if run.Started() {
		os.Exit(run.Child())
	}
}
