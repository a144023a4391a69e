package report

// The exit codes of a run.
const (
	ExitOK          = 0   // no MUST failed
	ExitFailed      = 1   // a MUST failed, an unexpected pass, a known failure that no longer holds
	ExitTrouble     = 2   // usage, probe, or any error of Assay itself
	ExitInterrupted = 130 // ended by a signal
)

// ExitCode returns the exit code of the command for a report: the first that
// applies of interrupted, trouble, failed and OK. Usage errors have no report.
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

// Fails reports whether a result fails the run: an error, an unexpected pass, a
// failed MUST, with strict a failed SHOULD, and a failure at any level that is
// listed as known but is not (or no longer) the one described.
func (r *Result) Fails(strict bool) bool {
	switch r.Status {
	case Error, UnexpectedPassed:
		return true
	case Failed:
		return r.Level == Must || r.Level == Should && strict || r.void()
	default:
		return false
	}
}

// void reports whether a known failure of the result or of one of its cases is
// not what the target's list says.
func (r *Result) void() bool {
	if r.KnownFailure != nil && r.KnownFailure.Void != "" {
		return true
	}
	for _, c := range r.Cases {
		if c.Status == UnexpectedPassed || c.Status == Failed && c.KnownFailure != nil && c.KnownFailure.Void != "" {
			return true
		}
	}
	return false
}

// Blame adds to a finished report what went wrong with the run after it was
// judged.
func (r *Report) Blame(err error) {
	r.Error = joinLines(r.Error, err.Error())
	r.Exit = ExitCode(r)
}
