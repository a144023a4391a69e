// Package matrix shows several reports side by side: requirements × runs, which
// are of several servers, or of several versions of one.
//
// [New] makes the matrix. [Matrix.WriteMarkdown] writes it for a README and
// [Matrix.WriteHTML] as a page. Everything in a report may come from the server
// under test, so both treat every text as hostile.
package matrix
