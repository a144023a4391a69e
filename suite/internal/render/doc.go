// Package render shows a report to people: as text in a terminal
// ([WriteVerdict]), as Markdown ([WriteMarkdown]), and as annotations of GitHub
// Actions ([WriteAnnotations]).
//
// [Terminal] and [Markdown] are the writers of the two formats. Package
// assay/suite/report/diff uses them too, so that verdicts and differences look
// alike. Everything that a target wrote goes through [words.Printable] here.
package render
