package suite

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"

	"assay/scenarios"
	"assay/suite/internal/world"
)

// register builds the Ginkgo tree: a container for each chapter, a spec for
// each case of each requirement that was selected. Nothing of it exists before
// the call, so an embedder's own suite never sees it.
func register(p *plan, run *world.Run) {
	serial := 0
	order := sequence(p)
	for _, chapter := range p.catalogue.Chapters {
		ginkgo.Describe(chapter.Name, ginkgo.Label(ownLabel, chapter.Name), func() {
			for _, r := range chapter.Requirements {
				for _, row := range rows(r) {
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

// registerCase makes one Ginkgo spec. Each runs in a Scenario of its own,
// which brings its outcome home whatever happened.
func registerCase(p *plan, run *world.Run, r scenarios.Requirement, row scenarios.Case, serial *int, priority ginkgo.SpecPriority) {
	s := specs[r.ID]
	timeout := p.specTimeout()
	if s.rehearsed {
		timeout += 2 * schedulePatience // another spec's, then its own
	}
	decorations := []any{ginkgo.Label(string(r.Level)), priority, ginkgo.SpecTimeout(timeout), ginkgo.GracePeriod(time.Second)}
	body := func(ctx ginkgo.SpecContext) {
		*serial++
		if reason := unfit(r, run.Kind()); reason != "" {
			sc := &Scenario{outcome: newOutcome(r.ID, row.Name), fail: ginkgo.Fail}
			addOutcome(sc)
			ginkgo.Skip(reason)
		}
		sc, err := newScenario(ctx, p.setup(run), r, row, ginkgo.GinkgoParallelProcess(), *serial)
		if err != nil {
			sc = &Scenario{outcome: newOutcome(r.ID, row.Name), fail: ginkgo.Fail}
			ginkgo.DeferCleanup(func() { addOutcome(sc) })
			sc.must(err)
		}
		ginkgo.DeferCleanup(func() { sc.finish() })
		s.body(sc)
	}
	ginkgo.It(r.ID+suffix(row.Name)+": "+r.Title, append(decorations, body)...)
}

// specTimeout is for Assay's own machinery: a spec's waits have deadlines of
// their own, which say what was awaited. It has to outlast those that a spec may
// wait in vain, one after the other, and still go on: eight at most.
func (p *plan) specTimeout() time.Duration {
	return max(time.Minute, 8*p.setup(nil).StartPatience())
}

// rows are a requirement's cases; one without cases is its own only row.
func rows(r scenarios.Requirement) []scenarios.Case {
	if len(r.Cases) == 0 {
		return []scenarios.Case{{}}
	}
	return r.Cases
}

func suffix(name string) string {
	if name == "" {
		return ""
	}
	return "/" + name
}

// unfit is the reason why a requirement cannot be tried in this kind of world.
func unfit(r scenarios.Requirement, kind world.Kind) string {
	if len(r.Worlds) == 0 {
		return ""
	}
	for _, w := range r.Worlds {
		if w == string(kind) {
			return ""
		}
	}
	return "needs the " + strings.Join(r.Worlds, " or ") + " world: real ports and addresses of its own"
}

// finish closes the spec's surroundings and hands in its outcome: evidence is
// gathered while there is still something to gather from.
func (s *Scenario) finish() {
	spec := ginkgo.CurrentSpecReport()
	if !spec.Failed() && !spec.State.Is(types.SpecStateSkipped) {
		s.facts()
	}
	s.collect(spec.Failed())
	if spec.Failed() && s.outcome.Broken == "" {
		s.outcome.Broken = s.overload()
	}
	if s.setup.Keep != "" {
		if err := s.keep(); err != nil && s.outcome.Broken == "" {
			s.outcome.Broken = "keeping the spec's directory: " + err.Error()
		}
	}
	if err := s.close(); err != nil && s.outcome.Broken == "" {
		s.outcome.Broken = "cleaning up: " + err.Error()
	}
	if err := os.RemoveAll(filepath.Dir(s.Dir)); err != nil && s.outcome.Broken == "" {
		s.outcome.Broken = "cleaning up: " + err.Error()
	}
	addOutcome(s)
}

// addOutcome hands the outcome to Ginkgo, which brings it, as JSON, to the
// process that gathers. Where there is none, under the command ginkgo, it would
// end up in Ginkgo's own reports, secrets and all.
func addOutcome(s *Scenario) {
	if os.Getenv(resultsVariable) == "" {
		return
	}
	ginkgo.AddReportEntry(entryName, ginkgo.ReportEntryVisibilityNever, s.outcome)
}
