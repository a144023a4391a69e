package run

import (
	"os"
	"strings"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"assay/scenarios"
	"assay/suite/internal/harness"
	"assay/suite/internal/world"
)

// register builds the Ginkgo tree: a container for each chapter, a spec for
// each case of each requirement that was selected. Nothing of it exists before
// the call, so an embedder's own suite never sees it.
func register(p *plan, run *world.Run) {
	serial := p.serial
	order := sequence(p)
	for _, chapter := range p.catalogue.Chapters {
		ginkgo.Describe(chapter.Name, ginkgo.Label(ownLabel, chapter.Name), func() {
			for _, r := range chapter.Requirements {
				for _, row := range r.Rows() {
					if place, selected := order[r.ID+suffix(row.Name)]; selected {
						registerCase(p, run, r, row, &serial, ginkgo.SpecPriority(-place))
					}
				}
			}
		})
	}
}

// ownLabel marks Assay's specs in a tree that may hold an embedder's too.
const ownLabel = "assay"

// registerCase makes one Ginkgo spec. Each runs in an environment of its own,
// which hands in the outcome whatever happened.
func registerCase(
	p *plan, run *world.Run, r scenarios.Requirement, row scenarios.Case,
	serial *int, priority ginkgo.SpecPriority,
) {
	s := harness.Specs[r.ID]
	timeout := p.specTimeout()
	if s.SharesSchedule {
		timeout += 2 * harness.Limits.Schedule // another spec's, then its own
	}
	decorations := []any{
		ginkgo.Label(string(r.Level)), priority,
		ginkgo.SpecTimeout(timeout), ginkgo.GracePeriod(time.Second),
	}
	body := func(ctx ginkgo.SpecContext) {
		*serial++
		noteBegin(os.Getenv(harness.ResultsVariable), r.ID, row.Name)
		if reason := unfit(r, run.Kind()); reason != "" {
			e := &harness.Env{Outcome: harness.NewOutcome(r.ID, row.Name), Fail: ginkgo.Fail}
			ginkgo.DeferCleanup(func() { harness.AddOutcome(e) })
			ginkgo.Skip(reason)
		}
		worker := ginkgo.GinkgoParallelProcess()
		e, err := harness.Open(ctx, p.setup(run), r, row, worker, *serial)
		if err != nil {
			e = &harness.Env{Outcome: harness.NewOutcome(r.ID, row.Name), Fail: ginkgo.Fail}
			ginkgo.DeferCleanup(func() { harness.AddOutcome(e) })
			e.Must(err)
		}
		gomega.RegisterFailHandler(e.Fail)
		ginkgo.DeferCleanup(func() { e.Finish() })
		p.skipHopeless(e)
		s.Body(e)
	}
	ginkgo.It(r.ID+suffix(row.Name)+": "+r.Title, append(decorations, body)...)
}

// specTimeout returns the time limit of a whole spec, for Assay's own mistakes:
// a spec's waits have limits of their own, which say what was awaited. It has
// to be longer than all waits together that a spec may wait in vain and still
// go on, eight at most, and than years take that pass on a busy machine. A server that looks
// for new files rarely may do so for each of some ten steps.
func (p *plan) specTimeout() time.Duration {
	setup := p.setup(nil)
	return max(harness.Limits.SpecAtLeast, 16*setup.StartPatience(), 16*setup.Target.Reload.Within)
}

func suffix(name string) string {
	if name == "" {
		return ""
	}
	return "/" + name
}

// unfit returns the reason why a requirement cannot be tried in this kind of
// world.
func unfit(r scenarios.Requirement, kind world.Kind) string {
	if len(r.Worlds) == 0 {
		return ""
	}
	for _, w := range r.Worlds {
		if w == string(kind) {
			return ""
		}
	}
	return "needs the " + strings.Join(r.Worlds, " or ") +
		" world: real ports and addresses of its own"
}
