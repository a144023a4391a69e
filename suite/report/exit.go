package report

import "assay/suite/report/words"

// The exit codes of a run.
const (
	ExitOK          = 0   // no MUST failed
	ExitFailed      = 1   // a MUST failed, or the known failures do not match the results
	ExitTrouble     = 2   // wrong usage, a failed probe, or an error of Assay itself
	ExitInterrupted = 130 // ended by a signal
)

// ExitCode returns the exit code for a report: ExitInterrupted, ExitTrouble,
// ExitFailed or ExitOK, whichever applies first. A run that was called with wrong
// options has no report.
func ExitCode(r *Report) int {
	if r.Interrupted {
		return ExitInterrupted
	}
	code := ExitOK
	if r.Error != "" {
		code = ExitTrouble
	}
	for i := range r.Results {
		switch x := &r.Results[i]; {
		case x.Status == Error:
			code = ExitTrouble
		case x.Fails(r.Strict):
			code = max(code, ExitFailed)
		}
	}
	return code
}

// Blame adds an error of the run itself, which occurred after the report was
// made, and sets the exit code again.
func (r *Report) Blame(err error) {
	r.Error = words.Join("\n", r.Error, err.Error())
	r.Exit = ExitCode(r)
}
