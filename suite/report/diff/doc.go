// Package diff compares two reports: which requirements were judged otherwise,
// and what was observed to be different.
//
// [Compare] returns the [Diff]. [WriteText], [WriteMarkdown] and [WriteJSON]
// show it, and [Diff.Exit] turns it into an exit code. Reasons of verdicts are
// not compared, because they are not masked; observations are, since they are.
package diff
