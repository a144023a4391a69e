// Package suite checks whether a server's TLS does what its documentation says.
// It contains the specs, one file for each chapter of the catalogue (package
// assay/scenarios), and the functions that run them.
//
// # Embedding
//
// Call [Run] from a test. Every requirement of the catalogue becomes a subtest
// that is named after its ID:
//
//	func TestConformance(t *testing.T) {
//		suite.Run(t, suite.Options{Target: "target.yaml", Out: t.TempDir()})
//	}
//
// The target file says how the server is started and what it claims; "assay
// init" writes one in which every key is explained. [Options] has the same
// settings as the flags of "assay run". "go test -run TestConformance/BYO-03"
// runs one requirement.
//
// [Execute] runs the suite outside of a test and returns the report. It calls
// Progress of [Options] for each event meanwhile. [Examine] checks what this machine and
// a target allow, without judging the target.
//
// Keep such tests in a module of their own: importing this package raises
// golang.org/x/crypto to the version that Assay requires. The directory
// suite/example is a complete project with such a test.
//
// # Processes
//
// A run consists of several processes of the same executable. The outer process
// is the one that the user started. It starts the inner process in the world of
// the run: in namespaces of its own, or on loopback addresses. The inner process
// tries the target once and starts workers. Each worker runs specs, and each
// spec starts the server under test, in a network of its own and with a CA of
// its own.
//
// Importing this package therefore has an effect in processes that a run
// started: they do their work and exit while the package is initialized, before
// main and before any test of the embedder's. In all other processes importing
// the package has no effect.
//
// # Adding a requirement
//
// A requirement is an entry in scenarios/<chapter>.yaml and a spec of the same
// ID in suite/<chapter>.go:
//
//	var _ = Requirement("BYO-01", func(e *Env) {
//		id := e.Identity(pki.Spec{})
//		Expect(e.Handshake(e.StartOwn(id))).To(ServeExactly(id.Chain()))
//	})
//
// A spec uses its environment (package suite/internal/harness) and matchers
// (package suite/internal/match), and no other part of the suite. A known-bad
// server in fixtures/mutants shows that the spec can fail.
// .github/CONTRIBUTING.md describes each step, suite/ARCHITECTURE.md how the
// suite works, and suite/CONTRACTS.md the format of target files and reports.
package suite

import (
	"bytes"
	"context"
	"flag"
	"io"
	"os"
	"testing"
	"time"

	"github.com/onsi/ginkgo/v2"

	"assay/suite/internal/run"
	"assay/suite/internal/version"
	"assay/suite/report"
)

// Options selects the requirements to run, the server under test, and the directory of
// the report. The zero value runs every requirement against the reference server, which
// has to be on PATH.
type Options struct {
	Target   string   // target file, or name of a built-in target; default "reference"
	Bin      string   // executable that replaces the target's own
	Only     []string // globs of IDs or "ID/case" to run; empty runs all
	Skip     []string // globs of IDs or "ID/case" to leave out
	Profiles []string // profiles to run, of those that the target claims; empty runs all
	Env      []string // environment variables for the target, KEY=VALUE
	Out      string   // directory of the report; default "assay-report"
	World    string   // "auto" (default), "namespace" or "loopback"
	CA       string   // preset of the CA, default "letsencrypt"; CONTRACTS.md lists them
	Procs    int      // worker processes; default eight for each CPU, at most 40
	Keep     bool     // copy the directory of every spec into the report
	Strict   bool     // fail the run if a SHOULD fails
	NoProbe  bool     // do not check first that the target starts
	Shard    string   // part of the selection to run, "2/3"; empty runs all of it
	FailFast bool     // end the run at the first failure that fails it

	// FastFirst starts specs that end quickly first, in an order in which a broken server
	// fails soon. FailFast implies it.
	FastFirst bool
	// LastFailed is the directory of the report whose failures Only holds, with what they
	// need. The report of the run says so instead of listing them.
	LastFailed string

	// Timeout ends the run, with what was judged until then and an error; 0 is no
	// limit.
	Timeout time.Duration

	ProbeOnly bool // do only what Examine does about the target, and judge nothing

	// Program is how a user calls the command assay, for the commands that a report
	// suggests. The default is the name by which this process was called, if it is a
	// form of assay, and "assay" otherwise.
	Program string

	// Progress is called by Execute while the run goes on, with one event at a time,
	// and not after Execute has returned. It must not block: the run waits for it
	// before it ends. Nil is allowed.
	Progress func(report.Event)
}

// Command returns the command line of assay run for the same server in the same world.
// It leaves out the selection of requirements.
func (o Options) Command() string { return run.Options(o).Command() }

// Execute runs the suite, writes a report, and returns it. The exit code of the run is
// the report's Exit. Execute returns an error, and no report, if an option, the target
// file or the catalogue is wrong. It writes the messages of the run's processes to log.
func Execute(ctx context.Context, o Options, log io.Writer) (*report.Report, error) {
	return run.Execute(ctx, run.Options(o), log)
}

// Run runs the suite from a test. Every requirement becomes a subtest with the name of
// its ID. A subtest fails if its requirement failed (for a SHOULD only with o.Strict),
// and is skipped if its requirement was skipped. An interrupted run fails the test.
// "go test -run TestConformance/BYO-03" runs one requirement. Run starts the test binary
// again for the processes of the run, which exit before any test of the embedder's.
//
// If the command ginkgo runs the test in several processes (ginkgo -p), each process runs
// a share of the specs, and Ginkgo prints the results.
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

// replay reports one result as a subtest.
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

// A Finding is a result of [Examine].
type Finding struct {
	What    string // the subject, such as "world" or "target"
	Verdict string // "ok", "limited", or "error" if a run would end with exit code 2
	Text    string // what was found and, unless the verdict is ok, the consequence
}

// Examine checks what this machine and a target allow, without judging the target: the
// worlds, the tools that specs call, whether the target starts with a plain
// configuration, and whether it gets a certificate if it claims acme.
func Examine(ctx context.Context, o Options) []Finding {
	var findings []Finding
	for _, f := range run.Examine(ctx, run.Options(o)) {
		findings = append(findings, Finding(f))
	}
	return findings
}

// Version returns the version of the suite, as reports contain it.
func Version() string { return version.Current().Version }

// init does the work of a process that a run started, as the inner process or a worker,
// and exits. The work starts here because the specs of this package are registered by
// now, and an embedder's package has not yet added its own specs to Ginkgo.
func init() {
	if run.Started() {
		os.Exit(run.Child())
	}
}
