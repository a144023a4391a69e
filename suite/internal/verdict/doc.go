// Package verdict judges the outcomes of specs and makes the report of a run.
//
// The process that ran a spec fills in an [Outcome] and calls
// [Outcome.Sanitize], which redacts secrets and masks observations. The process
// that gathers hands all outcomes to [Gather], together with the catalogue and
// the target's known failures. Gather returns the [report.Report]. It is a pure
// function, so that one table test can hold the rules of the verdict.
//
// A requirement keeps the type that package scenarios gives it, a known failure
// that of package sut, and both become a [report.Result] in one step.
package verdict
