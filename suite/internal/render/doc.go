// Package render shows a report to people: as text in a terminal
// ([WriteVerdict]), as Markdown ([WriteMarkdown]), and as annotations of GitHub
// Actions ([WriteAnnotations]).
//
// The writers of the two formats are in package assay/suite/report/words, which
// differences use too, so that both look alike. Everything that a target wrote
// goes through words.Printable here.
package render
