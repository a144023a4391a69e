package suite

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/onsi/ginkgo/v2"

	"assay/scenarios"
	"assay/suite/internal/world"
	"assay/suite/report"
)

// Run runs the suite from a test of the caller's, for example
//
//	func TestConformance(t *testing.T) {
//		suite.Run(t, suite.Options{Target: "target.yaml"})
//	}
//
// Every requirement shows as a subtest of its ID: failed ones fail, SHOULDs
// only if Strict, and skipped ones are skipped with their reason. A run that was
// interrupted fails. What go test -run leaves of them is all that is run: -run
// TestConformance/BYO-03. The test binary is started again for the run's other
// processes, in which nothing but this package's own code runs. Under the
// ginkgo command with several processes (ginkgo -p) each of them runs its share
// of the specs instead, and Ginkgo reports.
func Run(t *testing.T, o Options) {
	t.Helper()
	if config, _ := ginkgo.GinkgoConfiguration(); config.ParallelTotal > 1 {
		os.Exit(share(o, config.ParallelHost))
	}
	var err error
	if o.Only, err = asked(t.Name(), flag.Lookup("test.run").Value.String(), o.Only); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	_, r, err := Conduct(context.Background(), o, &log)
	if err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	if why := whyUnfinished(r); why != "" {
		t.Errorf("%s\n%s", why, log.String())
	}
	for _, result := range r.Results {
		show(t, r, result)
	}
}

// asked narrows what is run to the subtests of test that pattern, the value of
// go test -run, leaves: its elements between slashes are regular expressions,
// one for each level of tests (go help testflag).
func asked(test, pattern string, only []string) ([]string, error) {
	levels := strings.Split(pattern, "/")
	depth := strings.Count(test, "/") + 1
	if len(levels) <= depth || len(only) > 0 {
		return only, nil
	}
	id, err := regexp.Compile(levels[depth])
	if err != nil {
		return nil, fmt.Errorf("-run: %w", err)
	}
	catalogue, err := scenarios.Load()
	if err != nil {
		return nil, err
	}
	for _, r := range catalogue.Requirements() {
		if id.MatchString(r.ID) {
			only = append(only, r.ID)
		}
	}
	if len(only) == 0 {
		return nil, fmt.Errorf("-run: %q matches no requirement of the catalogue; see: assay list", levels[depth])
	}
	return only, nil
}

// show replays one result as a subtest.
func show(t *testing.T, r *report.Report, result report.Result) {
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

// share is one process of ginkgo -p: it goes on inside a world of its own, and
// reaches the ginkgo command, which is outside, through the world's relay.
func share(o Options, host string) int {
	p, err := makePlan(o)
	if err != nil {
		os.Stderr.WriteString("assay: " + err.Error() + "\n")
		return report.ExitTrouble
	}
	kind, reason, err := chooseWorld(p.World)
	if err != nil {
		os.Stderr.WriteString("assay: " + err.Error() + "\n")
		return report.ExitTrouble
	}
	exit, err := world.Outer{
		Kind: kind, Reason: reason,
		Needs: p.paths(), Writable: []string{p.Out},
		Args:   os.Args[1:],
		Env:    append(os.Environ(), p.marshal(), workerVariable+"=1"),
		Stdout: os.Stdout, Stderr: os.Stderr,
		Relay: host,
	}.Run(context.Background())
	if err != nil {
		os.Stderr.WriteString("assay: " + err.Error() + "\n")
		return report.ExitTrouble
	}
	return exit
}
