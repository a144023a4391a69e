package verdict

import (
	"time"

	"assay/scenarios"
	"assay/suite/internal/sut"
	"assay/suite/report"
)

// Input holds everything that a verdict depends on.
type Input struct {
	// Run is the report of the run as far as it is known before anything is
	// judged: all fields but Results and what follows from them. Its Target
	// says which chapters are claimed, and which entries of a range of versions
	// apply. If Run.Error is set and there is no outcome at all, every claimed
	// requirement is skipped for that error.
	Run report.Report
	// Requirements are those of the catalogue, in order. Their needs have to
	// name requirements in the list and to contain no circle, as those of a
	// catalogue from [scenarios.Load] do.
	Requirements []scenarios.Requirement
	// Outcomes are the results of the specs in any order: exactly one for
	// every case of every requirement that is claimed and selected.
	Outcomes []Outcome
	// Known are the target's known failures. The report lists those that do
	// not apply, such as entries for other versions of the target.
	Known []sut.KnownFailure
	// LeftOut holds what the user left out of the run: the option
	// ("--only BYO-*") by ID or ID/case.
	LeftOut map[string]string
	// Repeat returns the command that repeats the requirements. The first is
	// the one in question; the others are those that it needs. May be nil.
	Repeat func(ids ...string) string
}

// end returns when the run ended.
func (in *Input) end() time.Time {
	return in.Run.Started.Add(time.Duration(in.Run.DurationMS) * time.Millisecond)
}
