package run

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"

	"assay/scenarios"
	"assay/suite/internal/world"
	"assay/suite/report"
)

// SelectedByGoTest returns the IDs of the requirements whose subtests of test the
// pattern of go test -run selects. The elements of the pattern between slashes are
// regular expressions, one for each level of tests (go help testflag). If the
// pattern has no element for the subtests, or only is not empty, it returns only.
func SelectedByGoTest(test, pattern string, only []string) ([]string, error) {
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
		return nil, fmt.Errorf("-run: %q matches no requirement of the catalogue; see: assay list",
			levels[depth])
	}
	return only, nil
}

// Share runs one process of ginkgo -p in a world of its own and returns its exit
// code. The process reaches the ginkgo command, which runs outside of the world,
// through the world's relay to host.
func Share(o Options, host string) int {
	p, err := makePlan(o)
	if err != nil {
		os.Stderr.WriteString("assay: " + err.Error() + "\n")
		return report.ExitTrouble
	}
	kind, reason, err := chooseWorld(world.Kind(p.World))
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
