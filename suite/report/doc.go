// Package report turns what specs saw into a verdict that people and programs
// can use: report.json, junit.xml, a summary for the terminal and one for CI.
//
// The flow is one way: [Gather] takes plain values (the catalogue's
// requirements, the outcomes of their cases, the target's known failures) and
// returns a [Report]; [Write] stores it; [Read] loads it again; [WriteVerdict]
// and [WriteMarkdown] show it. Gather is a pure function, so the rules of the
// verdict are one table test.
//
// Two rewritings keep reports comparable and publishable. A [Mask] replaces
// what differs between two runs of the same build (serial numbers, ports,
// times) in observations. A [Redactor] replaces what must never be published
// (private keys, key authorisations, tokens) in everything that is written.
package report
