// Package report holds the schema of report.json as Go types, and reads and
// writes the directory in which a run leaves its report: report.json, junit.xml
// and the files of evidence.
//
// [Read] loads a report.json of this version of Assay or of an older one with
// the same [Schema]. [Write] stores a report. The methods of [Result] answer
// what programs ask of a report: whether a result fails the run, whether the
// requirement was run, whether an assertion failed.
//
// Levels are those of the catalogue, [scenarios.Level]. Package
// [assay/suite/report/diff] compares two reports. Two internal packages
// complete the picture: suite/internal/verdict judges the outcomes of specs and
// makes the report, and suite/internal/render shows it in a terminal, as
// Markdown and as annotations of GitHub Actions. Reports hold neither secrets
// nor, in observations, values that differ from run to run: suite/internal/redact
// removes both before a report is made.
package report
